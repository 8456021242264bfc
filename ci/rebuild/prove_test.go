package rebuild

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/deflate"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Wheels of the package index are a source of wheels.
var _ Wheels = (*python.Index)(nil)

// rehearsals gives one of each kind.
func rehearsals(t *testing.T) map[string]*Rehearsal {
	t.Helper()
	plain := tarOf(t, sample())
	return map[string]*Rehearsal{
		"ours":  rehearse(t, write(t, ours(t, sample()))),
		"gzip":  rehearse(t, write(t, packed(t, deflate.Encoder{Family: deflate.Gzip, Level: 6}, plain))),
		"whole": rehearse(t, write(t, goGzip(t, plain))),
	}
}

// stored gives a store that holds what the rehearsal needs.
func stored(t *testing.T, r *Rehearsal) memory {
	t.Helper()
	m := memory{}
	for _, b := range r.Blobs() {
		in, err := r.Open(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if m[b.SHA256], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
		in.Close()
	}
	return m
}

func TestProve(t *testing.T) {
	t.Parallel()
	at := entry.Location{URL: "file:x", Method: entry.Rebuilt}
	for kind, r := range rehearsals(t) {
		store := stored(t, r)
		p, err := Prove(t.Context(), r, store.open, at, &Checked{})
		if err != nil {
			t.Fatal(err)
		}
		encoder, frame := p.Recipe()
		if p.SHA256() != r.inv.SHA256 || p.Size() != r.inv.Size || encoder != r.recipe.Encoder || frame != r.recipe.FrameSHA256() || p.Location() != at || p.Read() == nil {
			t.Errorf("%s: %+v", kind, p)
		}
		if kind == "gzip" && frame == "" || kind == "whole" && encoder != Whole || kind == "ours" && encoder != wheelhouse.Format {
			t.Errorf("%s: recipe %s, frame %q", kind, encoder, frame)
		}
		// Whatever one blob has, it is no proof.
		for _, b := range r.Blobs() {
			good := store[b.SHA256]
			for what, bad := range map[string][]byte{"other": append(bytes.Clone(good[:max(len(good)-1, 0)]), '!'), "longer": append(bytes.Clone(good), 0), "gone": nil} {
				store[b.SHA256] = bad
				if bad == nil {
					delete(store, b.SHA256)
				}
				checked := &Checked{}
				p, err := Prove(t.Context(), r, store.open, at, checked)
				if fault.Code(err) != "proof-failed" || p != (Proof{}) || checked.has(checkedBlob{at.URL, b.SHA256, b.Size}) {
					t.Errorf("%s, %s %s: %+v, %v", kind, b.Name, what, p, err)
				}
			}
			store[b.SHA256] = good
		}
	}
}

// A blob is read once from each store, by however many tarballs it is shared.
func TestCheckedReadsOnce(t *testing.T) {
	t.Parallel()
	all := rehearsals(t)
	store := stored(t, all["gzip"])
	for sum, data := range stored(t, all["ours"]) {
		store[sum] = data
	}
	var mu sync.Mutex
	opened := map[string]int{}
	open := func(ctx context.Context, sha256 string, size int64) (io.ReadCloser, error) {
		mu.Lock()
		defer mu.Unlock()
		opened[sha256]++
		return store.open(ctx, sha256, size)
	}
	checked := &Checked{}
	for range 2 {
		for _, kind := range []string{"ours", "gzip"} {
			if _, err := Prove(t.Context(), all[kind], open, entry.Location{URL: "file:x"}, checked); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(opened) != len(store) {
		t.Errorf("%d blobs were opened, of %d", len(opened), len(store))
	}
	for sum, n := range opened {
		if n != 1 {
			t.Errorf("%s was read %d times", sum, n)
		}
	}
	// Another store's blobs are its own.
	broken := errors.New("broken")
	_, err := Prove(t.Context(), all["ours"], func(context.Context, string, int64) (io.ReadCloser, error) { return nil, broken }, entry.Location{URL: "file:y"}, checked)
	if !errors.Is(err, broken) {
		t.Errorf("another store: %v", err)
	}
}
