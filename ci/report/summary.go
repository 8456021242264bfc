package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
)

const (
	// SummaryBytes is the most that Summary writes. GitHub takes 1 MiB of a
	// step, and several targets may share one.
	SummaryBytes = 256 << 10
	// summaryCell bounds one cell of the table, before it is escaped.
	summaryCell = 1000
)

// Summary writes the validations as Markdown, for the summary of a job: for
// each a heading with the verdict, and a table with the findings, the worst
// first, and the checks that passed. It writes at most SummaryBytes; what is
// left out is told. No text of a wheel's or a requirement's means anything to
// Markdown or HTML there. The error is w's.
func Summary(w io.Writer, all []Validation) error {
	var b strings.Builder
	left := 0
	for _, v := range all {
		section := heading(v)
		if b.Len()+len(section) > SummaryBytes/2 && b.Len() > 0 {
			left += len(v.Findings) + len(v.Passed)
			continue
		}
		b.WriteString(section)
		for _, row := range rows(v) {
			if b.Len()+len(row) > SummaryBytes-1000 {
				left++
				continue
			}
			b.WriteString(row)
		}
		b.WriteString("\n")
	}
	if left > 0 {
		fmt.Fprintf(&b, "%d more lines are in the log.\n\n", left)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// heading is what stands above a validation's table, and the table's head.
func heading(v Validation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s: %s on Python %s\n\n", v.verdict(), markdown(v.Tarball), markdown(v.Python))
	p := v.Proof
	if p.Installer != "" {
		fmt.Fprintf(&b, "%d wheels installed with %s; tests: %d passed, %d failed, %d skipped; network: %s\n\n",
			p.Installed, markdown(p.Installer), p.Tests.Passed, p.Tests.Failed, p.Tests.Skipped, markdown(p.Isolation))
	}
	b.WriteString("| | check | what |\n|---|---|---|\n")
	return b.String()
}

// rows are the table's: failures, warnings, what is only told, what passed.
func rows(v Validation) []string {
	var all []string
	sorted := slices.Clone(v.Findings)
	slices.SortStableFunc(sorted, func(a, b finding.Finding) int { return weight(b.Severity) - weight(a.Severity) })
	for _, f := range sorted {
		text := markdown(f.Subject) + ": " + markdown(f.Message)
		if f.Hint != "" {
			text += "<br>" + markdown(f.Hint)
		}
		all = append(all, fmt.Sprintf("| %s | %s | %s |\n", markdown(string(f.Severity)), markdown(f.Code), text))
	}
	for _, p := range v.Passed {
		all = append(all, fmt.Sprintf("| PASS | %s | %s |\n", markdown(p.Check), markdown(p.Text)))
	}
	return all
}

// markdown gives a text that shows as it is within one cell of a table:
// whatever Markdown, HTML or GitHub would act upon stands as a character
// reference, which ends neither a cell nor a line and begins nothing.
func markdown(text string) string {
	var b strings.Builder
	for _, r := range Visible(shortened(text, summaryCell)) {
		if strings.ContainsRune("&<>|`*_~[]\\#$@!", r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return strings.ReplaceAll(b.String(), "://", "&#58;//") // no link of somebody else's
}
