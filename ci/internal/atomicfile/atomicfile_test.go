package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

var errBroken = errors.New("broken")

// recorder notes the order of calls and fails the one named.
type recorder struct {
	kernel
	calls []string
	fail  string
}

func (r *recorder) note(call string) error {
	r.calls = append(r.calls, call)
	if call == r.fail {
		return errBroken
	}
	return nil
}

func (r *recorder) Sync(f *os.File) error {
	if err := r.note("sync"); err != nil {
		return err
	}
	return r.kernel.Sync(f)
}

func (r *recorder) Rename(from, to string) error {
	if err := r.note("rename"); err != nil {
		return err
	}
	return r.kernel.Rename(from, to)
}

func (r *recorder) Link(from, to string) error {
	if err := r.note("link"); err != nil {
		return err
	}
	return r.kernel.Link(from, to)
}

func (r *recorder) SyncDir(dir string) error {
	if err := r.note("syncdir"); err != nil {
		return err
	}
	return r.kernel.SyncDir(dir)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestCommitOrder(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		commit func(*File) error
		want   []string
	}{
		{"Commit", (*File).Commit, []string{"sync", "rename", "syncdir"}},
		{"CommitNew", (*File).CommitNew, []string{"sync", "link", "syncdir"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			watch := &recorder{}
			f, err := create(watch, filepath.Join(dir, "x"), 0o644)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Cleanup()
			io.WriteString(f, "new")
			if err := test.commit(f); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(watch.calls, test.want) {
				t.Errorf("calls %v, want %v", watch.calls, test.want)
			}
			if got := names(t, dir); !slices.Equal(got, []string{"x"}) {
				t.Errorf("folder holds %v", got)
			}
		})
	}
}

func TestFailureLeavesEverythingAsItWas(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fail   string
		commit func(*File) error
	}{
		{"sync", (*File).Commit},
		{"rename", (*File).Commit},
		{"sync", (*File).CommitNew},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "x")
		if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := create(&recorder{fail: test.fail}, path, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, "new")
		if err := test.commit(f); !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v", test.fail, err)
		}
		f.Cleanup()
		if got := names(t, dir); !slices.Equal(got, []string{"x"}) {
			t.Errorf("%s: folder holds %v", test.fail, got)
		}
		if got := content(t, path); got != "old" {
			t.Errorf("%s: holds %q", test.fail, got)
		}
	}
}

func TestCommitNewRefusesExisting(t *testing.T) {
	t.Parallel()
	for _, fail := range []string{"", "link"} { // with and without hard links
		dir := t.TempDir()
		path := filepath.Join(dir, "x")
		if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := create(&recorder{fail: fail}, path, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, "new")
		if err := f.CommitNew(); !errors.Is(err, fs.ErrExist) {
			t.Errorf("fail=%q: error %v", fail, err)
		}
		if got := names(t, dir); !slices.Equal(got, []string{"x"}) {
			t.Errorf("fail=%q: folder holds %v", fail, got)
		}
		if got := content(t, path); got != "old" {
			t.Errorf("fail=%q: holds %q", fail, got)
		}
	}
}

func TestCommitNewWithoutHardLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	watch := &recorder{fail: "link"}
	f, err := create(watch, filepath.Join(dir, "x"), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, "new")
	if err := f.CommitNew(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"sync", "link", "rename", "syncdir"}; !slices.Equal(watch.calls, want) {
		t.Errorf("calls %v, want %v", watch.calls, want)
	}
	if got := content(t, filepath.Join(dir, "x")); got != "new" {
		t.Errorf("holds %q", got)
	}
}

func TestCommitTwice(t *testing.T) {
	t.Parallel()
	f, err := Create(filepath.Join(t.TempDir(), "x"), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second commit: %v", err)
	}
}

func TestWriteAndMode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := Write(path, []byte("first"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("second"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "second" {
		t.Errorf("holds %q", got)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestWriteFromFailingReader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := io.MultiReader(strings.NewReader("half a fi"), iotest.ErrReader(errBroken))
	if err := WriteFrom(filepath.Join(dir, "x"), source, 0o644); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("folder holds %v", got)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Create(filepath.Join(dir, "absent", "x"), 0o644); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent folder: %v", err)
	}
	if _, err := Create(dir+string(filepath.Separator), 0o644); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a folder's name: %v", err)
	}
}

func TestLongName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 255))
	if err := Write(path, nil, 0o644); err != nil {
		t.Error(err)
	}
}

func TestSyncTree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a", "b", "x"), []byte("x"), 0o444); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Symlink("nowhere", filepath.Join(dir, "a", "dangling")); err != nil {
			t.Fatal(err)
		}
		if err := SyncTree(dir); err != nil {
			t.Error(err)
		}
	}
	if err := SyncTree(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent folder: %v", err)
	}
}
