package releasestore_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/releasestore"
)

// bytesOf opens data.
func bytesOf(data string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(data)), nil }
}

func blob(data string) string { return "blobs/" + sum([]byte(data)) }

func manifest(n int) string {
	return fmt.Sprintf("entries/20300101-%d/wheelhouse-3.11.tgz@%016x", n, n)
}

// put puts, and fails the test unless it wrote as it should.
func put(t *testing.T, s *releasestore.Store, key, data string, want bool) {
	t.Helper()
	created, err := s.Put(t.Context(), key, int64(len(data)), bytesOf(data))
	if err != nil || created != want {
		t.Fatalf("put %s: %v, %v; want %v", key, created, err, want)
	}
}

// held fails the test unless the store has the object with these bytes.
func held(t *testing.T, s *releasestore.Store, key, data string) {
	t.Helper()
	body, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil || string(got) != data {
		t.Fatalf("%s: %q, %v", key, got, err)
	}
	if o, err := s.Stat(t.Context(), key); err != nil || o.Size != int64(len(data)) || o.Key != key || o.Modified.IsZero() {
		t.Fatalf("%s: %+v, %v", key, o, err)
	}
}

// absent fails the test unless the store says that there is no such object.
func absent(t *testing.T, s *releasestore.Store, key string) {
	t.Helper()
	if _, err := s.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) || fault.Code(err) != "store-object-missing" {
		t.Fatalf("%s: %v", key, err)
	}
}

func keys(t *testing.T, s *releasestore.Store, prefix string) []string {
	t.Helper()
	var all []string
	for o, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o.Key)
	}
	return all
}

// tags are the releases as "tag: asset asset", a draft's with a "?".
func (h *hub) tags() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := []string{}
	for _, p := range h.releases {
		line := p.tag
		if p.draft {
			line += "?"
		}
		line += ":"
		for _, a := range p.assets {
			line += " " + strings.ReplaceAll(a.name, strings.TrimPrefix(a.name, "blobs-"), strings.TrimPrefix(a.name, "blobs-")[:4])
		}
		all = append(all, line)
	}
	return all
}

func (h *hub) count(prefix string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for call, times := range h.calls {
		if strings.HasPrefix(call, prefix) {
			n += times
		}
	}
	return n
}

