//go:build !linux

package entry

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// folder is a folder whose files are read by their names.
type folder struct{ path string }

// openFolder opens a folder.
func openFolder(path string) (*folder, error) { return &folder{path}, nil }

// close closes the folder.
func (d *folder) close() {}

// names lists the folder, in no order.
func (d *folder) names([]byte) ([]string, error) {
	f, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(maxFiles + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(names) > maxFiles {
		return nil, fmt.Errorf("more than %d files in it", maxFiles)
	}
	return names, nil
}

// stat tells the size of a file, and whether it is a regular one.
func (d *folder) stat(name string) (size int64, regular bool, err error) {
	info, err := os.Lstat(filepath.Join(d.path, name))
	if err != nil {
		return 0, false, err
	}
	return info.Size(), info.Mode().IsRegular(), nil
}

// read reads a regular file of at most limit bytes.
func (d *folder) read(name string, limit int64, _ []byte) ([]byte, error) {
	size, regular, err := d.stat(name)
	switch {
	case err != nil:
		return nil, err
	case !regular:
		return nil, notRegular(name)
	case size > limit:
		return nil, tooLarge(name, limit)
	}
	f, err := os.Open(filepath.Join(d.path, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
