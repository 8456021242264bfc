package actions

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func exists(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// empty wants nothing visible in a folder, and nothing half-done hidden.
func empty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != ".lock" {
			t.Errorf("%s is left in %s", e.Name(), dir)
		}
	}
}

func TestFolderTaken(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t, usual(t)), t.TempDir()
	mine := filepath.Join(dir, "run-9", "mine.txt")
	if err := os.MkdirAll(filepath.Dir(mine), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mine, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := h.fetcher(dir).Fetch(t.Context()); fault.Code(err) != "folder-taken" || h.seen["/blob"] != 0 {
		t.Errorf("%v, %d transfers", err, h.seen["/blob"])
	}
	exists(t, dir, "run-9/mine.txt")
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t, usual(t)), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	h.fault = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Path == "/blob" {
			cancel()
		}
		return false
	}
	if _, err := h.fetcher(dir).Fetch(ctx); !fault.Interrupted(err) {
		t.Error(err)
	}
	empty(t, dir)
}

func TestFromTarball(t *testing.T) {
	t.Parallel()
	data, record := tarball(t)
	from, dir := t.TempDir(), t.TempDir()
	path := filepath.Join(from, "w.tgz")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	f := Folder{Outdir: dir}
	made, err := f.FromTarball(t.Context(), path, newClock().now)
	if err != nil || !strings.HasPrefix(filepath.Base(made.Path), "run-local-") || len(made.Findings) != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	if again, err := f.FromTarball(t.Context(), path, newClock().now); err != nil || !again.Unchanged {
		t.Errorf("%+v, %v", again, err)
	}
	if err := os.WriteFile(path+".meta", record, 0o644); err != nil {
		t.Fatal(err)
	}
	if made, err = f.FromTarball(t.Context(), path, newClock().now); err != nil || filepath.Base(made.Path) != "run-9" {
		t.Errorf("%+v, %v", made, err)
	}
	exists(t, made.Path, "w.tgz", "w.tgz.meta", "fetch.json", "list/whl_files.txt")
	if _, err := f.FromTarball(t.Context(), filepath.Join(from, "no.tgz"), newClock().now); fault.Code(err) != "tar-missing" {
		t.Error(err)
	}
}
