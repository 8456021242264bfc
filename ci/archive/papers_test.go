package archive

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

// TestPapers: what tells of a tarball comes in with it or later, is never
// rewritten, and is among the files that outlive it.
func TestPapers(t *testing.T) {
	t.Parallel()
	sub, _ := build(t, tgz, wheeltest.Wheel{Project: "demo"})
	names := entry.Papers(tgz)
	must(t, os.WriteFile(filepath.Join(filepath.Dir(sub.Tarball), names[0]), []byte("first"), 0o644))
	a := Archive{Dir: filepath.Join(tempDir(t), "archive")}
	added, err := a.Add(t.Context(), sub)
	must(t, err)
	for _, name := range names {
		must(t, os.WriteFile(filepath.Join(filepath.Dir(sub.Tarball), name), []byte("later"), 0o644))
	}
	_, err = a.Add(t.Context(), sub)
	must(t, err)
	files, err := RecordFiles(added.Entry, tgz)
	must(t, err)
	for i, name := range names {
		want := "later"
		if i == 0 {
			want = "first"
		}
		if !slices.ContainsFunc(files, func(f File) bool { return f.Path == name && string(f.Data) == want }) {
			t.Errorf("%s is not among the files that outlive it as %q", name, want)
		}
	}
}
