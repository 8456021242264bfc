package unpack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// IsZip tells by its first bytes whether file is a zip, a damaged one as well.
// A wheel is one too. Codes: unpack-failed (unable).
func IsZip(file string) (bool, error) {
	f, err := os.Open(file)
	if err != nil {
		return false, failed(file, err)
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return false, nil
	case err != nil:
		return false, failed(file, err)
	}
	// A member's header, or the end of a zip without members.
	return string(magic[:]) == "PK\x03\x04" || string(magic[:]) == "PK\x05\x06", nil
}

// Zip unpacks file into dir, which is absent or empty, and whose parent
// exists. When all that the zip holds is one other zip, no wheel, that is
// unpacked in its place, one level and no more. Files are 0644 and folders
// 0755, less the umask, and dir appears at once, though not fsynced. On an
// error, a cancelled ctx included, nothing is left, and an empty dir is as it
// was.
//
// Codes: not-a-zip, archive-damaged, unsafe-archive, too-large (refused);
// unpack-failed (unable), where [fault.Interrupted] tells a ctx that ended.
func Zip(ctx context.Context, file, dir string, l Limits) error {
	l, dir = l.withDefaults(), filepath.Clean(dir)
	if entries, err := os.ReadDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(file, err)
	} else if len(entries) > 0 {
		return refuse(file, "unpack-failed", "the folder is not empty: %s", dir)
	}
	stage, err := os.MkdirTemp(filepath.Dir(dir), ".unpack.*.tmp")
	if err != nil {
		return failed(file, err)
	}
	defer os.RemoveAll(stage)
	out := filepath.Join(stage, "out")
	only, size, err := unpack(ctx, file, out, l, 0)
	if err != nil {
		return err
	}
	if inner := filepath.Join(out, filepath.FromSlash(only)); only != "" && !strings.EqualFold(filepath.Ext(only), ".whl") {
		if nested, err := IsZip(inner); err != nil {
			return err
		} else if nested {
			out = filepath.Join(stage, "inner")
			if _, _, err := unpack(ctx, inner, out, l, size); err != nil {
				return err
			}
		}
	}
	return settle(file, out, dir)
}

// settle gives the unpacked folder its name.
func settle(file, out, dir string) error {
	empty := os.Remove(dir) == nil
	if err := os.Rename(out, dir); err != nil {
		if empty {
			_ = os.Mkdir(dir, 0o755)
		}
		return failed(file, err)
	}
	return nil
}

// unpack makes dir and unpacks into it. base is the size that the ratio counts
// from, 0 for the file's own, which is given back. only is the one file there
// was, "" when there were more or none.
func unpack(ctx context.Context, file, dir string, l Limits, base int64) (only string, size int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", 0, failed(file, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", 0, failed(file, err)
	}
	size = info.Size()
	if base == 0 {
		base = size
	}
	x := &extraction{file: file, limits: l, left: l.total(base)}
	members, err := x.directory(f, size)
	if err != nil {
		return "", 0, err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", 0, failed(file, err)
	}
	if x.root, err = os.OpenRoot(dir); err != nil {
		return "", 0, failed(file, err)
	}
	defer x.root.Close()
	files := 0
	for _, m := range members {
		if err := x.member(ctx, m); err != nil {
			return "", 0, err
		}
		if !strings.HasSuffix(m.Name, "/") {
			files++
			only = m.Name
		}
	}
	if files != 1 {
		only = ""
	}
	return only, size, nil
}

// failed is for what could not be done here.
func failed(file string, err error) *fault.Error {
	return fault.New(fault.Unable, "unpack-failed", "unpacking %s: %w", filepath.Base(file), err)
}

// refuse says what is wrong with the zip.
func refuse(file, code, format string, args ...any) *fault.Error {
	return fault.New(fault.Refused, code, "unpacking %s: %s", filepath.Base(file), fmt.Sprintf(format, args...))
}
