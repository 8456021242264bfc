package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// OpenBlob opens a blob. Reading it ends with an error where it does not have
// this size and sha256: whoever reads to the end has the right bytes. Codes:
// store-object-missing, store-corrupt (refused), and those of the driver.
func OpenBlob(ctx context.Context, st Store, sum string, size int64) (io.ReadCloser, error) {
	body, err := st.Open(ctx, BlobKey(sum))
	if err != nil {
		return nil, absent(st, BlobKey(sum), err)
	}
	return &blob{st: st, sum: sum, left: size, body: body, hash: sha256.New()}, nil
}

// absent gives an absent object's error its code.
func absent(st Store, key string, err error) error {
	if _, coded := fault.As(err); !coded && errors.Is(err, fs.ErrNotExist) {
		return Absent(st.URL(), key)
	}
	return err
}

// blob hashes what it gives.
type blob struct {
	st   Store
	sum  string
	left int64
	body io.ReadCloser
	hash hash.Hash
	err  error // how it ended
}

// Close implements io.Closer.
func (b *blob) Close() error { return b.body.Close() }

// Read implements io.Reader.
func (b *blob) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.body.Read(p)
	if int64(n) > b.left {
		b.err = b.corrupt("it is longer")
		return 0, b.err
	}
	b.left -= int64(n)
	b.hash.Write(p[:n])
	switch {
	case err == nil:
		return n, nil
	case err != io.EOF:
		b.err = unreadable(b.st, BlobKey(b.sum), err)
	case b.left > 0:
		b.err = b.corrupt("it is shorter")
	case hex.EncodeToString(b.hash.Sum(nil)) != b.sum:
		b.err = b.corrupt("it has other bytes")
	default:
		b.err = io.EOF
	}
	return n, b.err
}

func (b *blob) corrupt(how string) error {
	return fault.New(fault.Refused, "store-corrupt", "reading %s of %s: %s than its name says", BlobKey(b.sum), b.st.URL(), how).
		WithHint("what the store holds is damaged: another of the pointer's locations, or the wheel's own index, may still have it")
}

// ReadBack reads a part to its end, and so tells whether the store has its very
// bytes. Codes: those of OpenBlob.
func ReadBack(ctx context.Context, st Store, p Part) error {
	body, err := OpenBlob(ctx, st, p.SHA256, p.Size)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, body)
	return errors.Join(err, body.Close())
}

// ReadFile reads a file of a record.
func ReadFile(ctx context.Context, st Store, p Part) ([]byte, error) {
	if p.Size > maxFile {
		return nil, fault.New(fault.Refused, "bad-manifest", "reading %s: it has more than %d bytes", p.Name, maxFile)
	}
	body, err := OpenBlob(ctx, st, p.SHA256, p.Size)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(body)
	return data, errors.Join(err, body.Close())
}

// Wheels gives a store's wheels to the rebuilding.
func Wheels(st Store) rebuild.Wheels { return wheels{st} }

type wheels struct{ st Store }

// OpenWheel implements rebuild.Wheels; it hashes nothing, since the rebuilding
// does.
func (w wheels) OpenWheel(ctx context.Context, f wheelhouse.File) (io.ReadCloser, error) {
	body, err := w.st.Open(ctx, BlobKey(f.SHA256))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, absent(w.st, BlobKey(f.SHA256), err))
	}
	return body, nil
}
