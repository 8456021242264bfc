package validate

import (
	"fmt"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// tagList is an interpreter's tags, most specific first, split into python,
// abi and platform. A wheel is held against them tag by tag, instead of
// multiplying its compressed sets out: a file name may name many thousands.
type tagList [][3]string

func newTagList(tags []string) tagList {
	var list tagList
	for _, tag := range tags {
		if parts := strings.SplitN(strings.ToLower(tag), "-", 3); len(parts) == 3 {
			list = append(list, [3]string(parts))
		}
	}
	return list
}

// rank gives the place of the first tag that the wheel has, which is the
// installer's preference: less is better. ok is false when it has none.
func (l tagList) rank(n wheel.Name) (rank int, ok bool) {
	pythons, abis, platforms := set(n.Python), set(n.ABI), set(n.Platform)
	for i, tag := range l {
		if pythons[tag[0]] && abis[tag[1]] && platforms[tag[2]] {
			return i, true
		}
	}
	return len(l), false
}

func set(texts []string) map[string]bool {
	in := make(map[string]bool, len(texts))
	for _, t := range texts {
		in[t] = true
	}
	return in
}

// mismatch is the finding for a wheel that has none of the tags.
func (l tagList) mismatch(file string, n wheel.Name, interpreter string, severity finding.Severity) finding.Finding {
	best := "none"
	if len(l) > 0 {
		best = strings.Join(l[0][:], "-")
	}
	return finding.Finding{
		Code: "tag-mismatch", Severity: severity, Subject: file,
		Message: fmt.Sprintf("made for %s-%s-%s, which %s does not take (its first tag is %s)",
			strings.Join(n.Python, "."), strings.Join(n.ABI, "."), strings.Join(n.Platform, "."), interpreter, best),
		Hint: "build the wheelhouse with this interpreter on this kind of machine, or choose the interpreter that it was built for",
	}
}
