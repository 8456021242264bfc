package targets_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// releasesHub serves the releases of o/r as GitHub's API does. What is
// published lies in the folder, by tag.
type releasesHub struct {
	folder, url string
	// lies keeps other bytes than it is sent.
	lies bool

	mu       sync.Mutex
	ids      int
	releases []hubtest.Object
	assets   map[int][]hubtest.Object // by release
}

// cmdReleases starts such a server: releases [lies].
func cmdReleases(ts *testscript.TestScript, _ bool, args []string) {
	h := &releasesHub{folder: ts.MkAbs("released"), lies: slices.Contains(args, "lies"), assets: map[int][]hubtest.Object{}}
	server := httptest.NewServer(h)
	ts.Defer(server.Close)
	h.url = server.URL
	ts.Setenv("GITHUB_API_URL", server.URL+"/api/v3")
}

func (h *releasesHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/v3"), "/api/uploads")
	id, below, _ := strings.Cut(strings.Trim(strings.TrimPrefix(path, "/repos/o/r/releases"), "/"), "/")
	release, _ := strconv.Atoi(id)
	switch {
	case err != nil:
		return
	case r.Header.Get("Authorization") != "Bearer do-not-print-me":
		hubtest.Error(w, http.StatusUnauthorized, "Requires authentication")
	case !strings.HasPrefix(path, "/repos/o/r/releases"):
		hubtest.Error(w, http.StatusNotFound, "Not Found")
	case id == "" && r.Method == http.MethodGet:
		hubtest.Answer(w, h.releases)
	case id == "":
		hubtest.Answer(w, h.draft(body))
	case below == "assets" && r.Method == http.MethodGet:
		hubtest.Answer(w, h.assets[release])
	case below == "assets":
		hubtest.Answer(w, h.keep(release, r.URL.Query().Get("name"), body))
	default:
		hubtest.Answer(w, h.publish(release))
	}
}

func (h *releasesHub) draft(body []byte) hubtest.Object {
	var in struct {
		Tag    string `json:"tag_name"`
		Commit string `json:"target_commitish"`
	}
	_ = json.Unmarshal(body, &in)
	h.ids++
	made := hubtest.Object{
		"id": h.ids, "tag_name": in.Tag, "target_commitish": in.Commit, "draft": true, "assets": []any{},
		"upload_url": fmt.Sprintf("%s/api/uploads/repos/o/r/releases/%d/assets{?name,label}", h.url, h.ids),
		"html_url":   "https://git.example.org/o/r/releases/tag/" + in.Tag,
	}
	h.releases = append(h.releases, made)
	return made
}

func (h *releasesHub) keep(release int, name string, data []byte) hubtest.Object {
	h.ids++
	made := hubtest.Object{"id": h.ids, "name": name, "size": len(data), "state": "uploaded", "digest": fmt.Sprintf("sha256:%x", sha256.Sum256(data)), "data": data}
	kept := made
	if h.lies {
		kept = made.With("digest", fmt.Sprintf("sha256:%x", sha256.Sum256(nil)))
	}
	h.assets[release] = append(h.assets[release], kept)
	return made
}

// publish writes what can be seen now into the folder.
func (h *releasesHub) publish(id int) hubtest.Object {
	i := slices.IndexFunc(h.releases, func(r hubtest.Object) bool { return r["id"] == id })
	h.releases[i]["draft"] = false
	dir := filepath.Join(h.folder, h.releases[i]["tag_name"].(string))
	_ = os.MkdirAll(dir, 0o755)
	for _, a := range h.assets[id] {
		_ = os.WriteFile(filepath.Join(dir, a["name"].(string)), a["data"].([]byte), 0o644)
	}
	return h.releases[i]
}
