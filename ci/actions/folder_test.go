package actions

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
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

// TestNoEmptyFolders leaves no folders behind from which everything was raised.
func TestNoEmptyFolders(t *testing.T) {
	t.Parallel()
	data, record := tarball(t)
	const entry = "docs/ci-archive/20200101-9/"
	h := newHub(t, zipped(t, entry+"wheelhouse-3.11.tgz", data, entry+"wheelhouse-3.11.tgz.meta", record, "docs/notes.txt", []byte("notes\n")))
	made, err := h.fetcher(t.TempDir()).Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exists(t, made.Path, "docs/notes.txt", "wheelhouse-3.11.tgz.meta")
	if _, err := os.Stat(filepath.Join(made.Path, "docs", "ci-archive")); !os.IsNotExist(err) {
		t.Errorf("an empty folder is left: %v", err)
	}
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

// TestFromTarballTakesWhatGoesWithIt copies all that lies beside a tarball
// under its name, and nothing else.
func TestFromTarballTakesWhatGoesWithIt(t *testing.T) {
	t.Parallel()
	data, record := tarball(t)
	from, dir := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"w.tgz": string(data), "w.tgz.meta": string(record), "w.tgz.verdict.json": "{}", "pylock.w.toml": "lock",
		"w.tgz.requirements/requirements.txt": "-r more/x.txt\n", "w.tgz.requirements/more/x.txt": "demo\n",
		"w.tgz.sums": "another kind", "w.tgz.new": strings.Repeat("x", maxBeside+1),
		"w.tgz.folder/x": "x", "other.tgz": "x", "requirements.txt": "x", ".w.tgz.new.0.tmp": "x",
	} {
		path := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(from, "w.tgz.link")); err == nil { // not everywhere may one
		_ = os.Symlink("/etc/passwd", filepath.Join(from, "w.tgz.requirements", "link"))
	}
	made, err := Folder{Outdir: dir}.FromTarball(t.Context(), filepath.Join(from, "w.tgz"), newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, file := range made.Record.Files {
		got = append(got, file.Path)
	}
	want := "extracted/demo-1.0-py3-none-any.whl extracted/other-1.0-py3-none-any.whl list/critical_wheels.txt list/tar_contents.txt list/whl_files.txt " +
		lock.FileName("w.tgz") + " w.tgz w.tgz.meta w.tgz.requirements/more/x.txt w.tgz.requirements/requirements.txt w.tgz.sums w.tgz.verdict.json"
	if text := strings.Join(got, " "); text != want {
		t.Errorf("the folder has\n%s, want\n%s", text, want)
	}
	for i := range maxRequirements {
		if err := os.WriteFile(filepath.Join(from, "w.tgz.requirements", fmt.Sprint(i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := (Folder{Outdir: t.TempDir()}).FromTarball(t.Context(), filepath.Join(from, "w.tgz"), newClock().now); fault.Code(err) != "fetch-failed" {
		t.Errorf("more than %d files: %v", maxRequirements, err)
	}
}
