package archive

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// archived gives an archive with two tarballs in one entry, and a flat one.
func archived(t *testing.T) (a Archive, source string) {
	t.Helper()
	source = newWorld(t)
	a = Archive{Dir: filepath.Join(t.TempDir(), "archive"), disk: unwatched()}
	both(t, a, source)
	return a, source
}

// proofOf gives a proof of data at a place.
func proofOf(t *testing.T, data []byte, at entry.Location) rebuild.Proof {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	must(t, os.WriteFile(path, data, 0o644))
	sum, size, err := hashFile(t.Context(), path)
	must(t, err)
	p, err := rebuild.ProveBytes(t.Context(), wheelhouse.File{Name: "x", SHA256: sum, Size: size},
		func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, at)
	must(t, err)
	return p
}

func readFile(t *testing.T, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	must(t, err)
	return data
}

// What a pruned entry is, to the byte of its pointer.
func TestPrune(t *testing.T) {
	t.Parallel()
	a, source := archived(t)
	data := readFile(t, source, tgz, tgz)
	at := []entry.Location{
		{URL: "s3://bucket/prefix", Method: entry.ReadBack, VerifiedAt: pruned},
		{URL: "file:store", Method: entry.ReadBack, VerifiedAt: pruned, LocalOnly: true},
		{URL: "s3://bucket/prefix", Method: entry.ReadBack, VerifiedAt: pruned},
	}
	prune := func(at ...entry.Location) error {
		return inSession(t.Context(), a, tgz, func(s *Session, e entry.Entry) error {
			var proofs []rebuild.Proof
			for _, l := range at {
				proofs = append(proofs, proofOf(t, data, l))
			}
			return s.Prune(t.Context(), e, tgz, proofs, "no rule keeps it", pruned)
		})
	}
	must(t, prune(at...))
	e, err := a.holder(t.Context(), tgz)
	must(t, err)
	w, _ := find(e, tgz)
	if w.State != entry.Pointed || w.Pointer == nil || len(w.Pointer.Locations) != 2 || w.Pointer.Locations[0].URL != at[0].URL ||
		!w.Pointer.Locations[1].LocalOnly || w.Pointer.Recipe != rebuild.Whole || w.Pointer.Rule != "no rule keeps it" || !w.Pointer.PrunedAt.Equal(pruned) {
		t.Errorf("got %+v, pointer %+v", w, w.Pointer)
	}
	if other, _ := find(e, tgz12); other.State != entry.Full {
		t.Errorf("the other one: %+v", other)
	}
	before := snapshot(t, a.Dir)
	must(t, prune()) // pruned already: no proof is asked for
	if after := snapshot(t, a.Dir); len(after) != len(before) || after[folder+"/"+tgz+".pointer"] != before[folder+"/"+tgz+".pointer"] {
		t.Errorf("pruned again: %q", after)
	}
	must(t, restoreOne(t.Context(), a, source, tgz))
	path := filepath.Join(a.Dir, folder, tgz+".pointer")
	text := strings.Replace(string(readFile(t, path)), "version=1\n", "version=1\nkey=kept\n", 1)
	text = strings.Replace(text, "name=", "location.2.zone=of that location\nname=", 1)
	must(t, os.WriteFile(path, []byte(text), 0o644))
	must(t, prune(entry.Location{URL: "oci:example.org/x", Method: entry.ReadBack, VerifiedAt: pruned}))
	e, err = a.holder(t.Context(), tgz)
	must(t, err)
	w, _ = find(e, tgz)
	if w.Pointer == nil || w.Pointer.Where() != "oci:example.org/x, s3://bucket/prefix, file:store (local only)" || w.Pointer.Unknown["key"] != "kept" || len(w.Pointer.Unknown) != 1 {
		t.Errorf("pruned anew: %+v", w.Pointer)
	}
}

