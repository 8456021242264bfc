//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// TestFreshClone is the first of the README's two commands, as a new user
// types it.
func TestFreshClone(t *testing.T) {
	s := sample(t)
	t.Logf("stdout:\n%s\nstderr:\n%s", s.said.stdout, s.said.stderr)
	s.said.has(t, "PASS")
	dist := slices.DeleteFunc(tree(t, filepath.Join(s.clone, "dist")), func(file string) bool {
		return strings.HasPrefix(file, ".") // the kernel lock of the folder
	})
	for _, want := range []string{
		"wheelhouse-3.11.tgz", "wheelhouse-3.11.tgz.meta", "wheelhouse-3.11.tgz.verdict.json", "pylock.wheelhouse-311.toml",
	} {
		if !slices.Contains(dist, want) {
			t.Errorf("dist lacks %s: %q", want, dist)
		}
	}
	entry := archived(t, s)
	want := append(slices.Clone(dist), "wheelhouse-3.11.tgz.requirements/requirements-heavy.txt")
	for _, file := range want {
		if !slices.Contains(tree(t, entry), file) {
			t.Errorf("the entry lacks %s: %q", file, tree(t, entry))
		}
	}
	if got, want := sum(t, filepath.Join(entry, "wheelhouse-3.11.tgz")), sum(t, s.tarball()); got != want {
		t.Errorf("archived is %s, built was %s", got, want)
	}
	index := string(read(t, filepath.Join(filepath.Dir(entry), "index.md")))
	if _, run, _ := strings.Cut(filepath.Base(entry), "-"); !strings.Contains(index, run) {
		t.Errorf("the index does not name %s:\n%s", run, index)
	}
	status := run(t, s.clone, nil, "git", "status", "--porcelain", "--untracked-files=all").want(t, 0).stdout
	if strings.Contains(status, ".tgz\n") || strings.Contains(status, "dist/") || strings.Contains(status, "bin/") {
		t.Errorf("what is built is not ignored by git:\n%s", status)
	}
}

// TestAllTwice types it again: the same bytes, and nothing added.
func TestAllTwice(t *testing.T) {
	s := sample(t)
	entry := archived(t, s)
	files := []string{
		s.tarball(), s.tarball() + ".meta", s.lockFile(),
		filepath.Join(entry, "wheelhouse-3.11.tgz"), filepath.Join(filepath.Dir(entry), "index.md"),
	}
	before := make([]string, len(files))
	for i, file := range files {
		before[i] = sum(t, file)
	}
	run(t, s.clone, nil, "go", "tool", "mage", "all").want(t, 0)
	for i, file := range files {
		if sum(t, file) != before[i] {
			t.Errorf("%s is another after the second run", filepath.Base(file))
		}
	}
	if again := archived(t, s); again != entry {
		t.Errorf("the entry moved from %s to %s", entry, again)
	}
}

// archived gives the folder of the clone's one new entry.
func archived(t *testing.T, s *sampleRun) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.clone, "docs", "ci-archive", "*-local-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("entries are %q, %v; want one", found, err)
	}
	if name := filepath.Base(found[0]); name[len("20060102-"):] != "local-"+sum(t, s.tarball())[:12] {
		t.Errorf("the entry's name is %s", name)
	}
	return found[0]
}

// TestSampleURLs counts the sample's wheels whose lock says where they came
// from: all of them, and no URL says more than where.
func TestSampleURLs(t *testing.T) {
	l := readLock(t, sample(t).lockFile())
	plain := regexp.MustCompile(`^https?://[^@?#]+/[^/@?#]+\.whl$`)
	urls := 0
	for _, wheel := range l.Wheels {
		if plain.MatchString(wheel.URL) {
			urls++
		} else {
			t.Errorf("%s came from %q", wheel.File, wheel.URL)
		}
	}
	if urls < 10 || urls != len(l.Wheels) {
		t.Errorf("%d URLs for %d wheels", urls, len(l.Wheels))
	}
	for _, project := range []string{"numpy-", "pillow-", "pytesseract-", "requests-", "pytest-"} {
		if !slices.ContainsFunc(l.Wheels, func(w lock.Wheel) bool { return strings.HasPrefix(w.File, project) }) {
			t.Errorf("no %s in the lock", strings.TrimSuffix(project, "-"))
		}
	}
}

// TestEightAtOnce starts scripts/wheelhouse eight times in a fresh clone,
// where there is no binary yet.
func TestEightAtOnce(t *testing.T) {
	dir := clone(t)
	results := make([]said, 8)
	var group sync.WaitGroup
	for i := range results {
		group.Add(1)
		go func() {
			defer group.Done()
			results[i] = run(t, dir, nil, filepath.Join(dir, "scripts", "wheelhouse"), "list", "-json")
		}()
	}
	group.Wait()
	for i, got := range results {
		if got.status != 0 || !strings.Contains(got.stdout, `"entries"`) {
			t.Errorf("run %d: exit %d\n%s", i+1, got.status, got.all())
		}
	}
	noBuildFolders(t, dir)
}

// noBuildFolders fails the test when compiling left more than the binary, the
// list of its sources and the lock.
func noBuildFolders(t *testing.T, clone string) {
	t.Helper()
	for _, file := range tree(t, filepath.Join(clone, "bin")) {
		if file != "wheelhouse" && file != ".wheelhouse.sources" && file != ".wheelhouse.lock" {
			t.Errorf("compiling left bin/%s", file)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(clone, ".wheelhouse-build*")); len(left) > 0 {
		t.Errorf("compiling left %q", left)
	}
}

// empty fails the test unless dir holds nothing.
func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, member := range left {
		t.Errorf("left behind: %s", filepath.Join(dir, member.Name()))
	}
}
