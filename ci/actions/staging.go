package actions

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
)

// Names of and in a folder that is worked in.
const (
	stagingPrefix = ".staging-"
	// heldFile is locked by the process that works there, until it ends.
	heldFile  = "held"
	runPrefix = "run-"
)

// stagingName is what os.MkdirTemp makes of stagingPrefix.
var stagingName = regexp.MustCompile(`^\.staging-[0-9]+$`)

// lockOutdir takes the lock of Outdir: whoever makes, sweeps or places a folder
// holds it. Where there are no such locks, everybody has it.
func (f Folder) lockOutdir(ctx context.Context) (unlock func(), err error) {
	unlock, err = atomicfile.Lock(ctx, filepath.Join(f.Outdir, ".lock"))
	if errors.Is(err, errors.ErrUnsupported) {
		return func() {}, nil
	}
	return unlock, orNil("locking "+f.Outdir, err)
}

// stage makes a folder to work in, in Outdir, so that a rename ends the work.
// Those that killed processes left go first.
func (f Folder) stage(ctx context.Context) (dir string, remove func(), err error) {
	if err := os.MkdirAll(f.Outdir, 0o755); err != nil {
		return "", nil, failed("making "+f.Outdir, err)
	}
	unlock, err := f.lockOutdir(ctx)
	if err != nil {
		return "", nil, err
	}
	defer unlock()
	if err := f.sweep(); err != nil {
		return "", nil, failed("removing what was left in "+f.Outdir, err)
	}
	dir, err = os.MkdirTemp(f.Outdir, stagingPrefix)
	if err != nil {
		return "", nil, failed("making a folder in "+f.Outdir, err)
	}
	// Nobody sweeps it before it is held: the lock of Outdir is ours.
	release, ok, err := atomicfile.TryLock(filepath.Join(dir, heldFile))
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		release = func() {}
	case err == nil && !ok:
		err = errors.New("somebody else holds it")
		fallthrough
	case err != nil:
		return "", nil, failed("locking "+dir, errors.Join(err, os.RemoveAll(dir)))
	}
	return dir, func() {
		release()
		_ = f.discard(dir) // what cannot be removed stays hidden, for the next to sweep
	}, nil
}

// sweep removes the folders that killed processes worked in. One that a process
// holds is left, and so is what only has the name of one. The caller holds
// Outdir.
func (f Folder) sweep() error {
	entries, err := os.ReadDir(f.Outdir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !stagingName.MatchString(e.Name()) {
			continue
		}
		dir := filepath.Join(f.Outdir, e.Name())
		held := filepath.Join(dir, heldFile)
		if info, err := os.Lstat(held); err != nil || !info.Mode().IsRegular() {
			_ = os.Remove(dir) // killed before it was held, it is empty; else it is not ours
			continue
		}
		release, ok, err := atomicfile.TryLock(held)
		if err != nil || !ok {
			continue // somebody works there, or it is another user's
		}
		release()
		if err := f.discard(dir); err != nil {
			return err
		}
	}
	return nil
}

// discard removes a folder that was worked in, what tells it for one last. A
// run's folder that was put aside there, and whose place is still empty, goes
// back first.
func (f Folder) discard(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() && strings.HasPrefix(e.Name(), runPrefix) {
			final := filepath.Join(f.Outdir, e.Name())
			if _, err := os.Lstat(final); errors.Is(err, fs.ErrNotExist) {
				if err := os.Rename(path, final); err != nil {
					return err // and what is in it stays
				}
			}
		}
		if e.Name() != heldFile {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(dir)
}
