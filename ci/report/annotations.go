package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
)

const (
	// mostAnnotations is how many GitHub shows of one step.
	mostAnnotations = 10
	// annotationBytes bounds the text of one.
	annotationBytes = 4 << 10
)

// Annotations writes the failures and warnings of all validations as workflow
// commands of GitHub Actions, which show them at the top of the run:
//
//	::error title=missing-dependency::app -> urllib3<3: the wheelhouse has no wheel of urllib3%0Aadd urllib3<3 …
//
// They are at most ten, the failures first, since GitHub shows no more of one
// step; where the rest is in Summary. A text is escaped as GitHub's toolkit
// does it, so that nothing in it ends the command or begins another. The error
// is w's.
func Annotations(w io.Writer, all []Validation) error {
	type annotation struct {
		finding.Finding
		about string
	}
	var told []annotation
	for _, v := range all {
		about := ""
		if len(all) > 1 {
			about = "Python " + v.Python + ": "
		}
		for _, f := range v.Findings {
			if f.Severity != finding.Info {
				told = append(told, annotation{f, about})
			}
		}
	}
	slices.SortStableFunc(told, func(a, b annotation) int { return weight(b.Severity) - weight(a.Severity) })
	var b strings.Builder
	for _, a := range told[:min(mostAnnotations, len(told))] {
		command := "error"
		if a.Severity == finding.Warn {
			command = "warning"
		}
		text := Visible(shortened(a.about+a.Subject+": "+a.Message, annotationBytes))
		if a.Hint != "" {
			text += "\n" + Visible(shortened(a.Hint, annotationBytes))
		}
		fmt.Fprintf(&b, "::%s title=%s::%s\n", command, commandProperty(Visible(shortened(a.Code, 100))), commandData(text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// commandData escapes the data of a workflow command, as GitHub's toolkit does.
func commandData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// commandProperty escapes the value of one of its properties.
func commandProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

// shortened gives at most n bytes of a text, whole characters, and tells that there
// was more.
func shortened(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}
