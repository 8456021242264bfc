//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPrunedComesBack prunes real tarballs and brings them back bit for bit:
// one of GNU tar and gzip out of the store, one of ours out of the package
// index, and one whose store lost a wheel out of both.
func TestPrunedComesBack(t *testing.T) {
	t.Parallel()
	s := sample(t)
	dir := t.TempDir()
	archive, store := filepath.Join(dir, "archive"), filepath.Join(dir, "store")
	environ := []string{"WHEELHOUSE_ARCHIVE_DIR=" + archive, "WHEELHOUSE_STORE_URL=file:" + store, "CI="}
	wheelhouse := func(args ...string) said {
		t.Helper()
		return run(t, s.clone, environ, append([]string{filepath.Join(s.clone, "scripts", "wheelhouse")}, args...)...).want(t, 0)
	}
	unpacked, old := filepath.Join(dir, "x", ".wheelhouse"), filepath.Join(dir, "wheelhouse-3.11.tgz")
	if err := os.MkdirAll(unpacked, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "tar", "-xzf", s.tarball(), "-C", unpacked).want(t, 0)
	run(t, dir, nil, "tar", "-czf", old, "-C", filepath.Join(dir, "x"), ".wheelhouse").want(t, 0)
	wheelhouse("meta", "-tar="+old, "-createdAt=2020-01-01T00:00:00Z")
	wheelhouse("archive", "-tar="+old, "-run=1")
	wheelhouse("archive", "-tar="+s.tarball(), "-run=2")
	wheelhouse("archive", "-tar="+s.tarball(), "-run=3")

	prune := func(recipe, location string, run string, more ...string) (tarball string) {
		t.Helper()
		wheelhouse(append([]string{"prune", "-keepLast=1", "-keepWithin=0", "-keepProven=false"}, more...)...)
		found, err := filepath.Glob(filepath.Join(archive, "*-"+run, "wheelhouse-3.11.tgz.pointer"))
		if err != nil || len(found) != 1 {
			t.Fatalf("run %s has the pointers %v, %v", run, found, err)
		}
		pointer := string(read(t, found[0]))
		for _, line := range []string{"recipe=" + recipe, "location.1.url=" + location} {
			if !strings.Contains(pointer, "\n"+line+"\n") {
				t.Errorf("the pointer lacks %s:\n%s", line, pointer)
			}
		}
		tarball = strings.TrimSuffix(found[0], ".pointer")
		if _, err := os.Lstat(tarball); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", tarball, err)
		}
		return tarball
	}
	back := func(tarball, original, run string) {
		t.Helper()
		wheelhouse("verify", "-deep", "-run="+run)
		wheelhouse("restore", run)
		if got, want := sum(t, tarball), sum(t, original); got != want {
			t.Errorf("run %s came back as %s, was %s", run, got, want)
		}
	}

	back(prune("gzip-6", "file:"+store, "1"), old, "1")

	// The same again where the store has lost a wheel that the index has.
	lost := 0
	for _, blob := range tree(t, filepath.Join(store, "blobs")) {
		path := filepath.Join(store, "blobs", blob)
		if info, err := os.Stat(path); err == nil && info.Size() > 10_000_000 { // numpy's
			lost++
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	if lost == 0 {
		t.Fatal("the store holds no wheel of over 10 MB")
	}
	pruned := filepath.Join(archive, filepath.Base(archivedAs(t, archive, "2")), "wheelhouse-3.11.tgz")
	if _, err := os.Lstat(pruned); !os.IsNotExist(err) {
		t.Fatalf("run 2 was not pruned: %v", err)
	}
	wheelhouse("restore", "2").has(t, "fetched from the package index")
	if got, want := sum(t, pruned), sum(t, s.tarball()); got != want {
		t.Errorf("run 2 came back as %s, was %s", got, want)
	}

	// The index alone.
	environ = append(environ, "WHEELHOUSE_RETENTION_INDEX_COUNTS=true")
	back(prune("wheelhouse-1", "index:", "2"), s.tarball(), "2")
}

// archivedAs gives the folder of a run's entry.
func archivedAs(t *testing.T, archive, run string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(archive, "*-"+run))
	if err != nil || len(found) != 1 {
		t.Fatalf("entries of run %s: %v, %v", run, found, err)
	}
	return found[0]
}
