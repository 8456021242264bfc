package hubtest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Releases serves the releases of one repository, as far as publishing asks for
// them, below /api/v3. It may be used by several goroutines at once.
type Releases struct {
	// Repository is "owner/name". Token is the only one that it takes.
	Repository, Token string
	// Folder is where what everybody sees lies, by tag; empty: nowhere.
	Folder string
	// Address is that of the server, which uploads are sent to.
	Address string
	// Lies: it keeps other bytes than it says. Silent: it tells no digests, as
	// an old Enterprise does. Immutable: so is what it publishes.
	Lies, Silent, Immutable bool

	mu       sync.Mutex
	ids      int
	releases []Object
	assets   map[int][]Object // by release
	bytes    map[int][]byte   // by asset
}

// ServeHTTP answers a request. An upload whose bytes do not all arrive leaves a
// half asset behind.
func (h *Releases) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, broken := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	path, mine := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/v3"), "/api/uploads"), "/repos/"+h.Repository+"/releases")
	first, second, _ := strings.Cut(strings.Trim(path, "/"), "/")
	release, _ := strconv.Atoi(first)
	asset, _ := strconv.Atoi(second)
	upload := second == "assets" && r.Method == http.MethodPost
	switch name := r.URL.Query().Get("name"); {
	case r.Header.Get("Authorization") != "Bearer "+h.Token:
		Error(w, http.StatusUnauthorized, "Requires authentication")
	case broken != nil && upload:
		h.keep(release, name, body, "starter")
		panic(http.ErrAbortHandler)
	case broken != nil:
		panic(http.ErrAbortHandler)
	case !mine:
		Error(w, http.StatusNotFound, "Not Found")
	case first == "" && r.Method == http.MethodGet:
		newest := list(h.releases)
		slices.Reverse(newest)
		Answer(w, newest)
	case first == "":
		send(w, http.StatusCreated, h.draft(body))
	case first == "assets":
		h.asset(w, r, asset)
	case h.find(release) == nil:
		Error(w, http.StatusNotFound, "Not Found")
	case upload:
		h.upload(w, release, name, body)
	case second == "assets":
		Answer(w, list(h.assets[release]))
	default:
		h.publish(w, release, body)
	}
}

// find gives a release; nil where there is none of that id.
func (h *Releases) find(id int) Object {
	i := slices.IndexFunc(h.releases, func(r Object) bool { return r["id"] == id })
	if i < 0 {
		return nil
	}
	return h.releases[i]
}

func (h *Releases) draft(body []byte) Object {
	var in struct {
		Tag    string `json:"tag_name"`
		Commit string `json:"target_commitish"`
		Name   string `json:"name"`
		Body   string `json:"body"`
		Pre    bool   `json:"prerelease"`
	}
	_ = json.Unmarshal(body, &in) // what is missing, the tests miss
	if in.Commit == "" {
		in.Commit = "main"
	}
	h.ids++
	made := Object{
		"id": h.ids, "node_id": "RE_" + strconv.Itoa(h.ids), "tag_name": in.Tag, "target_commitish": in.Commit, "name": in.Name, "body": in.Body,
		"draft": true, "prerelease": in.Pre, "immutable": false, "created_at": day, "published_at": nil, "author": owner("o"),
		"url": fmt.Sprintf("%srepos/%s/releases/%d", site, h.Repository, h.ids), "assets": []any{},
	}.addresses(h.Repository+"/releases/tag/"+in.Tag, "html assets tarball zipball")
	made["upload_url"] = fmt.Sprintf("%s/api/uploads/repos/%s/releases/%d/assets{?name,label}", h.Address, h.Repository, h.ids)
	h.releases = append(h.releases, made)
	return made
}

// refuse answers with 422 as the API does.
func refuse(w http.ResponseWriter, resource, field, code string) {
	send(w, http.StatusUnprocessableEntity, Object{
		"message": "Validation Failed", "documentation_url": "https://docs.example.org/rest",
		"errors": []Object{{"resource": resource, "field": field, "code": code}},
	})
}

