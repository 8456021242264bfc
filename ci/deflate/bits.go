package deflate

import (
	"encoding/binary"
	"io"
)

// bitWriter packs codes into bytes, the first bit lowest (RFC 1951, section
// 3.1.1), and hands the bytes on in large pieces.
type bitWriter struct {
	w io.Writer
	// err is the first error of w; nothing is handed on after it.
	err error
	// bits holds the last count bits, which are not in buf yet; at most 15
	// between two calls.
	bits  uint64
	count uint
	buf   [64 << 10]byte
	n     int
}

// room makes sure that n bytes and a word fit into buf; n is well below its
// size.
func (b *bitWriter) room(n int) {
	if b.n+n+8 > len(b.buf) {
		b.flush()
	}
}

// flush hands on all whole bytes in buf.
func (b *bitWriter) flush() {
	if b.err == nil && b.n > 0 {
		var n int
		n, b.err = b.w.Write(b.buf[:b.n])
		if b.err == nil && n < b.n {
			b.err = io.ErrShortWrite
		}
	}
	b.n = 0
}

// put adds the lowest count bits of value, which has no others; at most 16.
func (b *bitWriter) put(value uint32, count uint) {
	b.bits |= uint64(value) << b.count
	b.count += count
	if b.count >= 16 {
		b.room(2)
		binary.LittleEndian.PutUint16(b.buf[b.n:], uint16(b.bits))
		b.n += 2
		b.bits >>= 16
		b.count -= 16
	}
}

// align fills the last byte with zeros.
func (b *bitWriter) align() {
	b.room(2)
	for b.count > 0 {
		b.buf[b.n] = byte(b.bits)
		b.n++
		b.bits >>= 8
		b.count -= min(b.count, 8)
	}
}

// copy adds whole bytes; the writer is aligned.
func (b *bitWriter) copy(p []byte) {
	for len(p) > 0 {
		b.room(1)
		n := copy(b.buf[b.n:len(b.buf)-8], p)
		b.n += n
		p = p[n:]
	}
}
