package releasestore_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/releasestore"
)

const secretToken = "ghs_do-not-print-me"

// clock passes time at once.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

type object map[string]any

// asset is an asset as the server keeps it.
type asset struct {
	id    int
	name  string
	data  []byte
	state string
	made  time.Time
}

// published is a release, or a draft, as the server keeps it.
type published struct {
	id        int
	tag       string
	draft     bool
	immutable bool
	assets    []*asset
}

// hub is GitHub's API for releases, as far as a store uses it, and the server
// that it redirects downloads to. It misbehaves as it is told.
type hub struct {
	t         *testing.T
	api, blob *httptest.Server

	mu       sync.Mutex
	next     int
	releases []*published
	calls    map[string]int // by method and path
	// immutable makes what is published so.
	immutable bool
	// old keeps digests back, as an old Enterprise does.
	old bool
	// now is when assets are made, and what the store's clock says.
	now func() time.Time
	// stale is what the list of releases says instead of the truth; nil: the
	// truth.
	stale []object
	// fault answers a request in the hub's place where it gives true. n counts
	// the requests of that method and path from 1. The lock is held.
	fault func(w http.ResponseWriter, r *http.Request, n int) bool
}

func newHub(t *testing.T) *hub {
	h := &hub{t: t, next: 1, calls: map[string]int{}}
	h.now = func() time.Time {
		return time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(h.next) * time.Second)
	}
	h.api, h.blob = httptest.NewServer(http.HandlerFunc(h.serve)), httptest.NewServer(http.HandlerFunc(h.serveBlob))
	t.Cleanup(h.api.Close)
	t.Cleanup(h.blob.Close)
	return h
}

// store is a new process's store over the hub.
func (h *hub) store() *releasestore.Store {
	api, err := url.Parse(h.api.URL + "/api/v3/")
	if err != nil {
		h.t.Fatal(err)
	}
	place := actions.Place{Repository: actions.Repository{Host: "git.example.org", Owner: "o", Name: "r"}, API: api}
	client := actions.New(place, actions.Options{
		Token: secretToken, Clock: &clock{now: h.now()}, Tries: 3,
		Transport: http.DefaultTransport.(*http.Transport).Clone(),
	})
	return releasestore.New(client, "git.example.org/o/r", h.now)
}