// Each reason not to prune: the tarball stays, and no pointer comes.
func TestPruneRefuses(t *testing.T) {
	t.Parallel()
	at := entry.Location{URL: "file:store", Method: entry.ReadBack, VerifiedAt: pruned}
	for name, c := range map[string]struct {
		change func(t *testing.T, a Archive, e *entry.Entry)
		proofs func(t *testing.T, data []byte) []rebuild.Proof
		rule   string
		code   string
	}{
		"no proof":       {proofs: func(*testing.T, []byte) []rebuild.Proof { return nil }, code: "no-proof"},
		"an empty proof": {proofs: func(*testing.T, []byte) []rebuild.Proof { return make([]rebuild.Proof, 1) }, code: "no-proof"},
		"an empty proof among others": {proofs: func(t *testing.T, data []byte) []rebuild.Proof {
			return []rebuild.Proof{proofOf(t, data, at), {}}
		}, code: "no-proof"},
		"a proof of other bytes": {proofs: func(t *testing.T, data []byte) []rebuild.Proof {
			return []rebuild.Proof{proofOf(t, append([]byte("x"), data[1:]...), at)}
		}, code: "no-proof"},
		"a credential in the URL": {proofs: func(t *testing.T, data []byte) []rebuild.Proof {
			return []rebuild.Proof{proofOf(t, data, entry.Location{URL: "s3://a:b@c", Method: entry.ReadBack, VerifiedAt: pruned})}
		}, code: "bad-pointer"},
		"a rule of two lines": {rule: "a\nb", code: "bad-pointer"},
		"the tarball changed": {change: func(t *testing.T, a Archive, _ *entry.Entry) {
			path := filepath.Join(a.Dir, folder, tgz)
			data := readFile(t, path)
			data[len(data)-1] ^= 1
			must(t, os.WriteFile(path, data, 0o644))
		}, code: "tar-changed"},
		"pinned meanwhile": {change: func(t *testing.T, a Archive, _ *entry.Entry) {
			must(t, os.WriteFile(filepath.Join(a.Dir, folder, tgz+".pin"), nil, 0o644))
		}, code: "tar-pinned"},
		"the record of another": {change: func(t *testing.T, a Archive, _ *entry.Entry) {
			path := filepath.Join(a.Dir, folder, tgz+".meta")
			must(t, os.WriteFile(path, bytes.Replace(readFile(t, path), []byte("name="+tgz), []byte("name="+tgz12), 1), 0o644))
		}, code: "entry-broken"},
		"a truncated record": {change: func(t *testing.T, a Archive, _ *entry.Entry) {
			must(t, os.Truncate(filepath.Join(a.Dir, folder, tgz+".meta"), 20))
		}, code: "entry-broken"},
		"a truncated pointer": {change: func(t *testing.T, a Archive, _ *entry.Entry) {
			must(t, os.WriteFile(filepath.Join(a.Dir, folder, tgz+".pointer"), []byte("version=1\n"), 0o644))
		}, code: "bad-pointer"},
		"a duplicate run": {change: func(_ *testing.T, _ Archive, e *entry.Entry) {
			for i := range e.Wheelhouses {
				e.Wheelhouses[i].State = entry.Broken
			}
		}, code: "entry-broken"},
		"another archive": {change: func(_ *testing.T, _ Archive, e *entry.Entry) { e.Path = filepath.Join("elsewhere", folder) }, code: "not-an-entry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, source := archived(t)
			err := inSession(t.Context(), a, tgz, func(s *Session, e entry.Entry) error {
				if c.change != nil {
					c.change(t, a, &e)
				}
				data := readFile(t, source, tgz, tgz)
				proofs := []rebuild.Proof{proofOf(t, data, at)}
				if c.proofs != nil {
					proofs = c.proofs(t, data)
				}
				return s.Prune(t.Context(), e, tgz, proofs, cmp.Or(c.rule, "no rule keeps it"), pruned)
			})
			if fault.Code(err) != c.code || strings.HasPrefix(name, "an empty proof") && !strings.Contains(err.Error(), "a proof is empty") {
				t.Errorf("got %v, want %s", err, c.code)
			}
			if _, err := os.Stat(filepath.Join(a.Dir, folder, tgz)); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Join(a.Dir, folder, tgz+".pointer")); (err == nil) != (name == "a truncated pointer") {
				t.Errorf("a pointer: %v", err)
			}
		})
	}
}

