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

// seeds is how many inputs golden.txt is about.
const seeds = 60

// seeded gives the input made from a seed.
func seeded(seed int) []byte {
	d := dice(seed)
	return d.input(d.length())
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

// TestGolden compares the streams of 60 seeded inputs with those that gzip 1.12
// and zlib 1.2.13 made, by one hash an encoder: it needs neither.
func TestGolden(t *testing.T) {
	t.Parallel()
	var inputs [][]byte
	for seed := range seeds {
		inputs = append(inputs, seeded(seed))
	}
	var lines strings.Builder
	for _, e := range Encoders() {
		hash := sha256.New()
		for _, input := range inputs {
			stream := encoded(t, e, input)
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