// TestPushes makes a release of every manifest, with what no other has.
func TestPushes(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	s := h.store()
	put(t, s, blob("one"), "one", true)
	put(t, s, blob("two"), "two", true)
	put(t, s, blob("one"), "one", false)
	absent(t, h.store(), blob("one")) // a draft is not stored
	put(t, s, manifest(1), "{1}", true)
	put(t, s, manifest(1), "{1}", false)
	for _, s := range []*releasestore.Store{s, h.store()} {
		put(t, s, blob("one"), "one", false)
		held(t, s, blob("two"), "two")
		held(t, s, manifest(1), "{1}")
	}
	s = h.store()
	put(t, s, blob("two"), "two", false)
	put(t, s, blob("three"), "three", true)
	put(t, s, blob(""), "", true)
	put(t, s, manifest(2), "{2}", true)
	held(t, h.store(), blob(""), "")
	one, two, three, none := blob("one")[6:10], blob("two")[6:10], blob("three")[6:10], blob("")[6:10]
	want := []string{
		"wheelhouse-20300101-1-0000000000000001: blobs-" + one + " blobs-" + two + " entr",
		"wheelhouse-20300101-2-0000000000000002: blobs-" + three + " blobs-" + none + " entr",
	}
	if got := h.tags(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := keys(t, h.store(), "entries/"); !slices.Equal(got, []string{manifest(1), manifest(2)}) {
		t.Error(got)
	}
	if got := keys(t, s, ""); len(got) != 6 || !slices.IsSorted(got) {
		t.Error(got)
	}
}

// TestKilledPush goes on with the draft that a killed push left behind: what
// arrived whole is not sent again, what did not is, and its manifest goes.
func TestKilledPush(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	killed := h.store()
	put(t, killed, blob("one"), "one", true)
	put(t, killed, blob("two"), "two", true)
	draft := h.releases[0]
	draft.assets[1].state, draft.assets[1].data = "starter", nil
	h.keep(draft, "entries-20300101-9_-wheelhouse-3.11.tgz_a0000000000000009", []byte("{9}"), "uploaded")
	h.next += 90_000 // seconds: a day and more
	h.keep(draft, "blobs-"+sum([]byte("four")), []byte("other"), "uploaded")

	s := h.store()
	absent(t, s, blob("one"))
	put(t, s, blob("three"), "three", true) // takes the draft over
	put(t, s, blob("one"), "one", false)
	put(t, s, blob("two"), "two", true)
	put(t, s, blob("four"), "four", true)
	put(t, s, manifest(1), "{1}", true)
	if len(h.releases) != 1 || len(h.releases[0].assets) != 5 || h.releases[0].draft {
		t.Errorf("%q", h.tags())
	}
	for _, data := range []string{"one", "two", "three", "four"} {
		held(t, h.store(), blob(data), data)
	}
	absent(t, h.store(), manifest(9))
}

// TestAboutToBePublished leaves a draft alone whose manifest is there already.
func TestAboutToBePublished(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	other := h.store()
	put(t, other, blob("one"), "one", true)
	h.keep(h.releases[0], "entries-20300101-9_-wheelhouse-3.11.tgz_a0000000000000009", []byte("{9}"), "uploaded")
	s := h.store()
	put(t, s, blob("one"), "one", true)
	put(t, s, manifest(1), "{1}", true)
	if len(h.releases) != 2 || len(h.releases[0].assets) != 2 || !h.releases[0].draft {
		t.Errorf("%q", h.tags())
	}
}

// TestSharedDraft lets two pushes fill one draft. Who comes second finds it
// published, and goes on in another.
func TestSharedDraft(t *testing.T) {
	t.Parallel()
	for _, immutable := range []bool{false, true} {
		h := newHub(t)
		h.immutable = immutable
		first, second := h.store(), h.store()
		put(t, first, blob("one"), "one", true)
		put(t, second, blob("two"), "two", true)
		put(t, first, manifest(1), "{1}", true)
		put(t, second, blob("three"), "three", true)
		put(t, second, manifest(2), "{2}", true)
		if fresh := h.store(); len(keys(t, fresh, "")) != 5 {
			t.Errorf("immutable %v: %q", immutable, h.tags())
		}
		if tag := h.releases[0].tag; tag != "wheelhouse-20300101-1-0000000000000001" {
			t.Errorf("immutable %v: a published release is now called %s", immutable, tag)
		}
	}
}

// TestTagTaken has two push the same manifest at once, and one whose release
// lost it.
func TestTagTaken(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	first, second := h.store(), h.store()
	put(t, first, blob("one"), "one", true)
	keys(t, second, "") // it has looked before the first publishes
	put(t, first, manifest(1), "{1}", true)
	put(t, second, manifest(1), "{1}", false)
	if got := keys(t, h.store(), "entries/"); len(got) != 1 {
		t.Error(got)
	}
	h.releases[0].assets = h.releases[0].assets[:1]
	put(t, h.store(), manifest(1), "{1}", true)
	held(t, h.store(), manifest(1), "{1}")
	if tag := h.releases[len(h.releases)-1].tag; !strings.HasPrefix(tag, "wheelhouse-20300101-1-0000000000000001-") {
		t.Error(tag)
	}
}

// TestLost takes the manifest away between its upload and the publishing.
func TestLost(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.fault = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Method == http.MethodPatch {
			h.releases[len(h.releases)-1].assets = nil
		}
		return false
	}
	_, err := h.store().Put(t.Context(), manifest(1), 3, bytesOf("{1}"))
	if fault.Code(err) != "store-object-missing" || !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestDelete deletes an object in all its copies, and releases without any.
func TestDelete(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	s := h.store()
	put(t, s, blob("one"), "one", true)
	put(t, s, manifest(1), "{1}", true)
	h.keep(h.releases[0], "notes.txt", []byte("mine"), "uploaded")
	h.keep(h.releases[0], "blobs-half", nil, "starter")
	if got := keys(t, h.store(), ""); len(got) != 2 {
		t.Errorf("a half asset is listed: %q", got)
	}
	h.releases = append(h.releases, &published{id: h.id(), tag: "wheelhouse-2", assets: []*asset{{h.id(), "blobs-" + sum([]byte("one")), []byte("one"), "uploaded", h.now()}}})
	if err := h.store().Delete(t.Context(), blob("one")); err != nil {
		t.Fatal(err)
	}
	absent(t, h.store(), blob("one"))
	if got := len(h.releases); got != 1 {
		t.Errorf("%d releases: %q", got, h.tags())
	}
	for range 2 {
		if err := s.Delete(t.Context(), manifest(1)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(h.releases); got != 1 {
		t.Error("a release with an asset of somebody else's was deleted")
	}
	put(t, s, blob("one"), "one", true) // what it knew of is gone
}

// TestImmutable deletes nothing out of an immutable release.
func TestImmutable(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.immutable = true
	s := h.store()
	put(t, s, blob("one"), "one", true)
	put(t, s, manifest(1), "{1}", true)
	known := *h.releases[0]
	for range 2 {
		if err := h.store().Delete(t.Context(), blob("one")); fault.Code(err) != "release-immutable" || !errors.Is(err, fs.ErrPermission) {
			t.Error(err)
		}
		h.releases[0].immutable = false // the list does not say so, the answer does
		h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
			h.releases[0].immutable = r.Method == http.MethodDelete
			return false
		}
	}
	if len(h.releases[0].assets) != len(known.assets) {
		t.Error("deleted")
	}
	held(t, h.store(), blob("one"), "one")
}

// TestLock puts gc's lock: it is there for all at once, and one of two has it.
func TestLock(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	first, second := h.store(), h.store()
	keys(t, first, "")
	keys(t, second, "")
	put(t, first, "gc", "1", true)
	put(t, second, "gc", "2", false)
	held(t, second, "gc", "1")
	if len(h.releases) != 1 || !h.releases[0].draft {
		t.Errorf("%q", h.tags())
	}
	if err := second.Delete(t.Context(), "gc"); err != nil {
		t.Fatal(err)
	}
	absent(t, first, "gc")
	if len(h.releases) != 0 {
		t.Errorf("%q", h.tags())
	}
}

// TestFull publishes a draft that has as many assets as GitHub allows.
func TestFull(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	s := h.store()
	for i := range 1100 {
		data := fmt.Sprint(i)
		put(t, s, blob(data), data, true)
	}
	put(t, s, manifest(1), "{1}", true)
	if len(h.releases) != 2 || h.releases[0].draft || !strings.HasPrefix(h.releases[0].tag, "wheelhouse-part-") {
		t.Errorf("%d releases", len(h.releases))
	}
	if got := keys(t, h.store(), "blobs/"); len(got) != 1100 {
		t.Errorf("%d blobs", len(got))
	}
}

// TestLimits refuses what no asset can be, without asking the server.
func TestLimits(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	for _, test := range []struct {
		key  string
		size int64
		code string
	}{
		{"blobs/x", 2 << 30, "asset-too-large"},
		{"blobs/../x y", 1, "bad-store-key"},
		{"upload", 1, "bad-store-key"},
		{"", 1, "bad-store-key"},
	} {
		if _, err := h.store().Put(t.Context(), test.key, test.size, nil); fault.Code(err) != test.code {
			t.Errorf("%q: %v", test.key, err)
		}
	}
	if len(h.calls) != 0 {
		t.Error(h.calls)
	}
}

// TestRepository reads URLs.
func TestRepository(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"release:o/r": "o/r", "release:git.example.org/o/r": "git.example.org/o/r", "release:127.0.0.1:80/o/r": "127.0.0.1:80/o/r",
		"release:o": "", "release:a/b/c/d": "", "o/r": "", "release:o/..": "", "release:https://o/r": "", "release:user@host/o/r": "",
	} {
		got, err := releasestore.Repository(url)
		if got != want || (want == "") != (fault.Code(err) == "bad-store-url") {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
	if got := newHub(t).store().URL(); got != "release:git.example.org/o/r" {
		t.Error(got)
	}
}
