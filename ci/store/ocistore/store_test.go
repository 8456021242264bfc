package ocistore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

var pushTime = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func (f *fake) open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(f.url(), Options{Attempts: 1, Now: func() time.Time { return pushTime }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func from(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

func put(t *testing.T, s *Store, key string, data []byte) bool {
	t.Helper()
	created, err := s.Put(t.Context(), key, int64(len(data)), from(data))
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// blob puts data as a blob and gives it as a manifest's part.
func blob(t *testing.T, s *Store, name, data string) store.Part {
	t.Helper()
	p := store.Part{Name: name, SHA256: sha([]byte(data)), Size: int64(len(data))}
	put(t, s, store.BlobKey(p.SHA256), []byte(data))
	return p
}

// entry puts a manifest of an entry, and gives its key and its text.
func entry(t *testing.T, s *Store, m store.Manifest) (string, []byte) {
	t.Helper()
	text, key, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !put(t, s, key, text) {
		t.Errorf("%s was not created", key)
	}
	return key, text
}

func sample(t *testing.T, s *Store) store.Manifest {
	t.Helper()
	frame := blob(t, s, "frame", "frame")
	return store.Manifest{
		Entry:   "20261122-4711",
		Tarball: store.Part{Name: "wheelhouse-3.11.tgz", SHA256: sha([]byte("whole")), Size: 5},
		Recipe:  "gzip-6",
		Frame:   &frame,
		Wheels:  []store.Part{blob(t, s, "a-1-py3-none-any.whl", "a"), blob(t, s, "b-1-py3-none-any.whl", "b")},
		Files:   []store.Part{blob(t, s, "pylock.x.toml", ""), blob(t, s, "wheelhouse-3.11.tgz.meta", "meta"), blob(t, s, "wheelhouse-3.11.tgz.requirements/r.txt", "meta")},
	}
}

func get(t *testing.T, s *Store, key string) []byte {
	t.Helper()
	body, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil {
		t.Fatal(err)
	}
	return data
}

// TestManifest holds what a registry sees of an entry.
func TestManifest(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	key, text := entry(t, s, sample(t, s))
	if !bytes.Equal(get(t, s, key), text) {
		t.Error("other bytes")
	}
	o, err := s.Stat(t.Context(), key)
	if err != nil || o.Size != int64(len(text)) || !o.Modified.Equal(pushTime) {
		t.Errorf("stat gives %+v, %v", o, err)
	}
	got := string(f.manifests[f.tags["20261122-4711_swheelhouse-3.11.tgz_a"+key[len(key)-16:]]])
	layer := func(title, mediaType, data string) string {
		return fmt.Sprintf(`{"mediaType":%q,"digest":"sha256:%s","size":%d,"annotations":{"org.opencontainers.image.title":%q}}`, mediaType, sha([]byte(data)), len(data), title)
	}
	want := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.wheelhouse.v1",` +
		fmt.Sprintf(`"config":{"mediaType":"application/vnd.wheelhouse.entry.v1+json","digest":"sha256:%s","size":%d},"layers":[`, sha(text), len(text)) +
		strings.Join([]string{
			layer("a-1-py3-none-any.whl", "application/vnd.wheelhouse.wheel.v1+zip", "a"),
			layer("b-1-py3-none-any.whl", "application/vnd.wheelhouse.wheel.v1+zip", "b"),
			layer("wheelhouse-3.11.tgz.frame", "application/vnd.wheelhouse.frame.v1", "frame"),
			layer("pylock.x.toml", "application/toml", ""),
			layer("wheelhouse-3.11.tgz.meta", "text/plain", "meta"),
			layer("wheelhouse-3.11.tgz.requirements/r.txt", "text/plain", "meta"),
		}, ",") + `],"annotations":{"org.opencontainers.image.created":"2026-11-22T10:00:00Z","vnd.wheelhouse.key":"` + key + `"}}`
	if got != want {
		t.Errorf("the manifest is\n%s\nwant\n%s", got, want)
	}

	m := sample(t, s)
	m.Recipe, m.Frame = "whole", nil
	m.Tarball = blob(t, s, m.Tarball.Name, "whole")
	m.Wheels[0].SHA256 = sha([]byte("not there"))
	key, _ = entry(t, s, m)
	if got := string(f.manifests[f.tags[tagOf(key)]]); !strings.Contains(got, layer("wheelhouse-3.11.tgz", "application/gzip", "whole")) || strings.Contains(got, ".whl") {
		t.Errorf("the manifest of a whole tarball is %s", got)
	}
}

// TestDedup sends a blob once, and lists what manifests name.
func TestDedup(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	m := sample(t, s)
	first, _ := entry(t, s, m)
	sent := f.uploads
	if put(t, s, store.BlobKey(m.Wheels[0].SHA256), []byte("a")) || f.uploads != sent {
		t.Error("a blob was sent again")
	}
	pushTime := pushTime.Add(time.Hour)
	s.now = func() time.Time { return pushTime }
	m.Entry = "20261123-4712"
	m.Wheels[0] = blob(t, s, "a-2-py3-none-any.whl", "a2")
	second, _ := entry(t, s, m)
	if f.uploads != sent+2 {
		t.Errorf("%d blobs were sent for one wheel and a manifest", f.uploads-sent)
	}
	put(t, s, "gc", []byte("collecting"))
	blob(t, s, "", "that nobody names")
	f.tags["latest"], f.tags["x_sy_az"] = f.tags[tagOf(first)], f.tags["gc"]

	ages := map[string]time.Time{}
	for o, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		ages[o.Key] = o.Modified
	}
	if len(ages) != 6+2+1 || !ages["blobs/"+sha([]byte("a"))].Equal(pushTime.Add(-time.Hour)) || !ages["blobs/"+sha([]byte("b"))].Equal(pushTime) || !ages["gc"].Equal(pushTime) {
		t.Errorf("listed %v", ages)
	}
	var keys []string
	for o, err := range s.List(t.Context(), "entries/20261123-") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	if !slices.Equal(keys, []string{second}) {
		t.Errorf("listed %q", keys)
	}
	for range 2 {
		if err := s.Delete(t.Context(), second); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Stat(t.Context(), second); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleted: %v", err)
	}
	for range 2 {
		if err := s.Delete(t.Context(), "blobs/"+sha([]byte("a2"))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Open(t.Context(), "blobs/"+sha([]byte("a2"))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleted: %v", err)
	}
}

// TestLongKey finds a key that its tag cannot tell.
func TestLongKey(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	m := sample(t, s)
	m.Tarball.Name = strings.Repeat("x", 140) + ".tgz"
	key, text := entry(t, s, m)
	if !bytes.Equal(get(t, s, key), text) {
		t.Error("other bytes")
	}
	for o, err := range s.List(t.Context(), "entries/") {
		if err != nil || o.Key != key {
			t.Errorf("listed %s, %v", o.Key, err)
		}
	}
}

// TestNoBlobs: the registry takes no manifest before what it names.
func TestNoBlobs(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	m := sample(t, s)
	delete(f.blobs, "sha256:"+m.Wheels[0].SHA256)
	text, key, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if created, err := s.Put(t.Context(), key, int64(len(text)), from(text)); created || err == nil {
		t.Errorf("created %t, %v", created, err)
	}
	if _, err := s.Put(t.Context(), key, 2, from([]byte("{}"))); fault.Code(err) != "bad-manifest" {
		t.Errorf("what is no manifest: %v", err)
	}
	if created, err := s.Put(t.Context(), "other/x", 2, from([]byte("{}"))); created || fault.Code(err) != "bad-store-key" {
		t.Errorf("what has no place: %v", err)
	}
	if len(f.tags) != 0 {
		t.Errorf("tags %v", f.tags)
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	for _, key := range []string{"blobs/" + sha(nil), "gc"} {
		for _, test := range []struct {
			name, code string
			size       int64
			open       func() (io.ReadCloser, error)
		}{
			{"shorter", "wrong-size", 10, from(make([]byte, 9))},
			{"longer", "wrong-size", 10, from(make([]byte, 11))},
			{"longer than nothing", "wrong-size", 0, from(make([]byte, 1))},
			{"not opened", "store-source", 10, func() (io.ReadCloser, error) { return nil, broken }},
			{"not read", "store-source", 10, func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(broken)), nil }},
		} {
			t.Run(key[:2]+test.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t)
				created, err := f.open(t).Put(t.Context(), key, test.size, test.open)
				if created || fault.Code(err) != test.code || len(f.blobs) != 0 || len(f.tags) != 0 {
					t.Errorf("created %t, %v", created, err)
				}
			})
		}
	}
}
