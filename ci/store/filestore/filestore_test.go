package filestore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
)

const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// put puts data under a key.
func put(t *testing.T, s *Store, key, data string) bool {
	t.Helper()
	created, err := s.Put(t.Context(), key, int64(len(data)), storetest.Body([]byte(data)))
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// tree gives the files and folders below a folder, folders with a slash.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if d.IsDir() {
			rel += "/"
		}
		all = append(all, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The layout is in docs/formats.md: others find blobs by it.
func TestLayout(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, "file:.wheelhouse-store", root)
	for _, key := range []string{"blobs/" + sum, "entries/20260301-7/Wheel-3.11.tgz@0123456789abcdef", "gc"} {
		put(t, s, key, "x")
	}
	want := []string{
		".wheelhouse-store/", ".wheelhouse-store/.gitignore",
		".wheelhouse-store/blobs/", ".wheelhouse-store/blobs/e3/", ".wheelhouse-store/blobs/e3/" + sum,
		".wheelhouse-store/entries/", ".wheelhouse-store/entries/20260301-7/", ".wheelhouse-store/entries/20260301-7/%57heel-3.11.tgz@0123456789abcdef",
		".wheelhouse-store/gc",
	}
	if got := tree(t, root); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if text, err := os.ReadFile(filepath.Join(root, ".wheelhouse-store", ".gitignore")); err != nil || !strings.Contains(string(text), "\n*\n") {
		t.Errorf("%q, %v", text, err)
	}
	outside := t.TempDir()
	put(t, open(t, "file:"+filepath.ToSlash(outside)+"/new/store", root), "gc", "x")
	if got := tree(t, outside); !slices.Equal(got, []string{"new/", "new/store/", "new/store/gc"}) {
		t.Errorf("outside the checkout: %q", got)
	}
}

// Links and special files are no objects, and nothing is read, written or
// removed through them.
func TestLinks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there")
	}
	elsewhere, empty := t.TempDir(), t.TempDir()
	precious := filepath.Join(elsewhere, sum)
	if err := os.WriteFile(precious, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	const key = "blobs/" + sum
	for name, make := range map[string]func(dir string) error{
		"file": func(dir string) error { return os.Symlink(precious, filepath.Join(dir, "blobs", "e3", sum)) },
		"folder": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "blobs", "e3")), os.Symlink(elsewhere, filepath.Join(dir, "blobs", "e3")))
		},
		"blobs": func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "blobs")), os.Symlink(empty, filepath.Join(dir, "blobs")))
		},
		"dangling": func(dir string) error { return os.Symlink("nowhere", filepath.Join(dir, "blobs", "e3", sum)) },
		"fifo":     func(dir string) error { return mkfifo(filepath.Join(dir, "blobs", "e3", sum)) },
		"a folder": func(dir string) error { return os.Mkdir(filepath.Join(dir, "blobs", "e3", sum), 0o755) },
		"blobs fifo": func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "blobs")), mkfifo(filepath.Join(dir, "blobs")))
		},
		"file as e3": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "blobs", "e3")), os.WriteFile(filepath.Join(dir, "blobs", "e3"), nil, 0o644))
		},
	} {
		dir := t.TempDir()
		s := open(t, "file:"+dir, t.TempDir())
		if err := os.MkdirAll(filepath.Join(dir, "blobs", "e3"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := make(dir); err != nil {
			t.Fatal(err)
		}
		_, putErr := s.Put(t.Context(), key, 1, storetest.Body([]byte("y")))
		_, openErr := s.Open(t.Context(), key)
		_, statErr := s.Stat(t.Context(), key)
		for doing, err := range map[string]error{"put": putErr, "open": openErr, "stat": statErr, "delete": s.Delete(t.Context(), key)} {
			if fault.Code(err) != "store-corrupt" {
				t.Errorf("%s, %s: %v", name, doing, err)
			}
		}
		for _, prefix := range []string{"", "blobs/"} {
			for o, err := range s.List(t.Context(), prefix) {
				if _, blob := store.BlobSHA256(o.Key); blob || err != nil {
					t.Errorf("%s: lists %+v, %v", name, o, err)
				}
			}
		}
	}
	if got := append(tree(t, elsewhere), tree(t, empty)...); !slices.Equal(got, []string{sum}) {
		t.Errorf("elsewhere is %q", got)
	}
	dir := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(empty, "20260301-7"), 0o755), os.WriteFile(filepath.Join(empty, "20260301-7", "w"), nil, 0o644), os.Symlink(empty, filepath.Join(dir, "entries"))); err != nil {
		t.Fatal(err)
	}
	for o, err := range open(t, "file:"+dir, t.TempDir()).List(t.Context(), "entries/20260301-7/") {
		t.Errorf("lists %+v, %v", o, err)
	}
	// The store's own folder may be a link, to a larger disk.
	root, disk := t.TempDir(), t.TempDir()
	if err := os.Symlink(disk, filepath.Join(root, "store")); err != nil {
		t.Fatal(err)
	}
	s := open(t, "file:store", root)
	put(t, s, key, "x")
	for _, prefix := range []string{"", "blobs/"} {
		n := 0
		for _, err := range s.List(t.Context(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%d objects below %q", n, prefix)
		}
	}
}

