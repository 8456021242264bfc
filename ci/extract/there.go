package extract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// there tells whether the folder holds already what it is to hold, byte by
// byte; false where it is absent or empty. Any other folder is refused.
func (o Options) there(ctx context.Context, texts map[string]string) (bool, error) {
	info, err := os.Lstat(o.To)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, failed("looking at "+o.To, err)
	case !info.IsDir():
		return false, taken(o.To, "it is no folder")
	}
	entries, err := os.ReadDir(o.To)
	if err != nil {
		return false, failed("looking into "+o.To, err)
	}
	if len(entries) == 0 {
		return false, nil
	}
	why, err := o.differs(ctx, texts)
	if err != nil {
		return false, err
	}
	if why != "" {
		return false, taken(o.To, why)
	}
	return true, nil
}

func taken(dir, why string) error {
	return fault.New(fault.Refused, "folder-taken", "extracting to %s: it is there and not what this tarball gives: %s", dir, why).
		WithHint("name another folder, -to=DIR, or remove that one")
}

// differs says in what the folder is not what it is to be; empty: in nothing.
func (o Options) differs(ctx context.Context, texts map[string]string) (string, error) {
	wheels := make(map[string]wheelhouse.File, len(o.Inventory.Wheels))
	for _, w := range o.Inventory.Wheels {
		wheels[w.Name] = w
	}
	left, why := len(wheels)+len(texts), ""
	err := filepath.WalkDir(o.To, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		name, err := filepath.Rel(o.To, path)
		if err != nil {
			return err
		}
		if d.IsDir() && (path == o.To || name == wheelhouse.ListDir) {
			return nil
		}
		left--
		text, isText := texts[name]
		w, isWheel := wheels[name]
		var same bool
		switch {
		case !d.Type().IsRegular():
		case isText:
			same, err = holds(path, int64(len(text)), sumOf(text))
		case isWheel:
			same, err = holds(path, w.Size, w.SHA256)
		}
		switch {
		case err != nil:
			return err
		case !isText && !isWheel:
			why = fmt.Sprintf("it has %q", name)
		case !same:
			why = name + " is another"
		default:
			return nil
		}
		return fs.SkipAll
	})
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("looking into %s: %w", o.To, ctx.Err())
	case err != nil:
		return "", failed("looking into "+o.To, err)
	case why == "" && left > 0:
		why = fmt.Sprintf("%d of its files are not there", left)
	}
	return why, nil
}

// holds tells whether a file has that size and sha256.
func holds(path string, size int64, sum string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close() // read only: nothing to lose
	info, err := f.Stat()
	if err != nil || info.Size() != size {
		return false, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, size+1)); err != nil {
		return false, err
	}
	return hex.EncodeToString(h.Sum(nil)) == sum, nil
}

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
