package ocistore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
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

// TestAgain sends a blob again when the registry fails in the middle.
func TestAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	s.attempts = 3
	failed := 0
	f.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && failed < 2 {
			failed++
			refuse(w, http.StatusBadGateway, "UNKNOWN")
			return true
		}
		return false
	}
	blob(t, s, "", "some bytes")
	failed = -9
	if _, err := s.Put(t.Context(), "blobs/"+sha([]byte("x")), 1, from([]byte("x"))); fault.Code(err) != "store-unreachable" || failed != -6 {
		t.Errorf("after %d attempts: %v", failed+9, err)
	}
	if len(f.blobs) != 1 {
		t.Errorf("%d blobs", len(f.blobs))
	}
}

// TestWrongAnswers reads what was cut, swapped, or said to be written.
func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	key, _ := entry(t, s, sample(t, s))
	wheel := "blobs/" + sha([]byte("a"))
	f.fault = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method == http.MethodPut:
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusCreated)
			return true
		case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/"):
			w.Header().Set("Content-Length", "9")
			_, _ = w.Write([]byte("cut"))
			return true
		case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/manifests/"):
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			w.Header().Set("Docker-Content-Digest", "sha256:"+sha([]byte("other")))
			_, _ = w.Write([]byte(`{"artifactType":"application/vnd.wheelhouse.v1"}`))
			return true
		}
		return false
	}
	body, err := s.Open(t.Context(), wheel)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(body); fault.Code(err) != "store-unreachable" {
		t.Errorf("a cut body: %v", err)
	}
	if _, err := s.Open(t.Context(), key); err == nil {
		t.Error("another manifest is taken")
	}
	nothing := []byte("never written")
	put(t, s, "blobs/"+sha(nothing), nothing)
	if _, err := s.Stat(t.Context(), "blobs/"+sha(nothing)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a blob that was never written: %v", err)
	}
}

// TestForeign leaves what somebody else put under a tag like ours.
func TestForeign(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	text := []byte(`{"schemaVersion":2,"artifactType":"application/x","config":{}}`)
	f.manifests["sha256:"+sha(text)] = text
	f.tags[tagOf("entries/a/b@0000000000000000")] = "sha256:" + sha(text)
	for o, err := range s.List(t.Context(), "") {
		t.Errorf("listed %v, %v", o, err)
	}
	if created, err := s.Put(t.Context(), "entries/a/b@0000000000000000", 2, from([]byte("{}"))); created || fault.Code(err) != "store-corrupt" {
		t.Errorf("created %t, %v", created, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status           int
		code, want, says string
		hint             string
	}{
		{401, "UNAUTHORIZED", "store-refused", "refuses", "docker login"},
		{403, "DENIED", "store-refused", "refuses", "docker login"},
		{507, "UNKNOWN", "store-full", "no room", ""},
		{413, "UNKNOWN", "store-full", "no room", ""},
		{500, "UNKNOWN", "store-unreachable", "does not answer", ""},
		{400, "NAME_INVALID", "store-unreachable", "does not answer", ""},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			s := f.open(t)
			f.fault = func(w http.ResponseWriter, r *http.Request) bool {
				refuse(w, test.status, test.code)
				return true
			}
			_, err := s.Put(t.Context(), "gc", 1, from([]byte("x")))
			e, _ := fault.As(err)
			if e == nil || e.Code != test.want || e.ExitStatus() != fault.Unable || !strings.Contains(e.Message, test.says) || !strings.Contains(e.Hint, test.hint) || strings.Contains(e.Message, "\x1b") {
				t.Errorf("said %q", err)
			}
			for _, err := range s.List(t.Context(), "") {
				if fault.Code(err) != test.want {
					t.Errorf("listing: %v", err)
				}
			}
		})
	}
}

// TestNoDelete: what the registry does not delete is an error for an entry,
// and left to the registry for a blob.
func TestNoDelete(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	key, _ := entry(t, s, sample(t, s))
	f.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete {
			return false
		}
		refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED")
		return true
	}
	if err := s.Delete(t.Context(), key); fault.Code(err) != "store-refused" {
		t.Errorf("an entry: %v", err)
	}
	if err := s.Delete(t.Context(), "blobs/"+sha([]byte("a"))); err != nil {
		t.Errorf("a blob: %v", err)
	}
}

// TestEmpty is a repository that nobody has pushed to, and one that is not
// reached.
func TestEmpty(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s, err := Open("oci://"+f.Listener.Addr().String()+"/not/yet", Options{Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	for o, err := range s.List(t.Context(), "") {
		t.Errorf("listed %v, %v", o, err)
	}
	f.Close()
	if _, err := s.Stat(t.Context(), "gc"); fault.Code(err) != "store-unreachable" {
		t.Errorf("closed: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Stat(ctx, "gc"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestCredentials finds logins where their users keep them, each for its host
// alone.
func TestCredentials(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	login := func(host string) string { return `{"auths":{"` + host + `":{"auth":"dXNlcjpwYXNz"}}}` } // user:pass
	write("docker/config.json", login("h.example.org"))
	write("home/.docker/config.json", login("ghcr.io"))
	podman := write("auth.json", login("p.example.org"))
	write("bad/config.json", "{")
	for _, test := range []struct {
		name, host string
		variables  map[string]string
		want       string
	}{
		{"docker's folder", "h.example.org", map[string]string{"DOCKER_CONFIG": filepath.Join(dir, "docker")}, "user:pass"},
		{"another host", "i.example.org", map[string]string{"DOCKER_CONFIG": filepath.Join(dir, "docker")}, ":"},
		{"home before a token", "ghcr.io", map[string]string{"HOME": filepath.Join(dir, "home"), "GH_TOKEN": "t"}, "user:pass"},
		{"home elsewhere", "ghcr.io", map[string]string{"USERPROFILE": filepath.Join(dir, "home")}, "user:pass"},
		{"podman's", "p.example.org", map[string]string{"REGISTRY_AUTH_FILE": podman, "HOME": dir}, "user:pass"},
		{"gh's token", "ghcr.io", map[string]string{"GH_TOKEN": "t", "GITHUB_TOKEN": "u", "HOME": dir}, "token:t"},
		{"a workflow's token", "ghcr.io", map[string]string{"GITHUB_TOKEN": "u"}, "token:u"},
		{"not for others", "h.example.org", map[string]string{"GITHUB_TOKEN": "u"}, ":"},
		{"not for likes", "ghcr.io.example.org", map[string]string{"GITHUB_TOKEN": "u"}, ":"},
	} {
		got, err := credentialsOf(func(name string) string { return test.variables[name] })(t.Context(), test.host)
		if err != nil || got.Username+":"+got.Password != test.want {
			t.Errorf("%s: %s, %v", test.name, got.Username, err)
		}
	}
	bad := credentialsOf(func(name string) string {
		return map[string]string{"DOCKER_CONFIG": filepath.Join(dir, "bad")}[name]
	})
	if _, err := bad(t.Context(), "h.example.org"); fault.Code(err) != "store-refused" {
		t.Errorf("a config that cannot be read: %v", err)
	}
}
