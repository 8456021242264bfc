package actions

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// giteaRun is a run as Gitea 1.27 sends it: there is neither a head repository
// nor the time that it was created.
func giteaRun(id int, event string) map[string]any {
	run := apiRun(id, "completed", "success")
	delete(run, "head_repository")
	delete(run, "created_at")
	run["started_at"], run["path"], run["event"] = "2020-01-01T00:00:00Z", "heavy-deps.yml@refs/heads/main", event
	return run
}

// TestGitea fetches from a server that says less than GitHub does, and holds 50
// on a page whatever it is asked for.
func TestGitea(t *testing.T) {
	t.Parallel()
	const onPage = 50
	h := newHub(t, usual(t))
	for id := 120; id > 9; id-- {
		h.runs = append(h.runs, giteaRun(id, "pull_request"))
	}
	h.runs = append(h.runs[1:], giteaRun(9, "push")) // the newest first
	delete(h.artifacts[0], "digest")
	h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if !strings.HasSuffix(r.URL.Path, "/runs") {
			return false
		}
		var page int
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
		from := min((page-1)*onPage, len(h.runs))
		hubtest.Wrong(w) // it is not GitHub's
		answer(w, map[string]any{"total_count": len(h.runs), "workflow_runs": h.runs[from:min(from+onPage, len(h.runs))]})
		return true
	}
	made, err := h.fetcher(t.TempDir()).Fetch(t.Context())
	if err != nil || made.Record.Run != "9" || made.Record.CreatedAt.Year() != 2020 {
		t.Fatalf("%+v, %v, %q", made.Record, err, h.calls)
	}
	if notes := h.notes.String(); !strings.Contains(notes, "passed over run 120: it was started by pull_request, and the server does not say whose") {
		t.Errorf("notes:\n%s", notes)
	}

	// GitHub's null is another thing: the repository was removed.
	h = newHub(t, usual(t))
	h.runs[0]["head_repository"] = nil
	h.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		hubtest.Wrong(w) // the description knows of no null there
		return false
	}
	if _, err := h.fetcher(t.TempDir()).Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "a repository that is gone") {
		t.Error(err)
	}
}
