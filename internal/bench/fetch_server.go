package bench

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// hosted is a run and its artifact, as a server has them.
type hosted struct {
	run    int
	path   string
	size   int64
	sha256 string
}

// hub serves the repository o/r on loopback as GitHub does, and nothing limits
// it unless that is set: a successful run for each artifact, the newest first.
type hub struct {
	address   string // of the API
	artifacts []hosted
	server    *http.Server

	latency atomic.Int64 // nanoseconds before each answer
	cut     atomic.Int64 // after how many bytes a download breaks; 0 for never

	calls     atomic.Int64 // of the API
	downloads atomic.Int64 // requests to the artifacts' own address
	sent      atomic.Int64 // bytes of artifacts
}

func serve(artifacts ...hosted) (*hub, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.New(fault.Unable, "bench-failed", "serving artifacts: %w", err)
	}
	h := &hub{address: "http://" + listener.Addr().String(), artifacts: artifacts}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /blob/{run}", h.download)
	mux.HandleFunc("GET /repos/o/r", h.api(func(http.ResponseWriter, *http.Request) any { return map[string]any{"default_branch": "main"} }))
	mux.HandleFunc("GET /repos/o/r/actions/workflows/{workflow}/runs", h.api(h.runs))
	mux.HandleFunc("GET /repos/o/r/actions/runs/{run}", h.api(func(_ http.ResponseWriter, r *http.Request) any { return h.run(r.PathValue("run")) }))
	mux.HandleFunc("GET /repos/o/r/actions/runs/{run}/artifacts", h.api(h.listed))
	mux.HandleFunc("GET /repos/o/r/actions/artifacts/{run}/zip", h.api(func(w http.ResponseWriter, r *http.Request) any {
		http.Redirect(w, r, h.address+"/blob/"+r.PathValue("run"), http.StatusFound)
		return nil
	}))
	h.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = h.server.Serve(listener) }() // it ends when it is closed
	return h, nil
}

// Close ends the server and what it is sending.
func (h *hub) Close() error { return h.server.Close() }

// count begins to count anew.
func (h *hub) count() {
	h.calls.Store(0)
	h.downloads.Store(0)
	h.sent.Store(0)
}

// api makes a handler of a function that gives the answer, nil when it has
// answered.
func (h *hub) api(answer func(http.ResponseWriter, *http.Request) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h.calls.Add(1)
		time.Sleep(time.Duration(h.latency.Load()))
		if value := answer(w, r); value != nil {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(value) // the client that went away does not mind
		}
	}
}

func (h *hub) runs(http.ResponseWriter, *http.Request) any {
	all := []any{}
	for _, a := range h.artifacts {
		all = append(all, h.run(fmt.Sprint(a.run)))
	}
	return map[string]any{"total_count": len(all), "workflow_runs": all}
}

func (h *hub) run(id string) any {
	repository := map[string]any{"id": 1, "full_name": "o/r"}
	return map[string]any{
		"id": json.Number(id), "run_attempt": 1, "status": "completed", "conclusion": "success", "head_branch": "main", "event": "push",
		"head_sha": strings.Repeat("0a", 20), "path": ".github/workflows/heavy-deps.yml", "created_at": "2030-01-01T00:00:00Z",
		"repository": repository, "head_repository": repository,
	}
}

func (h *hub) listed(_ http.ResponseWriter, r *http.Request) any {
	all := []any{}
	for _, a := range h.artifacts {
		if fmt.Sprint(a.run) == r.PathValue("run") {
			all = append(all, map[string]any{"id": a.run, "name": "wheels", "size_in_bytes": a.size, "digest": "sha256:" + a.sha256})
		}
	}
	return map[string]any{"total_count": len(all), "artifacts": all}
}

// download sends an artifact, from where the request's Range says.
func (h *hub) download(w http.ResponseWriter, r *http.Request) {
	h.downloads.Add(1)
	time.Sleep(time.Duration(h.latency.Load()))
	for _, a := range h.artifacts {
		if fmt.Sprint(a.run) != r.PathValue("run") {
			continue
		}
		file, err := os.Open(a.path)
		if err != nil {
			http.Error(w, "the artifact is gone", http.StatusInternalServerError)
			return
		}
		defer file.Close()
		if left := h.cut.Load(); left > 0 {
			http.ServeContent(&breaking{w, h, left}, r, "", time.Time{}, file)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, file) // by sendfile
		return
	}
	http.NotFound(w, r)
}

// breaking counts what it sends and breaks the connection after so much.
type breaking struct {
	http.ResponseWriter
	hub  *hub
	left int64
}

// Write sends what may still be sent.
func (b *breaking) Write(p []byte) (int, error) {
	n, err := b.ResponseWriter.Write(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	b.hub.sent.Add(int64(n))
	if b.left == 0 {
		_ = http.NewResponseController(b.ResponseWriter).Flush() // it breaks off in any case
		panic(http.ErrAbortHandler)
	}
	return n, err
}
