package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
)

// Changes writes a line for each change: "+" for a project that was added, "-"
// for one that was removed, "~" for another version, "!" for the same version
// with other bytes, whose files follow on lines of their own. Of no changes
// nothing is written.
//
//   - flask 3.0.0
//   - six 1.16.0
//     ~ numpy 1.26.3 -> 1.26.4
//     ! pillow
//     before  pillow-10.2.0-cp311-cp311-linux_x86_64.whl sha256:0123…
//     after   pillow-10.2.0-cp311-cp311-linux_x86_64.whl sha256:4567…
//
// What is not printable is escaped. The error is w's.
func Changes(w io.Writer, changes []entry.Change) error {
	var b strings.Builder
	for _, c := range changes {
		project, before, after := Visible(c.Project), Visible(c.Before), Visible(c.After)
		switch c.Kind {
		case entry.Added:
			fmt.Fprintf(&b, "+ %s %s\n", project, after)
		case entry.Removed:
			fmt.Fprintf(&b, "- %s %s\n", project, before)
		case entry.Version:
			fmt.Fprintf(&b, "~ %s %s -> %s\n", project, before, after)
		default:
			fmt.Fprintf(&b, "! %s\n", project)
			side(&b, "before", c.Before)
			side(&b, "after", c.After)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// side writes the files of one side, a line each.
func side(b *strings.Builder, name, files string) {
	if files == "" {
		return
	}
	for _, file := range strings.Split(files, ", ") {
		fmt.Fprintf(b, "    %-6s  %s\n", name, Visible(file))
	}
}

// ChangesJSON writes an object with "changes" and a line break; the list is
// never null. The error is w's.
func ChangesJSON(w io.Writer, changes []entry.Change) error {
	return JSON(w, struct {
		Changes []entry.Change `json:"changes"`
	}{append([]entry.Change{}, changes...)})
}
