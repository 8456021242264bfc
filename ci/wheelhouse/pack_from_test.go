package wheelhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// sourcesOf gives the wheels as sources whose bytes are in memory.
func sourcesOf(wheels map[string][]byte) []Source {
	var sources []Source
	for name, data := range wheels {
		sources = append(sources, Source{
			File: File{Name: name, Size: int64(len(data)), SHA256: sum(data)},
			Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		})
	}
	return sources
}

func TestPackFromIsPack(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{true, false} {
		var b bytes.Buffer
		sources := sourcesOf(sample()) // in a map's order
		for i := range sources {
			if !known {
				sources[i].SHA256 = ""
			}
		}
		if err := PackFrom(t.Context(), &b, sources); err != nil {
			t.Fatal(err)
		}
		if got := sum(b.Bytes()); got != goldenSample {
			t.Errorf("sha256s known %t: sha256 %s, want %s", known, got, goldenSample)
		}
	}
}

func TestPackFromRefuses(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	coded := fault.New(fault.Unable, "store-unreachable", "no answer")
	body := func(r io.Reader) func(context.Context) (io.ReadCloser, error) {
		return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(r), nil }
	}
	fails := func(err error) func(context.Context) (io.ReadCloser, error) {
		return func(context.Context) (io.ReadCloser, error) { return nil, err }
	}
	const text = "the wheel's bytes"
	want := File{Name: "b-1-py3-none-any.whl", Size: int64(len(text)), SHA256: sum([]byte(text))}
	unknown := File{Name: want.Name, Size: want.Size}
	for _, c := range []struct {
		name string
		Source
		code   string
		status int
		wraps  error
	}{
		{"other bytes", Source{want, body(strings.NewReader(strings.ToUpper(text)))}, "wheel-differs", fault.Refused, nil},
		{"cut", Source{want, body(strings.NewReader(text[1:]))}, "wheel-differs", fault.Refused, nil},
		{"longer", Source{want, body(strings.NewReader(text + "x"))}, "wheel-differs", fault.Refused, nil},
		{"cut, of any sha256", Source{unknown, body(strings.NewReader(text[1:]))}, "wheel-changed", fault.Refused, nil},
		{"not there", Source{want, fails(fmt.Errorf("x: %w", fs.ErrNotExist))}, "wheel-missing", fault.Refused, fs.ErrNotExist},
		{"not opened", Source{want, fails(broken)}, "wheel-unreadable", fault.Unable, broken},
		{"breaks off", Source{want, body(iotest.ErrReader(broken))}, "wheel-unreadable", fault.Unable, broken},
		{"store fails", Source{want, fails(coded)}, "store-unreachable", fault.Unable, coded},
		{"store breaks off", Source{want, body(iotest.ErrReader(coded))}, "store-unreachable", fault.Unable, coded},
		{"no such size", Source{File{Name: want.Name, Size: -1}, nil}, "unsafe-member", fault.Refused, nil},
		{"no wheel", Source{File{Name: "b.txt"}, nil}, "not-a-wheel", fault.Refused, nil},
	} {
		sources := append(sourcesOf(map[string][]byte{"a-1-py3-none-any.whl": pseudo(1, 9<<20)}), c.Source)
		err := PackFrom(t.Context(), io.Discard, sources)
		e, ok := err.(*fault.Error)
		if !ok || e.Code != c.code || e.ExitStatus() != c.status || c.wraps != nil && !errors.Is(err, c.wraps) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.code != "store-unreachable" && !strings.Contains(err.Error(), c.File.Name) {
			t.Errorf("%s: %v does not name the wheel", c.name, err)
		}
	}
	if err := PackFrom(t.Context(), io.Discard, nil); fault.Code(err) != "no-wheels" {
		t.Errorf("nothing: %v", err)
	}
}

