package inflate

import "math/bits"

// A table maps the next bits of the stream to an entry: the first few bits
// index its primary part; codes longer than that lead on to a second part. An
// entry is value<<16 | kind<<8 | length of the code in bits, the first part's
// bits included. The kind of a length or distance is how many extra bits follow.
const (
	literal = 0x80 // value is a byte
	ended   = 0x40 // the block's end
	further = 0x20 // value is where the second part starts; length: its index bits
	invalid = 0x10 // no symbol has this code

	extraMask = 0x0f

	maxCode = 15 // bits of the longest code

	litBits  = 11 // index bits of the primary part
	distBits = 8
	// Each second part has at least two codes, so that there are at most 143
	// of 16 entries and 15 of 128.
	litSize  = 8192
	distSize = 4096
)

// The values and extra bits of length and distance symbols (RFC 1951, 3.2.5).
var (
	lengthBase = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31,
		35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
		3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193,
		257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distExtra = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6,
		7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	// codeOrder is the order in which the lengths of code lengths come.
	codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// litEntry gives a literal/length symbol's entry, without its code's length.
func litEntry(symbol int) uint32 {
	switch {
	case symbol < 256:
		return uint32(symbol)<<16 | literal<<8
	case symbol == 256:
		return ended << 8
	case symbol-257 < len(lengthBase):
		return uint32(lengthBase[symbol-257])<<16 | uint32(lengthExtra[symbol-257])<<8
	}
	return invalid << 8
}

// distEntry gives a distance symbol's entry.
func distEntry(symbol int) uint32 {
	if symbol < len(distBase) {
		return uint32(distBase[symbol])<<16 | uint32(distExtra[symbol])<<8
	}
	return invalid << 8
}

// codeEntry gives the entry of a symbol of the code lengths' own code.
func codeEntry(symbol int) uint32 { return uint32(symbol)<<16 | literal<<8 }

// build fills a table for the canonical code of these lengths. It tells
// whether they make a code: complete, a single code of one bit, or none.
func build(table []uint32, primary int, lengths []uint8, entry func(int) uint32) bool {
	next, longest, ok := firstCodes(lengths)
	if !ok {
		return false
	}
	for i := range 1 << primary {
		table[i] = invalid<<8 | 1
	}
	more := max(0, longest-primary)
	second := 1 << primary // where the next second part goes
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		n := int(n)
		reversed := int(bits.Reverse16(next[n])) >> (16 - n)
		next[n]++
		e := entry(symbol) | uint32(n)
		if n <= primary {
			for i := reversed; i < 1<<primary; i += 1 << n {
				table[i] = e
			}
			continue
		}
		first := &table[reversed&(1<<primary-1)]
		if *first>>8&further == 0 {
			*first = uint32(second)<<16 | further<<8 | uint32(more)
			second += 1 << more
		}
		part := table[*first>>16:][:1<<more]
		for i := reversed >> primary; i < len(part); i += 1 << (n - primary) {
			part[i] = e
		}
	}
	return true
}

// firstCodes gives the first code of each length (RFC 1951, 3.2.2).
func firstCodes(lengths []uint8) (next [maxCode + 1]uint16, longest int, ok bool) {
	var count [maxCode + 1]int
	for _, n := range lengths {
		count[n]++
		longest = max(longest, int(n))
	}
	code := 0
	for n := 1; n <= longest; n++ {
		code <<= 1
		next[n] = uint16(code)
		code += count[n]
		if code > 1<<n {
			return next, longest, false
		}
	}
	return next, longest, longest == 0 || code == 1<<longest || code == 1 && longest == 1
}
