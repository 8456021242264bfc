package actions

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

func TestFetch(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t, usual(t)), t.TempDir()
	made, err := h.fetcher(dir).Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if made.Path != filepath.Join(dir, "run-9") || made.Unchanged || len(made.Findings) != 0 {
		t.Errorf("%+v", made)
	}
	exists(t, made.Path, "wheelhouse-3.11.tgz", "wheelhouse-3.11.tgz.meta", "pylock.wheelhouse-311.toml", "fetch.json",
		"docs/ci-archive/20200101-9/notes.txt", "extracted/demo-1.0-py3-none-any.whl")
	for name, want := range map[string]string{
		"tar_contents.txt": "demo-1.0-py3-none-any.whl\nother-1.0-py3-none-any.whl\n", "critical_wheels.txt": "demo-1.0-py3-none-any.whl\n",
		"whl_files.txt": "demo-1.0-py3-none-any.whl\nother-1.0-py3-none-any.whl\n",
	} {
		if got, err := os.ReadFile(filepath.Join(made.Path, "list", name)); string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	if len(h.calls) != 4 {
		t.Errorf("%d calls of the API: %q", len(h.calls), h.calls)
	}
	a := made.Record.Artifact
	if a == nil || !a.Verified || a.ID != 90 || strings.Contains(a.URL, "?") || made.Record.Commit != "0a1b" {
		t.Errorf("%+v", made.Record)
	}
	h.noSecrets(nil, dir)

	// Again: nothing is transferred.
	again, err := h.fetcher(dir).Fetch(t.Context())
	if err != nil || !again.Unchanged || h.seen["/blob"] != 1 {
		t.Fatalf("%+v, %v, %d transfers", again, err, h.seen["/blob"])
	}

	// Damaged: it is fetched again, and what somebody put there stays.
	for name, text := range map[string]string{"extracted/demo-1.0-py3-none-any.whl": "x", "wheelhouse-3.11.tgz.verdict.json": "{}"} {
		if err := os.WriteFile(filepath.Join(made.Path, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mended, err := h.fetcher(dir).Fetch(t.Context())
	if err != nil || mended.Unchanged || h.seen["/blob"] != 2 {
		t.Fatalf("%+v, %v, %d transfers", mended, err, h.seen["/blob"])
	}
	exists(t, made.Path, "wheelhouse-3.11.tgz.verdict.json")
	if whole, err := mended.Record.verify(t.Context(), made.Path); !whole || err != nil {
		t.Errorf("not whole: %v", err)
	}
}

// TestRetried are answers that another try mends.
func TestRetried(t *testing.T) {
	t.Parallel()
	reset := fmt.Sprint(newClock().now.Add(50 * time.Second).Unix())
	for _, test := range []struct {
		name   string
		path   string
		status int
		header []string
		body   string
		slept  time.Duration
	}{
		{"5xx", "/runs", 502, nil, "<html>", time.Second},
		{"503 with a time", "/runs", 503, []string{"Retry-After", "7"}, "", 7 * time.Second},
		{"429", "/runs", 429, []string{"Retry-After", "20"}, "", 20 * time.Second},
		{"429 without a time", "/runs", 429, nil, "", time.Minute},
		{"403 with a rate limit", "/artifacts", 403, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset}, `{"message":"API rate limit exceeded"}`, 50 * time.Second},
		{"secondary limit", "/runs", 403, nil, `{"message":"slow","documentation_url":"https://docs.example.org/#secondary-rate-limits"}`, time.Minute},
		{"secondary limit with a time", "/runs", 403, []string{"Retry-After", "9"}, `{"message":"slow"}`, 9 * time.Second},
		{"202", "/artifacts", 202, nil, "", time.Second},
		{"the download's 5xx", "/zip", 500, nil, "", 0},
		{"the blob's 503", "/blob", 503, nil, "", 0},
		{"the download's 429", "/zip", 429, []string{"Retry-After", "3"}, "", 3 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t, usual(t)), t.TempDir()
			h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
				if n != 1 || !strings.HasSuffix(r.URL.Path, test.path) {
					return false
				}
				for i := 0; i < len(test.header); i += 2 {
					w.Header().Set(test.header[i], test.header[i+1])
				}
				send(w, test.status, test.body)
				return true
			}
			made, err := h.fetcher(dir).Fetch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			exists(t, made.Path, "fetch.json")
			if test.slept > 0 && !slices.Contains(h.clock.slept, test.slept) {
				t.Errorf("slept %v, want %v", h.clock.slept, test.slept)
			}
			h.noSecrets(nil, dir)
		})
	}
}

