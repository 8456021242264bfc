package actions

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// TestBlobRefuses are the answers of the artifact's own host that no other try
// mends, and the limits of the API that outlast all patience.
func TestBlobRefuses(t *testing.T) {
	t.Parallel()
	reset := fmt.Sprint(newClock().now.Add(time.Hour).Unix())
	for _, test := range []struct {
		name, path string
		status     int
		header     []string
		code       string
		exit       int
		say        string
	}{
		{"401 for ever", "/blob", 401, nil, "transfer-failed", 3, "refused the address that the API gave (401)"},
		{"403 for ever", "/blob", 403, nil, "transfer-failed", 3, "refused the address that the API gave (403)"},
		{"404", "/blob", 404, nil, "not-found", 1, "stores it does not have it (404)"},
		{"410", "/blob", 410, nil, "artifact-expired", 1, "410"},
		{"418", "/blob", 418, nil, "api-failed", 3, "418"},
		{"503 for ever", "/blob", 503, nil, "transfer-failed", 3, "503"},
		{"429 for ever", "/blob", 429, nil, "transfer-failed", 3, "429"},
		{"a redirect to itself", "/blob", 302, []string{"Location", "/blob?" + secretQuery}, "api-answer", 3, "without end"},
		{"a rate limit beyond patience", "/runs", 403, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset}, "rate-limited", 3, "403"},
		{"a secondary limit beyond patience", "/artifacts", 403, []string{"Retry-After", "3600"}, "rate-limited", 3, "403"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t, usual(t)), t.TempDir()
			h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if !strings.HasSuffix(r.URL.Path, test.path) {
					return false
				}
				for i := 0; i < len(test.header); i += 2 {
					w.Header().Set(test.header[i], test.header[i+1])
				}
				send(w, test.status, "https://example.org/?"+secretQuery)
				return true
			}
			_, err := h.fetcher(dir).Fetch(t.Context())
			e, ok := fault.As(err)
			if !ok || e.Code != test.code || e.ExitStatus() != test.exit || !strings.Contains(e.Error(), test.say) {
				t.Fatalf("%v, want %s with %d saying %q", err, test.code, test.exit, test.say)
			}
			if e.Hint == "" && e.Code != "api-answer" && test.name != "418" {
				t.Error("no hint")
			}
			empty(t, dir)
			h.noSecrets(fmt.Errorf("%w %s", err, e.Hint), dir)
		})
	}
}

// TestEndlessArtifacts ends although the list of artifacts has a next page for
// ever.
func TestEndlessArtifacts(t *testing.T) {
	t.Parallel()
	h := newHub(t, usual(t))
	h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if !strings.HasSuffix(r.URL.Path, "/artifacts") {
			return false
		}
		w.Header().Set("Link", `<https://example.org/?page=2>; rel="next"`)
		answer(w, hubtest.Artifacts(hubtest.Artifact(1, "other", 5)))
		return true
	}
	_, err := h.fetcher(t.TempDir()).Fetch(t.Context())
	if fault.Code(err) != "artifact-missing" || len(h.calls) != 2+maxPages {
		t.Errorf("%v after %d calls", err, len(h.calls))
	}
}

// TestAttempts takes the artifact that the newest attempt of a run left, in
// whatever order they are listed.
func TestAttempts(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{89, 90, 88}, {90, 89, 88}, {88, 89, 90}} {
		h, asked := newHub(t, usual(t)), ""
		newest := h.artifacts[0]
		h.artifacts = nil
		for _, id := range order {
			one := hubtest.Artifact(id, "wheelhouse-3.11", 5)
			if id == 90 {
				one = newest
			}
			h.artifacts = append(h.artifacts, one)
		}
		h.fault = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
			if strings.HasSuffix(r.URL.Path, "/zip") {
				asked = r.URL.Path
			}
			return false
		}
		made, err := h.fetcher(t.TempDir()).Fetch(t.Context())
		if err != nil || made.Record.Artifact.ID != 90 || !strings.HasSuffix(asked, "/artifacts/90/zip") {
			t.Errorf("%v: %v, asked for %s", order, err, asked)
		}
	}
}

// TestCutDownload is a download that breaks again and again: it goes on where
// it was, and asks for a fresh address each time.
func TestCutDownload(t *testing.T) {
	t.Parallel()
	data, record := tarball(t)
	h := newHub(t, zipped(t, "w.tgz", data, "w.tgz.meta", record, "filler", make([]byte, 300<<10)))
	var ranges []string
	h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if r.URL.Path != "/blob" {
			return false
		}
		ranges = append(ranges, r.Header.Get("Range"))
		if n > 3 {
			return false
		}
		var from int
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		w.Header().Set("Content-Length", fmt.Sprint(len(h.body)-from))
		if from > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(h.body)-1, len(h.body)))
			w.WriteHeader(http.StatusPartialContent)
		}
		_, _ = w.Write(h.body[from : from+70<<10])
		return true
	}
	f := h.fetcher(t.TempDir())
	f.Artifact = "wheelhouse-3.11"
	if _, err := f.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	zips := 0
	for _, call := range h.calls {
		if strings.HasSuffix(call, "/zip") {
			zips++
		}
	}
	if want := "[ bytes=71680- bytes=143360- bytes=215040-]"; fmt.Sprint(ranges) != want || zips != 4 {
		t.Errorf("asked for %q with %d addresses, want %s", ranges, zips, want)
	}
}

// TestAddressRanOut asks for a fresh address where the stored one is refused.
func TestAddressRanOut(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t, usual(t)), t.TempDir()
	h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if r.URL.Path != "/blob" || n > 2 {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<Error>Signature not valid in the specified time frame</Error>"))
		return true
	}
	if _, err := h.fetcher(dir).Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := h.seen["/api/v3/repos/o/r/actions/artifacts/90/zip"]; got != 3 {
		t.Errorf("%d addresses were asked for", got)
	}
	h.noSecrets(nil, dir)
}
