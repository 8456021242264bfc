package targets

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/archive"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// List shows what is archived, newest first.
func List(ctx context.Context,
	json *bool, // print an object with "entries" (default: a table)
) error {
	return begin(ctx, "list", func(ctx context.Context, s *session) error {
		entries, err := s.archived().List(ctx)
		if err != nil {
			return err
		}
		if on(json) {
			return report.EntriesJSON(s.stdout, entries)
		}
		if len(entries) == 0 {
			s.note("%s holds no entry yet; mage %s makes the first", s.show(s.Config.Archive.Dir), s.typed("all"))
			return nil
		}
		return report.Entries(s.stdout, entries)
	})
}

// Diff shows how the wheels of two archived runs differ.
//
// A run is a run id, an entry's name or `latest`. Wheels are added, removed,
// of another version, or of the same version with other bytes.
func Diff(ctx context.Context,
	runA string, // the run to compare from
	runB string, // the run to compare with
	json *bool, // print an object with "changes" (default: lines)
) error {
	return begin(ctx, "diff", func(ctx context.Context, s *session) error {
		if err := s.required("RUN_A", runA); err != nil {
			return err
		}
		if err := s.required("RUN_B", runB); err != nil {
			return err
		}
		a, err := s.archived().Find(ctx, runA)
		if err != nil {
			return err
		}
		b, err := s.archived().Find(ctx, runB)
		if err != nil {
			return err
		}
		changes, err := s.diff(a, b)
		if err != nil {
			return err
		}
		if on(json) {
			return report.ChangesJSON(s.stdout, changes)
		}
		if len(changes) == 0 {
			s.note("no difference between the wheels of %s and %s", runA, runB)
			return nil
		}
		return report.Changes(s.stdout, changes)
	})
}

// diff compares wheelhouse with wheelhouse: those of one name, or the only
// ones that the two entries hold.
func (s *session) diff(a, b entry.Entry) ([]entry.Change, error) {
	var changes []entry.Change
	single := len(a.Wheelhouses) == 1 && len(b.Wheelhouses) == 1
	matched := map[string]bool{}
	for _, before := range a.Wheelhouses {
		for _, after := range b.Wheelhouses {
			if before.Tarball != after.Tarball && !single {
				continue
			}
			matched[before.Tarball], matched[after.Tarball] = true, true
			more, err := archive.Diff(before, after)
			if err != nil {
				return nil, err
			}
			changes = append(changes, more...)
			s.noteUnlocked(before, after)
		}
	}
	if len(matched) == 0 {
		return nil, fault.New(fault.Refused, "nothing-to-compare", "the runs %s and %s hold no wheelhouse of one name", a.Run, b.Run)
	}
	for _, e := range []entry.Entry{a, b} {
		for _, w := range e.Wheelhouses {
			if !matched[w.Tarball] {
				s.note("only run %s has %s; it was not compared", e.Run, report.Visible(w.Tarball))
			}
		}
	}
	return changes, nil
}

// noteUnlocked says where other bytes of the same version were not seen: only
// locks tell of a wheel's bytes.
func (s *session) noteUnlocked(a, b entry.Wheelhouse) {
	if a.SHA256 != "" && a.SHA256 == b.SHA256 {
		return
	}
	for _, w := range []entry.Wheelhouse{a, b} {
		path := filepath.Join(filepath.Dir(w.Meta), lock.FileName(w.Tarball))
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			s.note("%s is not there, so versions were compared and bytes were not", s.show(path))
		}
	}
}

// archived is the archive of this repository.
func (s *session) archived() archive.Archive {
	return archive.Archive{Dir: s.Config.Archive.Dir, Owner: s.Config.Archive.Owner, Typed: s.typed}
}