// A wrong wheel ends it while later ones wait, and w never gets the end.
func TestPackFromEndsAtTheWrongWheel(t *testing.T) {
	t.Parallel()
	wheels := sample()
	sources := sourcesOf(wheels)
	for i := range sources {
		if sources[i].Name == longName {
			sources[i].SHA256 = sum(nil)
		}
	}
	// Far more follows than the ring holds.
	sources = append(sources, Source{File{Name: "zzz-1-py3-none-any.whl", Size: 1 << 50}, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(endless{}), nil
	}})
	var b bytes.Buffer
	if err := PackFrom(t.Context(), &b, sources); fault.Code(err) != "wheel-differs" || !strings.Contains(err.Error(), longName) {
		t.Errorf("error %v", err)
	}
	if b.Len() > 64<<20 {
		t.Errorf("%d bytes were written", b.Len())
	}
}

// endless never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestPackFromToABrokenWriter(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	ctx, cancel := context.WithCancel(t.Context())
	for _, c := range []struct {
		w    io.Writer
		want error
	}{
		{failingWriter{broken}, broken},
		{cancelWriter{cancel}, context.Canceled},
	} {
		err := PackFrom(ctx, c.w, sourcesOf(map[string][]byte{"a-1-py3-none-any.whl": pseudo(1, 9<<20)}))
		if !errors.Is(err, c.want) || fault.Code(err) != "" {
			t.Errorf("%v, want %v", err, c.want)
		}
	}
}

// failingWriter takes nothing.
type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// What Rest is told, with the wheels' bytes in their places, is the tar.
func TestRestIsTheTar(t *testing.T) {
	t.Parallel()
	tarOfOurs := inflated(t, packed(t, sample()))
	others := tarOf(t, file("./notes.txt", strings.Repeat("text ", 400)), file("./x/a-1-py3-none-any.whl", "wheel"),
		file("./b-1-py3-none-any.whl", ""), special('5', "folder/", ""), file("./c-1-py3-none-any.whl", strings.Repeat("c", 600)))
	others = append(others, make([]byte, 10240)...)
	for name, c := range map[string]struct{ tarball, tar []byte }{
		"ours":         {packed(t, sample()), tarOfOurs},
		"ours, packed": {gzipped(t, tarOfOurs, 6), tarOfOurs},
		"others'":      {gzipped(t, others, 6), others},
		"in members":   {append(gzipped(t, others[:700], 6), gzipped(t, others[700:], 6)...), others},
	} {
		path := filepath.Join(t.TempDir(), "t.tgz")
		if err := os.WriteFile(path, c.tarball, 0o600); err != nil {
			t.Fatal(err)
		}
		var got []byte
		var told []*File
		inv, err := Read(t.Context(), path, ReadOptions{Rest: func(p []byte, next *File) {
			got = append(got, p...)
			if next != nil {
				told = append(told, next)
				got = append(got, c.tar[len(got):len(got)+int(next.Size)]...)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, c.tar) {
			t.Errorf("%s: other bytes: %d, want %d", name, len(got), len(c.tar))
		}
		if len(told) != len(inv.Wheels)-1 {
			t.Errorf("%s: told of %d wheels, of %d, one of them empty", name, len(told), len(inv.Wheels))
		}
		for _, w := range told {
			if len(w.SHA256) != 64 || w.Size == 0 {
				t.Errorf("%s: told of %+v", name, w)
			}
		}
	}
}

// What begins otherwise is never one of ours.
func TestMayBeOurs(t *testing.T) {
	t.Parallel()
	ours := packed(t, small())
	for n := range 11 {
		if MayBeOurs(ours[:n]) {
			t.Errorf("after %d bytes", n)
		}
	}
	if !MayBeOurs(ours) || !MayBeOurs(ours[:11]) {
		t.Error("ours is not")
	}
	for i := range 11 {
		other := bytes.Clone(ours)
		other[i] ^= 4
		if MayBeOurs(other) {
			t.Errorf("with another byte %d", i)
		}
	}
}
