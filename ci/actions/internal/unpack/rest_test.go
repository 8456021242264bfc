package unpack

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// fenced fails when a part is read that nobody is to read.
type fenced struct {
	*bytes.Reader
	t        *testing.T
	from, to int64
}

func (f fenced) ReadAt(p []byte, off int64) (int, error) {
	if off < f.to && off+int64(len(p)) > f.from {
		f.t.Errorf("read %d bytes at %d, within %d to %d", len(p), off, f.from, f.to)
		return 0, io.ErrUnexpectedEOF
	}
	return f.Reader.ReadAt(p, off)
}

func TestRest(t *testing.T) {
	t.Parallel()
	large := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	data := pack(t, file("d/", ""), file("d/a", "1"), file("d/large", string(large)), deflated(file("b", "2")), file("c", string(large[:4<<10])))
	from := int64(bytes.Index(data, large)) // the end is read in pieces of 1 KiB
	r := fenced{bytes.NewReader(data), t, from, from + int64(len(large))}
	dir := filepath.Join(t.TempDir(), "out")
	if err := Rest(t.Context(), r, int64(len(data)), "x", "d/large", dir, Limits{}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"d/a": "1", "b": "2"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "d/large")); err == nil {
		t.Error("the member that was to be left out is there")
	}
}

func TestRestRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, leave, code string
		data              []byte
		l                 Limits
	}{
		{"what leaves the folder", "a", "unsafe-archive", pack(t, file("a", "1"), file("../b", "2")), Limits{}},
		{"a bad name that is left out", "../a", "unsafe-archive", pack(t, file("../a", "1"), file("b", "2")), Limits{}},
		{"too large, left out", "a", "too-large", pack(t, file("a", "12345")), Limits{MemberBytes: 4}},
		{"damaged", "a", "archive-damaged", bytes.Replace(pack(t, file("a", "1"), file("b", "some text")), []byte("some text"), []byte("some lext"), 1), Limits{}},
		{"no zip", "a", "not-a-zip", []byte("no zip at all, but long enough to hold an end"), Limits{}},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		err := Rest(t.Context(), bytes.NewReader(test.data), int64(len(test.data)), "x", test.leave, dir, test.l)
		if fault.Code(err) != test.code {
			t.Errorf("%s: %v, want %s", test.name, err, test.code)
		}
		if _, err := os.Lstat(dir); err == nil {
			t.Errorf("%s: left its folder", test.name)
		}
	}
}
