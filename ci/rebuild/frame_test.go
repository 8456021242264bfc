package rebuild

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/deflate"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// sampleFrame is a frame of two wheels.
func sampleFrame() *frame {
	return &frame{
		encoder: deflate.Encoder{Family: deflate.Zlib, Level: 9},
		header:  []byte("gzip header"),
		trailer: []byte("trailer!"),
		wheels: []framedWheel{
			{before: []byte("tar header"), sha256: sumOf([]byte("a")), size: 1},
			{before: bytes.Repeat([]byte{0}, 1024), sha256: sumOf(nil), size: maxWheelBytes},
		},
		end: make([]byte, 10240),
	}
}

// text gives what a frame inflates to.
func text(magic string, parts ...any) []byte {
	var out []byte
	for _, part := range parts {
		switch p := part.(type) {
		case string:
			out = append(out, p...)
		case int:
			out = binary.AppendUvarint(out, uint64(p))
		}
	}
	var b bytes.Buffer
	b.WriteString(magic)
	w, err := deflate.NewWriter(&b, deflate.Zlib, 9)
	if err != nil {
		panic(err)
	}
	w.Write(out)
	w.Close()
	return b.Bytes()
}

func TestFrame(t *testing.T) {
	t.Parallel()
	for _, f := range []*frame{sampleFrame(), {
		encoder: deflate.Encoder{Family: deflate.Gzip, Level: 1},
		header:  []byte{}, trailer: make([]byte, 8), wheels: []framedWheel{}, end: []byte{},
	}} {
		data, err := f.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseFrame(data)
		if err != nil || !reflect.DeepEqual(f, again) {
			t.Errorf("%+v came back as %+v, %v", f, again, err)
		}
	}
	if _, err := (&frame{wheels: []framedWheel{{sha256: "00"}}}).encode(); err == nil {
		t.Error("a short sha256 is taken")
	}
}

// The frame's form: docs/formats.md describes it, stores hold it.
func TestFrameKeepsItsForm(t *testing.T) {
	t.Parallel()
	sum, _ := hex.DecodeString(sumOf([]byte("a")))
	data := text("whframe1", 6, "gzip-6", 3, "hdr", 1, 4, "tar.", string(sum), 1, 3, "end", "trailer!")
	f, err := parseFrame(data)
	want := &frame{
		encoder: deflate.Encoder{Family: deflate.Gzip, Level: 6}, header: []byte("hdr"), trailer: []byte("trailer!"),
		wheels: []framedWheel{{[]byte("tar."), sumOf([]byte("a")), 1}}, end: []byte("end"),
	}
	if err != nil || !reflect.DeepEqual(f, want) {
		t.Fatalf("%+v, %v", f, err)
	}
	if again, err := f.encode(); err != nil || !bytes.Equal(again, data) {
		t.Errorf("written again: %q, %v", again, err)
	}
}

