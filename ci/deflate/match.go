package deflate

import (
	"encoding/binary"
	"math/bits"
)

const (
	// The hash of a string's first three bytes: each is shifted in by
	// hashShift, so that after three the oldest has left.
	hashBits  = 15
	hashSize  = 1 << hashBits
	hashMask  = hashSize - 1
	hashShift = (hashBits + minMatch - 1) / minMatch
	// tooFar: a match of minMatch bytes from further back costs more than
	// three literals. Only lazy matching asks.
	tooFar = 4096
	// chainMask takes a position to its place in chains.prev.
	chainMask = history - 1
)

// chains are the hash chains: all earlier strings whose first three bytes have
// the same hash, the latest first (RFC 1951, section 4). A position is one in
// the window; 0 ends a chain, so the string at 0 is never found.
type chains struct {
	head [hashSize]uint16
	prev [history]uint16
}

// add puts the string at pos at the head of its chain, and gives what was
// there.
func (c *chains) add(hash uint32, pos int) uint16 {
	former := c.head[hash&hashMask]
	c.prev[pos&chainMask] = former
	c.head[hash&hashMask] = uint16(pos)
	return former
}

// slide follows the window: what was in its lower half is gone.
func (c *chains) slide() {
	forget(&c.head)
	forget(&c.prev)
}

// forget lowers every position by history; those below it become 0.
func forget(positions *[history]uint16) {
	for i, p := range positions {
		// All ones where p's top bit, which is history, is set.
		kept := uint16(int16(p) >> 15)
		positions[i] = p & kept &^ history
	}
}

// startHash is the hash before the third byte of the string at pos.
func (e *Writer) startHash(pos int) uint32 {
	return uint32(e.window[pos])<<hashShift ^ uint32(e.window[pos+1])
}

// encodeEager takes every match as it is found (levels 1 to 3).
func (e *Writer) encodeEager(stop int) {
	pos, hash := e.pos, e.startHash(e.pos)
	for pos < stop {
		hash = hash<<hashShift ^ uint32(e.window[pos+2])
		found := int(e.chains.add(hash, pos))
		length := 0
		if found != 0 && pos-found <= maxDistance && pos <= lastSearch {
			length, e.start = e.longest(pos, found, minMatch-1, e.start)
		}
		if length < minMatch {
			full := e.block.literal(e.window[pos])
			pos++
			if full && e.blockEnds(pos-1) {
				e.flushBlock(pos, false)
			}
			continue
		}
		full := e.block.match(length, pos-e.start) && e.blockEnds(pos)
		if length <= e.effort.lazy {
			for range length - 1 {
				pos++
				hash = hash<<hashShift ^ uint32(e.window[pos+2])
				e.chains.add(hash, pos)
			}
			pos++
		} else {
			pos += length
			hash = e.startHash(pos)
		}
		if full {
			e.flushBlock(pos, false)
		}
	}
	e.pos = pos
}

// encodeLazy codes a match only when the next byte does not begin a longer one
// (levels 4 to 9; RFC 1951, section 4, "lazy matching").
func (e *Writer) encodeLazy(stop int) {
	pos, hash := e.pos, e.startHash(e.pos)
	length, start, pending := e.length, e.start, e.pending
	for pos < stop {
		hash = hash<<hashShift ^ uint32(e.window[pos+2])
		found := int(e.chains.add(hash, pos))

		lengthBefore, startBefore := length, start
		length = minMatch - 1
		if found != 0 && lengthBefore < e.effort.lazy && pos-found <= maxDistance && pos <= lastSearch {
			length, start = e.longest(pos, found, lengthBefore, start)
			if length == minMatch && pos-start > tooFar {
				length = minMatch - 1
			}
		}

		if lengthBefore >= minMatch && length <= lengthBefore {
			full := e.block.match(lengthBefore, pos-1-startBefore) && e.blockEnds(pos)
			for range lengthBefore - 2 {
				pos++
				hash = hash<<hashShift ^ uint32(e.window[pos+2])
				e.chains.add(hash, pos)
			}
			pos++
			length, pending = minMatch-1, false
			if full {
				e.flushBlock(pos, false)
			}
			continue
		}
		if pending && e.block.literal(e.window[pos-1]) && e.blockEnds(pos) {
			e.flushBlock(pos, false)
		}
		pending = true
		pos++
	}
	e.pos, e.length, e.start, e.pending = pos, length, start, pending
}

// blockEnds tells whether the block ends with the symbol just added to it, when
// the encoder has come to pos.
func (e *Writer) blockEnds(pos int) bool { return e.block.ends(pos) }

// longest seeks the longest match for the string at pos along the chain that
// begins at found, which is neither 0 nor too far. It must be longer than best;
// otherwise best and start come back. Of equally long ones the nearest wins. No
// length is beyond the input's end.
func (e *Writer) longest(pos, found, best, start int) (length, from int) {
	ahead := e.end - pos
	chain, nice := e.effort.chain, e.effort.nice
	if best >= e.effort.good {
		chain >>= 2
	}
	if e.family == Zlib {
		nice = min(nice, ahead)
	}
	floor := max(pos-maxDistance, 0)
	window := &e.window

	// A longer match has the same first two bytes, and the same two at best.
	first := load16(window, pos)
	last := load16(window, pos+best-1)
	for {
		if load16(window, found+best-1) == last && load16(window, found) == first {
			if n := common(window, pos, found); n > best {
				best, start = n, found
				if n >= nice {
					break
				}
				last = load16(window, pos+best-1)
			}
		}
		found = int(e.chains.prev[found&chainMask])
		if found <= floor {
			break
		}
		if chain--; chain == 0 {
			break
		}
	}
	return min(best, ahead), start
}

// load16 gives the two bytes at i.
func load16(window *[windowSize + slack]byte, i int) uint16 {
	return binary.LittleEndian.Uint16(window[i:])
}

// common gives how many bytes at a and b are the same, up to maxMatch.
func common(window *[windowSize + slack]byte, a, b int) int {
	for n := 0; n < maxMatch; n += 8 {
		differ := binary.LittleEndian.Uint64(window[a+n:]) ^ binary.LittleEndian.Uint64(window[b+n:])
		if differ != 0 {
			return min(n+bits.TrailingZeros64(differ)>>3, maxMatch)
		}
	}
	return maxMatch
}
