package releasestore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// uploads tells whether a request is an upload, the nth.
func uploads(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/uploads/") }

// TestFaultyUploads breaks an upload in all the ways that GitHub has, and
// others.
func TestFaultyUploads(t *testing.T) {
	t.Parallel()
	name := "blobs-" + sum([]byte("data"))
	for _, test := range []struct {
		name string
		// fault answers the nth upload.
		fault func(h *hub, w http.ResponseWriter, n int) bool
		code  string
		calls int // uploads in all
	}{
		{"bad gateway with a half asset left", func(h *hub, w http.ResponseWriter, n int) bool {
			if n == 1 {
				h.keep(h.releases[0], name, nil, "starter")
				w.WriteHeader(http.StatusBadGateway)
			}
			return n == 1
		}, "", 2},
		{"bad gateway after all of it arrived", func(h *hub, w http.ResponseWriter, n int) bool {
			h.keep(h.releases[0], name, []byte("data"), "uploaded")
			w.WriteHeader(http.StatusBadGateway)
			return true
		}, "", 1},
		{"the connection breaks", func(h *hub, _ http.ResponseWriter, n int) bool {
			if n == 1 {
				h.keep(h.releases[0], name, []byte("da"), "starter")
				panic(http.ErrAbortHandler)
			}
			return false
		}, "", 2},
		{"a limit", func(_ *hub, w http.ResponseWriter, n int) bool {
			if n == 1 {
				w.Header().Set("Retry-After", "60")
				w.WriteHeader(http.StatusTooManyRequests)
			}
			return n == 1
		}, "", 2},
		{"a secondary limit", func(_ *hub, w http.ResponseWriter, n int) bool {
			if n == 1 {
				w.Header().Set("Retry-After", "5")
				say(w, http.StatusForbidden, object{"message": "You have exceeded a secondary rate limit."})
			}
			return n == 1
		}, "", 2},
		{"a limit without end", func(_ *hub, w http.ResponseWriter, _ int) bool {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}, "store-unreachable", 1},
		{"the same is there", func(h *hub, _ http.ResponseWriter, _ int) bool {
			h.keep(h.releases[0], name, []byte("data"), "uploaded")
			return false
		}, "", 1},
		{"the same is there, without a digest", func(h *hub, _ http.ResponseWriter, _ int) bool {
			h.old = true
			h.keep(h.releases[0], name, []byte("data"), "uploaded")
			return false
		}, "", 1},
		{"another is there", func(h *hub, _ http.ResponseWriter, _ int) bool {
			h.keep(h.releases[0], name, []byte("atad"), "uploaded")
			return false
		}, "asset-exists", 1},
		{"another is there, without a digest", func(h *hub, _ http.ResponseWriter, _ int) bool {
			h.old = true
			h.keep(h.releases[0], name, []byte("atad"), "uploaded")
			return false
		}, "asset-exists", 1},
		{"a longer one is there", func(h *hub, _ http.ResponseWriter, _ int) bool {
			h.keep(h.releases[0], name, []byte("data and more"), "uploaded")
			return false
		}, "asset-exists", 1},
		{"a half one is there", func(h *hub, _ http.ResponseWriter, n int) bool {
			if n == 1 {
				h.keep(h.releases[0], name, nil, "starter")
			}
			return false
		}, "", 2},
		{"a half one that comes again", func(h *hub, _ http.ResponseWriter, _ int) bool {
			h.keep(h.releases[0], name, nil, "starter")
			return false
		}, "release-refused", 3},
		{"other bytes arrive, once", func(h *hub, w http.ResponseWriter, n int) bool {
			if n == 1 {
				say(w, http.StatusCreated, h.assetJSON(h.keep(h.releases[0], name, []byte("atad"), "uploaded")))
			}
			return n == 1
		}, "", 2},
		{"other bytes arrive", func(h *hub, w http.ResponseWriter, _ int) bool {
			say(w, http.StatusCreated, h.assetJSON(h.keep(h.releases[0], name, []byte("atad"), "uploaded")))
			return true
		}, "digest-mismatch", 3},
		{"it gets another name", func(h *hub, w http.ResponseWriter, _ int) bool {
			say(w, http.StatusCreated, h.assetJSON(h.keep(h.releases[0], "blobs.x", []byte("data"), "uploaded")))
			return true
		}, "store-unreachable", 1},
		{"success without anything", func(_ *hub, w http.ResponseWriter, _ int) bool {
			say(w, http.StatusCreated, object{})
			return true
		}, "store-unreachable", 1},
		{"success in words", func(_ *hub, w http.ResponseWriter, _ int) bool {
			_, _ = io.WriteString(w, "stored")
			return true
		}, "store-unreachable", 3},
		{"the token is not enough", func(_ *hub, w http.ResponseWriter, _ int) bool {
			say(w, http.StatusForbidden, object{"message": "Resource not accessible by integration: " + secretToken})
			return true
		}, "store-refused", 1},
		{"it redirects", func(_ *hub, w http.ResponseWriter, _ int) bool {
			w.Header().Set("Location", "https://example.org/?sig=do-not-print-me")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		}, "store-unreachable", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, n := newHub(t), 0
			h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if !uploads(r) {
					return false
				}
				n++
				return test.fault(h, w, n)
			}
			s := h.store()
			created, err := s.Put(t.Context(), blob("data"), 4, bytesOf("data"))
			if fault.Code(err) != test.code || created != (err == nil) {
				t.Fatalf("%v, %v; want %q", created, err, test.code)
			}
			if n != test.calls {
				t.Errorf("%d uploads, want %d", n, test.calls)
			}
			if err != nil && strings.Contains(err.Error(), "do-not-print-me") {
				t.Error(err)
			}
			h.fault = nil
			if err == nil {
				held(t, s, blob("data"), "data")
			} else if test.code != "asset-exists" {
				absent(t, s, blob("data"))
			}
		})
	}
}

