package targets

import (
	"context"
	"errors"
	"io/fs"

	"github.com/wheelhouse-ci/wheelhouse/ci/archive"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Archive keeps a tarball with its record as an entry of the archive.
//
// An entry is docs/ci-archive/<YYYYMMDD>-<run id>/: tarball, record, lock,
// verdict and requirements, complete or not at all. The run is -run, else the
// record's, else GITHUB_RUN_ID, else local- and the start of the tarball's
// sha256. The same tarball again changes nothing.
func Archive(ctx context.Context,
	tar *string, // the tarball (default: the one that build makes)
	run *string, // the run's id (default: the record's, else GITHUB_RUN_ID, else local-<sha256>)
	dir *string, // the archive's folder (default: the setting archive.dir)
) error {
	return begin(ctx, "archive", func(ctx context.Context, s *session) error {
		if err := s.option("dir", dir, "archive.dir"); err != nil {
			return err
		}
		id := ""
		if run != nil {
			id = *run
			if err := s.required("-run", id); err != nil {
				return err
			}
		}
		tarball, err := s.tarball(ctx, tar)
		if err != nil {
			return err
		}
		return s.archive(ctx, tarball, id)
	})
}

// archive adds the tarball as an entry of the run, or of the run that its
// record names when run is empty.
func (s *session) archive(ctx context.Context, tarball, run string) error {
	record, err := readMeta(tarball + ".meta")
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Refused, "no-meta", "%s has no record beside it", s.show(tarball)).
			WithHint("write it: mage %s -tar=%s", s.typed("meta"), s.show(tarball))
	}
	if err != nil {
		return err
	}
	if run == "" {
		run = s.runOf(record)
	}
	set, err := s.requirementsOf(tarball, record)
	if err != nil {
		return err
	}
	done := s.steps.Step("archiving " + s.show(tarball))
	outcome, err := s.archived().Add(ctx, archive.Submission{
		Tarball: tarball, Run: run, Date: record.CreatedAt, Requirements: set, Limits: s.limits(),
		Lock: func(inv *wheelhouse.Inventory) lock.Lock { return lockOf(inv, record.Python, nil, s.Lock.URLs) },
	})
	if err == nil {
		err = s.archived().WriteIndex(ctx)
	}
	done()
	if err != nil {
		return err
	}
	if err := report.Findings(s.stderr, outcome.Findings); err != nil {
		return err
	}
	what := "unchanged"
	switch {
	case outcome.Added:
		what = "added"
	case outcome.Restored:
		what = "tarball put back"
	case outcome.Renewed:
		what = "renewed"
	}
	return s.printf("%s  %s\n", s.show(outcome.Entry.Path), what)
}

// runOf gives the run that a record belongs to.
func (s *session) runOf(record meta.Record) string {
	if record.RunID != "" {
		return record.RunID
	}
	if id := s.variable("GITHUB_RUN_ID"); id != "" {
		return id
	}
	const digits = 12
	return "local-" + record.SHA256[:min(digits, len(record.SHA256))]
}

// requirementsOf gives the requirements that the tarball may have been built
// from: those that travel with it, else the repository's. The archive leaves
// them out where the record says that it was others.
func (s *session) requirementsOf(tarball string, record meta.Record) (*requirements.Set, error) {
	if set, err := s.travelling(tarball, record); err != nil || set != nil {
		return set, err
	}
	set, err := s.loadRequirements()
	if fault.Code(err) == "requirements-missing" {
		return nil, nil
	}
	return set, err
}
