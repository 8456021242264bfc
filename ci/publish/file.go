package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// open opens a file as it was checked.
func open(f File) (io.ReadCloser, error) {
	from, err := os.Open(f.Path)
	if err != nil {
		return nil, fault.New(fault.Unable, "file-unreadable", "publishing %s: %w", f.Name, err)
	}
	info, err := from.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Size() != f.Size) {
		err = changed(f)
	}
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	return &checked{ReadCloser: from, file: f, left: f.Size, hash: sha256.New()}, nil
}

// checked gives a file's bytes, and an error in the place of the last ones where
// all together are not those that were checked: so nobody can take them for
// whole, and nothing has to be deleted that may be another's.
type checked struct {
	io.ReadCloser
	file File
	left int64
	hash hash.Hash
	err  error
}

func (c *checked) Read(b []byte) (int, error) {
	if c.err != nil || len(b) == 0 {
		return 0, c.err
	}
	n, err := c.ReadCloser.Read(b)
	c.hash.Write(b[:n])
	c.left -= int64(n)
	switch {
	case c.left < 0, c.left > 0 && err == io.EOF,
		c.left == 0 && hex.EncodeToString(c.hash.Sum(nil)) != c.file.SHA256:
		n, c.err = 0, changed(c.file)
	default:
		c.err = err
	}
	return n, c.err
}

func changed(f File) error {
	return fault.New(fault.Refused, "changed-meanwhile", "publishing %s: it is not any more what was checked", f.Name).
		WithHint("somebody writes to that folder: wait for it, and publish again")
}
