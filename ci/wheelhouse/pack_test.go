package wheelhouse

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// goldenSample is the sha256 of sample's tarball. It changes only with Format.
const goldenSample = "8be5f772ec0e3f00658137e7de363ec80d175f16ad3a12adec01bf22f5ed86fa"

func TestPackKeepsItsFormat(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "wheelhouse-3.11.tgz")
	wheels := writeWheels(t, sample())
	inv, err := Pack(context.Background(), path, wheels)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := sum(data); got != goldenSample || inv.SHA256 != got || inv.Size != int64(len(data)) {
		t.Errorf("sha256 %s, inventory %s, want %s; size %d, inventory %d",
			got, inv.SHA256, goldenSample, len(data), inv.Size)
	}
	if inv.Name != "wheelhouse-3.11.tgz" || inv.Format != Format {
		t.Errorf("name %q, format %q", inv.Name, inv.Format)
	}
	checkWheels(t, inv, sample())
	slices.Reverse(wheels)
	again, err := Pack(context.Background(), path, wheels)
	if err != nil || again.SHA256 != inv.SHA256 {
		t.Errorf("another order of wheels: %+v, %v", again, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestPackIsWhatOthersRead(t *testing.T) {
	t.Parallel()
	z, err := gzip.NewReader(bytes.NewReader(packed(t, sample())))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(data, sample()[h.Name]) {
			t.Errorf("%s: other bytes, %v", h.Name, err)
		}
		if h.Mode != 0o644 || h.Uid != 0 || h.Gid != 0 || h.Uname+h.Gname != "" || h.ModTime.Unix() != 315_532_800 {
			t.Errorf("header %+v", h)
		}
		names = append(names, h.Name)
	}
	if len(names) != len(sample()) || !slices.IsSorted(names) {
		t.Errorf("members %q", names)
	}
}

func TestPackRefuses(t *testing.T) {
	t.Parallel()
	whl := func(names ...string) map[string][]byte {
		m := map[string][]byte{}
		for _, n := range names {
			m[n] = []byte("x")
		}
		return m
	}
	for _, c := range []struct {
		name, code string
		wheels     map[string][]byte
	}{
		{"nothing", "no-wheels", nil},
		{"sdist", "not-a-wheel", whl("a-1.tar.gz")},
		{"hidden", "not-a-wheel", whl("._a-1-py3-none-any.whl")},
		{"newline", "unsafe-member", whl("a\n-1.whl")},
		{"escape", "unsafe-member", whl("a\x1b[2J-1.whl")},
		{"reversed text", "unsafe-member", whl("a\u202e-1.whl")},
		{"comma", "unsafe-member", whl("a,b-1.whl")},
		{"not UTF-8", "unsafe-member", whl("a\xff-1.whl")},
		{"drive", "unsafe-member", whl("c:a-1.whl")},
		{"backslash", "unsafe-member", whl(`a\b-1.whl`)},
		{"case", "duplicate-member", whl("a-1.whl", "A-1.whl")},
		{"case outside ASCII", "duplicate-member", whl("ä-1.whl", "Ä-1.whl")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS != "linux" && len(c.wheels) > 0 {
				t.Skip("other file systems take fewer names")
			}
			dir := t.TempDir()
			_, err := Pack(context.Background(), filepath.Join(dir, "t.tgz"), writeWheels(t, c.wheels))
			wantCode(t, err, c.code)
			if entries, _ := os.ReadDir(dir); len(entries) != 0 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
}

func TestPackRefusesPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wheel := filepath.Join(dir, "a-1.whl")
	if err := os.Mkdir(filepath.Join(dir, "folder-1.whl"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(wheel, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code, path string
		wheels     []string
	}{
		{"wheel-missing", "t.tgz", []string{filepath.Join(dir, "none-1.whl")}},
		{"not-a-wheel", "t.tgz", []string{filepath.Join(dir, "folder-1.whl")}},
		{"duplicate-member", "t.tgz", []string{wheel, wheel}},
		{"tar-unwritable", "no/such/t.tgz", []string{wheel}},
	} {
		_, err := Pack(context.Background(), filepath.Join(dir, c.path), c.wheels)
		wantCode(t, err, c.code)
	}
	_, err := Pack(context.Background(), filepath.Join(dir, "no/such/t.tgz"), []string{wheel})
	if e, ok := fault.As(err); !ok || e.ExitStatus() != fault.Unable || e.Hint == "" {
		t.Errorf("no folder: %#v", err)
	}
}

func TestPackRefusesWheelsThatChange(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, 1, 699, 701, 70_000} {
		sources, err := statWheels(writeWheels(t, map[string][]byte{"a-1.whl": pseudo(1, 700)}))
		if err != nil {
			t.Fatal(err)
		}
		sources[0].Size = size
		_, err = packTo(context.Background(), io.Discard, sources, true, nil)
		wantCode(t, err, "wheel-changed")
	}
}

// brokenWriter takes so many bytes before the disk is full.
type brokenWriter struct{ left int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return w.left, &os.PathError{Op: "write", Path: "t.tgz", Err: syscall.ENOSPC}
	}
	w.left -= len(p)
	return len(p), nil
}

func TestPackOnAFullDisk(t *testing.T) {
	t.Parallel()
	wheels := map[string][]byte{"a-1.whl": pseudo(1, 9<<20)} // more than the ring holds
	sources, err := statWheels(writeWheels(t, wheels))
	if err != nil {
		t.Fatal(err)
	}
	_, size, err := Layout([]File{{Name: "a-1.whl", Size: 9 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{0, 9, 1 << 20, int(size) - trailerSize - 1, int(size) - 1} {
		_, err := packTo(context.Background(), &brokenWriter{left}, sources, true, nil)
		var failed *writeError
		if !errors.As(err, &failed) || !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("after %d bytes: %v", left, err)
		}
	}
	e, ok := fault.As(unwritable("t.tgz", fmt.Errorf("x: %w", syscall.ENOSPC)))
	if !ok || e.ExitStatus() != fault.Unable || e.Code != "tar-unwritable" || e.Hint == "" {
		t.Errorf("%#v", e)
	}
}

func TestPackCancelled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "t.tgz")
	if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Pack(ctx, path, writeWheels(t, small()))
	if !fault.Interrupted(err) {
		t.Fatalf("error %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	if data, _ := os.ReadFile(path); string(data) != "older" {
		t.Errorf("the older tarball is now %q", data)
	}
}

// cancelWriter cancels while the tarball is written.
type cancelWriter struct{ cancel func() }

func (w cancelWriter) Write(p []byte) (int, error) { w.cancel(); return len(p), nil }

func TestPackCancelledMidway(t *testing.T) {
	t.Parallel()
	sources, err := statWheels(writeWheels(t, map[string][]byte{"a-1.whl": pseudo(1, 9<<20)}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := packTo(ctx, cancelWriter{cancel}, sources, true, nil); !fault.Interrupted(err) {
		t.Fatalf("error %v", err)
	}
}

// Padding is zeros even where a chunk held something before.
func TestPackClearsWhatItPads(t *testing.T) {
	t.Parallel()
	sources, err := statWheels(writeWheels(t, small()))
	if err != nil {
		t.Fatal(err)
	}
	used := newRing(packChunk, 3)
	used.made = 1
	used.free <- &chunk{buf: bytes.Repeat([]byte{0xff}, packChunk), ring: used}
	f := &framer{ctx: context.Background(), ring: used, out: []chan *chunk{queue(), queue(), queue()}}
	if err := f.tarball(&Inventory{Wheels: make([]File, len(sources))}, sources); err != nil {
		t.Fatal(err)
	}
	want := packed(t, small())
	if got := f.cur.bytes(); !bytes.Equal(got, want[:len(want)-trailerSize]) {
		t.Error("a used chunk gives other bytes")
	}
}
