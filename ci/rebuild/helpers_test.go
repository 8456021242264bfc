package rebuild

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// pseudo gives n bytes that follow from the seed, on every machine: noise in
// turn with words, as wheels have both.
func pseudo(seed uint32, n int) []byte {
	words := strings.Fields("wheel house tar gzip frame recipe proof byte store python index lock entry pointer prune")
	p := make([]byte, 0, n+8)
	for len(p) < n {
		seed = seed*1664525 + 1013904223
		if len(p)>>14&1 == 0 {
			p = append(p, words[int(seed>>24)%len(words)]...)
			p = append(p, ' ')
		} else {
			p = append(p, byte(seed>>24))
		}
	}
	return p[:n]
}

// sample is a set of pseudo wheels, one of them empty, two alike.
func sample() map[string][]byte {
	return map[string][]byte{
		"alpha-1.0-py3-none-any.whl": pseudo(1, 60_000),
		"beta-2.0-py3-none-any.whl":  pseudo(2, 512),
		"empty-1.0-py3-none-any.whl": nil,
		"gamma-3.0-py3-none-any.whl": pseudo(2, 512),
		"charset_normalizer-3.5.2-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl": pseudo(3, 33_001),
	}
}

func sumOf(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// filesOf gives the wheels as a list has them, sorted.
func filesOf(wheels map[string][]byte) []wheelhouse.File {
	var files []wheelhouse.File
	for name, data := range wheels {
		files = append(files, wheelhouse.File{Name: name, Size: int64(len(data)), SHA256: sumOf(data)})
	}
	slices.SortFunc(files, func(a, b wheelhouse.File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// memory are blobs by their sha256.
type memory map[string][]byte

func (m memory) OpenWheel(_ context.Context, w wheelhouse.File) (io.ReadCloser, error) {
	data, found := m[w.SHA256]
	if !found {
		return nil, fmt.Errorf("opening %s: %w", w.Name, fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// open is what Prove asks a store with.
func (m memory) open(ctx context.Context, sha256 string, _ int64) (io.ReadCloser, error) {
	return m.OpenWheel(ctx, wheelhouse.File{Name: sha256, SHA256: sha256})
}

func memoryOf(wheels map[string][]byte) memory {
	m := memory{}
	for _, data := range wheels {
		m[sumOf(data)] = data
	}
	return m
}

// tarOf gives a tar of the wheels in a folder, beside a file that is none.
func tarOf(t testing.TB, wheels map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(name string, data []byte) {
		err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: int64(len(data)), ModTime: time.Unix(1e9, 0), Uname: "ci"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	add("./notes.txt", []byte("not a wheel"))
	for _, f := range filesOf(wheels) {
		add("./.wheelhouse/"+f.Name, wheels[f.Name])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), make([]byte, 5120)...) // as GNU tar fills its record
}

// goGzip gives one gzip member that no encoder of ours makes.
func goGzip(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// write writes a file into a new folder.
func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wheelhouse-3.11.tgz")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ours gives the tarball that Pack makes of the wheels.
func ours(t testing.TB, wheels map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	err := (Recipe{Encoder: wheelhouse.Format}).Write(t.Context(), &b, filesOf(wheels), memoryOf(wheels))
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rehearse rehearses a tarball, and sees that nothing is left of it after.
func rehearse(t testing.TB, path string) *Rehearsal {
	t.Helper()
	temp := t.TempDir()
	r, err := Rehearse(t.Context(), path, Options{Temp: temp})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(temp); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return r
}

// comesBack writes the tarball by its recipe as a later process would, from the
// blobs alone, and compares it with the file.
func comesBack(t testing.TB, path string, r *Rehearsal) {
	t.Helper()
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stored := memory{}
	for _, b := range r.Blobs() {
		in, err := r.Open(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if in.Close(); err != nil || sumOf(data) != b.SHA256 || int64(len(data)) != b.Size {
			t.Fatalf("blob %+v: %d bytes of sha256 %s, %v", b, len(data), sumOf(data), err)
		}
		stored[b.SHA256] = data
	}
	recipe, err := ParseRecipe(r.Recipe().Encoder, stored[r.Recipe().FrameSHA256()])
	if err != nil {
		t.Fatal(err)
	}
	wheels := slices.Clone(r.Inventory().Wheels)
	slices.Reverse(wheels)
	var got bytes.Buffer
	if err := recipe.Write(t.Context(), &got, wheels, stored); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s: %s gives other bytes", filepath.Base(path), recipe.Encoder)
	}
}
