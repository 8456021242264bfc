package inflate

import (
	"encoding/binary"
	"errors"
	"io"
)

const (
	// Window is how far a stream may look back, and so where Decode starts
	// to write in its buffer.
	Window = 32 << 10
	// room is what is left free in a buffer, so that a match always fits.
	room = 258 + 8
	// MinBuffer is the size of the smallest buffer that Decode can use.
	MinBuffer = Window + 2*room
)

// ErrCorrupt is for a stream that no encoder writes.
var ErrCorrupt = errors.New("deflate stream is corrupt")

// Decoder decodes one deflate stream after another. Make it with New.
type Decoder struct {
	next func() ([]byte, error)
	in   []byte // what of the current slice was not taken
	err  error  // of next

	bits  uint64 // taken from in, not used yet; zeros above nbits
	nbits uint

	window []byte // the last of this stream's output
	state  state
	final  bool // the block is the last one
	left   int  // bytes of a stored block still to come

	lengths [286 + 30]uint8
	lit     [litSize]uint32
	dist    [distSize]uint32
}

type state int

const (
	atHeader state = iota
	inStored
	inCodes
	atEnd
)

// New makes a decoder that takes its input from next: slices of any length,
// each used until next is called again, then an error; io.EOF at the end. The
// stream may refer back to window, of which the last 32 KiB count; nil for none.
func New(next func() ([]byte, error), window []byte) *Decoder {
	d := &Decoder{next: next}
	d.Reset(window)
	return d
}

// Reset begins another stream where the input stands.
func (d *Decoder) Reset(window []byte) {
	d.window = append(d.window[:0], window[max(0, len(window)-Window):]...)
	d.state, d.final = atHeader, false
}

// Restart begins a stream of another input, as New does, and forgets what is
// left of the one before.
func (d *Decoder) Restart(next func() ([]byte, error)) {
	d.next, d.in, d.err = next, nil, nil
	d.bits, d.nbits = 0, 0
	d.Reset(nil)
}

// Decode decodes into buf, from buf[Window] on, and gives the end of what it
// wrote; what is before buf[Window] is overwritten as well. buf has at least
// MinBuffer bytes, and its end may stay unused. The error is io.EOF with the
// stream's last bytes, io.ErrUnexpectedEOF when the input ends before it does,
// ErrCorrupt, or next's own.
func (d *Decoder) Decode(buf []byte) (end int, err error) {
	copy(buf[Window-len(d.window):], d.window)
	start := Window - len(d.window)
	n := Window
	for err == nil && len(buf)-n >= room {
		switch d.state {
		case atHeader:
			err = d.header()
		case inStored:
			n, err = d.stored(buf, n)
		case inCodes:
			if n = d.fast(buf, n, start); d.state == inCodes && len(buf)-n >= room {
				n, err = d.step(buf, n, start)
			}
		case atEnd:
			d.drop(d.nbits & 7)
			err = io.EOF
		}
	}
	d.window = append(d.window[:0], buf[max(start, n-Window):n]...)
	return n, err
}

// ReadByte takes the next byte after a stream, for what is around it. The
// error is next's.
func (d *Decoder) ReadByte() (byte, error) {
	d.fill(8)
	if d.nbits < 8 {
		return 0, d.err
	}
	b := byte(d.bits)
	d.drop(8)
	return b, nil
}

// More tells whether any input is left. The error is next's, but for io.EOF.
func (d *Decoder) More() (bool, error) {
	d.fill(8)
	if d.nbits < 8 && d.err != io.EOF {
		return false, d.err
	}
	return d.nbits >= 8, nil
}

// fill takes bytes until there are n bits, at most 56, or no more input.
func (d *Decoder) fill(n uint) {
	for d.nbits < n {
		for len(d.in) == 0 {
			if d.err != nil {
				return
			}
			d.in, d.err = d.next()
		}
		d.bits |= uint64(d.in[0]) << d.nbits
		d.nbits += 8
		d.in = d.in[1:]
	}
}

func (d *Decoder) drop(n uint) {
	d.bits >>= n
	d.nbits -= n
}

// take gives the next n bits, at most 16.
func (d *Decoder) take(n uint) (int, error) {
	d.fill(n)
	if d.nbits < n {
		return 0, d.short()
	}
	v := int(d.bits & (1<<n - 1))
	d.drop(n)
	return v, nil
}

// short is the error for input that ended early.
func (d *Decoder) short() error {
	if d.err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return d.err
}

// endBlock goes on after a block.
func (d *Decoder) endBlock() {
	d.state = atHeader
	if d.final {
		d.state = atEnd
	}
}

