package archive

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/otiai10/copy"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
)

// disk is everything that changes the archive. It is the file system that is
// there, or in tests one that dies, fails or forgets at a chosen call.
type disk interface {
	// Mkdir makes one folder.
	Mkdir(path string) error
	// Create makes a file that is not there.
	Create(path string) (file, error)
	// Copy copies a tree into a folder that is there, through wrap.
	Copy(to string, t *tree, wrap func(io.Reader) io.Reader) error
	// Rename puts a file or folder in its place, over a file that is there.
	Rename(from, to string) error
	// Remove removes a file.
	Remove(path string) error
	// RemoveAll removes a folder with all that is in it, if it is there.
	RemoveAll(path string) error
	// SyncDir fsyncs a folder: the names in it are there for good.
	SyncDir(path string) error
	// SyncTree fsyncs a folder and all that is in it.
	SyncTree(path string) error
}

// file is a file being written.
type file interface {
	io.Writer
	Sync() error
	Close() error
}

// kernel is the file system that is there.
type kernel struct{}

func (kernel) Mkdir(path string) error      { return os.Mkdir(path, 0o755) }
func (kernel) Rename(from, to string) error { return os.Rename(from, to) }
func (kernel) Remove(path string) error     { return os.Remove(path) }
func (kernel) RemoveAll(path string) error  { return os.RemoveAll(path) }
func (kernel) SyncDir(path string) error    { return atomicfile.SyncDir(path) }
func (kernel) SyncTree(path string) error   { return atomicfile.SyncTree(path) }

func (kernel) Create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

func (kernel) Copy(to string, t *tree, wrap func(io.Reader) io.Reader) error {
	return copy.Copy(".", to, copy.Options{
		FS:                t,
		PermissionControl: copy.DoNothing, // the umask decides, as for every new file
		CopyBufferSize:    copyBuffer,
		WrapReader:        wrap,
	})
}

// fs is what changes this archive.
func (a Archive) fs() disk {
	if a.disk == nil {
		return kernel{}
	}
	return a.disk
}

// writeFile writes and fsyncs a file that is not there yet.
func writeFile(d disk, path string, write func(io.Writer) error) error {
	f, err := d.Create(path)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// text gives a writer of data.
func text(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// makeDir makes the archive's folder with those above it, each there for good:
// what is added is not to go with its folder's name.
func (a Archive) makeDir() error {
	var missing []string
	for dir := filepath.Clean(a.Dir); ; dir = filepath.Dir(dir) {
		_, err := os.Stat(dir)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return err
		}
		missing = append(missing, dir)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := a.fs().Mkdir(missing[i]); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		// A folder may be one that can be written to, and not read.
		if err := a.fs().SyncDir(filepath.Dir(missing[i])); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

// readSmall reads a regular file of at most limit bytes; links are not
// followed.
func readSmall(path string, limit int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file, or too large")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// fileSize gives the size of a regular file; links are not followed.
func fileSize(path string) (int64, error) {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
