package publish_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/publish"
	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

const token = "do-not-print-me"

// clock passes time at once.
type clock struct{}

func (clock) Now() time.Time                                   { return time.Unix(0, 0) }
func (clock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// hub is the server of releases behind one that misbehaves.
type hub struct {
	*hubtest.Releases
	t      *testing.T
	server *httptest.Server

	mu sync.Mutex
	n  int // requests so far
	// at is the request that goes wrong, counted from 1, and how it does.
	at   int
	how  string
	stop context.CancelFunc
	// first answers in the hub's place where it gives true; nil never does.
	first func(w http.ResponseWriter, r *http.Request) bool
	// whole is what a release has from the moment on that it is seen.
	whole []string
	sent  map[string]int // whole, by name
}

func newHub(t *testing.T) *hub {
	h := &hub{t: t, Releases: &hubtest.Releases{Repository: "o/r", Token: token}, sent: map[string]int{}}
	h.server = httptest.NewServer(h)
	t.Cleanup(h.server.Close)
	h.Address = h.server.URL
	return h
}

// half gives the first half of a body, and breaks.
func half(body io.Reader) io.ReadCloser {
	data, _ := io.ReadAll(body)
	return io.NopCloser(io.MultiReader(bytes.NewReader(data[:len(data)/2]), broken{}))
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.n++; h.n != h.at {
		if h.first == nil || !h.first(w, r) {
			h.pass(w, r)
		}
		return
	}
	switch h.how {
	case "bad gateway":
		hubtest.Error(w, http.StatusBadGateway, "Bad Gateway")
	case "done, and bad gateway":
		h.pass(httptest.NewRecorder(), r)
		hubtest.Error(w, http.StatusBadGateway, "Bad Gateway")
	case "done, and no answer":
		h.pass(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case "by half":
		r.Body = half(r.Body)
		h.pass(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case "interrupted":
		h.stop()
		panic(http.ErrAbortHandler)
	default:
		panic(http.ErrAbortHandler)
	}
}

// pass lets the hub answer, and looks at what can be seen then.
func (h *hub) pass(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	h.Releases.ServeHTTP(answer, r)
	if name := r.URL.Query().Get("name"); name != "" && answer.Code == http.StatusCreated {
		h.sent[name]++
	}
	for tag, names := range h.Seen() {
		for _, name := range h.whole {
			if !slices.Contains(names, name) {
				h.t.Errorf("%s %d: after request %d %s is seen without %s", h.how, h.at, h.n, tag, name)
			}
		}
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// mend ends what goes wrong, and gives how many requests there were.
func (h *hub) mend() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = 0
	return h.n
}

// client is a new process's.
func (h *hub) client(tries int) *actions.Client {
	api, err := url.Parse(h.server.URL + "/api/v3/")
	if err != nil {
		h.t.Fatal(err)
	}
	place := actions.Place{Repository: actions.Repository{Host: api.Host, Owner: "o", Name: "r"}, API: api}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	h.t.Cleanup(transport.CloseIdleConnections)
	return actions.New(place, actions.Options{Token: token, Clock: clock{}, Tries: tries, Transport: transport})
}

// ask asks the hub itself, past what misbehaves.
func (h *hub) ask(method, path, body string) []byte {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.Releases.ServeHTTP(w, r)
	if w.Code >= 300 {
		h.t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// set writes files and gives them as they are published.
func set(t *testing.T, names ...string) []publish.File {
	t.Helper()
	dir := t.TempDir()
	var files []publish.File
	for _, name := range names {
		data := []byte("the bytes of " + name)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, publish.File{Path: path, Name: name, Size: int64(len(data)), SHA256: fmt.Sprintf("%x", sha256.Sum256(data))})
	}
	return files
}

var names = []string{"w-3.11.tgz", "w-3.11.tgz.meta", "w-3.11.tgz.asc"}

// TestEveryRequestBreaks lets each request of the real client go wrong in each
// way: what is seen is whole, what arrived is not sent again, and the next
// process finishes it in the same draft.
func TestEveryRequestBreaks(t *testing.T) {
	t.Parallel()
	files := set(t, names...)
	broke := 0
	for _, how := range []string{"bad gateway", "no answer", "done, and bad gateway", "done, and no answer", "by half", "interrupted"} {
		for _, silent := range []bool{false, true} {
			for at := 1; ; at++ {
				h := newHub(t)
				h.how, h.at, h.Silent, h.whole = how, at, silent, names
				ctx, stop := context.WithCancel(t.Context())
				h.stop = stop
				_, err := publish.Run(ctx, h.client(1), publish.Options{Tag: "t", Files: files})
				stop()
				if h.mend() < at {
					break // it makes fewer requests
				}
				if err != nil {
					broke++
				} else if how == "bad gateway" || how == "interrupted" {
					t.Errorf("%s %d: nothing is said of it", how, at)
				}
				if err != nil && strings.Contains(err.Error(), token) {
					t.Errorf("%s %d: %v", how, at, err)
				}
				if _, err := publish.Run(t.Context(), h.client(1), publish.Options{Tag: "t", Files: files}); err != nil {
					t.Errorf("%s %d: again: %v", how, at, err)
				}
				for _, name := range names {
					if h.sent[name] != 1 {
						t.Errorf("%s %d: %s arrived %d times", how, at, name, h.sent[name])
					}
				}
				if all := h.ask("GET", "/api/v3/repos/o/r/releases", ""); len(h.Seen()["t"]) != len(names) || strings.Count(string(all), `"tag_name"`) != 1 {
					t.Errorf("%s %d: seen %v of %s", how, at, h.Seen(), all)
				}
				// The client that asks again by itself gets through, too.
				h = newHub(t)
				h.how, h.at, h.Silent, h.whole, h.stop = how, at, silent, names, func() {}
				if done, err := publish.Run(t.Context(), h.client(3), publish.Options{Tag: "t", Files: files}); err != nil || done.Release.Draft {
					t.Errorf("%s %d: asking again: %+v, %v", how, at, done, err)
				}
			}
		}
	}
	t.Logf("%d broke off", broke)
	if broke < 70 {
		t.Errorf("only %d broke off", broke)
	}
}

// TestOthersStay: what another has sent meanwhile is neither overwritten nor
// deleted, not even where this one's file has become the same.
func TestOthersStay(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ theirs, ours, code string }{
		"the same bytes":                        {"", "", ""},
		"other bytes":                           {"other", "", "asset-exists"},
		"other bytes, and the file has changed": {"THE BYTES OF W-3.11.TGZ.META", "THE BYTES OF W-3.11.TGZ.META", "changed-meanwhile"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, files := newHub(t), set(t, names...)
			theirs := "the bytes of " + names[1]
			if test.theirs != "" {
				theirs = test.theirs
			}
			h.first = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Query().Get("name") != names[1] || r.Method != http.MethodPost {
					return false
				}
				_, _ = io.Copy(io.Discard, r.Body)
				h.ask(r.Method, r.URL.String(), theirs)
				if test.ours != "" {
					if err := os.WriteFile(files[1].Path, []byte(test.ours), 0o644); err != nil {
						t.Error(err)
					}
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = io.WriteString(w, `{"message":"Validation Failed","errors":[{"code":"already_exists"}]}`)
				return true
			}
			_, err := publish.Run(t.Context(), h.client(1), publish.Options{Tag: "t", Files: files})
			if fault.Code(err) != test.code && !(err == nil && test.code == "") {
				t.Errorf("%v, want %q", err, test.code)
			}
			var all []struct{ Name, Digest string }
			if err := json.Unmarshal(h.ask("GET", "/api/v3/repos/o/r/releases/1/assets", ""), &all); err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(theirs))); len(all) == 0 || all[0].Name != names[1] || all[0].Digest != want {
				t.Errorf("there is %+v, not theirs first, %s", all, want)
			}
		})
	}
}

// TestTheirDraft: a draft that somebody wrote is filled and published, its
// words, its kind and its commit as they were.
func TestTheirDraft(t *testing.T) {
	t.Parallel()
	h, files := newHub(t), set(t, names...)
	h.ask("POST", "/api/v3/repos/o/r/releases", `{"tag_name":"t","name":"One","body":"words","draft":true,"prerelease":false,"target_commitish":"theirs"}`)
	o := publish.Options{Tag: "t", Commit: "ours", Body: "ours", Files: files}
	if done, err := publish.Run(t.Context(), h.client(1), o); err != nil || done.Release.Draft {
		t.Fatalf("%+v, %v", done, err)
	}
	o.Tag = "u"
	if _, err := publish.Run(t.Context(), h.client(1), o); err != nil {
		t.Fatal(err)
	}
	type said struct {
		Tag    string `json:"tag_name"`
		Name   string
		Body   string
		Pre    bool   `json:"prerelease"`
		Commit string `json:"target_commitish"`
		Draft  bool
	}
	var all []said
	if err := json.Unmarshal(h.ask("GET", "/api/v3/repos/o/r/releases", ""), &all); err != nil {
		t.Fatal(err)
	}
	if want := []said{{"u", "u", "ours", true, "ours", false}, {"t", "One", "words", false, "theirs", false}}; !slices.Equal(all, want) {
		t.Errorf("%+v, want %+v", all, want)
	}
}

// TestImmutable: a release that is so from its publication on is right, and
// takes nothing more.
func TestImmutable(t *testing.T) {
	t.Parallel()
	h, files := newHub(t), set(t, names...)
	h.Immutable = true
	o := publish.Options{Tag: "t", Files: files}
	for i, unchanged := range []bool{false, true} {
		if done, err := publish.Run(t.Context(), h.client(1), o); err != nil || done.Unchanged != unchanged || !done.Release.Immutable {
			t.Errorf("%d: %+v, %v", i, done, err)
		}
	}
	o.Files = append(o.Files, set(t, "w-3.12.tgz")...)
	if _, err := publish.Run(t.Context(), h.client(1), o); fault.Code(err) != "release-immutable" || h.sent["w-3.12.tgz"] > 0 {
		t.Errorf("%v, sent %v", err, h.sent)
	}
}

// TestNoToken: what cannot be done without one says so.
func TestNoToken(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	client := h.client(1)
	client.Token = ""
	_, err := publish.Run(t.Context(), client, publish.Options{Tag: "t", Files: set(t, names...)})
	if e, ok := fault.As(err); !ok || e.Code != "token-missing" || e.Status != fault.Unable || !strings.Contains(e.Hint, "contents: write") {
		t.Errorf("%v", err)
	}
	if errors.Is(err, context.Canceled) || len(h.Seen()) > 0 {
		t.Errorf("%v", h.Seen())
	}
}
