package entry

import (
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// folder is an open folder whose files are read by their names. The system
// calls are made directly: package os prepares every file that it opens for
// waiting, which for ten thousand small ones takes longer than reading them.
type folder struct {
	fd   int
	path string
}

// openFolder opens a folder; a link is not followed.
func openFolder(path string) (*folder, error) {
	fd, err := open(unix.AT_FDCWD, path, unix.O_DIRECTORY)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return &folder{fd, path}, nil
}

// open opens for reading, without waiting for a pipe's other end.
func open(dir int, name string, flags int) (fd int, err error) {
	err = again(func() error {
		fd, err = unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK|flags, 0)
		return err
	})
	return fd, err
}

// again repeats a system call that a signal interrupted.
func again(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// close closes the folder.
func (d *folder) close() { unix.Close(d.fd) }

// names lists the folder, in no order.
func (d *folder) names(buf []byte) ([]string, error) {
	var names []string
	for {
		n := 0
		err := again(func() (err error) {
			n, err = unix.ReadDirent(d.fd, buf)
			return err
		})
		if err != nil {
			return nil, &fs.PathError{Op: "readdir", Path: d.path, Err: err}
		}
		if n <= 0 {
			return names, nil
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
		if len(names) > maxFiles {
			return nil, fmt.Errorf("more than %d files in it", maxFiles)
		}
	}
}

// stat tells the size of a file, and whether it is a regular one.
func (d *folder) stat(name string) (size int64, regular bool, err error) {
	var st unix.Stat_t
	err = again(func() error { return unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	if err != nil {
		return 0, false, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return st.Size, st.Mode&unix.S_IFMT == unix.S_IFREG, nil
}

// read reads a regular file of at most limit bytes, into buf if it fits.
func (d *folder) read(name string, limit int64, buf []byte) ([]byte, error) {
	fd, err := open(d.fd, name, 0)
	if err == unix.ELOOP {
		return nil, notRegular(name)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, notRegular(name)
	}
	if st.Size > limit {
		return nil, tooLarge(name, limit)
	}
	if st.Size > int64(len(buf)) {
		buf = make([]byte, st.Size)
	}
	got := 0
	for got < int(st.Size) {
		n := 0
		err := again(func() (err error) {
			n, err = unix.Read(fd, buf[got:st.Size])
			return err
		})
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: name, Err: err}
		}
		if n <= 0 {
			break
		}
		got += n
	}
	return buf[:got], nil
}