// A put that fails leaves nothing, and the code says why.
func TestFailedPuts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		code string
	}{
		{syscall.ENOSPC, "store-full"}, {&fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, "store-full"},
		{fs.ErrPermission, "store-refused"}, {io.ErrUnexpectedEOF, "store-unreachable"},
		{fault.New(fault.Refused, "wheel-differs", "no"), "wheel-differs"},
	} {
		if runtime.GOOS == "windows" && c.code == "store-full" {
			continue
		}
		dir := t.TempDir()
		s := open(t, "file:"+filepath.ToSlash(dir), t.TempDir())
		_, err := s.Put(t.Context(), "blobs/"+sum, 100, func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(make([]byte, 50)), iotest.ErrReader(c.err))), nil
		})
		if fault.Code(err) != c.code || !errors.Is(err, c.err) {
			t.Errorf("%v: %v", c.err, err)
		}
		if got := tree(t, dir); !slices.Equal(got, []string{"blobs/", "blobs/e3/"}) {
			t.Errorf("%v left %q", c.err, got)
		}
	}
}

// What is there is not read again, and nobody begins what is cancelled.
func TestPutsThatDoNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, "file:store", root)
	untouched := func() (io.ReadCloser, error) {
		t.Error("the bytes are asked for")
		return nil, io.EOF
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, "blobs/"+sum, 1, untouched); !errors.Is(err, context.Canceled) || len(tree(t, root)) > 0 {
		t.Errorf("%v, made %q", err, tree(t, root))
	}
	put(t, s, "blobs/"+sum, "x")
	if created, err := s.Put(t.Context(), "blobs/"+sum, 1, untouched); err != nil || created {
		t.Errorf("%v, %v", created, err)
	}
}

// Whoever is told that an object is there may rely on it after a power cut: the
// name of each folder is fsynced, and the folder, though others put it.
func TestSynced(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	synced := func(s *Store) *[]string {
		var dirs []string
		s.syncDir = func(dir string) error {
			rel, err := filepath.Rel(root, dir)
			dirs = append(dirs, filepath.ToSlash(rel))
			return err
		}
		return &dirs
	}
	const key = "blobs/" + sum
	for n, want := range [][]string{
		{".", "store", "store/blobs"}, // and the last one by the commit
		{".", "store", "store/blobs", "store/blobs/e3"},
	} {
		s := open(t, "file:store", root)
		got := synced(s)
		if created := put(t, s, key, "x"); created != (n == 0) || !slices.Equal(*got, want) {
			t.Errorf("round %d: created %v, synced %q", n, created, *got)
		}
		*got = nil
		if put(t, s, key, "x"); !slices.Equal(*got, []string{"store/blobs/e3"}) {
			t.Errorf("round %d, again: synced %q", n, *got)
		}
	}
	s := open(t, "file:store", root)
	s.syncDir = func(string) error { return syscall.EIO }
	if _, err := s.Put(t.Context(), key, 1, storetest.Body([]byte("x"))); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
}

// What puts left behind that were killed is no object, and is swept when old.
func TestSweep(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, "file:store", root)
	put(t, s, "blobs/"+sum, "x")
	put(t, s, "entries/20260301-7/W.tgz@0123456789abcdef", "x")
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for file, at := range map[string]time.Time{
		"blobs/e3/." + sum + ".0123456789abcdef.tmp":                        noon.Add(-1),
		"blobs/e3/." + sum + ".0123456789abcde0.tmp":                        noon,
		"entries/20260301-7/.%57.tgz@0123456789abcdef.0123456789abcdef.tmp": noon.Add(-1),
		".gc.0123456789abcdef.tmp":                                          noon.Add(-1),
		"blobs/.somebody's.tmp":                                             noon.Add(-1),
		"blobs/e3/README":                                                   noon.Add(-1),
		"blobs/e3/." + sum + ".0123456789abcdef":                            noon.Add(-1),
		"blobs/e3/" + sum + ".tmp":                                          noon.Add(-1),
		"blobs/e4/." + sum + ".0123456789abcdef.tmp":                        noon.Add(-1),
	} {
		path := filepath.Join(root, "store", filepath.FromSlash(file))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	listed := 0
	for o, err := range s.List(t.Context(), "") {
		if err != nil || strings.Contains(o.Key, "/.") {
			t.Errorf("%+v, %v", o, err)
		}
		listed++
	}
	if listed != 3 { // two objects, and one that somebody put there
		t.Errorf("%d are listed", listed)
	}
	if err := s.Sweep(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, file := range tree(t, filepath.Join(root, "store")) {
		if strings.HasSuffix(file, ".tmp") || strings.Contains(file, "/.") {
			left = append(left, strings.ReplaceAll(file, sum, "SUM"))
		}
	}
	if want := []string{"blobs/.somebody's.tmp", "blobs/e3/.SUM.0123456789abcde0.tmp", "blobs/e3/.SUM.0123456789abcdef", "blobs/e3/SUM.tmp", "blobs/e4/.SUM.0123456789abcdef.tmp"}; !slices.Equal(left, want) {
		t.Errorf("left: %q", left)
	}
}
