package wheelhouse

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
)

// Pack packs the wheels (paths of files; bare names must be distinct) into the
// tarball at path, which appears complete and fsynced or not at all; an older
// file of that name is replaced. The order of wheels does not matter. The same
// wheels give the same bytes on every machine and with every Go release.
//
// A name that Read would refuse is refused, and so is a wheel whose size
// changes while it is read. A cancelled ctx gives its error, wrapped. Codes:
// no-wheels, not-a-wheel, unsafe-member, duplicate-member, wheel-missing,
// wheel-changed (refused); wheel-unreadable, tar-unwritable (unable).
func Pack(ctx context.Context, path string, wheels []string) (*Inventory, error) {
	sources, err := statWheels(wheels)
	if err != nil {
		return nil, err
	}
	files := make([]File, len(sources))
	for i, s := range sources {
		files[i] = s.File
	}
	_, size, err := Layout(files)
	if err != nil {
		return nil, err
	}
	f, err := atomicfile.Create(path, 0o644)
	if err != nil {
		return nil, unwritable(path, err)
	}
	defer f.Cleanup()
	if err := allocate(f.File, size); err != nil {
		return nil, unwritable(path, err)
	}
	total := sha256.New()
	inv, err := packTo(ctx, &flusher{file: f.File}, sources, true, total)
	if err != nil {
		var failed *writeError
		if errors.As(err, &failed) {
			return nil, unwritable(path, failed.err)
		}
		return nil, err
	}
	if err := f.Commit(); err != nil {
		return nil, unwritable(path, err)
	}
	inv.Name, inv.SHA256 = filepath.Base(path), hexSum(total)
	return inv, nil
}

// source is a wheel to pack. Where SHA256 is set its bytes must have it.
type source struct {
	File
	// where names the wheel in messages: its path or its name.
	where string
	open  func(context.Context) (io.ReadCloser, error)
}

// statWheels looks at the files and gives them in the tarball's order.
func statWheels(paths []string) ([]source, error) {
	if len(paths) == 0 {
		return nil, fault.New(fault.Refused, "no-wheels", "there are no wheels to pack").
			WithHint("name at least one .whl file")
	}
	sources := make([]source, 0, len(paths))
	for _, p := range paths {
		name := filepath.Base(p)
		if err := checkWheelName(name); err != nil {
			return nil, err
		}
		info, err := os.Stat(p)
		if err != nil {
			return nil, unreadable(p, err)
		}
		if !info.Mode().IsRegular() {
			return nil, fault.New(fault.Refused, "not-a-wheel", "not a plain file: %s", printable(p)).
				WithHint("pack files whose names end in .whl")
		}
		sources = append(sources, source{
			File:  File{Name: name, Path: name, Size: info.Size()},
			where: p,
			open:  func(context.Context) (io.ReadCloser, error) { return os.Open(p) },
		})
	}
	slices.SortFunc(sources, func(a, b source) int { return strings.Compare(a.Name, b.Name) })
	return sources, nil
}

// unreadable is the error of a wheel that could not be read; a coded error is
// outermost already.
func unreadable(where string, err error) error {
	if coded, ok := fault.As(err); ok {
		return coded
	}
	if errors.Is(err, fs.ErrNotExist) {
		missing := fault.New(fault.Refused, "wheel-missing", "no such wheel: %s", printable(where))
		missing.Err = err
		return missing
	}
	return fault.New(fault.Unable, "wheel-unreadable", "reading wheel %s: %w", printable(where), err)
}

func unwritable(path string, err error) error {
	e := fault.New(fault.Unable, "tar-unwritable", "writing tarball %s: %w", printable(path), err)
	switch {
	case isFull(err):
		e.Hint = "free some room on that disk, or write elsewhere"
	case errors.Is(err, fs.ErrNotExist):
		e.Hint = "make the folder first"
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "write to a folder that is yours"
	}
	return e
}

// flusher writes a file and starts its writeback early and evenly, so that the
// fsync at the end finds little left to do.
type flusher struct {
	file             *os.File
	written, flushed int64
}

// flushBytes is about what is packed in 20 ms.
const flushBytes = 16 << 20

// Write implements io.Writer.
func (w *flusher) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	w.written += int64(n)
	if w.written-w.flushed >= flushBytes {
		startWriteback(w.file, w.flushed, w.written-w.flushed)
		w.flushed = w.written
	}
	return n, err
}
