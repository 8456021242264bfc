package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
)

// entriesHead names the columns of Entries.
var entriesHead = [...]string{"DATE", "RUN", "PYTHON", "WHEELS", "SIZE", "COMMIT", "PROVEN", "STATE"}

// commitShown is how much of a commit is shown.
const commitShown = 12

// Entries writes a table with a line for each wheelhouse, in the order of the
// entries. Of no entries nothing is written. What is not known is "-".
//
//	DATE      RUN          PYTHON  WHEELS  SIZE     COMMIT        PROVEN  STATE
//	20261122  18884042880  3.11    13      27.9 MB  0123456789ab  yes     full
//
// Sizes are in powers of 1000. Names come from others' files: what is not
// printable in them is escaped. The error is w's.
func Entries(w io.Writer, entries []entry.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	rows := [][len(entriesHead)]string{entriesHead}
	for _, e := range entries {
		for _, h := range e.Wheelhouses {
			rows = append(rows, entryRow(e, h))
		}
	}
	var widths [len(entriesHead)]int
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			fmt.Fprintf(&b, "%-*s  ", widths[i], cell)
		}
		b.WriteString(row[len(row)-1] + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// entryRow is one line of the table.
func entryRow(e entry.Entry, h entry.Wheelhouse) [len(entriesHead)]string {
	wheels, proven := "", "no"
	if h.Wheels != nil {
		wheels = strconv.Itoa(len(h.Wheels))
	}
	if h.Proven {
		proven = "yes"
	}
	row := [len(entriesHead)]string{
		e.Date, e.Run, h.Python, wheels, entry.FormatSize(h.Size),
		h.Commit[:min(commitShown, len(h.Commit))], proven, h.Status(),
	}
	for i, cell := range row {
		if cell == "" {
			cell = "-"
		}
		row[i] = Visible(cell)
	}
	return row
}

// EntriesJSON writes an object with "entries" and a line break; the list is
// never null. The error is w's.
func EntriesJSON(w io.Writer, entries []entry.Entry) error {
	return JSON(w, struct {
		Entries []entry.Entry `json:"entries"`
	}{append([]entry.Entry{}, entries...)})
}
