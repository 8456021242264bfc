package actions

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Wheels is a place where wheels lie already, so that they need not be
// transferred.
type Wheels interface {
	// Open gives the bytes of the wheel with that sha256, and fs.ErrNotExist
	// where it has none. It need not be right: what it gives is hashed, and
	// passed over when it is not the wheel, and so is its error.
	Open(ctx context.Context, w lock.Wheel) (io.ReadCloser, error)
}

// maxPlaces bounds how many folders of runs are looked into.
const maxPlaces = 50

// wheels gives the wheels of the runs that were fetched before, the newest
// first: those that are laid out, then those in tarballs.
func (f Folder) wheels() []Wheels {
	entries, err := os.ReadDir(f.Outdir)
	if err != nil {
		return nil // then there are none
	}
	type run struct {
		dir  string
		made int64
	}
	var runs []run
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && e.IsDir() && strings.HasPrefix(e.Name(), runPrefix) {
			runs = append(runs, run{filepath.Join(f.Outdir, e.Name()), info.ModTime().UnixNano()})
		}
	}
	slices.SortStableFunc(runs, func(a, b run) int { return cmp.Compare(b.made, a.made) })
	runs = runs[:min(len(runs), maxPlaces)]
	var all []Wheels
	for _, r := range runs {
		all = append(all, laidOut(filepath.Join(r.dir, extractDir)))
	}
	for _, r := range runs {
		tarballs, err := fs.Glob(os.DirFS(r.dir), "*.tgz")
		if err != nil {
			continue
		}
		for _, name := range tarballs {
			all = append(all, WheelsOf(filepath.Join(r.dir, name)))
		}
	}
	return all
}

// laidOut is a folder of wheels.
type laidOut string

// Open implements Wheels.
func (d laidOut) Open(_ context.Context, w lock.Wheel) (io.ReadCloser, error) {
	return openPlain(filepath.Join(string(d), w.File), w.Size)
}

// openPlain opens a plain file of that size; -1 is any.
func openPlain(path string, size int64) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || size >= 0 && info.Size() != size {
		return nil, fs.ErrNotExist
	}
	return os.Open(path)
}

// WheelsOf gives the wheels in a tarball of ours that has its lock beside it;
// of any other it gives none. Neither is looked at before a wheel is asked for.
func WheelsOf(tarball string) Wheels { return &packed{tarball: tarball} }

// packed are the wheels in a tarball.
type packed struct {
	tarball string
	read    bool
	size    int64
	spans   map[string]wheelhouse.Span // by sha256
}

// Open implements Wheels.
func (p *packed) Open(_ context.Context, w lock.Wheel) (io.ReadCloser, error) {
	if !p.read {
		p.read = true
		p.locate()
	}
	span, ok := p.spans[w.SHA256]
	if !ok {
		return nil, fs.ErrNotExist
	}
	file, err := openPlain(p.tarball, p.size)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(wheelhouse.Section(file, span, w.Size), 0, w.Size), file}, nil
}

// locate reads where the wheels lie from the lock. Without one that fits there
// are none to be had.
func (p *packed) locate() {
	l, err := readLock(filepath.Join(filepath.Dir(p.tarball), lock.FileName(filepath.Base(p.tarball))))
	if err != nil {
		return
	}
	spans, err := l.Spans()
	if err != nil {
		return
	}
	p.size, p.spans = l.Size, map[string]wheelhouse.Span{}
	for i, w := range l.Wheels { // both are sorted by name
		p.spans[w.SHA256] = spans[i]
	}
}

func readLock(path string) (lock.Lock, error) {
	file, err := openPlain(path, -1)
	if err != nil {
		return lock.Lock{}, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, lock.MaxBytes+1))
	if err != nil {
		return lock.Lock{}, err
	}
	return lock.Parse(data, filepath.Base(path))
}