func (h *Releases) upload(w http.ResponseWriter, release int, name string, data []byte) {
	switch {
	case h.find(release)["immutable"] == true:
		Error(w, http.StatusUnprocessableEntity, "Cannot upload assets to an immutable release.")
	case slices.ContainsFunc(h.assets[release], func(a Object) bool { return a["name"] == name }):
		refuse(w, "ReleaseAsset", "name", "already_exists")
	case len(data) == 0:
		refuse(w, "ReleaseAsset", "size", "custom")
	default:
		made := h.keep(release, name, data, "uploaded")
		if err := h.show(release); err != nil {
			Error(w, http.StatusInternalServerError, err.Error())
			return
		}
		send(w, http.StatusCreated, made)
	}
}

// keep makes an asset, and gives what it says of it.
func (h *Releases) keep(release int, name string, data []byte, state string) Object {
	h.ids++
	made := Object{
		"id": h.ids, "node_id": "RA_" + strconv.Itoa(h.ids), "name": name, "label": nil, "size": len(data), "state": state, "digest": nil,
		"content_type": "application/octet-stream", "download_count": 0, "created_at": day, "updated_at": day, "uploader": owner("o"),
		"url": fmt.Sprintf("%srepos/%s/releases/assets/%d", site, h.Repository, h.ids),
	}.addresses(h.Repository+"/releases/download/"+name, "browser_download")
	if state == "uploaded" && !h.Silent {
		made["digest"] = digest(data)
	}
	kept := made
	if h.Lies {
		data = []byte(strings.Repeat("x", len(data)))
		if !h.Silent {
			kept = made.With("digest", digest(data))
		}
	}
	if h.assets == nil {
		h.assets, h.bytes = map[int][]Object{}, map[int][]byte{}
	}
	h.bytes[h.ids] = data
	h.assets[release] = append(h.assets[release], kept)
	return made
}

func digest(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// asset gives an asset's bytes, or deletes it.
func (h *Releases) asset(w http.ResponseWriter, r *http.Request, id int) {
	for release, assets := range h.assets {
		i := slices.IndexFunc(assets, func(a Object) bool { return a["id"] == id })
		switch {
		case i < 0:
		case r.Method == http.MethodDelete:
			h.assets[release] = slices.Delete(assets, i, i+1)
			w.WriteHeader(http.StatusNoContent)
			return
		default:
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(h.bytes[id]) // the client that went away does not mind
			return
		}
	}
	Error(w, http.StatusNotFound, "Not Found")
}

// publish changes a release as the body says, and makes it seen.
func (h *Releases) publish(w http.ResponseWriter, id int, body []byte) {
	changes := Object{}
	_ = json.Unmarshal(body, &changes) // what is missing, the tests miss
	delete(changes, "make_latest")
	for _, r := range h.releases {
		if r["id"] != id && r["draft"] == false && r["tag_name"] == changes["tag_name"] {
			refuse(w, "Release", "tag_name", "already_exists")
			return
		}
	}
	r := h.find(id)
	for name, value := range changes {
		r[name] = value
	}
	if r["draft"] == false {
		r["published_at"], r["immutable"] = day, h.Immutable
	}
	if err := h.show(id); err != nil {
		Error(w, http.StatusInternalServerError, err.Error())
		return
	}
	Answer(w, r)
}

// show writes what everybody sees of a release into the folder.
func (h *Releases) show(id int) error {
	r := h.find(id)
	if h.Folder == "" || r["draft"] == true {
		return nil
	}
	dir := filepath.Join(h.Folder, r["tag_name"].(string))
	err := os.MkdirAll(dir, 0o755)
	for _, a := range h.assets[id] {
		if err == nil && a["state"] == "uploaded" {
			err = os.WriteFile(filepath.Join(dir, a["name"].(string)), h.bytes[a["id"].(int)], 0o644)
		}
	}
	return err
}

// Seen gives what everybody can see: the names of the assets that are whole, by
// the tag of each release that is published.
func (h *Releases) Seen() map[string][]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := map[string][]string{}
	for _, r := range h.releases {
		if r["draft"] == true {
			continue
		}
		names := []string{}
		for _, a := range h.assets[r["id"].(int)] {
			if a["state"] == "uploaded" {
				names = append(names, a["name"].(string))
			}
		}
		seen[r["tag_name"].(string)] = names
	}
	return seen
}