// stored copies the bytes of a stored block.
func (d *Decoder) stored(buf []byte, n int) (int, error) {
	for d.left > 0 && n < len(buf) {
		if d.nbits > 0 || len(d.in) == 0 {
			b, err := d.take(8)
			if err != nil {
				return n, err
			}
			buf[n] = byte(b)
			n, d.left = n+1, d.left-1
			continue
		}
		k := copy(buf[n:], d.in[:min(d.left, len(d.in))])
		n, d.left, d.in = n+k, d.left-k, d.in[k:]
	}
	if d.left == 0 {
		d.endBlock()
	}
	return n, nil
}

// step decodes one symbol, byte by byte, as happens where two slices of input
// meet and at the end.
func (d *Decoder) step(buf []byte, n, start int) (int, error) {
	e, err := d.symbol(d.lit[:], litBits)
	if err != nil {
		return n, err
	}
	switch {
	case e>>8&literal != 0:
		buf[n] = byte(e >> 16)
		return n + 1, nil
	case e>>8&ended != 0:
		d.endBlock()
		return n, nil
	}
	more, err := d.take(uint(e >> 8 & extraMask))
	if err != nil {
		return n, err
	}
	length := int(e>>16) + more
	if e, err = d.symbol(d.dist[:], distBits); err != nil {
		return n, err
	}
	if more, err = d.take(uint(e >> 8 & extraMask)); err != nil {
		return n, err
	}
	from := n - int(e>>16) - more
	if from < start {
		return n, ErrCorrupt
	}
	repeat(buf, n, from, length)
	return n + length, nil
}

// symbol decodes one symbol's entry.
func (d *Decoder) symbol(table []uint32, primary uint) (uint32, error) {
	d.fill(maxCode)
	e := table[d.bits&(1<<primary-1)]
	if e>>8&further != 0 {
		e = table[uint64(e>>16)+d.bits>>primary&(1<<(e&0xff)-1)]
	}
	if n := uint(e & 0xff); e>>8&0xff != invalid && n <= d.nbits {
		d.drop(n)
		return e, nil
	}
	if d.nbits < maxCode {
		return 0, d.short()
	}
	return 0, ErrCorrupt
}

// repeat copies length bytes within buf, which may overlap.
func repeat(buf []byte, to, from, length int) {
	for length > 0 {
		k := copy(buf[to:to+length], buf[from:to])
		to, length = to+k, length-k
	}
}

// fast decodes symbols while there is room for a match and a good deal of
// input. It leaves the end of both, and what is not valid, to step.
func (d *Decoder) fast(buf []byte, n, start int) int {
	in, bits, nbits := d.in, d.bits, d.nbits
	pos := 0
	lit, dist := &d.lit, &d.dist
decoding:
	for len(in)-pos >= 16 && len(buf)-n >= room {
		// Whole bytes are counted as taken; the bits above nbits are those of
		// the bytes that come next, and are taken again as what they are.
		bits |= binary.LittleEndian.Uint64(in[pos:]) << (nbits & 63)
		pos += int(63-nbits) >> 3
		nbits |= 56
		e := lit[bits&(1<<litBits-1)]
		// Three literals take at most 33 bits: 23 are left for a length's 20.
		for range 3 {
			if e&(literal<<8) == 0 {
				break
			}
			buf[n] = byte(e >> 16)
			n++
			bits >>= e & 63
			nbits -= uint(e & 63)
			e = lit[bits&(1<<litBits-1)]
		}
		if e&(literal<<8) != 0 {
			continue
		}
		if e&(further<<8) != 0 {
			e = lit[(uint64(e>>16)+bits>>litBits&(1<<(e&63)-1))&(litSize-1)]
			if e&(literal<<8) != 0 {
				buf[n] = byte(e >> 16)
				n++
				bits >>= e & 63
				nbits -= uint(e & 63)
				continue
			}
		}
		if e&((ended|invalid)<<8) != 0 {
			break decoding
		}
		// From here on the match is undone if step has to look at it.
		b, k := bits>>(e&63), nbits-uint(e&63)
		extra := e >> 8 & extraMask
		length := int(e>>16) + int(b&(1<<extra-1))
		b, k = b>>extra, k-uint(extra)
		p := pos
		b |= binary.LittleEndian.Uint64(in[p:]) << (k & 63)
		p += int(63-k) >> 3
		k |= 56
		e = dist[b&(1<<distBits-1)]
		if e&(further<<8) != 0 {
			e = dist[(uint64(e>>16)+b>>distBits&(1<<(e&63)-1))&(distSize-1)]
		}
		if e&(invalid<<8) != 0 {
			break decoding
		}
		b, k = b>>(e&63), k-uint(e&63)
		extra = e >> 8 & extraMask
		from := n - int(e>>16) - int(b&(1<<extra-1))
		if from < start {
			break decoding
		}
		bits, nbits, pos = b>>extra, k-uint(extra), p
		if n-from >= length {
			copy(buf[n:n+length], buf[from:])
		} else {
			repeat(buf, n, from, length)
		}
		n += length
	}
	d.in, d.bits, d.nbits = in[pos:], bits&(1<<nbits-1), nbits
	return n
}
