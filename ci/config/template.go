package config

import (
	"fmt"
	"strings"
)

// Template gives a settings file with every setting, what it means and its
// default: what a repository checks in as ci/wheelhouse.toml.
func Template() string {
	var out strings.Builder
	out.WriteString("# The settings. Over them go WHEELHOUSE_ variables (build.out is\n" +
		"# WHEELHOUSE_BUILD_OUT), over those a target's options; `mage config` prints\n" +
		"# what is in force. Paths are relative to the repository.\n")
	group := ""
	for _, st := range settings() {
		head, key, grouped := strings.Cut(st.key, ".")
		if !grouped {
			head, key = "", st.key
		}
		if head != group {
			group = head
			fmt.Fprintf(&out, "\n[%s]\n", group)
		} else {
			out.WriteString("\n")
		}
		for line := range strings.SplitSeq(st.doc, "\n") {
			out.WriteString("# " + line + "\n")
		}
		fmt.Fprintf(&out, "# Default: %s\n%s = %s\n", st.literal(), key, st.literal())
	}
	return out.String()
}

// literal is the default as TOML has it.
func (st setting) literal() string {
	switch st.kind {
	case number, count, boolean:
		return st.fallback
	case list, pythons:
		return "[" + strings.Join(quoted(SplitList(st.fallback)), ", ") + "]"
	}
	return fmt.Sprintf("%q", st.fallback)
}
