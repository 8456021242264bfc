package deflate

import "math/bits"

// tables are the constants of RFC 1951, sections 3.2.5 and 3.2.6, in the form
// that coding asks for. Nothing changes them.
type tables struct {
	// lengths takes a match's length less minMatch to its symbol less 257, and
	// lengthBase takes that to the first such length.
	lengths    [256]uint8
	lengthBase [literalCodes - endOfBlock - 1]uint16
	// near takes a distance less 1, below 256, to its symbol; far takes one
	// from there on, divided by 128. distanceBase takes a symbol to the first
	// distance, less 1.
	near         [256]uint8
	far          [256]uint8
	distanceBase [distanceCodes]uint16

	fixedLiterals  [fixedLiteralCodes]code
	fixedDistances [distanceCodes]code
}

// known are the one set of tables.
var known = makeTables()

// lengthExtra, distanceExtra and repeatExtra say how many bits follow the
// symbols for lengths (from 257), for distances, and for repeated code lengths
// (from 16).
var (
	lengthExtra   = []uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceExtra = []uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	repeatExtra   = []uint8{2, 3, 7}
)

// makeTables works the tables out.
func makeTables() *tables {
	t := &tables{}
	next := 0
	for symbol, extra := range lengthExtra[:len(lengthExtra)-1] {
		t.lengthBase[symbol] = uint16(next)
		for range 1 << extra {
			t.lengths[next] = uint8(symbol)
			next++
		}
	}
	// The longest match has a symbol of its own.
	symbol := len(lengthExtra) - 1
	t.lengths[maxMatch-minMatch] = uint8(symbol)
	t.lengthBase[symbol] = maxMatch - minMatch

	next = 0
	for symbol, extra := range distanceExtra {
		t.distanceBase[symbol] = uint16(next)
		for range 1 << extra {
			if next < len(t.near) {
				t.near[next] = uint8(symbol)
			}
			t.far[next>>7] = uint8(symbol)
			next++
		}
	}

	var ofSize [maxCodeBits + 1]int
	for i := range t.fixedLiterals {
		size := uint8(8)
		switch {
		case i > 143 && i < 256:
			size = 9
		case i > 255 && i < 280:
			size = 7
		}
		t.fixedLiterals[i].size = size
		ofSize[size]++
	}
	assign(t.fixedLiterals[:], ofSize)
	for i := range t.fixedDistances {
		t.fixedDistances[i] = code{bits: bits.Reverse16(uint16(i)) >> 11, size: 5}
	}
	return t
}

// distanceSymbol gives the symbol of a distance less 1.
func (t *tables) distanceSymbol(d uint32) uint8 {
	if d < 256 {
		return t.near[d&255]
	}
	return t.far[d>>7&255]
}
