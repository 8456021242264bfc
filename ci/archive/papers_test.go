package archive

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// TestPapers: what tells of a tarball comes in with it or later, all of it as it
// was made together, and is among the files that outlive it. Once it is signed
// nothing of it changes but for a bundle, which comes last.
func TestPapers(t *testing.T) {
	t.Parallel()
	sub, _ := build(t, tgz, wheeltest.Wheel{Project: "demo"})
	beside := filepath.Dir(sub.Tarball)
	a := Archive{Dir: filepath.Join(tempDir(t), "archive")}
	names := entry.Papers(tgz)
	bundle, signatures := entry.BundleName(tgz), entry.Signatures(tgz)
	write := func(text string, names ...string) {
		for _, name := range names {
			must(t, os.WriteFile(filepath.Join(beside, name), []byte(text), 0o644))
		}
	}
	for n, step := range []struct {
		text             string
		write            []string
		renewed, refused bool
		bundle, rest     string // what the entry has then
	}{
		{"first", []string{names[0], names[1], names[3]}, false, false, "", "first"}, // added
		{"first", nil, false, false, "", "first"},
		{"second", append([]string{names[0], names[1], names[3]}, signatures...), true, false, "", "second"},
		{"third", names[:2], false, true, "", "second"},
		{"second", names[:2], false, false, "", "second"},
		{"second", []string{bundle}, true, false, "second", "second"},
		{"third", []string{bundle}, false, true, "second", "second"},
	} {
		write(step.text, step.write...)
		out, err := a.Add(t.Context(), sub)
		must(t, err)
		if out.Renewed != step.renewed || (len(out.Findings) > 0) != step.refused || step.refused && out.Findings[0].Code != "entry-signed" {
			t.Errorf("step %d: %+v", n, out)
		}
		files, err := RecordFiles(out.Entry, tgz)
		must(t, err)
		has := map[string]string{}
		for _, f := range files {
			has[f.Path] = string(f.Data)
		}
		if has[bundle] != step.bundle || has[names[0]] != step.rest || has[names[1]] != step.rest || has[names[3]] != step.rest {
			t.Errorf("step %d: the entry has %.40q", n, has)
		}
	}
}

// TestNoLockOfOurs: checksums that list no lock are not contradicted by one that
// the archive writes.
func TestNoLockOfOurs(t *testing.T) {
	t.Parallel()
	for _, attested := range []bool{false, true} {
		sub, _ := build(t, tgz, wheeltest.Wheel{Project: "demo"})
		if sub.Lock == nil {
			t.Fatal("the archive would write none anyway")
		}
		file := filepath.Join(filepath.Dir(sub.Tarball), lock.FileName(tgz))
		must(t, os.RemoveAll(file))
		if attested {
			must(t, os.WriteFile(filepath.Join(filepath.Dir(sub.Tarball), entry.ChecksumsName(tgz)), []byte("sums"), 0o644))
		}
		out, err := Archive{Dir: filepath.Join(tempDir(t), "archive")}.Add(t.Context(), sub)
		must(t, err)
		if there, err := exists(filepath.Join(out.Entry.Path, lock.FileName(tgz))); err != nil || there == attested {
			t.Errorf("attested %v: a lock is there: %v, %v", attested, there, err)
		}
	}
}

// TestVerdictOfPapers: the verdict goes with the checksums that tell of it, and
// stays where they are signed.
func TestVerdictOfPapers(t *testing.T) {
	t.Parallel()
	sub, r := build(t, tgz, wheeltest.Wheel{Project: "demo"})
	a := Archive{Dir: filepath.Join(tempDir(t), "archive")}
	for n, step := range []struct {
		proven  time.Time
		write   string // a paper
		renewed bool
		refused bool
	}{
		{created.Add(time.Hour), "", false, false}, // added
		{created, "", false, false},                // older, and nothing tells of it
		{created, entry.ChecksumsName(tgz), true, false},
		{created.Add(2 * time.Hour), "", true, false},
		{created.Add(2 * time.Hour), entry.Signatures(tgz)[1], true, false},
		{created.Add(3 * time.Hour), "", false, true},
	} {
		writeVerdict(t, sub.Tarball, r.SHA256, step.proven)
		if step.write != "" {
			must(t, os.WriteFile(filepath.Join(filepath.Dir(sub.Tarball), step.write), []byte("x"), 0o644))
		}
		out, err := a.Add(t.Context(), sub)
		must(t, err)
		ours, err := os.ReadFile(filepath.Join(filepath.Dir(sub.Tarball), entry.VerdictName(tgz)))
		must(t, err)
		kept, err := os.ReadFile(filepath.Join(out.Entry.Path, entry.VerdictName(tgz)))
		must(t, err)
		taken := n != 1 && !step.refused
		if out.Renewed != step.renewed || (len(out.Findings) > 0) != step.refused || bytes.Equal(ours, kept) != taken {
			t.Errorf("step %d: %+v, taken %v", n, out, !taken)
		}
	}
}
