package targets

import (
	"context"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/archive"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// kept is one tarball of the archive.
type kept struct {
	entry.Entry
	entry.Wheelhouse
	// as is the entry that a tarball outside the archive would be; else empty.
	as string
	// checked are the digests of the files that were checked, by name; empty for
	// one that is not to be stored. nil: nothing was checked.
	checked map[string]string
}

// name gives the name of its entry.
func (k kept) name() string {
	if k.as != "" {
		return k.as
	}
	return archive.EntryName(k.Entry)
}

// path gives where the tarball lies, or would.
func (k kept) path() string { return filepath.Join(filepath.Dir(k.Meta), k.Tarball) }

// each gives every tarball of entries that has a record.
func each(entries []entry.Entry) []kept {
	var all []kept
	for _, e := range entries {
		for _, w := range e.Wheelhouses {
			if w.Meta != "" {
				all = append(all, kept{Entry: e, Wheelhouse: w})
			}
		}
	}
	return all
}

// runs gives the tarballs of RUN: a run id, an entry's name, "latest" or
// "all". Code: those of archive.Find; no-such-run where the archive is empty.
func (s *session) runs(ctx context.Context, run string) ([]kept, error) {
	if err := s.required("RUN", run); err != nil {
		return nil, err
	}
	if run == "all" {
		entries, err := s.archived().List(ctx)
		if err == nil && len(entries) == 0 {
			err = fault.New(fault.Refused, "no-such-run", "%s: %s holds no entry", s.target, s.show(s.Config.Archive.Dir))
		}
		return each(entries), err
	}
	e, err := s.archived().Find(ctx, run)
	if err != nil {
		return nil, err
	}
	return each([]entry.Entry{e}), nil
}
