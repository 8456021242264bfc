package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

// Validation is what one validation found, as it is printed and as -json gives
// it.
type Validation struct {
	// Tarball is its base name, SHA256 its lower-case hex, Size in bytes.
	Tarball string `json:"tarball"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	// Why says why this tarball was chosen; empty leaves the line out.
	Why string `json:"why"`
	// Python is the interpreter's whole version, "3.11.7".
	Python string `json:"python"`
	// Passed checks and Findings, each in the order of the checks.
	Passed   []finding.Passed  `json:"passed"`
	Findings []finding.Finding `json:"findings"`
	// Proof is what the verdict file gets.
	Proof verdict.Proof `json:"proof"`
	// Verdict is "PASS" or "FAIL"; empty: worked out from Findings.
	Verdict string `json:"verdict"`
}

func (v Validation) verdict() string {
	switch {
	case v.Verdict != "":
		return v.Verdict
	case finding.Failed(v.Findings):
		return "FAIL"
	}
	return "PASS"
}

// Text writes v as lines: PASS for each check, then INFO, WARN and FAIL, so
// that what matters most stands nearest to the verdict, then the verdict.
//
//	PASS  tarball             13 wheels, 27.9 MB, sha256 1234567890ab…
//	FAIL  missing-dependency  app -> requests -> urllib3<3: the wheelhouse has no wheel of urllib3
//	      hint: add urllib3<3 to the requirements and build again
//	verdict: FAIL wheelhouse-3.11.tgz on Python 3.11.7
//
// Names come from others' files: what is not printable in them is escaped. The
// error is w's.
func (v Validation) Text(w io.Writer) error {
	var b strings.Builder
	if v.Why != "" {
		fmt.Fprintf(&b, "%s: %s\n", Visible(v.Tarball), Visible(v.Why))
	}
	column := 0
	for _, p := range v.Passed {
		column = max(column, len(p.Check))
	}
	for _, f := range v.Findings {
		column = max(column, len(Visible(f.Code)))
	}
	for _, p := range v.Passed {
		line(&b, "PASS", p.Check, column, p.Text)
	}
	writeFindings(&b, v.Findings, column)
	fmt.Fprintf(&b, "verdict: %s %s on Python %s%s\n", v.verdict(), Visible(v.Tarball), Visible(v.Python), v.inImage())
	_, err := io.WriteString(w, b.String())
	return err
}

// inImage says which container's Python it was; nothing of this machine's.
func (v Validation) inImage() string {
	if v.Proof.Image == "" {
		return ""
	}
	return Visible(fmt.Sprintf(" of %s (%s, %s)", v.Proof.Image, v.Proof.Platform, v.Proof.Isolation))
}

// JSON writes v as one indented object and a line break. Lists are never null.
// The error is w's.
func (v Validation) JSON(w io.Writer) error { return JSON(w, v.filled()) }

// Validations writes several as one indented object, {"validations": [...]},
// and a line break. The error is w's.
func Validations(w io.Writer, all []Validation) error {
	list := make([]Validation, len(all))
	for i, v := range all {
		list[i] = v.filled()
	}
	return JSON(w, struct {
		Validations []Validation `json:"validations"`
	}{list})
}

// filled gives v as JSON has it: with its verdict, and lists in the place of nil.
func (v Validation) filled() Validation {
	v.Verdict = v.verdict()
	v.Passed = append([]finding.Passed{}, v.Passed...)
	v.Findings = append([]finding.Finding{}, v.Findings...)
	v.Proof.Findings = append([]finding.Finding{}, v.Proof.Findings...)
	return v
}

// Findings writes findings alone, as Validation.Text does, the worst last. The
// error is w's.
func Findings(w io.Writer, findings []finding.Finding) error {
	var b strings.Builder
	column := 0
	for _, f := range findings {
		column = max(column, len(Visible(f.Code)))
	}
	writeFindings(&b, findings, column)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeFindings(b *strings.Builder, findings []finding.Finding, column int) {
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b finding.Finding) int { return weight(a.Severity) - weight(b.Severity) })
	for _, f := range sorted {
		line(b, string(f.Severity), f.Code, column, Visible(f.Subject)+": "+Visible(f.Message))
		if f.Hint != "" {
			fmt.Fprintf(b, "      hint: %s\n", Visible(f.Hint))
		}
	}
}

// weight orders severities, the worst last; one that is not known counts as
// the worst.
func weight(s finding.Severity) int {
	switch s {
	case finding.Info:
		return 0
	case finding.Warn:
		return 1
	}
	return 2
}

func line(b *strings.Builder, severity, code string, column int, text string) {
	fmt.Fprintf(b, "%-4s  %-*s  %s\n", Visible(severity), column, Visible(code), Visible(text))
}

// Visible gives a text that cannot move the cursor, colour the terminal, turn
// the direction of writing or break the line: with anything that is not
// printable in it, it is quoted and escaped as Go has it.
func Visible(text string) string {
	for _, r := range text {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return strconv.Quote(text)
		}
	}
	return text
}