// TestOverwritesNothing keeps what is there when another was to be uploaded.
func TestOverwritesNothing(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.fault = func(_ http.ResponseWriter, r *http.Request, n int) bool {
		if uploads(r) && n == 1 {
			h.keep(h.releases[0], "blobs-x", []byte("theirs"), "uploaded")
		}
		return false
	}
	_, err := h.store().Put(t.Context(), "blobs/x", 4, bytesOf("ours"))
	if fault.Code(err) != "asset-exists" || !errors.Is(err, fs.ErrExist) || string(h.releases[0].assets[0].data) != "theirs" {
		t.Errorf("%v, %q", err, h.tags())
	}
}

// TestFaultySource gives up at once where the file is not what it was.
func TestFaultySource(t *testing.T) {
	t.Parallel()
	codes := map[string]string{"shorter": "wrong-size", "longer": "wrong-size"}
	for name, open := range map[string]func() (io.ReadCloser, error){
		"shorter":    bytesOf("dat"),
		"longer":     bytesOf("data."),
		"unreadable": func() (io.ReadCloser, error) { return io.NopCloser(broken{}), nil },
		"gone":       func() (io.ReadCloser, error) { return os.Open("nowhere") },
	} {
		h := newHub(t)
		s := h.store()
		created, err := s.Put(t.Context(), blob("data"), 4, open)
		if err == nil || created || fault.Code(err) != codes[name] || h.count("POST /api/uploads") > 1 {
			t.Errorf("%s: %v, %v", name, created, err)
		}
		absent(t, s, blob("data"))
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

// TestFaultyAnswers breaks what comes before and after an upload.
func TestFaultyAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		call string // the beginning of method and path
		code string
	}{
		"listing":    {"GET /api/v3/repos/o/r/releases", "store-unreachable"},
		"creating":   {"POST /api/v3/", "store-unreachable"},
		"publishing": {"PATCH ", "store-unreachable"},
	} {
		h := newHub(t)
		bad := 1
		h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if strings.HasPrefix(r.Method+" "+r.URL.Path, test.call) && n <= bad {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
			return false
		}
		s := h.store()
		put(t, s, blob("one"), "one", true)
		put(t, s, manifest(1), "{1}", true)
		bad = 1000
		failed := h.store()
		if _, err := failed.Put(t.Context(), manifest(2), 3, bytesOf("{2}")); fault.Code(err) != test.code {
			t.Errorf("%s: %v", name, err)
		}
		bad = 0
		absent(t, failed, manifest(2)) // in a draft at most
		fresh := h.store()
		absent(t, fresh, manifest(2))
		put(t, fresh, manifest(2), "{2}", true)
		held(t, h.store(), blob("one"), "one")
	}
}

// TestCancelled says so, and has not stored.
func TestCancelled(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.fault = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if uploads(r) {
			cancel()
		}
		return false
	}
	// The answer may be faster than the news of the end.
	if _, err := h.store().Put(ctx, blob("data"), 4, bytesOf("data")); err != nil && !fault.Interrupted(err) {
		t.Error(err)
	}
	if _, err := h.store().Stat(ctx, blob("data")); !fault.Interrupted(err) {
		t.Error(err)
	}
}

// TestStaleLists lays over a list what this process did since.
func TestStaleLists(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	s := h.store()
	h.stale = h.all() // nothing
	put(t, s, blob("one"), "one", true)
	if got := keys(t, s, ""); len(got) != 1 {
		t.Errorf("a draft that is not listed: %q", got)
	}
	h.stale = h.all() // the draft
	put(t, s, blob("two"), "two", true)
	put(t, s, manifest(1), "{1}", true)
	if got := keys(t, s, ""); len(got) != 3 {
		t.Errorf("a release that is listed as a draft: %q", got)
	}
	if created, err := s.Put(t.Context(), blob("three"), 5, bytesOf("three")); err != nil || !created {
		t.Fatal(created, err)
	}
	if len(h.releases) != 2 || len(h.releases[0].assets) != 3 {
		t.Errorf("a published release was taken for a draft: %q", h.tags())
	}
	h.stale = h.all()
	if err := s.Delete(t.Context(), blob("two")); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, s, ""); len(got) != 3 {
		t.Errorf("an asset that is still listed: %q", got)
	}
	absent(t, s, blob("two"))
}

// TestCutDownload goes on where a download broke off.
func TestCutDownload(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	s, data := h.store(), strings.Repeat("0123456789", 20_000)
	put(t, s, blob(data), data, true)
	h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if strings.HasPrefix(r.URL.Path, "/api/") || n > 2 {
			return false
		}
		if n == 2 {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = io.WriteString(w, data[:70_000])
		panic(http.ErrAbortHandler)
	}
	held(t, s, blob(data), data)
	h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			return false
		}
		panic(http.ErrAbortHandler) // for ever
	}
	body, err := s.Open(t.Context(), blob(data))
	if err == nil {
		var got bytes.Buffer
		_, err = got.ReadFrom(body)
		_ = body.Close()
	}
	if fault.Code(err) != "store-unreachable" || strings.Contains(err.Error(), "do-not-print-me") {
		t.Error(err)
	}
}
