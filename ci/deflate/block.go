package deflate

import "encoding/binary"

const (
	// checkEvery is how many symbols lie between two looks at whether to end a
	// block; both families' block lengths are one less than a multiple of it.
	checkEvery = 4096
	// gzipBlock and zlibBlock are the most symbols in a block.
	gzipBlock = 32<<10 - 1
	zlibBlock = 16<<10 - 1
)

// The three kinds of block (RFC 1951, section 3.2.3).
const (
	storedBlock = iota
	fixedBlock
	ownBlock
)

// block collects the symbols of one block and writes it.
type block struct {
	// start is where in the window the block's input begins; below 0 when the
	// window has moved past it.
	start int
	// limit is how many symbols make a block; early also looks for the end in
	// between.
	limit int
	early bool

	// symbols[:n] are literals (the byte) and matches (the distance less 1,
	// plus 1<<15, in the upper half; the length less minMatch in the lower).
	symbols [gzipBlock + 1]uint32
	n       int
	// matches is how many of them are matches.
	matches int

	literals  tree
	distances tree
	lengths   tree
	listed    codeList
}

// isMatch marks a match in block.symbols.
const isMatch = 1 << 31

// init makes b ready for its first symbol.
func (b *block) init(family Family, level int) {
	b.limit = zlibBlock
	if family == Gzip {
		b.limit = gzipBlock
		b.early = level > 2
	}
	b.literals = tree{
		size: literalCodes, longest: maxCodeBits,
		extra: lengthExtra, extraFrom: endOfBlock + 1, fixed: known.fixedLiterals[:],
	}
	b.distances = tree{
		size: distanceCodes, longest: maxCodeBits,
		extra: distanceExtra, fixed: known.fixedDistances[:],
	}
	b.lengths = tree{
		size: lengthCodes, longest: maxLengthCodeBits,
		extra: repeatExtra, extraFrom: repeatBefore,
	}
	b.reset(0)
}

// reset empties b; the next block's input begins at start.
func (b *block) reset(start int) {
	b.start, b.n, b.matches = start, 0, 0
	b.literals.clear()
	b.distances.clear()
	b.lengths.clear()
	b.literals.count[endOfBlock] = 1
}

// literal adds a byte. It tells whether it is time to ask ends.
func (b *block) literal(c byte) bool {
	b.symbols[b.n&gzipBlock] = uint32(c)
	b.n++
	b.literals.count[c]++
	return (b.n+1)&(checkEvery-1) <= 1
}

// match adds a match. It tells whether it is time to ask ends.
func (b *block) match(length, distance int) bool {
	l, d := uint8(length-minMatch), uint32(distance-1)
	b.symbols[b.n&gzipBlock] = isMatch | d<<16 | uint32(l)
	b.n++
	b.matches++
	b.literals.count[int(known.lengths[l])+endOfBlock+1]++
	b.distances.count[known.distanceSymbol(d)]++
	return (b.n+1)&(checkEvery-1) <= 1
}

// ends tells whether the block ends here: it is full, or it is gzip's and its
// few matches save more than half, so that a better code may be found for what
// follows. pos is how far the encoder has come.
func (b *block) ends(pos int) bool {
	if b.early && b.n%checkEvery == 0 {
		// An upper bound: literals at eight bits, every distance at five.
		size := b.n * 8
		for symbol, extra := range distanceExtra {
			size += int(b.distances.count[symbol]) * (5 + int(extra))
		}
		if b.matches < b.n/2 && size/8 < (pos-b.start)/2 {
			return true
		}
	}
	return b.n == b.limit
}

// write writes the block in the kind that takes the fewest bytes: stored before
// fixed before its own codes. input is what it stands for, size bytes; nil when
// it is not at hand any more.
func (b *block) write(out *bitWriter, input []byte, size int, last bool) {
	final := uint32(0)
	if last {
		final = 1
	}
	total := b.literals.build()
	total.add(b.distances.build())
	b.list()
	total.own += b.listed.cost
	// Three bits for the head, and up to the next whole byte.
	own, fixed := (total.own+3+7)/8, (total.fixed+3+7)/8

	switch {
	case input != nil && size+4 <= min(own, fixed):
		out.put(storedBlock<<1|final, 3)
		out.store(input)
	case fixed <= own:
		out.put(fixedBlock<<1|final, 3)
		b.encode(out, known.fixedLiterals[:], known.fixedDistances[:])
	default:
		out.put(ownBlock<<1|final, 3)
		b.writeCodes(out)
		b.encode(out, b.literals.codes[:], b.distances.codes[:])
	}
	if last {
		out.align()
	}
}

// store adds p as the rest of a stored block (RFC 1951, section 3.2.4).
func (b *bitWriter) store(p []byte) {
	b.align()
	b.put(uint32(uint16(len(p))), 16)
	b.put(uint32(^uint16(len(p))), 16)
	b.copy(p)
}

// atOnce is how many symbols are coded between two looks at the room left; each
// takes at most 48 bits.
const atOnce = 4096

// encode writes all symbols and the end of the block (RFC 1951, section 3.2.5).
func (b *block) encode(out *bitWriter, literals, distances []code) {
	for from := 0; from < b.n; from += atOnce {
		out.room(atOnce * 6)
		out.encode(b.symbols[from:min(from+atOnce, b.n)], literals, distances)
	}
	end := literals[endOfBlock]
	out.put(uint32(end.bits), uint(end.size))
}

// encode writes symbols; there is room for them.
func (b *bitWriter) encode(symbols []uint32, literals, distances []code) {
	var (
		buf   = b.buf[:]
		n     = b.n
		word  = b.bits
		count = b.count
	)
	literals = literals[:literalCodes]
	distances = distances[:distanceCodes]
	for _, s := range symbols {
		if s < isMatch {
			c := literals[s&0xff]
			word |= uint64(c.bits) << (count & 63)
			count += uint(c.size)
		} else {
			symbol := known.lengths[s&0xff]
			c := literals[int(symbol)+endOfBlock+1]
			word |= uint64(c.bits) << (count & 63)
			count += uint(c.size)
			word |= uint64(uint16(s&0xff)-known.lengthBase[symbol]) << (count & 63)
			count += uint(lengthExtra[symbol])

			d := s >> 16 & (history - 1)
			symbol = known.distanceSymbol(d)
			c = distances[symbol]
			word |= uint64(c.bits) << (count & 63)
			count += uint(c.size)
			word |= uint64(uint16(d)-known.distanceBase[symbol]) << (count & 63)
			count += uint(distanceExtra[symbol])
		}
		if count >= 16 {
			binary.LittleEndian.PutUint64(buf[n:], word)
			n += int(count / 8)
			word >>= count &^ 7 & 63
			count &= 7
		}
	}
	b.n, b.bits, b.count = n, word, count
}
