package archive

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
)

// rehearsed gives the proof that a tarball of the archive comes back from its
// wheels, which a store has.
func rehearsed(t *testing.T, path string) rebuild.Proof {
	t.Helper()
	r, err := rebuild.Rehearse(t.Context(), path, rebuild.Options{})
	must(t, err)
	t.Cleanup(func() { r.Close() })
	blobs := map[string]rebuild.Blob{}
	for _, b := range r.Blobs() {
		blobs[b.SHA256] = b
	}
	p, err := rebuild.Prove(t.Context(), r, func(ctx context.Context, sha256 string, _ int64) (io.ReadCloser, error) {
		return r.Open(ctx, blobs[sha256])
	}, entry.Location{URL: "s3://bucket", Method: entry.Rebuilt, VerifiedAt: pruned}, &rebuild.Checked{})
	must(t, err)
	if p.Read() == nil {
		t.Fatal("the proof does not know what it was made of")
	}
	return p
}

// A tarball that changed since the proof was made of it is not pruned, though
// it may have the same bytes; one that did not is not read again.
func TestPruneKnowsWhatWasProven(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, path string){
		"unchanged": func(*testing.T, string) {},
		"another file": func(t *testing.T, path string) {
			data := readFile(t, path)
			must(t, os.Rename(path, path+".old"))
			must(t, os.WriteFile(path, data, 0o644))
		},
		"another time": func(t *testing.T, path string) { must(t, os.Chtimes(path, pruned, pruned)) },
	} {
		a, _ := archived(t)
		path := filepath.Join(a.Dir, folder, tgz)
		p := rehearsed(t, path)
		change(t, path)
		err := inSession(t.Context(), a, tgz, func(s *Session, e entry.Entry) error {
			return s.Prune(t.Context(), e, tgz, []rebuild.Proof{p}, "r", pruned)
		})
		if name == "unchanged" {
			e, findErr := a.holder(t.Context(), tgz)
			must(t, findErr)
			if w, _ := find(e, tgz); err != nil || w.Pointer == nil || w.Pointer.Recipe != "wheelhouse-1" || w.State != entry.Pointed {
				t.Errorf("got %+v, %v", w, err)
			}
		} else if fault.Code(err) != "tar-changed" || stateOf(t, a, tgz) != entry.Full {
			t.Errorf("%s: %v, state %q", name, err, stateOf(t, a, tgz))
		}
	}
}

// A store of the whole tarball stands beside one of its wheels; the recipe is
// that of the wheels.
func TestPruneWithTwoWays(t *testing.T) {
	t.Parallel()
	a, source := archived(t)
	ours := rehearsed(t, filepath.Join(a.Dir, folder, tgz))
	whole, err := prove(t.Context(), source, tgz)
	must(t, err)
	if encoder, _ := recipe([]rebuild.Proof{whole, ours}); encoder != "wheelhouse-1" {
		t.Errorf("got %q", encoder)
	}
	err = inSession(t.Context(), a, tgz, func(s *Session, e entry.Entry) error {
		return s.Prune(t.Context(), e, tgz, []rebuild.Proof{whole, ours}, "r", pruned)
	})
	if err != nil || stateOf(t, a, tgz) != entry.Pointed {
		t.Errorf("the whole and a recipe: %v", err)
	}
}
