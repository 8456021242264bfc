package ocistore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fake is a registry that speaks as much of the distribution specification as
// a Store asks for: a manifest's blobs must be there, a blob must have the
// digest that it is put under.
type fake struct {
	*httptest.Server
	// fault answers a request instead; nil, or false: it does not.
	fault func(w http.ResponseWriter, r *http.Request) bool

	mu        sync.Mutex
	blobs     map[string][]byte
	manifests map[string][]byte // by digest
	tags      map[string]string
	uploads   int // blobs that were sent
}

const (
	repository = "owner/name"
	// pageSize is how many tags a page of a list has.
	pageSize = 2
)

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{blobs: map[string][]byte{}, manifests: map[string][]byte{}, tags: map[string]string{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) url() string { return "oci://" + f.Listener.Addr().String() + "/" + repository }

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.fault != nil && f.fault(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	rest, ours := strings.CutPrefix(r.URL.Path, "/v2/"+repository+"/")
	kind, name, _ := strings.Cut(rest, "/")
	switch {
	case !ours:
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN")
	case rest == "tags/list":
		f.list(w, r)
	case kind == "manifests":
		f.manifest(w, r, name, body)
	case name == "uploads/":
		w.Header().Set("Location", "/v2/"+repository+"/blobs/uploads/1")
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodPut:
		digest := "sha256:" + sha(body)
		if r.URL.Query().Get("digest") != digest {
			refuse(w, http.StatusBadRequest, "DIGEST_INVALID")
			return
		}
		f.uploads++
		f.blobs[digest] = body
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodDelete:
		gone(w, f.blobs, name, "BLOB_UNKNOWN")
	default:
		data, ok := f.blobs[name]
		give(w, r, "application/octet-stream", name, data, ok, "BLOB_UNKNOWN")
	}
}

func (f *fake) manifest(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	digest := name
	if !strings.HasPrefix(name, "sha256:") {
		digest = f.tags[name]
	}
	switch r.Method {
	case http.MethodPut:
		var m struct {
			Config struct{ Digest string }
			Layers []struct{ Digest string }
		}
		if json.Unmarshal(body, &m) != nil {
			refuse(w, http.StatusBadRequest, "MANIFEST_INVALID")
			return
		}
		for _, layer := range append(m.Layers, m.Config) {
			if _, ok := f.blobs[layer.Digest]; !ok {
				refuse(w, http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN")
				return
			}
		}
		digest = "sha256:" + sha(body)
		f.manifests[digest], f.tags[name] = body, digest
		w.Header().Set("Docker-Content-Digest", digest)
		w.WriteHeader(http.StatusCreated)
	case http.MethodDelete:
		maps.DeleteFunc(f.tags, func(_, d string) bool { return d == digest })
		gone(w, f.manifests, digest, "MANIFEST_UNKNOWN")
	default:
		data, ok := f.manifests[digest]
		give(w, r, "application/vnd.oci.image.manifest.v1+json", digest, data, ok, "MANIFEST_UNKNOWN")
	}
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	tags := slices.Sorted(maps.Keys(f.tags))
	last := r.URL.Query().Get("last")
	tags = slices.DeleteFunc(tags, func(tag string) bool { return tag <= last })
	if len(tags) > pageSize {
		tags = tags[:pageSize]
		w.Header().Set("Link", fmt.Sprintf(`</v2/%s/tags/list?last=%s>; rel="next"`, repository, tags[pageSize-1]))
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"name": repository, "tags": tags})
}

func give(w http.ResponseWriter, r *http.Request, mediaType, digest string, data []byte, ok bool, missing string) {
	if !ok {
		refuse(w, http.StatusNotFound, missing)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(data)
	}
}

func gone(w http.ResponseWriter, from map[string][]byte, name, missing string) {
	if _, ok := from[name]; !ok {
		refuse(w, http.StatusNotFound, missing)
		return
	}
	delete(from, name)
	w.WriteHeader(http.StatusAccepted)
}

// refuse gives an error as registries do.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"it said \u001b[31m so"}]}`, code)
}
