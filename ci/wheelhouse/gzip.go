package wheelhouse

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/inflate"
)

// gzipReader takes a gzip stream from its chunks and hands the tar in it on.
// It starts with the blocks that Pack writes, whose bytes are used where they
// lie (this file); everything else is inflated (inflate.go).
type gzipReader struct {
	ctx    context.Context
	name   string // for messages
	limits Limits
	in     *input
	tar    *tarReader
	sink   *wheelSink

	cur  *chunk // the chunk being looked at
	rest []byte // what of it was not looked at yet
	seen int64  // bytes of all chunks up to cur

	crc      uint32 // of the gzip member so far
	length   uint32 // its length so far, modulo 2^32
	inflated int64  // of all gzip members

	// window is the last that stored blocks held before cur: a block that is
	// not stored may refer back to it.
	window []byte
}

// read reads the whole gzip stream.
func (g *gzipReader) read() error {
	if err := g.advance(); err != nil {
		return err
	}
	if g.cur == nil {
		return refuse(g.name, "tar-empty", "the file is empty").WithHint(hintFetch)
	}
	if !bytes.HasPrefix(g.rest, []byte(gzipHeader)) {
		return g.inflateRest(nil, false)
	}
	g.rest = g.rest[len(gzipHeader):]
	for {
		done, err := g.storedBlock()
		if done || err != nil {
			return err
		}
	}
}

// storedBlock takes one block; at the first that Pack would not have written
// it has the rest inflated. It tells whether the stream is done.
func (g *gzipReader) storedBlock() (done bool, err error) {
	var head [blockHeader]byte
	if err := g.take(head[:]); err != nil {
		return true, err
	}
	n := int(binary.LittleEndian.Uint16(head[1:]))
	final := head[0] == 1
	stored := head[0] <= 1 && binary.LittleEndian.Uint16(head[3:]) == ^uint16(n)
	if !stored || !g.tar.exact || !g.tar.startBlock(n, final) {
		return true, g.inflateRest(head[:], true)
	}
	if err := g.storedPayload(n); err != nil {
		return true, err
	}
	if !final {
		return false, nil
	}
	var trailer [trailerSize]byte
	if err := g.take(trailer[:]); err != nil {
		return true, err
	}
	if err := g.checkTrailer(trailer[:]); err != nil {
		return true, err
	}
	if err := g.fill(); err != nil || g.cur == nil {
		return true, err
	}
	return true, g.inflateRest(nil, false)
}

// storedPayload hands on the n bytes of a block, chunk by chunk.
func (g *gzipReader) storedPayload(n int) error {
	for n > 0 {
		if err := g.fill(); err != nil {
			return err
		}
		if g.cur == nil {
			return truncated(g.name)
		}
		p := g.rest[:min(n, len(g.rest))]
		g.rest = g.rest[len(p):]
		n -= len(p)
		g.cur.payload = append(g.cur.payload, p)
		if err := g.accept(p, g.cur); err != nil {
			return err
		}
	}
	return nil
}

// accept takes bytes of the tar, which lie in c.
func (g *gzipReader) accept(p []byte, c *chunk) error {
	g.crc = crc32.Update(g.crc, crc32.IEEETable, p)
	g.length += uint32(len(p))
	g.inflated += int64(len(p))
	if g.inflated > g.limits.TotalBytes {
		return g.tooLarge("it holds more than %d bytes", g.limits.TotalBytes).
			WithHint("raise limits.total-bytes if the tarball is to be trusted")
	}
	if g.inflated > ratioFrom && g.inflated/int64(g.limits.Ratio) > g.seen {
		return g.tooLarge("it inflates to more than %d times its size", g.limits.Ratio).
			WithHint("raise limits.ratio if the tarball is to be trusted")
	}
	return g.tar.feed(p, c)
}

func (g *gzipReader) tooLarge(format string, args ...any) *fault.Error {
	return refuse(g.name, "too-large", format, args...)
}

// checkTrailer compares what a gzip member says of itself with what it held.
func (g *gzipReader) checkTrailer(trailer []byte) error {
	if binary.LittleEndian.Uint32(trailer) != g.crc || binary.LittleEndian.Uint32(trailer[4:]) != g.length {
		return damaged(g.name, "its bytes do not match its checksum")
	}
	return nil
}

// take fills p from the chunks.
func (g *gzipReader) take(p []byte) error {
	for len(p) > 0 {
		if err := g.fill(); err != nil {
			return err
		}
		if g.cur == nil {
			return truncated(g.name)
		}
		n := copy(p, g.rest)
		p, g.rest = p[n:], g.rest[n:]
	}
	return nil
}

// fill goes on to the next chunk when the current one is used up; cur is nil
// at the end of the file.
func (g *gzipReader) fill() error {
	if len(g.rest) > 0 || g.cur == nil {
		return nil
	}
	g.keepWindow()
	g.sink.send(g.cur)
	return g.advance()
}

// advance receives a chunk.
func (g *gzipReader) advance() error {
	c, ok := <-g.in.out[1]
	if !ok {
		g.cur, g.rest = nil, nil
		if g.in.err != nil {
			return fault.New(fault.Unable, "tar-unreadable", "reading tarball %s: %w", printable(g.name), g.in.err)
		}
		return nil
	}
	g.cur, g.rest = c, c.bytes()
	g.seen += int64(c.n)
	return nil
}

// keepWindow remembers the end of what cur holds.
func (g *gzipReader) keepWindow() {
	held := g.cur.payload
	first, n := len(held), 0
	for first > 0 && n < inflate.Window {
		first--
		n += len(held[first])
	}
	for _, p := range held[first:] {
		g.window = append(g.window, p...)
	}
	if over := len(g.window) - inflate.Window; over > 0 {
		g.window = append(g.window[:0], g.window[over:]...)
	}
}
