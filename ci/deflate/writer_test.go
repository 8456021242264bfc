package deflate

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
)

// TestPieces writes inputs in pieces of all sizes: the stream stays the same.
func TestPieces(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 3, 511, 10_240, windowSize - 1, windowSize, windowSize + 1} {
		for _, e := range []Encoder{{Gzip, 1}, {Gzip, 6}, {Zlib, 3}, {Zlib, 9}} {
			input := text(2*windowSize + 17)
			var out bytes.Buffer
			w, err := NewWriter(&out, e.Family, e.Level)
			if err != nil {
				t.Fatal(err)
			}
			for rest := input; len(rest) > 0; {
				n := min(size, len(rest))
				if m, err := w.Write(rest[:n]); m != n || err != nil {
					t.Fatalf("%v: wrote %d of %d: %v", e, m, n, err)
				}
				rest = rest[n:]
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Bytes(), encoded(t, e, input)) {
				t.Errorf("%v: pieces of %d bytes make another stream", e, size)
			}
		}
	}
}

// TestNoSuchEncoder refuses what there is none of.
func TestNoSuchEncoder(t *testing.T) {
	t.Parallel()
	for _, e := range []Encoder{{}, {Gzip, -1}, {Gzip, 0}, {Zlib, 10}, {Zlib + 1, 6}} {
		if w, err := NewWriter(io.Discard, e.Family, e.Level); err == nil || w != nil {
			t.Errorf("%v: got %v, %v", e, w, err)
		}
		if e.Valid() {
			t.Errorf("%v is valid", e)
		}
	}
}

// TestClosed writes to a stream that has ended.
func TestClosed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := NewWriter(&out, Zlib, 6)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if n, err := w.Write([]byte("x")); n != 0 || err == nil {
		t.Errorf("wrote %d: %v", n, err)
	}
	if got := out.String(); got != "\x03\x00" {
		t.Errorf("got %q", got)
	}
}

// brittle takes so many bytes, and no more.
type brittle struct {
	left int
	err  error
}

func (b *brittle) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left -= n
	if n < len(p) {
		return n, b.err
	}
	return n, nil
}

// TestErrors has the underlying writer fail, or take less than it was given:
// the first error stays, and nothing is written after it.
func TestErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, test := range []struct{ give, want error }{{broken, broken}, {nil, io.ErrShortWrite}} {
		for _, left := range []int{0, 1, 100_000} {
			under := &brittle{left, test.give}
			w, err := NewWriter(under, Gzip, 6)
			if err != nil {
				t.Fatal(err)
			}
			d := dice(1)
			input := d.segment(nil, 1, 400_000)
			if _, err := w.Write(input); !errors.Is(err, test.want) {
				t.Errorf("after %d bytes: Write gives %v, want %v", left, err, test.want)
			}
			under.left = 1 << 20
			n, err := w.Write(input)
			if n != 0 || !errors.Is(err, test.want) {
				t.Errorf("after %d bytes: Write again gives %d, %v, want %v", left, n, err, test.want)
			}
			for range 2 {
				if err := w.Close(); !errors.Is(err, test.want) {
					t.Errorf("after %d bytes: Close gives %v, want %v", left, err, test.want)
				}
			}
			if under.left != 1<<20 {
				t.Errorf("after %d bytes: written to after an error", left)
			}
		}
	}
}

// TestSize holds the manual to its word on memory; a Writer has nothing that
// grows.
func TestSize(t *testing.T) {
	t.Parallel()
	if size := reflect.TypeFor[Writer]().Size(); size > 512<<10 {
		t.Errorf("a Writer takes %d bytes", size)
	}
}

// TestNoAllocation compresses without allocating anything. It is not parallel:
// it counts what the whole process allocates.
func TestNoAllocation(t *testing.T) {
	input := text(1 << 20)
	w, err := NewWriter(io.Discard, Gzip, 6)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(3, func() { w.Write(input) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkWriter compresses what deflate has compressed already, as wheels
// are, and text.
func BenchmarkWriter(b *testing.B) {
	d := dice(1)
	for name, input := range map[string][]byte{"wheels": d.segment(nil, 1, 4<<20), "text": text(4 << 20)} {
		for _, e := range []Encoder{{Gzip, 1}, {Gzip, 6}, {Zlib, 9}} {
			b.Run(name+"/"+e.String(), func(b *testing.B) {
				b.SetBytes(int64(len(input)))
				for b.Loop() {
					w, err := NewWriter(io.Discard, e.Family, e.Level)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := w.Write(input); err != nil {
						b.Fatal(err)
					}
					if err := w.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
