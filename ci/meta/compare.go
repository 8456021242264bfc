package meta

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// named is how many wheels a finding names before it counts the rest.
const named = 5

// Compare holds the record against the tarball: sha256, size, wheel list. Each
// that disagrees is a finding of its own; old records have no size and no list
// to disagree. The name is not compared: a tarball may be renamed. Code:
// meta-mismatch.
func Compare(r Record, inv *wheelhouse.Inventory) []finding.Finding {
	var findings []finding.Finding
	add := func(format string, args ...any) {
		findings = append(findings, finding.Finding{
			Code:     "meta-mismatch",
			Severity: finding.Fail,
			Subject:  inv.Name,
			Message:  fmt.Sprintf(format, args...),
			Hint:     "the record belongs to another tarball, or the tarball changed: get both again from the same run",
		})
	}
	switch {
	case r.SHA256 == "":
		add("the record has no sha256")
	case r.SHA256 != inv.SHA256:
		add("the record says sha256 %s, the tarball has %s", r.SHA256, inv.SHA256)
	}
	if r.Size >= 0 && r.Size != inv.Size {
		add("the record says %d bytes, the tarball has %d", r.Size, inv.Size)
	}
	if r.Wheels == nil {
		return findings
	}
	held := make([]string, 0, len(inv.Wheels))
	for _, w := range inv.Wheels {
		held = append(held, w.Name)
	}
	if missing := without(r.Wheels, held); len(missing) > 0 {
		add("the record lists wheels that the tarball does not hold: %s", some(missing))
	}
	if extra := without(held, r.Wheels); len(extra) > 0 {
		add("the tarball holds wheels that the record does not list: %s", some(extra))
	}
	return findings
}

// without gives what is in list and not in other, sorted.
func without(list, other []string) []string {
	known := make(map[string]bool, len(other))
	for _, name := range other {
		known[name] = true
	}
	var rest []string
	for _, name := range list {
		if !known[name] {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	return rest
}

// some joins the first few names and counts the others.
func some(names []string) string {
	if len(names) <= named {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:named], ", "), len(names)-named)
}
