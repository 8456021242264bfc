package wheelhouse

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/inflate"
)

// maxGzipHeader bounds a gzip header, which may hold a file's name, a comment
// and extra data.
const maxGzipHeader = 128 << 10

// inflateRest reads the rest of the stream, any number of gzip members. It
// starts with the bytes in head, which were taken already; inMember tells that
// these begin a block, not a gzip member.
func (g *gzipReader) inflateRest(head []byte, inMember bool) error {
	g.tar.exact = false
	g.leaveChunk(head)
	decoder := inflate.New(g.compressed, g.window)
	out := newRing(inflate.MinBuffer+g.in.ring.size, int(g.sink.holders()))
	for more := true; more; {
		if !inMember {
			if err := g.gzipHeader(decoder); err != nil {
				return err
			}
			g.crc, g.length = 0, 0
			decoder.Reset(nil)
		}
		inMember = false
		if err := g.inflateMember(decoder, out); err != nil {
			return err
		}
		t := headerReader{r: decoder}
		trailer := t.bytes(trailerSize)
		if t.err != nil {
			return g.inflateError(t.err)
		}
		if err := g.checkTrailer(trailer); err != nil {
			return err
		}
		var err error
		if more, err = decoder.More(); err != nil {
			return g.inflateError(err)
		}
	}
	return nil
}

// inflateMember inflates to the end of one deflate stream.
func (g *gzipReader) inflateMember(decoder *inflate.Decoder, out *ring) error {
	for {
		c, err := out.get(g.ctx)
		if err != nil {
			return err
		}
		end, err := decoder.Decode(c.buf)
		if err != nil && err != io.EOF {
			return g.inflateError(err)
		}
		if err := g.accept(c.buf[inflate.Window:end], c); err != nil {
			return err
		}
		g.sink.send(c)
		if err == io.EOF {
			return nil
		}
	}
}

// leaveChunk hands the current chunk to the wheels' hash, since it may hold
// some of their bytes. What is left of it is inflated, after head.
func (g *gzipReader) leaveChunk(head []byte) {
	g.rest = append(bytes.Clone(head), g.rest...)
	if g.cur == nil {
		return
	}
	g.keepWindow()
	g.sink.send(g.cur)
	g.cur = nil
}

// compressed gives what is to be inflated, chunk by chunk. A chunk is given
// back when the next one is asked for.
func (g *gzipReader) compressed() ([]byte, error) {
	if p := g.rest; len(p) > 0 {
		g.rest = nil
		return p, nil
	}
	if g.cur != nil {
		for range g.sink.holders() {
			g.cur.release()
		}
	}
	if err := g.advance(); err != nil {
		return nil, err
	}
	if g.cur == nil {
		return nil, io.EOF
	}
	p := g.rest
	g.rest = nil
	return p, nil
}

// inflateError says what an error while inflating means.
func (g *gzipReader) inflateError(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return truncated(g.name)
	case errors.Is(err, inflate.ErrCorrupt), errors.Is(err, errGzipHeader):
		return damaged(g.name, "its compressed data is not valid")
	}
	return err // of the file
}

// gzipHeader reads the header of a gzip member (RFC 1952, 2.3).
func (g *gzipReader) gzipHeader(r io.ByteReader) error {
	h := headerReader{r: r}
	for _, want := range []byte(gzipHeader[:3]) {
		if h.bytes(1)[0] == want || h.err != nil {
			continue
		}
		if g.inflated > 0 {
			return damaged(g.name, "something follows the end of the gzip stream")
		}
		return refuse(g.name, "not-gzip", "it is not gzip").WithHint(hintFetch)
	}
	flags := h.bytes(7)[0]
	if flags&0x04 != 0 {
		h.bytes(int(binary.LittleEndian.Uint16(h.bytes(2))))
	}
	if flags&0x08 != 0 {
		h.text()
	}
	if flags&0x10 != 0 {
		h.text()
	}
	sum := uint16(crc32.ChecksumIEEE(h.seen))
	if flags&0x02 != 0 && binary.LittleEndian.Uint16(h.bytes(2)) != sum {
		h.fail(errGzipHeader)
	}
	if flags&0xe0 != 0 {
		h.fail(errGzipHeader)
	}
	if h.err != nil {
		return g.inflateError(h.err)
	}
	return nil
}

// errGzipHeader is for a header that no gzip writes.
var errGzipHeader = errors.New("gzip header is not valid")

// headerReader keeps what it read, for the header's own checksum, and its
// first error, after which it gives zeros.
type headerReader struct {
	r    io.ByteReader
	seen []byte
	err  error
}

func (h *headerReader) fail(err error) {
	if h.err == nil {
		h.err = err
	}
}

func (h *headerReader) bytes(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		if h.err == nil {
			p[i], h.err = h.r.ReadByte()
		}
	}
	h.seen = append(h.seen, p...)
	return p
}

// text reads up to a zero byte.
func (h *headerReader) text() {
	for h.err == nil && h.bytes(1)[0] != 0 {
		if len(h.seen) > maxGzipHeader {
			h.fail(errGzipHeader)
		}
	}
}
