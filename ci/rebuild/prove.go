package rebuild

import (
	"context"
	"io"
	"sync"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Checked remembers which blobs of which store were read back in this process,
// so that a wheel that many tarballs share is read once. The zero value is
// ready. Several goroutines may use one.
type Checked struct {
	mu    sync.Mutex
	blobs map[checkedBlob]bool
}

// checkedBlob is a blob in a store.
type checkedBlob struct {
	url, sha256 string
	size        int64
}

// has tells whether the blob was read back.
func (c *Checked) has(b checkedBlob) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.blobs[b]
}

// add remembers that the blob was read back.
func (c *Checked) add(b checkedBlob) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.blobs == nil {
		c.blobs = map[checkedBlob]bool{}
	}
	c.blobs[b] = true
}

// Prove reads back from a store each of the rehearsal's Blobs that was not read
// in this process yet, hashes it, and gives the proof that the tarball comes
// back from there: the rehearsal showed that these blobs give its bytes, the
// store that it gives these blobs. open opens a blob of the store, at is the
// store; of checked, which must not be nil, only that store's count. The codes
// are those of ProveBytes.
func Prove(ctx context.Context, r *Rehearsal, open func(ctx context.Context, sha256 string, size int64) (io.ReadCloser, error), at entry.Location, checked *Checked) (Proof, error) {
	for _, b := range r.Blobs() {
		key := checkedBlob{at.URL, b.SHA256, b.Size}
		if checked.has(key) {
			continue
		}
		err := readBack(ctx, wheelhouse.File{Name: b.Name, SHA256: b.SHA256, Size: b.Size}, func(ctx context.Context) (io.ReadCloser, error) {
			return open(ctx, b.SHA256, b.Size)
		}, at)
		if err != nil {
			return Proof{}, err
		}
		checked.add(key)
	}
	return Proof{
		sha256: r.inv.SHA256, size: r.inv.Size,
		encoder: r.recipe.Encoder, frame: r.recipe.FrameSHA256(),
		at: at, read: r.read,
	}, nil
}