// TestRefused are answers that end in one error with a hint.
func TestRefused(t *testing.T) {
	t.Parallel()
	always := func(path string, status int, body string) func(*hub) {
		return func(h *hub) {
			h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if !strings.HasSuffix(r.URL.Path, path) {
					return false
				}
				send(w, status, body)
				return true
			}
		}
	}
	redirect := func(path, to string) func(*hub) {
		return func(h *hub) {
			h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if strings.HasSuffix(r.URL.Path, path) {
					hubtest.Wrong(w)
					http.Redirect(w, r, to, http.StatusFound)
					return true
				}
				return false
			}
		}
	}
	for _, test := range []struct {
		name   string
		set    func(*hub)
		code   string
		status int
		say    string
	}{
		{"401", always("/runs", 401, `{"message":"Bad credentials `+secretToken+`"}`), "token-refused", 3, "401"},
		{"403", always("/runs", 403, `{"message":"Resource not accessible"}`), "token-refused", 3, "Resource not accessible"},
		{"404", always("/runs", 404, `{"message":"Not Found"}`), "not-found", 1, "404"},
		{"410", always("/zip", 410, `{"message":"gone https://example.org/x?`+secretQuery+`"}`), "artifact-expired", 1, "410"},
		{"404 of the artifact", always("/zip", 404, ""), "not-found", 1, "404"},
		{"401 of the artifact", always("/zip", 401, ""), "token-refused", 3, "401"},
		{"5xx for ever", always("/runs", 500, ""), "api-failed", 3, "500"},
		{"429 for ever", always("/runs", 429, ""), "rate-limited", 3, "429"},
		{"418", always("/runs", 418, ""), "api-failed", 3, "418"},
		{"no JSON", always("/runs", 200, "<html>"), "api-answer", 3, "not understood"},
		{"a redirect to itself", redirect("/runs", "/api/v3/repos/o/r/actions/workflows/heavy-deps.yml/runs?page=2"), "api-answer", 3, "without end"},
		{"a redirect to a file", redirect("/runs", "file:///etc/passwd"), "api-answer", 3, "to nowhere"},
		{"a limit beyond patience", func(h *hub) {
			h.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				w.Header().Set("Retry-After", "3600")
				send(w, 429, "")
				return true
			}
		}, "rate-limited", 3, "limit"},
		{"the API is gone", func(h *hub) { h.api.Close() }, "api-unreachable", 3, "no answer"},
		{"the blob's host is gone", func(h *hub) { h.blob.Close() }, "transfer-failed", 3, "no answer"},
		{"wrong digest", func(h *hub) { h.artifacts[0]["digest"] = "sha256:" + strings.Repeat("0", 64) }, "digest-mismatch", 1, "sha256"},
		{"wrong length", func(h *hub) { h.artifacts[0]["size_in_bytes"] = 5 }, "size-mismatch", 1, "should be 5"},
		{"no runs", func(h *hub) { h.runs = nil }, "no-runs", 1, "there is none"},
		{"only failed", func(h *hub) { h.runs = []map[string]any{apiRun(9, "completed", "failure")} }, "no-good-run", 1, "failure"},
		{"only forks", func(h *hub) { h.runs = []map[string]any{hubtest.Forked(apiRun(9, "completed", "success"))} }, "no-good-run", 1, "fork x/r"},
		{"never ends", func(h *hub) { h.runs = []map[string]any{apiRun(9, "in_progress", "")} }, "timed-out", 3, "run 9"},
		{"expired", func(h *hub) { h.artifacts[0]["expired"] = true }, "artifact-expired", 1, "expired"},
		{"no such artifact", func(h *hub) { h.artifacts[0]["name"] = "other" }, "artifact-missing", 1, "other"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t, usual(t)), t.TempDir()
			test.set(h)
			_, err := h.fetcher(dir).Fetch(t.Context())
			e, ok := fault.As(err)
			if !ok || e.Code != test.code || e.ExitStatus() != test.status || !strings.Contains(e.Error(), test.say) {
				t.Fatalf("%v, want %s with %d saying %q", err, test.code, test.status, test.say)
			}
			if e.Hint == "" && test.name != "418" && e.Code != "api-answer" && e.Code != "size-mismatch" {
				t.Error("no hint")
			}
			empty(t, dir)
			h.noSecrets(fmt.Errorf("%w %s", err, e.Hint), dir)
		})
	}
}

// TestEndlessPages ends although the server says "next" for ever.
func TestEndlessPages(t *testing.T) {
	t.Parallel()
	h := newHub(t, usual(t))
	h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if !strings.HasSuffix(r.URL.Path, "/runs") {
			return false
		}
		w.Header().Set("Link", `<https://example.org/?page=2>; rel="next"`)
		answer(w, hubtest.Runs(apiRun(1, "completed", "failure")))
		return true
	}
	_, err := h.fetcher(t.TempDir()).Fetch(t.Context())
	if fault.Code(err) != "no-good-run" || len(h.calls) != 1+maxPages {
		t.Errorf("%v after %d calls", err, len(h.calls))
	}
}

