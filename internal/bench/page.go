package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// archiveSection is the name of the part of the page that RunArchive writes;
// all else of it is Run's.
const archiveSection = "archive"

// section gives a page's part of a name, with the two lines around it, and the
// page without it; an empty part where it has none.
func section(page, name string) (part, rest string) {
	before, after, found := strings.Cut(page, beginning(name))
	body, after, ended := strings.Cut(after, ending(name))
	if !found || !ended {
		return "", page
	}
	return beginning(name) + body + ending(name), strings.TrimRight(before, "\n") + "\n" + after
}

func beginning(name string) string { return "<!-- begin: " + name + " -->\n" }
func ending(name string) string    { return "<!-- end: " + name + " -->\n" }

// withSection gives a page with a part at its end, in place of the one it has.
func withSection(page, name, body string) string {
	_, rest := section(page, name)
	return strings.TrimRight(rest, "\n") + "\n\n" + beginning(name) + body + ending(name)
}

// keepingSection gives a new page with the part that the old one has.
func keepingSection(page, old, name string) string {
	if part, _ := section(old, name); part != "" {
		return strings.TrimRight(page, "\n") + "\n\n" + part
	}
	return page
}

// writeSection writes one part of a page and leaves the rest.
func writeSection(path, name, body string) error {
	page, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Unable, "bench-failed", "reading docs/benchmarks.md: %w", err)
	}
	if err := os.WriteFile(path, []byte(withSection(string(page), name, body)), 0o644); err != nil {
		return fault.New(fault.Unable, "bench-failed", "writing docs/benchmarks.md: %w", err)
	}
	return nil
}

// archiveMarkdown is the report as a part of docs/benchmarks.md.
func (r *report) archiveMarkdown() string {
	return fmt.Sprintf(`## The archive

Written by `+"`mage benchArchive`"+`: sizes of what nights left that were built, recorded,
archived and pruned one by one, each by the compiled program; times are medians of
%d rounds. The wheels are random bytes from a fixed seed, with sizes spread as real
ones are and scaled to a ninth; restic, where it is here, gets the same tarballs.

`, rounds) + r.tablesMarkdown("### ")
}
