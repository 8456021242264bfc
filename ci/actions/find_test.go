package actions

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// without answers that the runs of those ids have no artifact at all.
func without(h *hub, ids ...int) {
	h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		for _, id := range ids {
			if strings.HasSuffix(r.URL.Path, fmt.Sprintf("/runs/%d/artifacts", id)) {
				answer(w, hubtest.Artifacts())
				return true
			}
		}
		return false
	}
}

// goodRuns are that many successful runs, the newest first.
func goodRuns(newest, count int) []map[string]any {
	var runs []map[string]any
	for id := newest; id > newest-count; id-- {
		runs = append(runs, apiRun(id, "completed", "success"))
	}
	return runs
}

// TestSkippedBuilds passes over runs that built nothing, and left no artifact.
func TestSkippedBuilds(t *testing.T) {
	t.Parallel()
	h := newHub(t, usual(t))
	h.runs = goodRuns(12, 4)
	without(h, 12, 10)
	h.runs[1]["conclusion"] = "failure"
	made, err := h.fetcher(t.TempDir()).Fetch(t.Context())
	if err != nil || made.Record.Run != "9" {
		t.Fatalf("%+v, %v", made, err)
	}
	want := `passed over run 12: it has no artifact wheelhouse-3.11; a skipped build leaves none
passed over run 11: its conclusion is failure
passed over run 10: it has no artifact wheelhouse-3.11; a skipped build leaves none
`
	if notes := h.notes.String(); !strings.Contains(notes, want) || strings.Contains(notes, "run 12 of") {
		t.Errorf("notes:\n%s", notes)
	}
	// The runs are listed once: repository, runs, three lists, the download.
	if len(h.calls) != 6 {
		t.Errorf("%d calls: %q", len(h.calls), h.calls)
	}
}

// TestSkippedOnOnePage goes on to the next page for a run that built.
func TestSkippedOnOnePage(t *testing.T) {
	t.Parallel()
	h := newHub(t, usual(t))
	h.runs = goodRuns(10, 1)
	h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/runs") && r.URL.Query().Get("page") == "1":
			w.Header().Set("Link", `<https://example.org/?page=2>; rel="next"`)
			answer(w, hubtest.Runs(apiRun(11, "completed", "success")))
		case strings.HasSuffix(r.URL.Path, "/runs/11/artifacts"):
			answer(w, hubtest.Artifacts())
		default:
			return false
		}
		return true
	}
	made, err := h.fetcher(t.TempDir()).Fetch(t.Context())
	if err != nil || made.Record.Run != "10" {
		t.Fatalf("%+v, %v, %q", made, err, h.calls)
	}
}

// TestSkippedAndStillGoing waits for an older run that is at work.
func TestSkippedAndStillGoing(t *testing.T) {
	t.Parallel()
	h := newHub(t, usual(t))
	without(h, 10)
	h.runs = goodRuns(10, 2)
	h.runs[1] = apiRun(9, "in_progress", "")
	empty := h.fault
	h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if strings.HasSuffix(r.URL.Path, "/runs") && n == 2 {
			h.runs = goodRuns(10, 2)
		}
		return empty(w, r, n)
	}
	made, err := h.fetcher(t.TempDir()).Fetch(t.Context())
	if err != nil || made.Record.Run != "9" || len(h.clock.slept) != 1 {
		t.Fatalf("%+v, %v, slept %v", made, err, h.clock.slept)
	}
}

// TestNoneHasIt are the ends of looking for an artifact that is nowhere.
func TestNoneHasIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		set    func(*hub, *Fetcher)
		code   string
		say    string
		hint   string
		looked int
	}{
		{"the only run", func(h *hub, _ *Fetcher) { without(h, 9) }, "artifact-missing", "run 9: it has none named wheelhouse-3.11, and no other [", "-artifact=NAME", 1},
		{"a name that none has", func(h *hub, f *Fetcher) { h.runs, f.Artifact = goodRuns(9, 3), "other" }, "artifact-missing",
			`run 9: it has none named other, but "wheelhouse-3.11"; nor has any of the 2 good runs before it [`, "-artifact=NAME", 3},
		{"nor the one before it", func(h *hub, f *Fetcher) { h.runs, f.Artifact = goodRuns(9, 2), "other" }, "artifact-missing",
			"; nor has the good run before it [", "-artifact=NAME", 2},
		{"too many to look into", func(h *hub, f *Fetcher) { h.runs, f.Artifact = goodRuns(200, 100), "other" }, "artifact-missing",
			"nor has any of the 19 good runs before it, and no more were looked into", "-artifact=NAME", maxLooked},
		{"asked for by its id", func(h *hub, f *Fetcher) {
			h.runs, f.Want.Run = goodRuns(10, 2), 10
			without(h, 10)
		}, "artifact-missing", "run 10: it has none named", "-artifact=NAME", 1},
		{"expired behind a skipped one", func(h *hub, _ *Fetcher) {
			h.runs = goodRuns(11, 4)
			h.runs[2] = apiRun(9, "in_progress", "") // is not waited for
			without(h, 11)
			absent := h.fault
			h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
				if strings.HasSuffix(r.URL.Path, "/runs/10/artifacts") {
					answer(w, hubtest.Artifacts(hubtest.Artifact(1, "wheelhouse-3.11", 5).With("expired", true, "expires_at", "2019-01-01T00:00:00Z")))
					return true
				}
				return absent(w, r, n)
			}
		}, "artifact-expired", "run 10: wheelhouse-3.11 expired on 2019-01-01", "run 8 still has one: -run=8", 3},
		{"broken amid it", func(h *hub, _ *Fetcher) {
			h.runs = goodRuns(10, 2)
			without(h, 10)
			absent := h.fault
			h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
				if strings.HasSuffix(r.URL.Path, "/runs/9/artifacts") {
					hubtest.Error(w, http.StatusForbidden, "Resource not accessible by personal access token")
					return true
				}
				return absent(w, r, n)
			}
		}, "token-refused", "artifacts of run 9", "GH_TOKEN", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t, usual(t)), t.TempDir()
			f := h.fetcher(dir)
			test.set(h, &f)
			_, err := f.Fetch(t.Context())
			e, ok := fault.As(err)
			if !ok || e.Code != test.code || !strings.Contains(e.Error(), test.say) || !strings.Contains(e.Hint, test.hint) {
				t.Errorf("%v, hint %q", err, e.Hint)
			}
			looked := 0
			for _, call := range h.calls {
				if strings.HasSuffix(call, "/artifacts") {
					looked++
				}
			}
			if looked != test.looked {
				t.Errorf("looked into %d runs, want %d", looked, test.looked)
			}
			empty(t, dir)
		})
	}
}
