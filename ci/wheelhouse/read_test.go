package wheelhouse

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestReadOurOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, out := filepath.Join(dir, "t.tgz"), filepath.Join(dir, "out")
	made, err := Pack(context.Background(), path, writeWheels(t, sample()))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	var progress []int64
	var raw bytes.Buffer
	var hashed hash.Hash
	inv, err := Read(context.Background(), path, ReadOptions{
		Extract:  out,
		Raw:      &raw,
		Hashed:   func(h hash.Hash) { hashed = h },
		Progress: func(n int64) { progress = append(progress, n) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(inv) != fmt.Sprint(made) {
		t.Errorf("read %+v\nmade %+v", inv, made)
	}
	if !slices.IsSorted(progress) || progress[len(progress)-1] != inv.Size {
		t.Errorf("progress %v", progress)
	}
	if whole, err := os.ReadFile(path); err != nil || !bytes.Equal(raw.Bytes(), whole) {
		t.Errorf("the raw bytes are %d, those of the file %d, %v", raw.Len(), len(whole), err)
	}
	hashed.Write([]byte("more"))
	raw.WriteString("more")
	if sum := sha256.Sum256(raw.Bytes()); !bytes.Equal(hashed.Sum(nil), sum[:]) {
		t.Error("the hash does not go on")
	}
	checkExtracted(t, out, sample())
}

// checkExtracted compares a folder with what was packed.
func checkExtracted(t *testing.T, dir string, wheels map[string][]byte) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(wheels) {
		t.Errorf("extracted %v, %v", entries, err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil || !bytes.Equal(data, wheels[e.Name()]) {
			t.Errorf("%s: other bytes, %v", e.Name(), err)
		}
		info, err := e.Info()
		if err != nil || (runtime.GOOS != "windows" && info.Mode().Perm()&^0o644 != 0) {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

// Whatever the size of the pieces in which the file comes, the same is read.
func TestReadInPieces(t *testing.T) {
	t.Parallel()
	tarball := packed(t, sample())
	for _, size := range []int{15, 517, 4096, 65_540} {
		if inv, err := readBytes(tarball, Limits{}, size); err != nil || inv.Format != Format {
			t.Errorf("chunks of %d: %+v, %v", size, inv, err)
		} else {
			checkWheels(t, inv, sample())
		}
	}
}

// foreign gives a tarball as others lay it out: folders, wheels within them,
// other files beside, in any order.
func foreign(t testing.TB, format tar.Format, wheels map[string][]byte) []byte {
	t.Helper()
	members := []member{special(tar.TypeDir, "./", ""), special(tar.TypeDir, "./.wheelhouse/", ""), file("./notes.txt", "x")}
	for name, data := range wheels {
		members = append(members, file("./.wheelhouse/"+name, string(data)))
	}
	members = append(members, file("./._a-1-py3-none-any.whl", "not a wheel"))
	for i := range members {
		members[i].Format = format
	}
	return tarOf(t, members...)
}

func TestReadOthers(t *testing.T) {
	t.Parallel()
	wheels := sample()
	ascii := sample()
	for name := range ascii {
		if name == longName || strings.Contains(name, "ö") {
			delete(ascii, name)
		}
	}
	for _, c := range []struct {
		name   string
		format tar.Format
		wheels map[string][]byte
	}{{"ustar", tar.FormatUSTAR, ascii}, {"pax", tar.FormatPAX, wheels}, {"gnu", tar.FormatGNU, wheels}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := foreign(t, c.format, c.wheels)
			data = append(data, make([]byte, 10_240)...)
			half := len(data) / 2
			for name, tarball := range map[string][]byte{
				"stored":   gzipped(t, data, gzip.NoCompression),
				"best":     gzipped(t, data, gzip.BestCompression),
				"huffman":  gzipped(t, data, gzip.HuffmanOnly),
				"two gzip": append(gzipped(t, data[:half], 6), gzipped(t, data[half:], 0)...),
			} {
				inv, err := readBytes(tarball, Limits{}, 4096)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				checkWheels(t, inv, c.wheels)
				if inv.Format != "" || inv.SHA256 != sum(tarball) || inv.Size != int64(len(tarball)) {
					t.Errorf("%s: %+v", name, inv)
				}
				if len(inv.Members) != len(c.wheels)+4 || inv.Members[1] != "./.wheelhouse/" {
					t.Errorf("%s: members %q", name, inv.Members)
				}
				if !strings.HasPrefix(inv.Wheels[0].Path, "./.wheelhouse/") {
					t.Errorf("%s: path %q", name, inv.Wheels[0].Path)
				}
			}
		})
	}
}

// The gzip header may hold a name, a comment, extra data and its own checksum.
func TestReadGzipHeaders(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name, w.Comment, w.Extra = "wheelhouse.tar", "comment", []byte("extra")
	if _, err := w.Write(foreign(t, tar.FormatPAX, small())); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	inv, err := readBytes(b.Bytes(), Limits{}, 4096)
	if err != nil {
		t.Fatal(err)
	}
	checkWheels(t, inv, small())
}

func TestReadGlobalHeader(t *testing.T) {
	t.Parallel()
	global := func(key string) member {
		return member{tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header",
			PAXRecords: map[string]string{key: "1"}}, nil}
	}
	wheel := file("x/a-1-py3-none-any.whl", "x")
	inv, err := readBytes(gzipped(t, tarOf(t, global("comment"), wheel), 6), Limits{}, 4096)
	if err != nil || len(inv.Members) != 1 {
		t.Errorf("a commit's comment: %+v, %v", inv, err)
	}
	_, err = readBytes(gzipped(t, tarOf(t, global("path"), wheel), 6), Limits{}, 4096)
	wantCode(t, err, "unsafe-member")
}

// Extraction is flat, and a failure leaves the folder as it was.
func TestReadExtract(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tarball := gzipped(t, foreign(t, tar.FormatGNU, sample()), 1)
	path, out := filepath.Join(dir, "t.tgz"), filepath.Join(dir, "out")
	write := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	write(tarball[:len(tarball)-1])
	_, err := Read(context.Background(), path, ReadOptions{Extract: out})
	wantCode(t, err, "tar-truncated")
	checkExtracted(t, out, nil)

	write(tarball)
	if _, err := Read(context.Background(), path, ReadOptions{Extract: out}); err != nil {
		t.Fatal(err)
	}
	checkExtracted(t, out, sample())

	_, err = Read(context.Background(), path, ReadOptions{Extract: out})
	wantCode(t, err, "extract-failed")
	checkExtracted(t, out, sample())
	_, err = Read(context.Background(), path, ReadOptions{Extract: filepath.Join(dir, "none")})
	wantCode(t, err, "extract-failed")
}

// A file that appears while wheels are extracted is not overwritten.
func TestReadExtractOverwritesNothing(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	x, err := newExtraction(out)
	if err != nil {
		t.Fatal(err)
	}
	defer x.close()
	theirs := filepath.Join(out, "b-1-py3-none-any.whl")
	if err := os.WriteFile(theirs, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &reading{name: "t.tgz", limits: Limits{}.withDefaults(), chunkSize: 4096, extract: x}
	_, err = r.run(context.Background(), bytes.NewReader(packed(t, small())))
	wantCode(t, err, "extract-failed")
	x.undo()
	checkExtracted(t, out, map[string][]byte{"b-1-py3-none-any.whl": []byte("theirs")})
}

func TestReadPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Read(context.Background(), filepath.Join(dir, "none.tgz"), ReadOptions{})
	wantCode(t, err, "tar-missing")
	_, err = Read(context.Background(), dir, ReadOptions{})
	wantCode(t, err, "tar-missing")
	empty := filepath.Join(dir, "empty.tgz")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Read(context.Background(), empty, ReadOptions{})
	wantCode(t, err, "tar-empty")
	if e, _ := fault.As(err); e.Hint == "" || e.ExitStatus() != fault.Refused {
		t.Errorf("%#v", e)
	}
}

// failingReader fails after its bytes.
type failingReader struct {
	r   io.Reader
	err error
}

func (f failingReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

func TestReadErrorsOfTheFile(t *testing.T) {
	t.Parallel()
	for _, tarball := range [][]byte{packed(t, small()), gzipped(t, foreign(t, tar.FormatGNU, small()), 6)} {
		for _, n := range []int{0, 5, 300, len(tarball)} {
			r := &reading{name: "t.tgz", limits: Limits{}.withDefaults(), chunkSize: 256}
			_, err := r.run(context.Background(), failingReader{bytes.NewReader(tarball[:n]), os.ErrPermission})
			wantCode(t, err, "tar-unreadable")
		}
	}
}

func TestReadCancelled(t *testing.T) {
	t.Parallel()
	for _, tarball := range [][]byte{packed(t, small()), gzipped(t, foreign(t, tar.FormatGNU, small()), 6)} {
		ctx, cancel := context.WithCancel(context.Background())
		r := &reading{name: "t.tgz", limits: Limits{}.withDefaults(), chunkSize: 64, progress: func(n int64) {
			if n > 300 {
				cancel()
			}
		}}
		if _, err := r.run(ctx, bytes.NewReader(tarball)); !fault.Interrupted(err) {
			t.Errorf("error %v", err)
		}
	}
}