// TestWaits waits for the newest run, with answers that did not change.
func TestWaits(t *testing.T) {
	t.Parallel()
	h, unchanged := newHub(t, usual(t)), 0
	h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if !strings.HasSuffix(r.URL.Path, "/runs") {
			return false
		}
		if n < 4 {
			if r.Header.Get("If-None-Match") == `"one"` {
				unchanged++
				w.WriteHeader(http.StatusNotModified)
				return true
			}
			w.Header().Set("ETag", `"one"`)
			answer(w, hubtest.Runs(apiRun(10, "queued", ""), apiRun(9, "completed", "success")))
			return true
		}
		answer(w, hubtest.Runs(apiRun(10, "completed", "success")))
		return true
	}
	made, err := h.fetcher(t.TempDir()).Fetch(t.Context())
	if err != nil || made.Record.Run != "10" || unchanged != 2 {
		t.Fatalf("%+v, %v, %d unchanged", made, err, unchanged)
	}
	want := []time.Duration{15 * time.Second, 22500 * time.Millisecond, 33750 * time.Millisecond}
	if !slices.Equal(h.clock.slept, want) {
		t.Errorf("slept %v, want %v", h.clock.slept, want)
	}

	// -timeout=0 takes the newest that finished, and says so.
	h = newHub(t, usual(t))
	h.runs = []map[string]any{apiRun(10, "queued", ""), apiRun(9, "completed", "success")}
	f := h.fetcher(t.TempDir())
	f.Patience.Timeout = 0
	made, err = f.Fetch(t.Context())
	if err != nil || made.Record.Run != "9" || !strings.Contains(h.notes.String(), "passed over run 10: it is queued") {
		t.Errorf("%+v, %v\n%s", made, err, h.notes.String())
	}
}

// TestOneRun asks for one run by its id.
func TestOneRun(t *testing.T) {
	t.Parallel()
	h := newHub(t, usual(t))
	f := h.fetcher(t.TempDir())
	f.Want.Run = 9
	if made, err := f.Fetch(t.Context()); err != nil || made.Record.Run != "9" || len(h.calls) != 3 {
		t.Errorf("%+v, %v, %q", made, err, h.calls)
	}
	h.runs[0]["conclusion"] = "cancelled"
	if _, err := f.Fetch(t.Context()); fault.Code(err) != "run-refused" {
		t.Error(err)
	}
}

// TestExpiredNamesAnOlder says which older run still has the artifact.
func TestExpiredNamesAnOlder(t *testing.T) {
	t.Parallel()
	h := newHub(t, usual(t))
	h.runs = []map[string]any{apiRun(9, "completed", "success"), apiRun(8, "completed", "failure"), apiRun(7, "completed", "success")}
	h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.HasSuffix(r.URL.Path, "/runs/9/artifacts") {
			answer(w, hubtest.Artifacts(hubtest.Artifact(1, "wheelhouse-3.11", 5).With("expired", true, "expires_at", "2019-01-01T00:00:00Z")))
			return true
		}
		return false
	}
	_, err := h.fetcher(t.TempDir()).Fetch(t.Context())
	e, _ := fault.As(err)
	if e == nil || !strings.Contains(e.Error(), "2019-01-01") || !strings.Contains(e.Hint, "-run=7") {
		t.Errorf("%v, %+v", err, e)
	}
}

// TestContents are artifacts of every kind.
func TestContents(t *testing.T) {
	t.Parallel()
	data, record := tarball(t)
	other := []byte(strings.Replace(string(record), "size=", "size=1", 1))
	for _, test := range []struct {
		name string
		body []byte
		code string
	}{
		{"a tarball, no zip", data, ""},
		{"a zip in a zip", zipped(t, "x.zip", zipped(t, "a/w.tgz", data)), ""},
		{"the record elsewhere", zipped(t, "a/w.tgz", data, "b/w.tgz.meta", record), ""},
		{"several, one by name", zipped(t, "a/wheelhouse-3.11.tgz", data, "b/wheelhouse-3.12.tgz", data), ""},
		{"several", zipped(t, "a/x.tgz", data, "b/y.tgz", data), "several-tarballs"},
		{"twice", zipped(t, "a/wheelhouse-3.11.tgz", data, "b/wheelhouse-3.11.tgz", data), "several-tarballs"},
		{"none", zipped(t, "readme.txt", record), "no-tarball"},
		{"our names", zipped(t, "w.tgz", data, "fetch.json", record), "name-taken"},
		{"two records", zipped(t, "a/w.tgz", data, "a/w.tgz.meta", record, "w.tgz.meta", record), "name-taken"},
		{"another record", zipped(t, "w.tgz", data, "w.tgz.meta", other), "meta-mismatch"},
		{"no tarball in it", zipped(t, "w.tgz", record), "not-gzip"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t, test.body), t.TempDir()
			made, err := h.fetcher(dir).Fetch(t.Context())
			if fault.Code(err) != test.code {
				t.Fatalf("%v, want %s", err, test.code)
			}
			if err != nil {
				empty(t, dir)
				return
			}
			exists(t, made.Path, made.Record.Tarball, "extracted/demo-1.0-py3-none-any.whl")
		})
	}
}

// TestUnverified says that a server named no digest.
func TestUnverified(t *testing.T) {
	t.Parallel()
	h := newHub(t, usual(t))
	delete(h.artifacts[0], "digest")
	made, err := h.fetcher(t.TempDir()).Fetch(t.Context())
	if err != nil || made.Record.Artifact.Verified || !strings.Contains(h.notes.String(), "unverified") {
		t.Errorf("%+v, %v\n%s", made.Record.Artifact, err, h.notes.String())
	}
}
