package bench

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// table is the lines of one group of measurements.
type table struct {
	title string
	lines []line
}

// report is all that was measured.
type report struct {
	machine []fact
	tables  []table
	inits   []initTime
}

// text is the report for a terminal.
func (r *report) text() string {
	return r.tablesText() + initText(r.inits) + "\n"
}

// tablesText are the tables alone.
func (r *report) tablesText() string {
	var out strings.Builder
	for _, t := range r.tables {
		fmt.Fprintf(&out, "%s\n", t.title)
		columns := tabwriter.NewWriter(&out, 0, 4, 2, ' ', 0)
		for _, l := range t.lines {
			fmt.Fprintln(columns, "  "+strings.Join([]string{
				strings.ReplaceAll(l.what, "`", ""), l.ours, against(l), l.ratio, goal(l), l.verdict(),
			}, "\t"))
		}
		// A strings.Builder's writes do not fail.
		_ = columns.Flush()
		out.WriteString("\n")
	}
	return out.String()
}

func goal(l line) string {
	if l.reach == "" {
		return ""
	}
	return "to reach: " + l.reach
}

func against(l line) string {
	if l.beside == "" {
		return ""
	}
	return strings.ReplaceAll(l.beside, "`", "") + ": " + l.theirs // markup is for the page
}

// markdown is the report as docs/benchmarks.md.
func (r *report) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, `# Benchmarks

Written by `+"`mage bench`"+`: medians of %d rounds, in which ours and what a user
would run instead take turns on the same wheels, each as whole processes. The
figures are one machine's; the ratios are what matters. How it is measured is
told in the package comment of `+"`internal/bench`"+`.

`, rounds)
	out.WriteString(r.tablesMarkdown("## "))
	fmt.Fprintf(&out, "\n## Starting up\n\n%s\n", cell(initText(r.inits)))
	return out.String()
}

// tablesMarkdown are the machine and the tables, each below a heading.
func (r *report) tablesMarkdown(heading string) string {
	var out strings.Builder
	out.WriteString("| machine | |\n|---|---|\n")
	for _, f := range r.machine {
		fmt.Fprintf(&out, "| %s | %s |\n", f.name, cell(f.value))
	}
	for _, t := range r.tables {
		fmt.Fprintf(&out, "\n%s%s\n\n", heading, t.title)
		out.WriteString("| what | ours | beside | theirs | ours is | to reach | |\n|---|---|---|---|---|---|---|\n")
		for _, l := range t.lines {
			fmt.Fprintf(&out, "| %s |\n", strings.Join([]string{
				cell(l.what), l.ours, cell(l.beside), l.theirs, l.ratio, l.reach, l.verdict(),
			}, " | "))
		}
	}
	return out.String()
}

// cell keeps a text from ending a table's cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
