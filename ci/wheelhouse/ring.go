package wheelhouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"sync/atomic"
)

const (
	// chunkSize: larger chunks fall out of the processor's cache between the
	// goroutines that share them.
	chunkSize  = 256 << 10
	ringChunks = 16
)

// piece is a part of a wheel's bytes inside a chunk.
type piece struct {
	wheel *File
	data  []byte
	// last: the wheel is complete with this piece, whose data may be empty.
	last bool
}

// chunk is a buffer that several goroutines look at; the last one gives it
// back to its ring.
type chunk struct {
	buf []byte
	n   int // bytes in use
	// pieces are the wheels' bytes in buf, in order.
	pieces []piece
	// payload is what the gzip blocks in buf hold, in order; for chunks that
	// hold gzip blocks.
	payload [][]byte

	refs atomic.Int32
	ring *ring
}

func (c *chunk) bytes() []byte { return c.buf[:c.n] }

// release says that one holder is done with the chunk.
func (c *chunk) release() {
	if c.refs.Add(-1) == 0 {
		c.ring.free <- c
	}
}

// ring lends out a bounded number of chunks, made when first needed.
type ring struct {
	free    chan *chunk
	made    int
	size    int
	holders int32
}

// newRing makes a ring of chunks of size bytes, each held by so many holders.
func newRing(size, holders int) *ring {
	return &ring{free: make(chan *chunk, ringChunks), size: size, holders: int32(holders)}
}

// get waits for a chunk; one goroutine calls it.
func (r *ring) get(ctx context.Context) (*chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var c *chunk
	select {
	case c = <-r.free:
	default:
		if r.made < ringChunks {
			r.made++
			c = &chunk{buf: make([]byte, r.size), ring: r}
			break
		}
		select {
		case c = <-r.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	c.n, c.pieces, c.payload = 0, c.pieces[:0], c.payload[:0]
	c.refs.Store(r.holders)
	return c, nil
}

// queue is a channel that never blocks its sender: at most two rings meet in one.
func queue() chan *chunk { return make(chan *chunk, 2*ringChunks) }

// hashChunks writes what the chunks hold to a hash, or to whoever takes it all.
func hashChunks(h io.Writer, chunks <-chan *chunk) {
	for c := range chunks {
		_, _ = h.Write(c.bytes())
		c.release()
	}
}

// hashWheels sets the SHA256 of each wheel whose pieces come by.
func hashWheels(chunks <-chan *chunk) {
	h := sha256.New()
	for c := range chunks {
		for _, p := range c.pieces {
			h.Write(p.data)
			if p.last {
				p.wheel.SHA256 = hexSum(h)
				h.Reset()
			}
		}
		c.release()
	}
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
