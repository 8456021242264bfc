package deflate

import (
	"errors"
	"fmt"
	"io"
)

const (
	// minMatch and maxMatch bound a match's length (RFC 1951, section 3.2.5).
	minMatch = 3
	maxMatch = 258
	// history is how far back the format can point (section 2); the window is
	// twice that: half of it is what came before.
	history    = 32 << 10
	windowSize = 2 * history
	// minLookahead is what must lie ahead, while there is more to come, for a
	// match and the string after it to be seen whole.
	minLookahead = maxMatch + minMatch + 1
	// maxDistance is how far back a match may lie. It leaves minLookahead
	// bytes, so that moving the window never takes a string still in use.
	maxDistance = history - minLookahead
	// lastSearch is the last position in the window where matches are sought:
	// the longest ends inside the window.
	lastSearch = windowSize - minLookahead
	// slack lets a comparison read words beyond the window's end.
	slack = maxMatch + 16
)

// errClosed is what writing to a closed Writer gives.
var errClosed = errors.New("deflate: the stream is closed already")

// Writer compresses what is written to it, as its encoder would. Make one with
// NewWriter. It is for one goroutine at a time.
type Writer struct {
	family Family
	effort effort
	closed bool

	// window holds the input: what lies before pos is history, what lies from
	// there to end is still to be coded. Bytes from end on are those of an
	// earlier round, which Gzip's last matches depend on.
	window [windowSize + slack]byte
	pos    int
	end    int
	chains chains

	// The match at pos-1, which lazy matching weighs against that at pos;
	// length is below minMatch when there is none.
	length int
	start  int
	// pending says that the byte at pos-1 is not in the block yet.
	pending bool

	block block
	out   bitWriter
}

// NewWriter returns a Writer whose raw DEFLATE stream (RFC 1951) goes to w, in
// pieces of up to 64 KiB. It fails for a family or level that there is none of.
// The stream is complete when Close has returned nil.
func NewWriter(w io.Writer, family Family, level int) (*Writer, error) {
	encoder := Encoder{family, level}
	if !encoder.Valid() {
		return nil, fmt.Errorf("deflate: no such encoder: %v", encoder)
	}
	e := &Writer{family: family, effort: effortOf(level), length: minMatch - 1}
	e.out.w = w
	e.block.init(family, level)
	return e, nil
}

// Write compresses p. What it writes to the underlying writer lags behind, by
// a block and more. An error of the underlying writer stays.
func (e *Writer) Write(p []byte) (int, error) {
	if e.closed {
		return 0, errClosed
	}
	written := 0
	for len(p) > 0 && e.out.err == nil {
		n := copy(e.window[e.end:windowSize], p)
		e.end += n
		written += n
		p = p[n:]
		if e.end == windowSize {
			e.encode(e.end - minLookahead + 1)
			e.slide()
		}
	}
	return written, e.out.err
}

// Close ends the stream: the rest is coded, the last block is marked as such
// and filled up to a whole byte. It does not close the underlying writer.
// Closing again gives the same error, or nil.
func (e *Writer) Close() error {
	if e.closed {
		return e.out.err
	}
	e.closed = true
	e.encode(e.end - minLookahead + 1)
	if e.family == Gzip {
		e.finishGzip()
	} else {
		e.finishZlib()
	}
	if e.pending {
		e.block.literal(e.window[e.pos-1])
	}
	e.flushBlock(e.pos, true)
	e.out.flush()
	return e.out.err
}

// finishGzip codes the last bytes as gzip does: the window moves at most once
// more, and two zeros follow the input. Behind them lies whatever the window
// held; matches are compared with that too, and cut only when they are chosen.
func (e *Writer) finishGzip() {
	if e.pos >= lastSearch {
		e.slide()
	}
	clear(e.window[e.end : e.end+minMatch-1])
	e.encode(e.end)
}

// finishZlib codes the last bytes as zlib does: the window moves as soon as it
// can, and a string 32 KiB before it can then not be referred to.
func (e *Writer) finishZlib() {
	if e.pos < lastSearch {
		e.encode(min(e.end, lastSearch))
	}
	if e.pos >= lastSearch {
		e.slide()
	}
	e.encode(e.end)
}

// encode codes the input up to stop, which a match may overshoot; it does
// nothing when pos is there already.
func (e *Writer) encode(stop int) {
	if e.pos >= stop {
		return
	}
	if e.effort.eager {
		e.encodeEager(stop)
	} else {
		e.encodeLazy(stop)
	}
}

// slide moves the upper half of the window down. Nothing in it is cleared.
func (e *Writer) slide() {
	copy(e.window[:history], e.window[history:windowSize])
	e.pos -= history
	e.end -= history
	e.start -= history
	e.block.start -= history
	e.chains.slide()
}

// flushBlock writes the block that ends before pos, and begins the next. The
// input it stands for is at hand for storing, unless it began so long ago that
// the window moved on.
func (e *Writer) flushBlock(pos int, last bool) {
	var input []byte
	if e.block.start >= 0 {
		input = e.window[e.block.start:pos]
	}
	e.block.write(&e.out, input, pos-e.block.start, last)
	e.block.reset(pos)
}
