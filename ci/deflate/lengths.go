package deflate

// The symbols that stand for several code lengths (RFC 1951, section 3.2.7).
const (
	repeatBefore = 16
	zerosFew     = 17
	zerosMany    = 18
)

// lengthOrder is the order in which the codes of code lengths are given.
var lengthOrder = [lengthCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// codeList is how a block's codes are written down: the lengths of all literal
// and distance codes as symbols of a code of their own.
type codeList struct {
	// symbols[:n] are a symbol each, and the value of its extra bits.
	symbols [literalCodes + distanceCodes]struct{ symbol, extra uint8 }
	n       int
	// given is how many codes of code lengths are written.
	given int
	// cost is what all of it takes, in bits.
	cost int
}

// list prepares the codes of the block for writing; they are built already.
func (b *block) list() {
	l := &b.listed
	l.n, l.given = 0, lengthCodes
	l.add(b.literals.codes[:b.literals.used])
	l.add(b.distances.codes[:b.distances.used])
	for _, s := range l.symbols[:l.n] {
		b.lengths.count[s.symbol]++
	}
	l.cost = b.lengths.build().own
	for l.given > 4 && b.lengths.codes[lengthOrder[l.given-1]].size == 0 {
		l.given--
	}
	l.cost += 5 + 5 + 4 + 3*l.given
}

// add appends the lengths of codes. Literal and distance codes are listed
// apart: no repetition reaches from the ones into the others.
func (l *codeList) add(codes []code) {
	before := -1
	for len(codes) > 0 {
		size := codes[0].size
		most := 138
		if size > 0 {
			most = 6
			if int(size) != before {
				// The length itself, and up to six times again.
				most = 7
			}
		}
		n := 1
		for n < len(codes) && n < most && codes[n].size == size {
			n++
		}
		codes = codes[n:]
		l.run(size, n, int(size) == before)
		before = int(size)
	}
}

// run appends n times the same length; repeated says that the length before was
// the same.
func (l *codeList) run(size uint8, n int, repeated bool) {
	switch {
	case size == 0 && n > 10:
		l.put(zerosMany, n-11)
	case size == 0 && n >= 3:
		l.put(zerosFew, n-3)
	case size > 0 && !repeated && n >= 4:
		l.put(size, 0)
		l.put(repeatBefore, n-4)
	case size > 0 && repeated && n >= 3:
		l.put(repeatBefore, n-3)
	default:
		for range n {
			l.put(size, 0)
		}
	}
}

// put appends one symbol.
func (l *codeList) put(symbol uint8, extra int) {
	l.symbols[l.n].symbol, l.symbols[l.n].extra = symbol, uint8(extra)
	l.n++
}

// writeCodes writes the head of a block with codes of its own.
func (b *block) writeCodes(out *bitWriter) {
	l := &b.listed
	out.put(uint32(b.literals.used-endOfBlock-1), 5)
	out.put(uint32(b.distances.used-1), 5)
	out.put(uint32(l.given-4), 4)
	for _, symbol := range lengthOrder[:l.given] {
		out.put(uint32(b.lengths.codes[symbol].size), 3)
	}
	for _, s := range l.symbols[:l.n] {
		c := b.lengths.codes[s.symbol]
		out.put(uint32(c.bits), uint(c.size))
		if s.symbol >= repeatBefore {
			out.put(uint32(s.extra), uint(repeatExtra[s.symbol-repeatBefore]))
		}
	}
}
