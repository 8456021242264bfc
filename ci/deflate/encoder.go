package deflate

import (
	"fmt"
	"strconv"
	"strings"
)

// Family names the encoder whose choices are followed.
type Family uint8

const (
	// Gzip is GNU gzip, and busybox's. The zero value.
	Gzip Family = iota
	// Zlib is zlib with a window of 32 KiB and memory level 8, its default.
	Zlib
)

// String gives "gzip" or "zlib".
func (f Family) String() string {
	switch f {
	case Gzip:
		return "gzip"
	case Zlib:
		return "zlib"
	}
	return "family(" + strconv.Itoa(int(f)) + ")"
}

// The levels of both families, from the fastest to the smallest.
const (
	MinLevel     = 1
	DefaultLevel = 6
	MaxLevel     = 9
)

// Encoder is one family at one level. The zero value is none: its level is
// below MinLevel.
type Encoder struct {
	Family Family
	// Level is MinLevel to MaxLevel.
	Level int
}

// String gives the family and the level with a hyphen between, "gzip-6".
func (e Encoder) String() string { return e.Family.String() + "-" + strconv.Itoa(e.Level) }

// Valid tells whether there is such an encoder.
func (e Encoder) Valid() bool {
	return e.Family <= Zlib && e.Level >= MinLevel && e.Level <= MaxLevel
}

// Parse reads what Encoder.String wrote, and nothing else.
func Parse(text string) (Encoder, error) {
	for _, e := range Encoders() {
		if e.String() == text {
			return e, nil
		}
	}
	return Encoder{}, fmt.Errorf("no encoder %q: want gzip-1 to gzip-9 or zlib-1 to zlib-9", strings.ToValidUTF8(text, "?"))
}

// Encoders gives every encoder there is, gzip's first, by level.
func Encoders() []Encoder {
	var all []Encoder
	for _, family := range []Family{Gzip, Zlib} {
		for level := MinLevel; level <= MaxLevel; level++ {
			all = append(all, Encoder{family, level})
		}
	}
	return all
}

// effort is how hard one level searches (RFC 1951, section 4, names the
// trade-offs). Both families use the same table.
type effort struct {
	// good: with a match this long in hand, only a quarter of the chain is
	// searched for a better one.
	good int
	// lazy: with a match this long in hand, no better one is searched for at
	// the next byte. Where eager, the longest match whose strings all enter
	// the chains.
	lazy int
	// nice: a match this long ends the search.
	nice int
	// chain: how many strings are compared at most.
	chain int
	// eager takes a match as it is found, without looking one byte further.
	eager bool
}

// effortOf gives the effort of a level; the level is known to be valid.
func effortOf(level int) effort {
	return [MaxLevel + 1]effort{
		1: {good: 4, lazy: 4, nice: 8, chain: 4, eager: true},
		2: {good: 4, lazy: 5, nice: 16, chain: 8, eager: true},
		3: {good: 4, lazy: 6, nice: 32, chain: 32, eager: true},
		4: {good: 4, lazy: 4, nice: 16, chain: 16},
		5: {good: 8, lazy: 16, nice: 32, chain: 32},
		6: {good: 8, lazy: 16, nice: 128, chain: 128},
		7: {good: 8, lazy: 32, nice: 128, chain: 256},
		8: {good: 32, lazy: 128, nice: 258, chain: 1024},
		9: {good: 32, lazy: 258, nice: 258, chain: 4096},
	}[level]
}
