package targets

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// choice is a tarball and why it was taken.
type choice struct {
	path string
	why  string
}

// choose gives the tarball to validate: the one asked for; else the newest, by
// its record, of the one built here and those fetched; else the newest that is
// archived whole.
func (s *session) choose(ctx context.Context, asked string) (choice, error) {
	if asked != "" {
		return choice{path: s.show(asked), why: "asked for"}, nil
	}
	if c, ok := newest(append(s.tarballsBuilt(), s.tarballsFetched()...)); ok {
		return choice{path: s.show(c.path), why: fmt.Sprintf("%s, the newest at hand, %s", c.origin, recorded(c.created))}, nil
	}
	entries, err := s.archived().List(ctx)
	if err != nil {
		return choice{}, err
	}
	if c, ok := newest(tarballsArchived(entries)); ok {
		return choice{path: s.show(c.path), why: fmt.Sprintf("%s, the newest archived, %s", c.origin, recorded(c.created))}, nil
	}
	return choice{}, fault.New(fault.Refused, "tar-missing",
		"no tarball to validate: none in %s, in %s/run-*/ or in %s",
		s.show(s.Build.Out), s.show(s.Fetch.Outdir), s.show(s.Config.Archive.Dir)).
		WithHint("build one: mage %s, fetch one that CI built: mage %s, or name one: mage %s -tar=PATH", s.typed("build"), s.typed("fetch"), s.typed("validate"))
}

// candidate is a tarball that may be meant.
type candidate struct {
	path    string
	origin  string
	created time.Time // its record's; zero without one
}

func recorded(at time.Time) string {
	if at.IsZero() {
		return "without a record"
	}
	return "recorded " + at.UTC().Format(time.RFC3339)
}

// newest gives the candidate with the newest record; those without one come
// last, and of equals the first by path, so that the choice is the same twice.
func newest(found []candidate) (candidate, bool) {
	if len(found) == 0 {
		return candidate{}, false
	}
	return slices.MinFunc(found, func(a, b candidate) int {
		if c := b.created.Compare(a.created); c != 0 {
			return c
		}
		return strings.Compare(a.path, b.path)
	}), true
}

// tarballsBuilt are those in build's output folder.
func (s *session) tarballsBuilt() []candidate {
	return tarballsIn(s.Build.Out, "built here")
}

// tarballsFetched are those in the folders that fetch makes, run-<run id>.
func (s *session) tarballsFetched() []candidate {
	var found []candidate
	runs, err := os.ReadDir(s.Fetch.Outdir)
	if err != nil {
		return nil // nothing was fetched
	}
	for _, run := range runs {
		if run.IsDir() && strings.HasPrefix(run.Name(), "run-") {
			found = append(found, tarballsIn(filepath.Join(s.Fetch.Outdir, run.Name()), "fetched as "+report.Visible(run.Name()))...)
		}
	}
	return found
}

func tarballsIn(dir, origin string) []candidate {
	var found []candidate
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no such folder: nothing there
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || !strings.HasSuffix(name, ".tgz") || !e.Type().IsRegular() {
			continue
		}
		c := candidate{path: filepath.Join(dir, name), origin: origin}
		if record, err := readMeta(c.path + ".meta"); err == nil {
			c.created = record.CreatedAt
		}
		found = append(found, c)
	}
	return found
}

// tarballsArchived are those that are still whole in the archive.
func tarballsArchived(entries []entry.Entry) []candidate {
	var found []candidate
	for _, e := range entries {
		for _, w := range e.Wheelhouses {
			if w.State == entry.Full {
				found = append(found, candidate{
					path:   filepath.Join(filepath.Dir(w.Meta), w.Tarball),
					origin: "run " + report.Visible(e.Run), created: w.CreatedAt,
				})
			}
		}
	}
	return found
}
