package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Options say what Folder lays out, and where.
type Options struct {
	// Tarball is the path of the wheelhouse, Inventory what was validated of
	// it: a tarball with other bytes is refused. Both are required.
	Tarball   string
	Inventory *wheelhouse.Inventory
	// Lock is the tarball's; nil: one is made of the inventory, which tells
	// neither where wheels came from nor the Python.
	Lock *lock.Lock
	// To is the folder; required. It is absent or empty, or holds just this.
	To string
	// Critical are the projects of list/critical_wheels.txt, normalised.
	Critical []string
	// Limits bound what is read of the tarball.
	Limits wheelhouse.Limits
}

// Made is the folder.
type Made struct {
	// Path of the folder, LockFile the lock's name in it.
	Path     string
	LockFile string
	// Unchanged: it was there already, and holds just that.
	Unchanged bool
}

// Folder lays the tarball out. Codes: folder-taken, tar-changed (refused),
// extract-failed (unable), and those of wheelhouse.Read.
func Folder(ctx context.Context, o Options) (Made, error) {
	made := Made{Path: o.To, LockFile: lock.FileName(o.Inventory.Name)}
	texts, err := o.texts(made.LockFile)
	if err != nil {
		return Made{}, err
	}
	there, err := o.there(ctx, texts)
	if err != nil || there {
		made.Unchanged = there
		return made, err
	}
	staging, remove, err := stage(o.To)
	if err != nil {
		return Made{}, failed("making a folder beside "+o.To, err)
	}
	defer remove()
	content := filepath.Join(staging, "content")
	if err := o.fill(ctx, content, texts); err != nil {
		return Made{}, err
	}
	if err := place(content, o.To); err != nil {
		return Made{}, failed("making "+o.To, err)
	}
	return made, nil
}

// texts are the files beside the wheels, by their paths in the folder.
func (o Options) texts(lockFile string) (map[string]string, error) {
	l := o.Lock
	if l == nil {
		l = bare(o.Inventory)
	}
	text, err := l.Encode()
	if err != nil {
		return nil, err
	}
	texts := map[string]string{lockFile: string(text)}
	for name, text := range wheelhouse.Lists(o.Inventory, o.Critical) {
		texts[filepath.Join(wheelhouse.ListDir, name)] = text
	}
	return texts, nil
}

// bare is the lock of a tarball that came without one.
func bare(inv *wheelhouse.Inventory) *lock.Lock {
	l := &lock.Lock{Tarball: inv.Name, Format: inv.Format, SHA256: inv.SHA256, Size: inv.Size}
	for _, w := range inv.Wheels {
		l.Wheels = append(l.Wheels, lock.Wheel{File: w.Name, Size: w.Size, SHA256: w.SHA256})
	}
	return l
}

// fill makes the folder's content under another name.
func (o Options) fill(ctx context.Context, content string, texts map[string]string) error {
	if err := os.Mkdir(content, 0o755); err != nil {
		return failed("making "+content, err)
	}
	inv, err := wheelhouse.Read(ctx, o.Tarball, wheelhouse.ReadOptions{Limits: o.Limits, Extract: content})
	if err != nil {
		return err
	}
	if inv.SHA256 != o.Inventory.SHA256 {
		return fault.New(fault.Refused, "tar-changed", "extracting %s: it was changed while it was looked at", o.Tarball).
			WithHint("do it again once nobody writes to it")
	}
	for path, text := range texts {
		path = filepath.Join(content, path)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			return failed("writing "+path, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("extracting %s: %w", o.Tarball, err)
	}
	if err := atomicfile.SyncTree(content); err != nil {
		return failed("writing "+o.To, err)
	}
	return ctx.Err()
}

// place gives the content its final name. An empty folder makes room for it;
// anything else that came there meanwhile stays.
func place(content, final string) error {
	if info, err := os.Lstat(final); err == nil && info.IsDir() {
		if err := os.Remove(final); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return cmp.Or(err, fs.ErrExist)
	}
	if err := os.Rename(content, final); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(final))
}

// failed is the error of the file system.
func failed(doing string, err error) error {
	return fault.New(fault.Unable, "extract-failed", "%s: %w", doing, err).
		WithHint("look whether there is room on that disk, and whether it can be written to")
}
