package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"testing"
)

// FuzzInflate compresses anything and inflates it again. seed grows what the
// fuzzer gives to where windows slide and blocks end.
func FuzzInflate(f *testing.F) {
	f.Add([]byte(nil), uint8(5), uint64(0))
	f.Add([]byte("abcabcabcabc"), uint8(0), uint64(1))
	f.Add(bytes.Repeat([]byte{0}, 600), uint8(17), uint64(7))
	for seed := range uint64(12) {
		f.Add([]byte("seeded"), uint8(seed*5), seed*1000)
	}
	f.Fuzz(func(t *testing.T, data []byte, encoder uint8, seed uint64) {
		if seed%2 == 0 {
			d := dice(seed)
			more := d.input(d.length())
			data = append(append(more, data...), more[:len(more)/3]...)
		}
		e := Encoders()[encoder%18]
		stream := encoded(t, e, data)
		r := bytes.NewReader(stream)
		got, err := io.ReadAll(flate.NewReader(r))
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%v: %d bytes came back from %d: %v", e, len(got), len(data), err)
		}
		if r.Len() != 0 {
			t.Fatalf("%v: %d bytes behind the stream", e, r.Len())
		}
	})
}