// A tarball that changes while its pointer is written stays.
func TestPruneSeesTheLastMoment(t *testing.T) {
	t.Parallel()
	a, source := archived(t)
	path := filepath.Join(a.Dir, folder, tgz)
	a.disk = watched{at: func(name string, _, do func() error) error {
		if name == "rename "+tgz+".pointer" {
			must(t, os.Chtimes(path, pruned, pruned))
		}
		return do()
	}}
	if err := pruneOne(t.Context(), a, source, tgz); fault.Code(err) != "tar-changed" {
		t.Errorf("got %v", err)
	}
	if stateOf(t, a, tgz) != entry.Full {
		t.Errorf("state %q", stateOf(t, a, tgz))
	}
}

// A pointer that the disk did not keep as it was written is no pointer.
func TestPruneReadsBack(t *testing.T) {
	t.Parallel()
	a, source := archived(t)
	path := filepath.Join(a.Dir, folder, tgz+".pointer")
	a.disk = watched{at: func(name string, _, do func() error) error {
		err := do()
		if name == "rename "+tgz+".pointer" {
			text := bytes.Replace(readFile(t, path), []byte("no rule"), []byte("NO rule"), 1)
			err = errors.Join(err, os.WriteFile(path, text, 0o644))
		}
		return err
	}}
	if err := pruneOne(t.Context(), a, source, tgz); fault.Code(err) != "bad-pointer" {
		t.Errorf("got %v", err)
	}
	if stateOf(t, a, tgz) != entry.Full {
		t.Errorf("state %q", stateOf(t, a, tgz))
	}
}

// One that is pinned, as it was known to be, may be pruned all the same: the
// policy says so. What is gone without a pointer cannot.
func TestPrunePinnedAndGone(t *testing.T) {
	t.Parallel()
	a, source := archived(t)
	must(t, scenarios()["pin"].run(t.Context(), a, source))
	must(t, pruneOne(t.Context(), a, source, tgz))
	if stateOf(t, a, tgz) != entry.Pointed {
		t.Error("a pinned one stays")
	}
	must(t, os.Remove(filepath.Join(a.Dir, folder, tgz12)))
	if err := pruneOne(t.Context(), a, source, tgz12); fault.Code(err) != "tar-missing" {
		t.Errorf("got %v", err)
	}
}

// The same tarball archived again after it was pruned stays pruned.
func TestAddPruned(t *testing.T) {
	t.Parallel()
	a, source := archived(t)
	must(t, pruneOne(t.Context(), a, source, tgz))
	out, err := a.Add(t.Context(), Submission{Tarball: filepath.Join(source, tgz, tgz), Run: theRun})
	if err != nil || out.Added || out.Restored || stateOf(t, a, tgz) != entry.Pointed {
		t.Errorf("got %+v, %v, state %q", out, err, stateOf(t, a, tgz))
	}
}

// Where locations do not fit, the last are left out.
func TestPointerFits(t *testing.T) {
	t.Parallel()
	long := "s3://bucket/" + strings.Repeat("x", 300)
	var proofs []rebuild.Proof
	for _, url := range []string{long + "1", long + "2", long + "3", "index:"} {
		proofs = append(proofs, proofOf(t, []byte("x"), entry.Location{URL: url, Method: entry.ReadBack, VerifiedAt: pruned}))
	}
	data, err := newPointer(entry.Wheelhouse{Tarball: tgz}, proofs, "r", pruned)
	must(t, err)
	p, err := entry.ParsePointer(data, "x")
	if err != nil || len(p.Locations) == 0 || p.Locations[0].URL != long+"1" {
		t.Errorf("got %+v, %v", p, err)
	}
}
