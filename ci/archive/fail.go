package archive

import (
	"errors"
	"io/fs"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// explain turns an error of writing to the archive into one that says what to
// do. Coded errors come out outermost, interruptions as they are.
func (a Archive) explain(err error) error {
	if coded, ok := fault.As(err); ok {
		return coded
	}
	if fault.Interrupted(err) {
		return err
	}
	switch {
	case full(err):
		return fault.New(fault.Unable, "disk-full", "writing to the archive %s: %w", a.Dir, err).
			WithHint("make room and run it again: what was begun is finished or taken back")
	case readOnly(err) || errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Unable, "archive-read-only", "writing to the archive %s: %w", a.Dir, err).
			WithHint("choose another folder with -dir or the setting archive.dir")
	}
	return fault.New(fault.Unable, "archive-failed", "writing to the archive %s: %w", a.Dir, err)
}
