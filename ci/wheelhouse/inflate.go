package wheelhouse

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// windowSize is how far a deflate stream may look back (RFC 1951).
const windowSize = 32 << 10

// inflateBuffer is how much compressed data is buffered.
const inflateBuffer = 64 << 10

// maxGzipHeader bounds a gzip header, which may hold a file's name, a comment
// and extra data.
const maxGzipHeader = 128 << 10

// inflateRest reads the rest of the stream, any number of gzip members. It
// starts with the bytes in head, which were taken already; inMember tells that
// these begin a block, not a gzip member.
func (g *gzipReader) inflateRest(head []byte, inMember bool) error {
	g.tar.exact = false
	in := g.leaveChunks(head)
	buffered := bufio.NewReaderSize(in, inflateBuffer)
	inflater := flate.NewReaderDict(buffered, g.window)
	out := newRing(g.in.ring.size, int(g.sink.holders()))
	for {
		if !inMember {
			if err := g.gzipHeader(buffered, in); err != nil {
				return err
			}
			g.crc, g.length = 0, 0
			if err := inflater.(flate.Resetter).Reset(buffered, nil); err != nil {
				return g.inflateError(err, in)
			}
		}
		inMember = false
		if err := g.inflateMember(inflater, in, out); err != nil {
			return err
		}
		var trailer [trailerSize]byte
		if _, err := io.ReadFull(buffered, trailer[:]); err != nil {
			return g.inflateError(err, in)
		}
		if err := g.checkTrailer(trailer[:]); err != nil {
			return err
		}
		if _, err := buffered.Peek(1); err == io.EOF {
			return nil
		}
	}
}

// inflateMember inflates to the end of one deflate stream.
func (g *gzipReader) inflateMember(inflater io.Reader, in *compressed, out *ring) error {
	for {
		c, err := out.get(g.ctx)
		if err != nil {
			return err
		}
		for c.n < len(c.buf) && err == nil {
			var n int
			n, err = inflater.Read(c.buf[c.n:])
			c.n += n
		}
		if err != nil && err != io.EOF {
			return g.inflateError(err, in)
		}
		if err := g.accept(c.bytes(), c); err != nil {
			return err
		}
		g.sink.send(c)
		if err == io.EOF {
			return nil
		}
	}
}

// inflateError says what an error while inflating means.
func (g *gzipReader) inflateError(err error, in *compressed) error {
	switch {
	case in.err != nil:
		return in.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return truncated(g.name)
	}
	return damaged(g.name, "its compressed data is not valid")
}

// gzipHeader reads the header of a gzip member (RFC 1952, 2.3).
func (g *gzipReader) gzipHeader(r *bufio.Reader, in *compressed) error {
	magic, err := r.Peek(3)
	if !bytes.HasPrefix([]byte("\x1f\x8b\x08"), magic) {
		if g.inflated > 0 {
			return damaged(g.name, "something follows the end of the gzip stream")
		}
		return refuse(g.name, "not-gzip", "it is not gzip").WithHint(hintFetch)
	}
	if err != nil {
		return g.inflateError(err, in)
	}
	h := headerReader{r: r}
	flags := h.bytes(10)[3]
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
		return g.inflateError(h.err, in)
	}
	return nil
}

// errGzipHeader is for a header that no gzip writes.
var errGzipHeader = errors.New("gzip header is not valid")

// headerReader keeps what it read, for the header's own checksum, and its
// first error, after which it gives zeros.
type headerReader struct {
	r    *bufio.Reader
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
	if h.err == nil {
		_, h.err = io.ReadFull(h.r, p)
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

// compressed reads on from the chunks, which nobody else looks at any more.
type compressed struct {
	g    *gzipReader
	rest []byte
	err  error // why the file could not be read on; nil at its end
}

// leaveChunks hands the current chunk to the wheels' hash, since it may hold
// some of their bytes, and gives a reader of head and all that follows it.
func (g *gzipReader) leaveChunks(head []byte) *compressed {
	in := &compressed{g: g, rest: append(bytes.Clone(head), g.rest...)}
	if g.cur != nil {
		g.keepWindow()
		g.sink.send(g.cur)
	}
	return in
}

// Read implements io.Reader.
func (in *compressed) Read(p []byte) (int, error) {
	if len(in.rest) == 0 {
		if in.err = in.g.advance(); in.err != nil {
			return 0, in.err
		}
		c := in.g.cur
		if c == nil {
			return 0, io.EOF
		}
		in.rest = append(in.rest[:0], c.bytes()...)
		for range in.g.sink.holders() {
			c.release()
		}
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}
