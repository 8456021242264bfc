package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"testing"
)

// pieces gives data in slices of n bytes.
func pieces(data []byte, n int) func() ([]byte, error) {
	return func() ([]byte, error) {
		if len(data) == 0 {
			return nil, io.EOF
		}
		k := min(n, len(data))
		p := data[:k:k]
		data = data[k:]
		return p, nil
	}
}

// decode decodes one stream and gives what was behind it.
func decode(data, window []byte, in, buffer int) (out, rest []byte, err error) {
	d := New(pieces(data, in), window)
	buf := make([]byte, buffer)
	for {
		var end int
		end, err = d.Decode(buf)
		out = append(out, buf[Window:end]...)
		if err != nil {
			break
		}
	}
	if err != io.EOF {
		return out, nil, err
	}
	for {
		b, err := d.ReadByte()
		if err != nil {
			return out, rest, io.EOF
		}
		rest = append(rest, b)
	}
}

func deflated(t testing.TB, data, window []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriterDict(&b, level, window)
	if err != nil {
		t.Fatal(err)
	}
	for half := range 2 {
		if _, err := w.Write(data[half*(len(data)/2) : len(data)/2+half*(len(data)-len(data)/2)]); err != nil {
			t.Fatal(err)
		}
		if half == 0 {
			w.Flush()
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// texts are inputs that make encoders use all that the format has.
func texts() map[string][]byte {
	noise := make([]byte, 200_000)
	skewed := make([]byte, 150_000)
	seed := uint32(1)
	for i := range noise {
		seed = seed*1664525 + 1013904223
		noise[i] = byte(seed >> 24)
	}
	for i := range skewed { // codes of all lengths
		n := 0
		for seed = seed*1664525 + 1013904223; n < 30 && seed>>(31-n)&1 == 1; n++ {
		}
		skewed[i] = byte(n*37) ^ byte(seed&1)
	}
	far := append(bytes.Clone(noise[:Window]), noise[:Window]...)
	return map[string][]byte{
		"nothing": nil,
		"a byte":  {'x'},
		"run":     bytes.Repeat([]byte{'x'}, 100_000),
		"pairs":   bytes.Repeat([]byte("xy"), 50_000),
		"words":   []byte(strings.Repeat("wheels are deflated already, ", 4000)),
		"noise":   noise,
		"skewed":  skewed,
		"far":     far,
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, data := range texts() {
		for level := flate.HuffmanOnly; level <= 9; level++ {
			stream := append(deflated(t, data, nil, level), "behind"...)
			for _, in := range []int{1, 7, 19, 4096, 1 << 20} {
				out, rest, err := decode(stream, nil, in, MinBuffer+in%5000)
				if err != io.EOF || !bytes.Equal(out, data) || string(rest) != "behind" {
					t.Errorf("%s, level %d, pieces of %d: %d bytes of %d, rest %q, %v",
						name, level, in, len(out), len(data), rest, err)
				}
			}
		}
	}
}

func TestDecodeBehindAWindow(t *testing.T) {
	t.Parallel()
	window := bytes.Repeat([]byte("0123456789abcdef"), 3000)
	data := bytes.Repeat([]byte("0123456789abcdefg"), 3000)
	stream := deflated(t, data, window[len(window)-Window:], 9)
	out, _, err := decode(stream, window, 100, MinBuffer)
	if err != io.EOF || !bytes.Equal(out, data) {
		t.Errorf("%d bytes of %d, %v", len(out), len(data), err)
	}
	if _, _, err := decode(stream, nil, 100, MinBuffer); err != ErrCorrupt {
		t.Errorf("without its window: %v", err)
	}
}

// A window ends with its stream.
func TestResetForgetsTheWindow(t *testing.T) {
	t.Parallel()
	window := []byte("0123456789abcdef0123456789abcdef")
	first, second := deflated(t, window, nil, 9), deflated(t, window, window, 9)
	d := New(pieces(append(first, second...), 10), nil)
	buf := make([]byte, MinBuffer)
	if end, err := d.Decode(buf); err != io.EOF || !bytes.Equal(buf[Window:end], window) {
		t.Fatal(err)
	}
	d.Reset(nil)
	if _, err := d.Decode(buf); err != ErrCorrupt {
		t.Errorf("error %v", err)
	}
}

func TestDecodeCutShort(t *testing.T) {
	t.Parallel()
	for name, data := range texts() {
		data = data[:min(len(data), 3000)]
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
			stream := deflated(t, data, nil, level)
			for n := range len(stream) {
				if _, _, err := decode(stream[:n], nil, 64, MinBuffer); err != io.ErrUnexpectedEOF {
					t.Fatalf("%s, level %d, %d of %d bytes: %v", name, level, n, len(stream), err)
				}
			}
		}
	}
}

func TestDecodeErrorsOfInput(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	d := New(func() ([]byte, error) { return nil, broken }, nil)
	if _, err := d.Decode(make([]byte, MinBuffer)); err != broken {
		t.Errorf("error %v", err)
	}
	if _, err := d.ReadByte(); err != broken {
		t.Errorf("error %v", err)
	}
	if _, err := d.More(); err != broken {
		t.Errorf("error %v", err)
	}
}

// FuzzDecode compares with compress/flate.
func FuzzDecode(f *testing.F) {
	for _, data := range texts() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
			f.Add(deflated(f, data[:min(len(data), 2000)], nil, level), uint8(level))
		}
	}
	f.Add([]byte{3, 0}, uint8(1))                       // fixed codes, nothing
	f.Add([]byte{7}, uint8(1))                          // reserved type
	f.Add([]byte{1, 0, 0, 0, 0}, uint8(1))              // wrong stored length
	f.Add([]byte{0x63, 0x00, 0x42, 0x00, 0}, uint8(40)) // a match that looks back too far
	f.Fuzz(func(t *testing.T, stream []byte, in uint8) {
		r := bytes.NewReader(stream)
		z := flate.NewReader(r)
		want, wantErr := io.ReadAll(io.LimitReader(z, 4<<20))
		if len(want) == 4<<20 {
			return
		}
		got, rest, err := decode(stream, nil, int(in)+1, MinBuffer)
		switch {
		case wantErr == nil:
			if err != io.EOF || !bytes.Equal(got, want) || len(rest) != r.Len() {
				t.Errorf("%d bytes, %d behind, %v; want %d and %d", len(got), len(rest), err, len(want), r.Len())
			}
		case err == io.EOF:
			t.Errorf("read %d bytes; want %v", len(got), wantErr)
		case !bytes.HasPrefix(got, want) && !bytes.HasPrefix(want, got):
			t.Errorf("other bytes before the error")
		}
	})
}

// A decoder that stopped in the middle of a stream decodes another one.
func TestRestart(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat("some text, ", 20_000))
	whole := deflated(t, text, nil, flate.BestSpeed)
	d := New(pieces(whole[:len(whole)/2], 100), nil)
	buf := make([]byte, MinBuffer)
	for range 3 {
		if _, err := d.Decode(buf); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		d.Restart(pieces(whole, 100))
		var out []byte
		for {
			end, err := d.Decode(buf)
			out = append(out, buf[Window:end]...)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(out, text) {
			t.Fatalf("%d bytes, want %d", len(out), len(text))
		}
	}
}
