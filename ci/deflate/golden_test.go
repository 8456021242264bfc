package deflate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/golden.txt; only after the tests against gzip and zlib have passed")

// The inputs that golden.txt is about: some made from a seed, the others edges.
const (
	seeds  = 60
	inputs = seeds + 148
)

// seeded gives the input made from a seed.
func seeded(seed int) []byte {
	d := dice(seed)
	if seed < seeds {
		return d.input(d.length())
	}
	return d.edge(seed - seeds)
}

// edge gives an input at which one of the encoders' decisions is a close one.
func (d *dice) edge(i int) []byte {
	switch {
	case i < 24:
		return d.tail(i)
	case i < 28:
		// One distance symbol alone, so that another is made up.
		unit := "xyzuvw"[:i-22]
		return append(d.letters(300), strings.Repeat(unit, 10)[:4*len(unit)]...)
	case i < 32:
		*d = dice([]int{4, 10, 150, 151}[i-28])
		return d.even()
	case i < 132:
		// Codes of its own begin to pay.
		return d.letters(30 + i)
	default:
		// Storing begins to pay.
		return d.segment(nil, 1, 2*(i-118))
	}
}

// tail gives an input without any match up to about where the last 262 bytes
// of a window begin, and with many from there on: the encoders come to that
// very position, where their last bytes begin to differ.
func (d *dice) tail(i int) []byte {
	size := []int{windowSize - 1, windowSize, windowSize + 1, windowSize + history - 1}[i%4]
	tail := minLookahead - 2 + i/4%3
	b := d.segment(nil, 1, size-tail)
	if i < 12 {
		return d.segment(b, 4, tail)
	}
	// The first string found is as far back as can be, and a byte less or more.
	back := maxDistance + i/4%3 - 1
	return append(b, b[len(b)-back:][:tail]...)
}

// letters gives n letters of which no three follow each other twice.
func (d *dice) letters(n int) []byte {
	var b []byte
	for len(b) < n {
		b = append(b, byte('a'+d.below(24)))
		if last := max(0, len(b)-3); bytes.Index(b, b[last:]) < last {
			b = b[:len(b)-1]
		}
	}
	return b
}

// even gives an input whose first 4096 symbols save about half: for some seeds
// exactly as much as is not yet enough to end a block.
func (d *dice) even() []byte {
	var b []byte
	for len(b) < 11_000 {
		b = d.segment(b, 1, 24)
		b = append(b, b[len(b)-24+d.below(12):][:10]...)
		back := max(0, len(b)-90)
		b = append(b, b[back:][:min(21+d.below(4), len(b)-back)]...)
	}
	return b
}

// encoded gives what e makes of data in one piece.
func encoded(t testing.TB, e Encoder, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, e.Family, e.Level)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.Write(data); n != len(data) || err != nil {
		t.Fatalf("%v: wrote %d of %d: %v", e, n, len(data), err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestGolden compares the streams of seeded inputs with those that gzip 1.12
// and zlib 1.2.13 made, by one hash an encoder: it needs neither.
func TestGolden(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	for _, e := range Encoders() {
		hash := sha256.New()
		for seed := range inputs {
			stream := encoded(t, e, seeded(seed))
			fmt.Fprintf(hash, "%d:", len(stream))
			hash.Write(stream)
		}
		fmt.Fprintf(&lines, "%v %x\n", e, hash.Sum(nil))
	}
	name := filepath.Join("testdata", "golden.txt")
	if *update {
		if err := os.WriteFile(name, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	wanted := strings.Split(strings.ReplaceAll(string(want), "\r\n", "\n"), "\n")
	for i, got := range strings.Split(lines.String(), "\n") {
		if i >= len(wanted) || got != wanted[i] {
			t.Errorf("got %s, which is not line %d of %s", got, i+1, name)
		}
	}
}

// TestKnown compares short streams, written out, with those of the programs.
func TestKnown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		input string
		// gzip and zlib are the streams at level 6.
		gzip, zlib string
	}{
		{"empty", "", "0300", "0300"},
		{"one byte", "a", "4b0400", "4b0400"},
		{"a run", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "4b4c240e0000", "4b4c240e0000"},
		{"words", "the cat and the hat and the cat", "2bc94855484e2c5148cc4b512801b23390d8407100", "2bc94855484e2c5148cc4b512801b23390d8407100"},
		{"bytes", "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW", "3330343236313533b7b0b4b2b6b1b5b37770747276717573f7f0f4f2f6f1f5f30f080c0a0e090d0b0700", "3330343236313533b7b0b4b2b6b1b5b37770747276717573f7f0f4f2f6f1f5f30f080c0a0e090d0b0700"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for family, want := range map[Family]string{Gzip: test.gzip, Zlib: test.zlib} {
				got := hex.EncodeToString(encoded(t, Encoder{family, 6}, []byte(test.input)))
				if got != want {
					t.Errorf("%v: got %s, want %s", family, got, want)
				}
			}
		})
	}
}
