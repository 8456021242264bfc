package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Bytes that are not the record's never come under the tarball's name, and what
// was there stays.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	own := fault.New(fault.Unable, "store-unreachable", "no answer")
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		write  func(data []byte) func(w io.Writer) error
		code   string
	}{
		"other bytes": {write: func(data []byte) func(io.Writer) error {
			return text(append([]byte("x"), data[1:]...))
		}, code: "restore-mismatch"},
		"too few":      {write: func(data []byte) func(io.Writer) error { return text(data[1:]) }, code: "restore-mismatch"},
		"nothing":      {write: func([]byte) func(io.Writer) error { return text(nil) }, code: "restore-mismatch"},
		"too many":     {write: func(data []byte) func(io.Writer) error { return text(append(data, 0)) }, code: "restore-mismatch"},
		"endless":      {write: func([]byte) func(io.Writer) error { return endless }, code: "restore-mismatch"},
		"it breaks":    {write: func([]byte) func(io.Writer) error { return func(io.Writer) error { return io.ErrUnexpectedEOF } }, code: "restore-failed"},
		"its own code": {write: func([]byte) func(io.Writer) error { return func(io.Writer) error { return own } }, code: "store-unreachable"},
		"interrupted":  {write: func([]byte) func(io.Writer) error { return func(io.Writer) error { return context.Canceled } }},
		"a pointer that contradicts": {change: func(t *testing.T, dir string) {
			path := filepath.Join(dir, tgz+".pointer")
			data := readFile(t, path)
			at := bytes.Index(data, []byte("sha256=")) + len("sha256=")
			copy(data[at:], "0000")
			must(t, os.WriteFile(path, data, 0o644))
		}, code: "bad-pointer"},
		"the record of another": {change: func(t *testing.T, dir string) {
			path := filepath.Join(dir, tgz+".meta")
			must(t, os.WriteFile(path, bytes.Replace(readFile(t, path), []byte("name="+tgz), []byte("name="+tgz12), 1), 0o644))
		}, code: "entry-broken"},
		"a folder in its place": {change: func(t *testing.T, dir string) { must(t, os.Mkdir(filepath.Join(dir, tgz), 0o755)) }, code: "tar-unreadable"},
	} {
		for _, damaged := range []bool{false, true} {
			if damaged && c.change != nil {
				continue
			}
			a, source := archived(t)
			must(t, pruneOne(t.Context(), a, source, tgz))
			dir := filepath.Join(a.Dir, folder)
			if c.change != nil {
				c.change(t, dir)
			}
			if damaged {
				must(t, os.WriteFile(filepath.Join(dir, tgz), []byte("damaged"), 0o644))
			}
			before := snapshot(t, a.Dir)
			err := inSession(t.Context(), a, tgz, func(s *Session, e entry.Entry) error {
				write := copyOf(filepath.Join(source, tgz, tgz))
				if c.write != nil {
					write = c.write(readFile(t, source, tgz, tgz))
				}
				return s.Restore(t.Context(), e, tgz, write)
			})
			if fault.Code(err) != c.code || err == nil || c.code == "" && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v", name, err)
			}
			for file, sum := range snapshot(t, a.Dir) {
				if before[file] != sum {
					t.Errorf("%s: %s is new or changed", name, file)
				}
			}
		}
	}
}

// endless writes until it is told to stop.
func endless(w io.Writer) error {
	for {
		if _, err := w.Write(make([]byte, 1000)); err != nil {
			return err
		}
	}
}

// A tarball that is there and right is left, and nobody is asked for bytes.
func TestRestoreLeavesWhatIsRight(t *testing.T) {
	t.Parallel()
	a, _ := archived(t)
	for _, name := range []string{tgz, flatTgz} {
		err := inSession(t.Context(), a, name, func(s *Session, e entry.Entry) error {
			return s.Restore(t.Context(), e, name, func(io.Writer) error { return errors.New("asked") })
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A tarball of the right size with other bytes is replaced, and so is one whose
// pointer was cut: the record counts.
func TestRestoreReplacesWhatIsDamaged(t *testing.T) {
	t.Parallel()
	a, source := archived(t)
	must(t, pruneOne(t.Context(), a, source, tgz))
	dir := filepath.Join(a.Dir, folder)
	data := readFile(t, source, tgz, tgz)
	data[0] ^= 1
	must(t, os.WriteFile(filepath.Join(dir, tgz), data, 0o644))
	must(t, os.Truncate(filepath.Join(dir, tgz+".pointer"), 50))
	must(t, restoreOne(t.Context(), a, source, tgz))
	if got := readFile(t, dir, tgz); !bytes.Equal(got, readFile(t, source, tgz, tgz)) {
		t.Error("other bytes are there")
	}
}

// A sink hashes what it writes, in whatever pieces it comes.
func TestSink(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789abcde"), 3*sinkChunk/7)
	want := sha256.Sum256(data)
	for _, piece := range []int{1 << 10, 65_535, sinkChunk, sinkChunk + 1, len(data)} {
		var b bytes.Buffer
		s := newSink(t.Context(), &b, int64(len(data)))
		for rest := data; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			if n, err := s.Write(rest[:min(piece, len(rest))]); err != nil || n != min(piece, len(rest)) {
				t.Fatal(n, err)
			}
		}
		sum, size, err := s.finish()
		if err != nil || size != int64(len(data)) || sum != hex.EncodeToString(want[:]) || !bytes.Equal(b.Bytes(), data) {
			t.Errorf("in pieces of %d: %s, %d, %v", piece, sum, size, err)
		}
	}
	s := newSink(t.Context(), io.Discard, 3)
	if n, err := s.Write([]byte("four")); n != 3 || !errors.Is(err, errTooMany) {
		t.Errorf("got %d, %v", n, err)
	}
	if _, _, err := s.finish(); !errors.Is(err, errTooMany) {
		t.Errorf("got %v", err)
	}
	s = newSink(t.Context(), failingWriter{}, 1<<40)
	if err := endless(s); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("got %v", err)
	}
	if _, _, err := s.finish(); err == nil {
		t.Error("no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s = newSink(ctx, io.Discard, 1)
	if _, err := s.Write([]byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	_, _, _ = s.finish()
}

// failingWriter has no room.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("full") }
