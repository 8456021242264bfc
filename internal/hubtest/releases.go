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
	// Folder is where what is published lies, by tag.
	Folder string
	// Address is that of the server, which uploads are sent to.
	Address string
	// Lies: it keeps other bytes than it is sent.
	Lies bool

	mu       sync.Mutex
	ids      int
	releases []Object
	assets   map[int][]Object // by release
	bytes    map[int][]byte   // by asset
}

// ServeHTTP answers a request.
func (h *Releases) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // nobody waits for an answer
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	path, mine := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/v3"), "/api/uploads"), "/repos/"+h.Repository+"/releases")
	id, below, _ := strings.Cut(strings.Trim(path, "/"), "/")
	release, _ := strconv.Atoi(id)
	switch {
	case r.Header.Get("Authorization") != "Bearer "+h.Token:
		Error(w, http.StatusUnauthorized, "Requires authentication")
	case !mine:
		Error(w, http.StatusNotFound, "Not Found")
	case id == "" && r.Method == http.MethodGet:
		Answer(w, h.releases)
	case id == "":
		send(w, http.StatusCreated, h.draft(body))
	case below == "assets" && r.Method == http.MethodGet:
		Answer(w, h.assets[release])
	case below == "assets":
		send(w, http.StatusCreated, h.keep(release, r.URL.Query().Get("name"), body))
	default:
		h.publish(w, release)
	}
}

func (h *Releases) draft(body []byte) Object {
	var in struct {
		Tag    string `json:"tag_name"`
		Commit string `json:"target_commitish"`
	}
	_ = json.Unmarshal(body, &in) // what is missing, the tests miss
	h.ids++
	made := Object{
		"id": h.ids, "tag_name": in.Tag, "target_commitish": in.Commit, "draft": true, "assets": []any{},
		"upload_url": fmt.Sprintf("%s/api/uploads/repos/%s/releases/%d/assets{?name,label}", h.Address, h.Repository, h.ids),
	}.addresses(h.Repository+"/releases/tag/"+in.Tag, "html")
	h.releases = append(h.releases, made)
	return made
}

func (h *Releases) keep(release int, name string, data []byte) Object {
	h.ids++
	made := Object{"id": h.ids, "name": name, "size": len(data), "state": "uploaded", "digest": digest(data)}
	kept := made
	if h.Lies {
		kept = made.With("digest", digest(nil))
	}
	if h.assets == nil {
		h.assets, h.bytes = map[int][]Object{}, map[int][]byte{}
	}
	h.bytes[h.ids] = data
	h.assets[release] = append(h.assets[release], kept)
	return made
}

func digest(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// publish writes what can be seen now into the folder.
func (h *Releases) publish(w http.ResponseWriter, id int) {
	i := slices.IndexFunc(h.releases, func(r Object) bool { return r["id"] == id })
	if i < 0 {
		Error(w, http.StatusNotFound, "Not Found")
		return
	}
	h.releases[i]["draft"] = false
	dir := filepath.Join(h.Folder, h.releases[i]["tag_name"].(string))
	err := os.MkdirAll(dir, 0o755)
	for _, a := range h.assets[id] {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, a["name"].(string)), h.bytes[a["id"].(int)], 0o644)
		}
	}
	if err != nil {
		Error(w, http.StatusInternalServerError, err.Error())
		return
	}
	Answer(w, h.releases[i])
}
