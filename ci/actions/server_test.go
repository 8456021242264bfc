package actions

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

const (
	secretToken = "ghs_do-not-print-me"
	secretQuery = "sig=do-not-print-me"
)

// clock passes time at once.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = c.now.Add(d), append(c.slept, d)
	return ctx.Err()
}

// hub is a server of the API, and another one of blobs, which misbehave as
// they are told.
type hub struct {
	t         *testing.T
	api, blob *httptest.Server
	clock     *clock

	mu        sync.Mutex
	calls     []string // to the API
	runs      []map[string]any
	artifacts []map[string]any
	body      []byte
	// fault answers a request in the hub's place where it gives true; n counts
	// the requests of that path from 1.
	fault func(w http.ResponseWriter, r *http.Request, n int) bool
	seen  map[string]int
	notes strings.Builder
}

func newHub(t *testing.T, body []byte) *hub {
	h := &hub{t: t, clock: newClock(), body: body, seen: map[string]int{}}
	h.api, h.blob = httptest.NewServer(hubtest.Record(http.HandlerFunc(h.serveAPI), "/api/v3")), httptest.NewServer(http.HandlerFunc(h.serveBlob))
	t.Cleanup(h.api.Close)
	t.Cleanup(h.blob.Close)
	h.runs = []map[string]any{apiRun(9, "completed", "success")}
	sum := sha256.Sum256(body)
	h.artifacts = []map[string]any{hubtest.Artifact(90, "wheelhouse-3.11", len(body)).With("digest", "sha256:"+hex.EncodeToString(sum[:]))}
	return h
}

func apiRun(id int, status, conclusion string) hubtest.Object {
	return hubtest.Run(id, status, conclusion)
}

func (h *hub) faulty(w http.ResponseWriter, r *http.Request) bool {
	h.seen[r.URL.Path]++
	return h.fault != nil && h.fault(w, r, h.seen[r.URL.Path])
}

func (h *hub) serveAPI(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, r.URL.Path)
	if r.Header.Get("Authorization") != "Bearer "+secretToken {
		h.t.Errorf("%s: the API got the authorization %q", r.URL.Path, r.Header.Get("Authorization"))
	}
	if h.faulty(w, r) {
		return
	}
	switch path := strings.TrimPrefix(r.URL.Path, "/api/v3/repos/o/r"); {
	case path == "":
		answer(w, hubtest.Repository(7, "o/r"))
	case path == "/actions/workflows/heavy-deps.yml/runs":
		answer(w, map[string]any{"total_count": len(h.runs), "workflow_runs": list(h.runs)})
	case strings.HasSuffix(path, "/artifacts"):
		answer(w, map[string]any{"total_count": len(h.artifacts), "artifacts": list(h.artifacts)})
	case strings.HasPrefix(path, "/actions/runs/"):
		answer(w, h.runs[0])
	case strings.HasSuffix(path, "/zip"):
		w.Header().Set("Location", h.blob.URL+"/blob?"+secretQuery)
		w.WriteHeader(http.StatusFound)
	default:
		hubtest.Error(w, http.StatusNotFound, "Not Found")
	}
}

// list is never null in JSON.
func list(objects []map[string]any) []map[string]any { return append([]map[string]any{}, objects...) }

func answer(w http.ResponseWriter, v any) { hubtest.Answer(w, v) }

// send sends a status and a text: an error as the API gives it when the text is
// JSON, else something that stands between us and the API.
func send(w http.ResponseWriter, status int, text string) {
	switch {
	case strings.HasPrefix(text, "{"):
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	case status != http.StatusNoContent && status != http.StatusNotModified:
		hubtest.Wrong(w)
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

func (h *hub) serveBlob(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Header.Get("Authorization") != "" || r.Header.Get("Referer") != "" {
		h.t.Errorf("the blob's host got %q, %q", r.Header.Get("Authorization"), r.Header.Get("Referer"))
	}
	if h.faulty(w, r) {
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(h.body))
}

// fetcher fetches from the hub into a folder.
func (h *hub) fetcher(dir string) Fetcher {
	return fetcherAt(h.t, h.api.URL, dir, h.clock, func(line string) { h.notes.WriteString(line + "\n") })
}

// fetcherAt fetches from a hub at that address.
func fetcherAt(t *testing.T, address, dir string, clock *clock, note func(string)) Fetcher {
	api, err := url.Parse(address + "/api/v3/")
	if err != nil {
		t.Fatal(err)
	}
	place := Place{Repository: Repository{"git.example.org", "o", "r"}, API: api}
	return Fetcher{
		Server: New(place, Options{Token: secretToken, Clock: clock, Note: note, Transport: http.DefaultTransport.(*http.Transport).Clone()}),
		Folder: Folder{Outdir: dir, Critical: []string{"demo"}, Tarball: "wheelhouse-3.11.tgz"},
		Want:   Want{Workflow: "heavy-deps.yml"}, Artifact: "wheelhouse-3.11",
		Patience: Patience{Timeout: 10 * time.Minute}, Clock: clock, Note: note,
	}
}

// noSecrets searches all that was said and written.
func (h *hub) noSecrets(err error, dir string) {
	h.t.Helper()
	text := h.notes.String()
	if err != nil {
		text += fmt.Sprintf("%v %+v", err, err)
	}
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.HasSuffix(path, ".whl") {
			data, _ := os.ReadFile(path)
			text += string(data)
		}
		return nil
	})
	for _, secret := range []string{"do-not-print-me", "sig="} {
		if strings.Contains(text, secret) {
			h.t.Errorf("%q is in\n%s", secret, text)
		}
	}
}

// tarball is a small wheelhouse, and its record.
func tarball(t *testing.T) (data, record []byte) {
	t.Helper()
	dir := t.TempDir()
	wheel := wheeltest.Wheel{Project: "demo", Version: "1.0"}.Write(dir)
	other := wheeltest.Wheel{Project: "other", Version: "1.0"}.Write(dir)
	path := filepath.Join(dir, "wheelhouse-3.11.tgz")
	inv, err := wheelhouse.Pack(t.Context(), path, []string{wheel, other})
	if err != nil {
		t.Fatal(err)
	}
	record, err = meta.Describe(inv, meta.Details{CreatedAt: newClock().now, RunID: "9"}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data, record
}

// zipped is a zip of "name", data pairs.
func zipped(t *testing.T, files ...any) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i].(string), Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// usual is the artifact that the workflow uploads.
func usual(t *testing.T) []byte {
	data, record := tarball(t)
	const entry = "docs/ci-archive/20200101-9/"
	return zipped(t, entry+"wheelhouse-3.11.tgz", data, entry+"wheelhouse-3.11.tgz.meta", record,
		entry+"pylock.wheelhouse-311.toml", []byte("lock\n"), entry+"notes.txt", []byte("notes\n"))
}