func TestParseRecipeRefuses(t *testing.T) {
	t.Parallel()
	good, err := sampleFrame().encode()
	if err != nil {
		t.Fatal(err)
	}
	sum := strings.Repeat("s", sumSize)
	for name, c := range map[string]struct {
		encoder string
		frame   []byte
	}{
		"no encoder":              {"", nil},
		"unknown encoder":         {"pigz-6", good},
		"a level too many":        {"gzip-10", good},
		"ours with a frame":       {"wheelhouse-1", good},
		"whole with a frame":      {Whole, good},
		"no frame":                {"zlib-9", nil},
		"another encoder's frame": {"gzip-9", good},
		"a later version":         {"zlib-9", append([]byte("whframe2"), good[8:]...)},
		"cut":                     {"zlib-9", good[:len(good)-1]},
		"something behind":        {"zlib-9", append(bytes.Clone(good), 0)},
		"too long":                {"zlib-9", append(bytes.Clone(good), make([]byte, MaxFrame)...)},
		"a bomb":                  {"gzip-6", text(frameMagic, 6, "gzip-6", 0, 0, maxInflated, strings.Repeat("\x00", maxInflated), "trailer!")},
		"not deflate":             {"zlib-9", []byte(frameMagic + "\xff\xff\xff")},
		"empty":                   {"gzip-6", text(frameMagic)},
		"unknown within":          {"gzip-6", text(frameMagic, 3, "xyz", 0, 0, 0, "trailer!")},
		"no trailer":              {"gzip-6", text(frameMagic, 6, "gzip-6", 0, 0, 0, "trailer")},
		"more behind the trailer": {"gzip-6", text(frameMagic, 6, "gzip-6", 0, 0, 0, "trailer!x")},
		"a run cut short":         {"gzip-6", text(frameMagic, 6, "gzip-6", 100, "x")},
		"fewer wheels":            {"gzip-6", text(frameMagic, 6, "gzip-6", 0, 9999, 0, sum, 1, 0, "trailer!")},
		"too many wheels":         {"gzip-6", text(frameMagic, 6, "gzip-6", 0, maxWheels+1, strings.Repeat("x", sumSize*(maxWheels+2)))},
		"a wheel too large":       {"gzip-6", text(frameMagic, 6, "gzip-6", 0, 1, 0, sum, maxWheelBytes+1, 0, "trailer!")},
		"a number in more bytes":  {"gzip-6", text(frameMagic, 6, "gzip-6", "\x80\x00", 0, 0, "trailer!")},
		"an endless number":       {"gzip-6", text(frameMagic, 6, "gzip-6", strings.Repeat("\xff", 20))},
	} {
		_, err := ParseRecipe(c.encoder, c.frame)
		f, ok := err.(*fault.Error)
		if !ok || f.Code != "bad-recipe" || f.ExitStatus() != fault.Refused || strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("%s: %v", name, err)
		}
	}
	for encoder, frame := range map[string][]byte{"zlib-9": good, "wheelhouse-1": nil, Whole: nil} {
		if r, err := ParseRecipe(encoder, frame); err != nil || r.Encoder != encoder {
			t.Errorf("%s: %+v, %v", encoder, r, err)
		}
	}
}

// FuzzParseFrame reads arbitrary frames: what is taken is written to what is
// taken again, the same.
func FuzzParseFrame(f *testing.F) {
	good, err := sampleFrame().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(text(frameMagic, 6, "gzip-6", 3, "hdr", 1, 4, "tar.", strings.Repeat("s", sumSize), 1, 3, "end", "trailer!"))
	f.Add(text(frameMagic, 3, "xyz", 0, 0, 0, "trailer!"))
	f.Add([]byte(frameMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := parseFrame(data)
		if err != nil {
			if frame != nil {
				t.Error("a frame and an error")
			}
			return
		}
		again, err := frame.encode()
		if err != nil {
			t.Fatal(err)
		}
		if len(again) > MaxFrame {
			return
		}
		if back, err := parseFrame(again); err != nil || !reflect.DeepEqual(frame, back) {
			t.Errorf("%+v came back as %+v, %v", frame, back, err)
		}
	})
}

// FuzzFrameText reads arbitrary texts of frames.
func FuzzFrameText(f *testing.F) {
	f.Add([]byte("\x06gzip-6\x03hdr\x01\x04tar." + strings.Repeat("s", sumSize) + "\x01\x03endtrailer!"))
	f.Add([]byte("\x06zlib-9\x00\x00\x00trailer!"))
	f.Fuzz(func(t *testing.T, inflated []byte) {
		data := text(frameMagic, string(inflated))
		frame, err := parseFrame(data)
		if err != nil {
			return
		}
		again, err := frame.encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%q was written as %q, %v", data, again, err)
		}
	})
}

// The most wheels that a frame may have.
func TestFrameOfManyWheels(t *testing.T) {
	t.Parallel()
	f := sampleFrame()
	f.wheels = nil
	for range maxWheels {
		f.wheels = append(f.wheels, framedWheel{before: make([]byte, 200), sha256: sumOf(nil), size: 1})
	}
	data, err := f.encode()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := parseFrame(data); err != nil || len(back.wheels) != maxWheels {
		t.Error(err)
	}
}