func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	if path, ok := strings.CutPrefix(r.URL.Path, "/api/uploads/repos/o/r/releases/"); ok && err != nil {
		h.keep(h.release(strings.TrimSuffix(path, "/assets")), r.URL.Query().Get("name"), nil, "starter")
		panic(http.ErrAbortHandler)
	}
	if r.Header.Get("Authorization") != "Bearer "+secretToken {
		h.t.Errorf("%s: authorization %q", r.URL.Path, r.Header.Get("Authorization"))
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	h.calls[r.Method+" "+r.URL.Path]++
	if h.fault != nil && h.fault(w, r, h.calls[r.Method+" "+r.URL.Path]) {
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/api/uploads/repos/o/r/releases/"); ok {
		h.upload(w, r, h.release(strings.TrimSuffix(path, "/assets")), body)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/v3/repos/o/r/releases")
	switch id := strings.TrimPrefix(path, "/assets/"); {
	case path == "" && r.Method == http.MethodGet:
		h.list(w, r)
	case path == "":
		h.create(w, body)
	case id != path:
		h.asset(w, r, id)
	case strings.HasSuffix(path, "/assets"):
		h.assets(w, r, h.release(strings.Trim(strings.TrimSuffix(path, "assets"), "/")))
	default:
		h.change(w, r, h.release(strings.Trim(path, "/")), body)
	}
}

func (h *hub) release(id string) *published {
	for _, p := range h.releases {
		if strconv.Itoa(p.id) == id {
			return p
		}
	}
	return nil
}

func say(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// refuse answers 422 as GitHub does.
func refuse(w http.ResponseWriter, message, resource, field, code string) {
	say(w, http.StatusUnprocessableEntity, object{"message": message, "errors": []object{{"resource": resource, "field": field, "code": code}}})
}

func (h *hub) json(p *published) object {
	list := []object{}
	for _, a := range p.assets {
		list = append(list, h.assetJSON(a))
	}
	return object{
		"id": p.id, "tag_name": p.tag, "name": p.tag, "draft": p.draft, "immutable": p.immutable, "created_at": "2030-01-01T00:00:00Z",
		"upload_url": fmt.Sprintf("%s/api/uploads/repos/o/r/releases/%d/assets{?name,label}", h.api.URL, p.id), "assets": list[:min(len(list), 30)],
	}
}

func (h *hub) assetJSON(a *asset) object {
	o := object{"id": a.id, "name": a.name, "size": len(a.data), "state": a.state, "updated_at": a.made, "digest": nil}
	if a.state == "uploaded" && !h.old {
		o["digest"] = "sha256:" + sum(a.data)
	}
	return o
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// page cuts one page out of a list and names the next one.
func page[T any](w http.ResponseWriter, r *http.Request, all []T) []T {
	per, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from, to := min((n-1)*per, len(all)), min(n*per, len(all))
	if to < len(all) {
		w.Header().Set("Link", `<https://git.example.org/next>; rel="next"`)
	}
	return all[from:to]
}

func (h *hub) list(w http.ResponseWriter, r *http.Request) {
	list := h.stale
	if list == nil {
		list = h.all()
	}
	say(w, http.StatusOK, page(w, r, list))
}

// all is every release, the newest first.
func (h *hub) all() []object {
	list := []object{}
	for _, p := range slices.Backward(h.releases) {
		list = append(list, h.json(p))
	}
	return list
}

func (h *hub) create(w http.ResponseWriter, body []byte) {
	var in struct {
		TagName    string `json:"tag_name"`
		Draft      bool   `json:"draft"`
		MakeLatest string `json:"make_latest"`
	}
	if err := json.Unmarshal(body, &in); err != nil || !in.Draft || in.MakeLatest != "false" {
		h.t.Errorf("made of %s", body)
	}
	p := &published{id: h.id(), tag: in.TagName, draft: true}
	h.releases = append(h.releases, p)
	say(w, http.StatusCreated, h.json(p))
}

func (h *hub) id() int { h.next++; return h.next }

func (h *hub) change(w http.ResponseWriter, r *http.Request, p *published, body []byte) {
	if p == nil {
		say(w, http.StatusNotFound, object{"message": "Not Found"})
		return
	}
	if r.Method == http.MethodGet {
		say(w, http.StatusOK, h.json(p))
		return
	}
	if r.Method == http.MethodDelete {
		h.releases = slices.DeleteFunc(h.releases, func(o *published) bool { return o == p })
		w.WriteHeader(http.StatusNoContent)
		return
	}
	var in struct {
		TagName string `json:"tag_name"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		h.t.Errorf("changed to %s", body)
	}
	for _, other := range h.releases {
		if other != p && !other.draft && other.tag == in.TagName {
			refuse(w, "Validation Failed", "Release", "tag_name", "already_exists")
			return
		}
	}
	p.tag, p.draft, p.immutable = in.TagName, false, h.immutable
	say(w, http.StatusOK, h.json(p))
}

func (h *hub) assets(w http.ResponseWriter, r *http.Request, p *published) {
	if p == nil {
		say(w, http.StatusNotFound, object{"message": "Not Found"})
		return
	}
	list := []object{}
	for _, a := range p.assets {
		list = append(list, h.assetJSON(a))
	}
	say(w, http.StatusOK, page(w, r, list))
}

func (h *hub) upload(w http.ResponseWriter, r *http.Request, p *published, body []byte) {
	name := r.URL.Query().Get("name")
	switch {
	case p == nil:
		say(w, http.StatusNotFound, object{"message": "Not Found"})
	case p.immutable:
		say(w, http.StatusUnprocessableEntity, object{"message": "Cannot upload assets to an immutable release."})
	case len(body) == 0 || len(p.assets) >= 1000:
		refuse(w, "Validation Failed", "ReleaseAsset", "size", "custom")
	case slices.ContainsFunc(p.assets, func(a *asset) bool { return a.name == name }):
		refuse(w, "Validation Failed", "ReleaseAsset", "name", "already_exists")
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "":
		h.t.Errorf("the asset %q would get another name", name)
	default:
		say(w, http.StatusCreated, h.assetJSON(h.keep(p, name, body, "uploaded")))
	}
}

// keep makes an asset.
func (h *hub) keep(p *published, name string, data []byte, state string) *asset {
	a := &asset{h.id(), name, data, state, h.now()}
	p.assets = append(p.assets, a)
	return a
}

func (h *hub) asset(w http.ResponseWriter, r *http.Request, id string) {
	p, a := h.find(id)
	switch {
	case a == nil:
		say(w, http.StatusNotFound, object{"message": "Not Found"})
	case r.Method == http.MethodDelete && p.immutable:
		say(w, http.StatusUnprocessableEntity, object{"message": "Cannot delete asset from an immutable release"})
	case r.Method == http.MethodDelete:
		p.assets = slices.DeleteFunc(p.assets, func(o *asset) bool { return o == a })
		w.WriteHeader(http.StatusNoContent)
	case r.Header.Get("Accept") == "application/octet-stream":
		w.Header().Set("Location", h.blob.URL+"/"+id+"?sig=do-not-print-me")
		w.WriteHeader(http.StatusFound)
	default:
		say(w, http.StatusOK, h.assetJSON(a))
	}
}

func (h *hub) find(id string) (*published, *asset) {
	for _, p := range h.releases {
		for _, a := range p.assets {
			if strconv.Itoa(a.id) == id {
				return p, a
			}
		}
	}
	return nil, nil
}

func (h *hub) serveBlob(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Header.Get("Authorization") != "" || r.Header.Get("Referer") != "" {
		h.t.Errorf("the blob's host got %q, %q", r.Header.Get("Authorization"), r.Header.Get("Referer"))
	}
	h.calls["blob "+r.URL.Path]++
	if h.fault != nil && h.fault(w, r, h.calls["blob "+r.URL.Path]) {
		return
	}
	_, a := h.find(strings.Trim(r.URL.Path, "/"))
	if a == nil {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(a.data)))
}
