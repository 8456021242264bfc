//go:build e2e

package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// operations are the calls that ours makes of GitHub's API.
var operations = []operation{
	{"GET", "/repos/{owner}/{repo}"},
	{"GET", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs"},
	{"GET", "/repos/{owner}/{repo}/actions/runs/{run_id}"},
	{"GET", "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts"},
	{"GET", "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}"},
	{"POST", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches"},
	{"GET", "/repos/{owner}/{repo}/commits"},
	{"GET", "/user"},
}

// unanswered are the operations to which the tests' servers answer no more than
// is read, which is marked as wrong: of these the requests alone are looked at.
var unanswered = []string{"/repos/{owner}/{repo}/commits", "/user"}

// TestOpenAPI records what the client asks of the tests' servers, and what
// those answer, and holds both against GitHub's own description.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	d := loadDescription(t, operations)
	exchanges := recorded(t)
	seen := map[operation]map[int]hubtest.Exchange{}
	asked := map[operation]bool{}
	for _, e := range exchanges {
		o, err := d.check(t.Context(), e)
		if err != nil {
			why, _, _ := strings.Cut(err.Error(), "\n") // what follows is the whole schema
			t.Errorf("%s %s?%s answered with %d: %s\n%.400s", e.Method, e.Path, e.Query, e.Status, why, e.Content)
			continue
		}
		asked[o] = true
		if seen[o] == nil {
			seen[o] = map[int]hubtest.Exchange{}
		}
		if !e.Wrong {
			seen[o][e.Status] = e
		}
	}
	for _, o := range operations {
		good := slices.Sorted(maps.Keys(seen[o]))
		t.Logf("%s %s: answers %v", o.method, o.path, good)
		if slices.Contains(unanswered, o.path) && asked[o] {
			continue
		}
		if len(good) == 0 || good[0] >= 400 {
			t.Errorf("no good answer to %s %s was recorded", o.method, o.path)
			continue
		}
		breakEach(t, d, seen[o][good[0]])
	}
}

// breakEach holds that the check sees what is wrong: one exchange is broken in
// every way, each of which must be noticed.
func breakEach(t *testing.T, d *description, e hubtest.Exchange) {
	t.Helper()
	refused := func(what string, broken hubtest.Exchange) {
		t.Helper()
		if _, err := d.check(t.Context(), broken); err == nil {
			t.Errorf("%s %s: nothing is said about %s", e.Method, e.Path, what)
		}
	}
	asked := e
	asked.Query = "nonsense=1"
	refused("a parameter that is none", asked)
	moved := e
	moved.Path += "/elsewhere"
	refused("a path that is none", moved)
	method := e
	method.Method = "PUT"
	refused("a method that is none", method)
	if e.Method == "POST" {
		bodies := e
		for _, body := range []string{"", "{}", `{"ref":5}`} {
			bodies.Body = []byte(body)
			refused("the body "+body, bodies)
		}
	}
	failed := e
	failed.Status, failed.Content = 404, []byte(`{"message":5}`)
	refused("an error without a message", failed)

	var answer map[string]any
	if e.Status != 200 {
		if e.Status == 302 {
			e.Answer = e.Answer.Clone()
			e.Answer.Del("Location")
			refused("a redirect to nowhere", e)
		}
		return
	}
	if err := json.Unmarshal(e.Content, &answer); err != nil {
		t.Fatal(err)
	}
	for _, o := range []map[string]any{answer, firstOf(answer["workflow_runs"]), firstOf(answer["artifacts"])} {
		for _, name := range []string{"id", "total_count", "workflow_run_id", "default_branch", "created_at", "archive_download_url"} {
			value, ok := o[name]
			if !ok {
				continue
			}
			delete(o, name)
			e.Content, _ = json.Marshal(answer)
			refused("an answer without "+name, e)
			o[name] = []any{value}
			e.Content, _ = json.Marshal(answer)
			refused(name+" of another type", e)
			o[name] = value
		}
	}
}

// firstOf gives the first object of a list; nil when it is none.
func firstOf(value any) map[string]any {
	if list, ok := value.([]any); ok && len(list) > 0 {
		first, _ := list[0].(map[string]any)
		return first
	}
	return nil
}

// recorded runs the tests that have servers, in a clone, and gives what those
// recorded.
func recorded(t *testing.T) []hubtest.Exchange {
	t.Helper()
	folder := t.TempDir()
	root, more := clone(t), []string{hubtest.Folder + "=" + folder}
	run(t, root, more, "go", "test", "-count=1", "./ci/actions").want(t, 0)
	run(t, root, more, "go", "test", "-count=1", "-run=TestProofs/^fetch|TestProofs/^dispatch", "./ci/targets").want(t, 0)
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []hubtest.Exchange
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var e hubtest.Exchange
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}
