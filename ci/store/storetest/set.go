package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Tarball is a small wheelhouse, ready to be pushed.
type Tarball struct {
	// Path of the tarball.
	Path string
	// Set is what Push takes.
	Set store.Set
}

// Data gives the tarball's bytes.
func (w Tarball) Data(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(w.Path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Ours makes a tarball of two wheels as Pack does; that of seed n shares one of
// them with that of n+1.
func Ours(t *testing.T, n int) Tarball {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wheelhouse-3.11.tgz")
	wheels := t.TempDir()
	if _, err := wheelhouse.Pack(t.Context(), path, []string{numbered(n).Write(wheels), numbered(n + 1).Write(wheels)}); err != nil {
		t.Fatal(err)
	}
	return rehearsed(t, path, n)
}

// Gzipped makes a tarball of the same wheels as GNU tar and gzip do, or, where
// odd, as nothing does whose bytes can be made again.
func Gzipped(t *testing.T, n int, odd bool) Tarball {
	t.Helper()
	plain := wheeltest.RawTar(
		wheeltest.Member{Name: ".wheelhouse", Typeflag: '5'},
		wheeltest.Member{Name: ".wheelhouse/" + numbered(n).FileName(), Data: numbered(n).Bytes()},
		wheeltest.Member{Name: ".wheelhouse/" + numbered(n+1).FileName(), Data: numbered(n + 1).Bytes()},
	)
	data := byGzip(t, plain)
	if odd {
		data = byNobody(t, plain)
	}
	path := filepath.Join(t.TempDir(), "wheelhouse-3.11.tgz")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return rehearsed(t, path, n)
}

func numbered(n int) wheeltest.Wheel {
	return wheeltest.Wheel{Project: fmt.Sprintf("demo%d", n), Files: map[string]string{
		fmt.Sprintf("demo%d/data", n): string(Noise(uint64(n), 5000+n)),
	}}
}

// rehearsed gives what is pushed of a tarball: its record has a file of its own
// and one that all have.
func rehearsed(t *testing.T, path string, n int) Tarball {
	t.Helper()
	r, err := rebuild.Rehearse(t.Context(), path, rebuild.Options{Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return Tarball{path, store.Set{
		Entry: entryOf(n), Rehearsal: r, Files: []store.File{
			{Path: filepath.Base(path) + ".meta", Data: fmt.Appendf(nil, "name=%s\nrun=%d\n", filepath.Base(path), n)},
			{Path: "requirements/requirements.txt", Data: []byte("demo\n")},
		},
	}}
}

func entryOf(n int) string { return fmt.Sprintf("20260101-%d", n+1) }

// written is a manifest with its key.
type written struct {
	text []byte
	key  string
}

// manifest makes one that names a file alone, or nothing.
func manifest(t *testing.T, n int, file []byte) written {
	t.Helper()
	whole := store.Part{Name: "wheelhouse-3.11.tgz", SHA256: Sum(file), Size: int64(len(file))}
	m := store.Manifest{Entry: entryOf(n), Tarball: whole, Recipe: rebuild.Whole}
	text, key, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return written{text, key}
}

// Prove reads back what was pushed of a tarball.
func Prove(ctx context.Context, st store.Store, w Tarball) (rebuild.Proof, error) {
	open := func(ctx context.Context, sha256 string, size int64) (io.ReadCloser, error) {
		return store.OpenBlob(ctx, st, sha256, size)
	}
	at := entry.Location{URL: st.URL(), Method: entry.Rebuilt, VerifiedAt: time.Unix(1e9, 0).UTC()}
	return rebuild.Prove(ctx, w.Set.Rehearsal, open, at, &rebuild.Checked{})
}

// Rebuild gives the bytes of the tarball that a manifest tells of, out of the
// store alone.
func Rebuild(t *testing.T, st store.Store, m store.Manifest) []byte {
	t.Helper()
	if m.Recipe == rebuild.Whole {
		return blob(t, st, m.Tarball)
	}
	var frame []byte
	if m.Frame != nil {
		frame = blob(t, st, *m.Frame)
	}
	recipe, err := rebuild.ParseRecipe(m.Recipe, frame)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := recipe.Write(t.Context(), &out, m.WheelFiles(), store.Wheels(st)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func blob(t *testing.T, st store.Store, p store.Part) []byte {
	t.Helper()
	body, err := store.OpenBlob(t.Context(), st, p.SHA256, p.Size)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	return data
}

// roundTrip pushes tarballs of each kind, reads them back, makes them again out
// of the store alone, and collects garbage, of which there is none yet.
func roundTrip(t *testing.T, d Driver) {
	st := d.New(t)
	want := map[string][sha256.Size]byte{}
	for n, w := range []Tarball{Ours(t, 0), Gzipped(t, 1, false), Gzipped(t, 2, true)} {
		first, err := store.Push(t.Context(), st, w.Set, store.Clock{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := store.Push(t.Context(), st, w.Set, store.Clock{})
		if err != nil || again.Blobs != 0 || again.Kept != first.Blobs+first.Kept {
			t.Errorf("tarball %d, pushed again: %+v, %v; the first time %+v", n, again, err, first)
		}
		if _, err := Prove(t.Context(), st, w); err != nil {
			t.Error(err)
		}
		want[w.Set.Entry] = sha256.Sum256(w.Data(t))
	}
	found, recipes := 0, []string{}
	for m, err := range store.Manifests(t.Context(), st, "") {
		if err != nil {
			t.Fatal(err)
		}
		if got := sha256.Sum256(Rebuild(t, st, m)); got != want[m.Entry] {
			t.Errorf("%s: other bytes come back (recipe %s)", m.Entry, m.Recipe)
		}
		for _, f := range m.Files {
			if data, err := store.ReadFile(t.Context(), st, f); err != nil || int64(len(data)) != f.Size {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
		found++
		recipes = append(recipes, m.Recipe)
	}
	if slices.Sort(recipes); !slices.Equal(recipes, []string{"gzip-6", wheelhouse.Format, rebuild.Whole}) {
		t.Errorf("the recipes are %q", recipes)
	}
	if found != len(want) {
		t.Errorf("the store tells of %d tarballs, not of %d", found, len(want))
	}
	c, err := store.Collect(t.Context(), st, store.Live{}, store.CollectOptions{})
	if err != nil || len(c.Garbage) > 0 || c.Unfinished {
		t.Errorf("collecting: %+v, %v", c, err)
	}
	gone(t, st, "gc")
}
