package archive

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// watched is the file system with a hook before every call that changes
// something. Nothing is fsynced: tests do not outlive a power cut.
type watched struct {
	kernel
	// at is given the call's name, what does half of it (nil: it has no halves)
	// and what does it.
	at func(name string, half, do func() error) error
}

// called gives the name of a call on a path; staging folders are all alike.
func called(what, path string) string {
	base := filepath.Base(path)
	if stagingName.MatchString(base) {
		base = "staging"
	}
	return what + " " + base
}

func (w watched) Mkdir(path string) error {
	return w.at(called("mkdir", path), nil, func() error { return w.kernel.Mkdir(path) })
}

func (w watched) Create(path string) (f file, err error) {
	err = w.at(called("create", path), nil, func() error { f, err = w.kernel.Create(path); return err })
	if err != nil {
		return nil, err
	}
	return watchedFile{f, path, w}, nil
}

func (w watched) Copy(to string, t *tree, wrap func(io.Reader) io.Reader) error {
	whole := func() error { return w.kernel.Copy(to, t, wrap) }
	return w.at("copy", func() error { return errors.Join(whole(), halve(to)) }, whole)
}

// halve cuts the first file of a folder in half, and removes the last.
func halve(dir string) error {
	all, err := os.ReadDir(dir)
	if err != nil || len(all) == 0 {
		return err
	}
	info, err := all[0].Info()
	if err == nil && info.Mode().IsRegular() {
		err = os.Truncate(filepath.Join(dir, info.Name()), info.Size()/2)
	}
	return errors.Join(err, os.RemoveAll(filepath.Join(dir, all[len(all)-1].Name())))
}

func (w watched) Rename(from, to string) error {
	return w.at(called("rename", to), nil, func() error { return w.kernel.Rename(from, to) })
}

func (w watched) Remove(path string) error {
	return w.at(called("remove", path), nil, func() error { return w.kernel.Remove(path) })
}

func (w watched) RemoveAll(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	half := func() error {
		all, err := os.ReadDir(path)
		if err != nil || len(all) == 0 {
			return err
		}
		return os.RemoveAll(filepath.Join(path, all[0].Name()))
	}
	return w.at(called("remove all", path), half, func() error { return w.kernel.RemoveAll(path) })
}

func (w watched) SyncDir(path string) error {
	return w.at(called("sync", path), nil, func() error { _, err := os.Stat(path); return err })
}

func (w watched) SyncTree(path string) error {
	return w.at(called("sync tree", path), nil, func() error { return nil })
}

// watchedFile is a file of it.
type watchedFile struct {
	file
	path string
	w    watched
}

func (f watchedFile) Write(p []byte) (n int, err error) {
	half := func() error { n, err = f.file.Write(p[:len(p)/2]); return err }
	err = f.w.at(called("write", f.path), half, func() error { n, err = f.file.Write(p); return err })
	return n, err
}

func (f watchedFile) Sync() error {
	return f.w.at(called("sync", f.path), nil, func() error { return nil })
}

// unwatched does everything but fsync.
func unwatched() disk {
	return watched{at: func(_ string, _, do func() error) error { return do() }}
}

// calls gives a disk that notes the names of its calls.
func calls(names *[]string) disk {
	return watched{at: func(name string, _, do func() error) error {
		*names = append(*names, name)
		return do()
	}}
}

// errDead is the error of a disk after its process was killed: whatever still
// runs changes nothing any more.
var errDead = errors.New("killed")

// dying gives a disk that dies at its nth call, from 0: before it, in the
// middle of it, or after it.
func dying(n int, when string) disk {
	count := -1
	return watched{at: func(_ string, half, do func() error) error {
		count++
		switch {
		case count < n:
			return do()
		case count > n, when == "before":
			return errDead
		case when == "half" && half != nil:
			return errors.Join(half(), errDead)
		case when == "after":
			return errors.Join(do(), errDead)
		}
		return errDead
	}}
}

// failing gives a disk whose nth call fails with err, after half of it where it
// has halves; for good: all that come after it fail as well.
func failing(n int, err error, forGood bool) disk {
	count := -1
	return watched{at: func(_ string, half, do func() error) error {
		count++
		if count != n && !(forGood && count > n) {
			return do()
		}
		if half != nil && count == n {
			if halfway := half(); halfway != nil {
				return halfway
			}
		}
		return &fs.PathError{Op: "write", Path: "x", Err: err}
	}}
}
