package atomicfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxBase is how much of the final name goes into the temporary one: file
// systems hold 255 bytes, of which the rest of the pattern takes 22.
const maxBase = 200

// File is a file being written beside its final name.
type File struct {
	*os.File
	final string
	done  bool // committed or cleaned up
	sys   system
}

// system is what Commit asks of the operating system; tests watch the order.
type system interface {
	Sync(*os.File) error
	Rename(from, to string) error
	Link(from, to string) error
	SyncDir(string) error
}

// kernel is the system that is really there.
type kernel struct{}

func (kernel) Sync(f *os.File) error        { return f.Sync() }
func (kernel) Rename(from, to string) error { return os.Rename(from, to) }
func (kernel) Link(from, to string) error   { return os.Link(from, to) }
func (kernel) SyncDir(dir string) error     { return SyncDir(dir) }

// Create makes a temporary file in path's folder, which must exist, named
// ".<base>.<random>.tmp". The mode is subject to the umask. The file is open
// for reading and writing; defer Cleanup and end with Commit or CommitNew.
func Create(path string, mode fs.FileMode) (*File, error) {
	return create(kernel{}, path, mode)
}

func create(sys system, path string, mode fs.FileMode) (*File, error) {
	dir, base := filepath.Split(path)
	if base == "" {
		return nil, &fs.PathError{Op: "create", Path: path, Err: fs.ErrInvalid}
	}
	if len(base) > maxBase {
		base = base[:maxBase]
	}
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "."+base+"."+hex.EncodeToString(random[:])+".tmp")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	return &File{File: f, final: path, sys: sys}, nil
}

// Commit fsyncs and closes the file, renames it onto the final name, whatever
// is there, and fsyncs the folder. On an error the temporary file is gone; the
// final name is as before, except when it was the folder's fsync that failed.
func (f *File) Commit() error { return f.commit(f.sys.Rename) }

// CommitNew is Commit, but fails with fs.ErrExist when the final name exists.
// Of two that commit the same name at once, one wins, where the file system
// has hard links; elsewhere there is a short moment in which both might.
func (f *File) CommitNew() error { return f.commit(f.linkNew) }

func (f *File) commit(place func(from, to string) error) error {
	if f.done {
		return &fs.PathError{Op: "commit", Path: f.final, Err: fs.ErrClosed}
	}
	defer f.Cleanup()
	if err := f.sys.Sync(f.File); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := place(f.Name(), f.final); err != nil {
		return err
	}
	f.done = true
	return f.sys.SyncDir(filepath.Dir(f.final))
}

// linkNew places the file by a hard link, the one call that refuses an
// existing name and is never half done.
func (f *File) linkNew(from, to string) error {
	err := f.sys.Link(from, to)
	switch {
	case err == nil:
		// The name is there already: a leftover under the temporary name
		// would be untidy, not wrong.
		os.Remove(from)
		return nil
	case errors.Is(err, fs.ErrExist):
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return &fs.PathError{Op: "create", Path: to, Err: fs.ErrExist}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return f.sys.Rename(from, to)
}

// Cleanup closes and removes the temporary file unless it was committed; call
// it deferred. More than once does nothing.
func (f *File) Cleanup() {
	if f.done {
		return
	}
	f.done = true
	f.Close()
	os.Remove(f.Name())
}

// Write writes data to path: Create, Write, Commit.
func Write(path string, data []byte, mode fs.FileMode) error {
	f, err := Create(path, mode)
	if err != nil {
		return err
	}
	defer f.Cleanup()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// WriteFrom is Write from a reader, whose error is wrapped.
func WriteFrom(path string, r io.Reader, mode fs.FileMode) error {
	f, err := Create(path, mode)
	if err != nil {
		return err
	}
	defer f.Cleanup()
	if _, err := io.Copy(f, r); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return f.Commit()
}

// SyncTree fsyncs every file and folder under dir, dir included: contents
// first, then the folders that name them. Links and special files are left
// alone.
func SyncTree(dir string) error {
	var folders []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			folders = append(folders, path)
			return nil
		case entry.Type().IsRegular():
			return syncFile(path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := len(folders) - 1; i >= 0; i-- {
		if err := SyncDir(folders[i]); err != nil {
			return err
		}
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, syncFlag, 0)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
