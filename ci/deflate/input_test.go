package deflate

import "bytes"

// dice is a small generator of our own, so that inputs made from a seed stay
// the same for ever: golden.txt is about them.
type dice uint64

// next gives 64 bits (splitmix64).
func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below gives a number from 0 to n-1.
func (d *dice) below(n int) int { return int(d.next() >> 1 % uint64(n)) }

// pick gives one of several.
func pick[T any](d *dice, from ...T) T { return from[d.below(len(from))] }

// about gives a number within spread of n, and never below 0.
func (d *dice) about(n, spread int) int { return max(0, n-spread+d.below(2*spread+1)) }

// length gives the length of an input: mostly one near which something changes.
func (d *dice) length() int {
	switch d.below(10) {
	case 0:
		return d.below(300)
	case 1:
		return d.below(5000)
	case 2, 3, 4:
		// The last 262 bytes of a window.
		return d.about(history*(1+d.below(3)), 300)
	case 5:
		return d.about(pick(d, checkEvery, zlibBlock, gzipBlock, maxDistance, lastSearch), 20)
	case 6:
		return d.about(history*(1+d.below(2))+lastSearch, 3)
	case 7:
		return 512 * d.below(200)
	default:
		return d.below(100_000)
	}
}

// input makes about n bytes in segments of different kinds, which refer to each
// other at distances where something changes.
func (d *dice) input(n int) []byte {
	var b []byte
	kinds := 1 + d.below(4)
	offset := d.below(9)
	for len(b) < n {
		m := 1 + d.below(pick(d, 10, 300, 3000, 40_000))
		m = min(m, n-len(b))
		b = d.segment(b, (offset+d.below(kinds))%9, m)
	}
	return b[:n]
}

// segment appends m bytes of a kind.
func (d *dice) segment(b []byte, kind, m int) []byte {
	from := len(b)
	switch kind {
	case 0:
		b = append(b, bytes.Repeat([]byte{byte(d.below(3) * 127)}, m)...)
	case 1:
		for range m {
			b = append(b, byte(d.next()))
		}
	case 2:
		letters := 2 + d.below(6)
		for range m {
			b = append(b, byte('a'+d.below(letters)))
		}
	case 3:
		words := dice(d.below(5))
		lexicon := words.segment(nil, 2, 2000)
		for len(b) < from+m {
			at := d.below(400)
			b = append(b, lexicon[at:at+1+at%9]...)
			b = append(b, ' ')
		}
	case 4, 5:
		// Copies of what came before, with a changed byte now and then.
		for len(b) > 0 && len(b) < from+m {
			back := pick(d, 1, 2, 3, d.about(tooFar, 2), d.about(maxDistance, 2), d.about(history, 3), 1+d.below(history))
			start := max(0, len(b)-back)
			for range min(3+d.below(pick(d, 3, 20, 300)), from+m-len(b)) {
				b = append(b, b[start])
				start++
			}
			if d.below(3) == 0 {
				b = append(b, byte(d.next()))
			}
		}
	case 6:
		unit := d.segment(nil, 2, 1+d.below(600))
		for len(b) < from+m {
			b = append(b, unit...)
		}
	case 7:
		for i := range m {
			b = append(b, byte(i>>uint(d.below(3))), byte(i>>8))
		}
	case 8:
		// Bytes as rare as can be: deep trees.
		for range m {
			c := 0
			for c < 40 && d.below(2) == 0 {
				c++
			}
			b = append(b, byte(c*5+d.below(1+c/20)))
		}
	}
	return append(b, bytes.Repeat([]byte{'.'}, max(0, from+m-len(b)))...)
}
