package actions

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
)

// TestKilledFetch is the process that TestSweep kills: it fetches from a hub
// that never ends its answer.
func TestKilledFetch(t *testing.T) {
	at := os.Getenv("ACTIONS_TEST_API")
	if at == "" {
		t.Skip("runs as a process of TestSweep alone")
	}
	_, err := fetcherAt(t, at, os.Getenv("ACTIONS_TEST_DIR"), newClock(), nil).Fetch(t.Context())
	t.Fatal("still alive:", err)
}

// staged gives the folders that are worked in.
func staged(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, stagingPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSweep kills a fetch amid its transfer. While it lives, another one leaves
// its folder alone; the first one after it removes it.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir, endless, begun := t.TempDir(), newHub(t, usual(t)), make(chan bool)
	endless.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Path != "/blob" {
			return false
		}
		_, _ = w.Write(endless.body[:len(endless.body)/2])
		_ = http.NewResponseController(w).Flush()
		close(begun)
		<-r.Context().Done()
		return true
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledFetch$")
	child.Env = append(os.Environ(), "ACTIONS_TEST_API="+endless.api.URL, "ACTIONS_TEST_DIR="+dir)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	dead := sync.OnceFunc(func() { _ = child.Process.Kill(); _ = child.Wait() })
	defer dead()
	select {
	case <-begun:
	case <-t.Context().Done():
		t.Fatal("the other process does not fetch")
	}
	left := staged(t, dir)
	if len(left) != 1 {
		t.Fatalf("the other process works in %q", left)
	}

	h := newHub(t, usual(t))
	if _, err := h.fetcher(dir).Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := staged(t, dir); !slices.Equal(now, left) {
		t.Fatalf("there is %q beside a process at work in %q", now, left)
	}

	dead()
	exists(t, left[0], heldFile)
	if err := os.RemoveAll(filepath.Join(dir, "run-9")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.fetcher(dir).Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := staged(t, dir); len(now) > 0 {
		t.Errorf("%q is left of a killed process", now)
	}
	exists(t, dir, "run-9/fetch.json")
}

// TestSweepLeavesOthers removes what is known for a killed process's alone, and
// puts back the run that was aside when it was killed.
func TestSweepLeavesOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{
		".staging-mine/held", ".staging-7/mine.txt", ".staging-8/held/mine.txt", // not ours
		".staging-1/held", ".staging-1/artifact", ".staging-1/content/x",
		".staging-2/held", ".staging-2/run-3/fetch.json", ".staging-2/content/fetch.json", // the place is empty
		".staging-4/held", ".staging-4/run-5/old", "run-5/new", // the place is taken
		".staging-6/held",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".staging-9"), 0o755); err != nil { // killed before it was held
		t.Fatal(err)
	}
	release, ok, err := atomicfile.TryLock(filepath.Join(dir, ".staging-6", heldFile))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	defer release()
	f := Folder{Outdir: dir}
	_, remove, err := f.stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if own := staged(t, dir); len(own) != 5 {
		t.Errorf("staged: %q", own)
	}
	remove()
	var names []string
	for _, path := range staged(t, dir) {
		names = append(names, strings.TrimPrefix(filepath.Base(path), stagingPrefix))
	}
	if got := strings.Join(names, " "); got != "6 7 8 mine" {
		t.Errorf("left are %s", got)
	}
	exists(t, dir, ".staging-7/mine.txt", ".staging-8/held/mine.txt", "run-3/fetch.json", "run-5/new")
	if _, err := os.Stat(filepath.Join(dir, "run-5", "old")); err == nil {
		t.Error("what was replaced came back")
	}
}

// TestAtOnce fetches one run several times at once: all end well, with one
// folder.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	const many = 6
	dir, body := t.TempDir(), usual(t)
	var wait sync.WaitGroup
	fresh := make(chan bool, many)
	for range many {
		h := newHub(t, body)
		wait.Go(func() {
			made, err := h.fetcher(dir).Fetch(t.Context())
			if err != nil || made.Path != filepath.Join(dir, "run-9") {
				t.Errorf("%+v, %v", made, err)
			}
			fresh <- err == nil && !made.Unchanged
		})
	}
	wait.Wait()
	count := 0
	for range many {
		if <-fresh {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d of them made the folder", count)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	record, err := readRecord(filepath.Join(dir, "run-9"))
	if err != nil {
		t.Fatal(err)
	}
	if whole, err := record.verify(t.Context(), filepath.Join(dir, "run-9")); !whole || err != nil {
		t.Errorf("not whole: %v", err)
	}
}
