package extract

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
)

// heldFile is locked in a staging folder by the process that works there, until
// it ends.
const heldFile = "held"

// stage makes a folder beside the final one, whose folder is made when absent,
// so that a rename ends the work. What killed processes left there for the same
// name goes first.
func stage(final string) (dir string, remove func(), err error) {
	parent, base := filepath.Dir(final), filepath.Base(final)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", nil, err
	}
	prefix := "." + base + ".extracting-"
	sweep(parent, regexp.MustCompile("^"+regexp.QuoteMeta(prefix)+"[0-9]+$"))
	if dir, err = os.MkdirTemp(parent, prefix); err != nil {
		return "", nil, err
	}
	release, ok, err := atomicfile.TryLock(filepath.Join(dir, heldFile))
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		release = func() {}
	case err == nil && !ok:
		return "", nil, errors.New("somebody else holds " + dir) // a sweeper, which removes it
	case err != nil:
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, func() {
		release()
		_ = os.RemoveAll(dir) // what cannot be removed stays hidden, for the next to sweep
	}, nil
}

// sweep removes the folders of processes that are gone. One that was killed
// before it held its folder left an empty one; what has the name and looks like
// neither is not ours.
func sweep(parent string, name *regexp.Regexp) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		dir := filepath.Join(parent, e.Name())
		if !e.IsDir() || !name.MatchString(e.Name()) {
			continue
		}
		held := filepath.Join(dir, heldFile)
		if info, err := os.Lstat(held); err != nil || !info.Mode().IsRegular() {
			continue // being made just now, or not ours
		}
		if release, ok, err := atomicfile.TryLock(held); err == nil && ok {
			release()
			_ = os.RemoveAll(dir)
		}
	}
}
