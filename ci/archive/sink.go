package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"sync"
	"sync/atomic"
)

// errTooMany is the error of more bytes than were announced.
var errTooMany = errors.New("too many bytes")

// The memory of a sink: chunks are hashed and written at once.
const (
	sinkChunk  = 256 << 10
	sinkChunks = 8
	// sinkWriteback is after how many bytes the disk is to start.
	sinkWriteback = 8 << 20
)

// sink writes and hashes at once, each in a goroutine of its own: hashing takes
// about as long as writing. It takes limit bytes at most. Call finish, whatever
// happened.
type sink struct {
	ctx   context.Context
	limit int64
	size  int64
	err   error // of Write, which stays

	free    chan *chunk
	current *chunk
	toHash  chan *chunk
	toFile  chan *chunk
	workers sync.WaitGroup
	sum     hash.Hash
	failed  atomic.Pointer[error] // of writing
}

// chunk is a part of the bytes; whoever is done with it last frees it.
type chunk struct {
	data []byte
	left atomic.Int32
}

// newSink gives a sink over a file.
func newSink(ctx context.Context, f io.Writer, limit int64) *sink {
	s := &sink{
		ctx: ctx, limit: limit, sum: sha256.New(),
		free: make(chan *chunk, sinkChunks), toHash: make(chan *chunk, sinkChunks), toFile: make(chan *chunk, sinkChunks),
	}
	for range sinkChunks {
		s.free <- &chunk{data: make([]byte, 0, sinkChunk)}
	}
	s.workers.Go(func() {
		for c := range s.toHash {
			s.sum.Write(c.data)
			s.done(c)
		}
	})
	s.workers.Go(func() { s.write(f) })
	return s
}

// write writes the chunks.
func (s *sink) write(f io.Writer) {
	written, started := int64(0), int64(0)
	for c := range s.toFile {
		if s.failed.Load() == nil {
			n, err := f.Write(c.data)
			if err != nil {
				s.failed.Store(&err)
			}
			if written += int64(n); written-started >= sinkWriteback {
				startWriteback(f, started, written-started)
				started = written
			}
		}
		s.done(c)
	}
}

// done gives a chunk back when nobody reads it any more.
func (s *sink) done(c *chunk) {
	if c.left.Add(-1) == 0 {
		c.data = c.data[:0]
		s.free <- c
	}
}

// Write takes bytes over. Its error is that of the context, of an earlier
// write, or errTooMany.
func (s *sink) Write(p []byte) (int, error) {
	taken := 0
	for s.err == nil && len(p) > 0 {
		if failed := s.failed.Load(); failed != nil {
			s.err = *failed
		} else if err := s.ctx.Err(); err != nil {
			s.err = err
		} else if s.size >= s.limit {
			s.err = errTooMany
		}
		if s.err != nil {
			break
		}
		if s.current == nil {
			s.current = <-s.free
		}
		c := s.current
		n := min(len(p), cap(c.data)-len(c.data), int(min(s.limit-s.size, sinkChunk)))
		c.data = append(c.data, p[:n]...)
		p, taken, s.size = p[n:], taken+n, s.size+int64(n)
		if len(c.data) == cap(c.data) {
			s.pass()
		}
	}
	return taken, s.err
}

// pass hands the current chunk to the workers.
func (s *sink) pass() {
	c := s.current
	s.current = nil
	c.left.Store(2)
	s.toHash <- c
	s.toFile <- c
}

// finish waits until all is hashed and written, and gives sha256 and size.
func (s *sink) finish() (sum string, size int64, err error) {
	if s.current != nil {
		s.pass()
	}
	close(s.toHash)
	close(s.toFile)
	s.workers.Wait()
	if failed := s.failed.Load(); failed != nil {
		return "", 0, *failed
	}
	return hex.EncodeToString(s.sum.Sum(nil)), s.size, s.err
}
