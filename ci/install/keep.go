package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// rewritten are the files that installers write into in place: a link to one of
// these would change with it.
var rewritten = []string{".pth", ".egg-link", ".cfg"}

// kept is a copy of a venv, beside it.
type kept struct {
	venv string // the folder itself, no link to it
	dir  string // the copy is the folder venv in it
}

// keep copies a venv beside itself. Files are hard links where the file system
// has them: installers replace files, and write into few. Code: venv-not-kept.
func keep(ctx context.Context, dir string) (kept, error) {
	failed := func(err error) error {
		return fault.New(fault.Unable, "venv-not-kept", "keeping what is in %s before it is changed: %w", dir, err).
			WithHint("nothing was changed; look whether there is room beside it, and whether that folder can be written to")
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return kept{}, failed(err)
	}
	k := kept{venv: real}
	if k.dir, err = os.MkdirTemp(filepath.Dir(real), "."+filepath.Base(real)+".before-"); err != nil {
		return kept{}, failed(err)
	}
	if err := copyTree(ctx, real, k.copy()); err != nil {
		k.drop()
		if ctx.Err() != nil {
			return kept{}, fmt.Errorf("keeping what is in %s: %w", dir, ctx.Err())
		}
		return kept{}, failed(err)
	}
	return k, nil
}

func (k kept) copy() string { return filepath.Join(k.dir, "venv") }

// drop removes the copy; what of it cannot be removed does no harm.
func (k kept) drop() { _ = os.RemoveAll(k.dir) }

// putBack gives the copy the venv's place because of an error, and gives that
// error; where it cannot, the error says where the copy is.
func (k kept) putBack(because error) error {
	changed := filepath.Join(k.dir, "changed")
	err := os.Rename(k.venv, changed)
	if err == nil {
		if err = os.Rename(k.copy(), k.venv); err == nil {
			k.drop()
			return because
		}
		err = errors.Join(err, os.Rename(changed, k.venv))
	}
	return fault.New(fault.Unable, "venv-changed", "%w; and %s could not be put back as it was: %v", because, k.venv, err).
		WithHint("what it was lies in %s: move it to its place", k.copy())
}

// copyTree copies folders, links and files; anything else a venv does not have.
func copyTree(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			info, err := d.Info()
			if err != nil {
				return err
			}
			return os.Mkdir(target, info.Mode().Perm()|0o700)
		case d.Type() == fs.ModeSymlink:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		case !d.Type().IsRegular():
			return nil
		case !slices.Contains(rewritten, filepath.Ext(path)) && os.Link(path, target) == nil:
			return nil
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() // read only: nothing to lose
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(err, out.Close())
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}
