package unpack

import (
	"context"
	"io"
	"os"
)

// Rest unpacks every member of a zip but the one named leave, whose bytes are
// not read, into dir, which is absent and whose parent exists. The zip is read
// through r, may be long, and is named by name in errors. The rules are those
// of [Zip], and hold for the name and the size of the member that is left out
// as well; a zip within the zip is not looked into. On an error nothing is left.
//
// Codes: those of Zip.
func Rest(ctx context.Context, r io.ReaderAt, size int64, name, leave, dir string, l Limits) (err error) {
	l = l.withDefaults()
	x := &extraction{file: name, limits: l, left: l.total(size)}
	members, err := x.directory(r, size)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return failed(name, err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if x.root, err = os.OpenRoot(dir); err != nil {
		return failed(name, err)
	}
	defer x.root.Close()
	for _, m := range members {
		if m.Name == leave {
			continue
		}
		if err := x.member(ctx, m); err != nil {
			return err
		}
	}
	return nil
}
