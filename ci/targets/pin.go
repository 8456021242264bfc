package targets

import (
	"context"

	"github.com/wheelhouse-ci/wheelhouse/ci/archive"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// Pin keeps a run's tarballs whatever the retention says.
func Pin(ctx context.Context,
	run string, // a run id, an entry's name or latest
	why *string, // a line that says why (default: none)
) error {
	return begin(ctx, "pin", func(ctx context.Context, s *session) error {
		reason := ""
		if why != nil {
			if err := s.required("-why", *why); err != nil {
				return err
			}
			reason = *why
		}
		return s.mark(ctx, run, "pinned", func(ctx context.Context, a *archive.Session, e entry.Entry) error {
			return a.Pin(ctx, e, reason, s.now())
		})
	})
}

// Unpin takes back what pin did.
func Unpin(ctx context.Context,
	run string, // a run id, an entry's name or latest
) error {
	return begin(ctx, "unpin", func(ctx context.Context, s *session) error {
		return s.mark(ctx, run, "not pinned", func(ctx context.Context, a *archive.Session, e entry.Entry) error {
			return a.Unpin(ctx, e)
		})
	})
}

// mark changes one entry under the archive's lock.
func (s *session) mark(ctx context.Context, run, state string, change func(context.Context, *archive.Session, entry.Entry) error) error {
	if err := s.required("RUN", run); err != nil {
		return err
	}
	e, err := s.archived().Find(ctx, run)
	if err != nil {
		return err
	}
	a, err := s.archived().Exclusive(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := change(ctx, a, e); err != nil {
		return err
	}
	return s.printf("%s  %s\n", report.Visible(archive.EntryName(e)), state)
}
