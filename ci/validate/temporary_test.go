package validate

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestNewTemporary(t *testing.T) {
	t.Parallel()
	_, err := newTemporary(filepath.Join(t.TempDir(), "absent"))
	if e, ok := fault.As(err); !ok || e.Code != "no-temporary-folder" || e.ExitStatus() != fault.Unable || e.Hint == "" {
		t.Errorf("got %v", err)
	}
}

// Root passes permissions over: the test proves something to others alone.
func TestRemoveAll(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir, outside := filepath.Join(top, "dir"), filepath.Join(top, "outside")
	inner := filepath.Join(dir, "a", "b")
	for _, folder := range []string{inner, outside} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(inner, "file"), "x")
	write(t, filepath.Join(outside, "file"), "x")
	os.Symlink(outside, filepath.Join(inner, "link")) // where there are links
	for folder, mode := range map[string]fs.FileMode{inner: 0o500, filepath.Join(dir, "a"): 0} {
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if !exists(filepath.Join(outside, "file")) {
		t.Error("a link was followed")
	}
}
