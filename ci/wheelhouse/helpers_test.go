package wheelhouse

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// longName has 105 bytes, as real wheels do.
const longName = "charset_normalizer-3.5.2-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl"

// pseudo gives n bytes that follow from the seed, on every machine.
func pseudo(seed uint32, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		seed = seed*1664525 + 1013904223
		p[i] = byte(seed >> 24)
	}
	return p
}

// sample is a set of pseudo wheels whose sizes lie around the borders of the
// format's blocks.
func sample() map[string][]byte {
	sizes := map[string]int{
		"empty-1-py3-none-any.whl":        0,
		"one-1-py3-none-any.whl":          1,
		"just_under-1-py3-none-any.whl":   511,
		"just-1-py3-none-any.whl":         512,
		"just_over-1-py3-none-any.whl":    513,
		"Block_under-1-py3-none-any.whl":  blockMax - 1,
		"block-1-py3-none-any.whl":        blockMax,
		"block_over-1-py3-none-any.whl":   blockMax + 1,
		"blocks-1-py3-none-any.whl":       3 * blockMax,
		"chunks-1-py3-none-any.whl":       chunkSize + 4321,
		"größe-1-py3-none-any.whl":        700,
		longName:                          1000,
		"zz-1.0+local.1-py3-none-any.whl": 2 * 512 * 127,
	}
	wheels := map[string][]byte{}
	for name, size := range sizes {
		wheels[name] = pseudo(uint32(size)+7, size)
	}
	return wheels
}

// small is a set whose tarball is small enough to be tried byte by byte.
func small() map[string][]byte {
	return map[string][]byte{
		"a-1-py3-none-any.whl": pseudo(1, 700),
		"b-1-py3-none-any.whl": []byte(strings.Repeat("wheel ", 200)),
	}
}

// writeWheels writes the wheels into a new folder and gives their paths.
func writeWheels(t testing.TB, wheels map[string][]byte) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for name, data := range wheels {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	return paths
}

// packed gives the tarball that Pack makes of the wheels.
func packed(t testing.TB, wheels map[string][]byte) []byte {
	t.Helper()
	sources, err := statWheels(writeWheels(t, wheels))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := packTo(context.Background(), &b, sources, true, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readBytes reads a tarball that is in memory.
func readBytes(tarball []byte, limits Limits, chunk int) (*Inventory, error) {
	r := &reading{name: "t.tgz", limits: limits.withDefaults(), chunkSize: chunk}
	return r.run(context.Background(), bytes.NewReader(tarball))
}

// member is one member of a tarball made by hand.
type member struct {
	tar.Header
	data []byte
}

func file(name, data string) member {
	return member{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, []byte(data)}
}

func special(typeflag byte, name, link string) member {
	return member{tar.Header{Typeflag: typeflag, Name: name, Linkname: link, Mode: 0o755}, nil}
}

// tarOf gives the tar of the members.
func tarOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		m.Size = int64(len(m.data))
		if err := w.WriteHeader(&m.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gzipped gives one gzip member.
func gzipped(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zerosWheel gives a tarball of one wheel that holds size zeros, a multiple of
// 1 MiB: each MiB is a gzip member.
func zerosWheel(t testing.TB, size int64) []byte {
	t.Helper()
	var header bytes.Buffer
	err := tar.NewWriter(&header).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "zeros-1-py3-none-any.whl", Size: size})
	if err != nil {
		t.Fatal(err)
	}
	tarball := gzipped(t, header.Bytes(), 6)
	tarball = append(tarball, bytes.Repeat(gzipped(t, make([]byte, 1<<20), 9), int(size>>20))...)
	return append(tarball, gzipped(t, make([]byte, tarEnd), 6)...)
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// checkWheels compares an inventory's wheels with what was packed.
func checkWheels(t *testing.T, inv *Inventory, wheels map[string][]byte) {
	t.Helper()
	if len(inv.Wheels) != len(wheels) {
		t.Errorf("%d wheels, want %d", len(inv.Wheels), len(wheels))
	}
	for i, w := range inv.Wheels {
		data, ok := wheels[w.Name]
		if !ok || w.Size != int64(len(data)) || w.SHA256 != sum(data) {
			t.Errorf("wheel %+v, want size %d, sha256 %s", w, len(data), sum(data))
		}
		if i > 0 && inv.Wheels[i-1].Name >= w.Name {
			t.Errorf("wheel %q is out of order", w.Name)
		}
	}
}

// wantCode checks an error's code and that its text can be printed.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if fault.Code(err) != code {
		t.Fatalf("error %v, want code %q", err, code)
	}
	for _, r := range err.Error() {
		if r < ' ' || r == 0x7f {
			t.Errorf("error %q holds a control character", err)
		}
	}
}
