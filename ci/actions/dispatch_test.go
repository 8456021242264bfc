package actions

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// stage is a hub whose workflow can be started: its run 12 is there after some
// looks, and ends after some more.
type stage struct {
	*hub
	// answer answers the n-th start; nil: 204.
	answer func(w http.ResponseWriter, r *http.Request, n int)
	// posts are the bodies that arrived.
	posts []starting
	// hidden is how many looks the new runs are not there.
	hidden int
	// new are the runs since the start; of them the first is ours.
	new []map[string]any
	// early are there one look before the new runs, paged puts each run on a
	// page of its own.
	early []map[string]any
	paged bool
	// absent is how often a run's own address says 404, going how often the
	// run is queued.
	absent, going int
	// login is whose token it is, commits those of the ref from look to look.
	login   string
	commits []string
}

func newStage(t *testing.T) *stage {
	s := &stage{hub: newHub(t, usual(t)), login: "me", commits: []string{"0a1b"}}
	s.runs = []map[string]any{apiRun(9, "completed", "success")}
	s.new = []map[string]any{dispatched(12, "me", "0a1b")}
	s.fault = s.serve
	return s
}

// dispatched is a run of the workflow on main that was started by hand.
func dispatched(id int, actor, commit string) map[string]any {
	r := hubtest.Run(id, "completed", "success")
	return r.With("event", "workflow_dispatch", "actor", r["actor"].(hubtest.Object).With("login", actor), "head_sha", commit,
		"created_at", "2020-01-02T03:04:06Z", "html_url", fmt.Sprintf("https://git.example.org/o/r/actions/runs/%d?%s", id, secretQuery))
}

func (s *stage) serve(w http.ResponseWriter, r *http.Request, n int) bool {
	w.Header().Set("Date", time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC).Format(http.TimeFormat))
	path, _ := strings.CutPrefix(r.URL.Path, "/api/v3")
	switch path {
	case "/repos/o/r/actions/workflows/heavy-deps.yml/dispatches", "/moved":
		if path == "/moved" {
			hubtest.Wrong(w) // the description has no such path
		}
		var body starting
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != http.MethodPost {
			s.t.Errorf("%s with a body that is none: %v", r.Method, err)
		}
		s.posts = append(s.posts, body)
		if s.answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return true
		}
		s.answer(w, r, len(s.posts))
	case "/repos/o/r/actions/workflows/heavy-deps.yml/runs":
		if len(s.posts) == 0 || n <= 1+s.hidden {
			return false
		}
		fresh := s.new[:len(s.new):len(s.new)]
		if s.early != nil && n == 2+s.hidden {
			fresh = s.early
		}
		s.list(w, r, append(fresh, s.runs...))
	case "/repos/o/r/actions/runs/12":
		switch {
		case n <= s.absent:
			hubtest.Error(w, http.StatusNotFound, "Not Found")
		case n <= s.absent+s.going:
			queued := dispatched(12, "me", "0a1b")
			queued["status"], queued["conclusion"] = "queued", nil
			answer(w, queued)
		default:
			for _, run := range s.new {
				if run["id"] == 12 {
					answer(w, run)
				}
			}
		}
	case "/user":
		hubtest.Wrong(w) // as much of it as is read
		if s.login == "" {
			hubtest.Error(w, http.StatusForbidden, "not for an integration")
			return true
		}
		answer(w, map[string]any{"login": s.login})
	case "/repos/o/r/commits":
		hubtest.Wrong(w) // as much of it as is read
		answer(w, []any{map[string]any{"sha": s.commits[min(n, len(s.commits))-1]}})
	default:
		return false
	}
	return true
}

// list answers with runs.
func (s *stage) list(w http.ResponseWriter, r *http.Request, all []map[string]any) {
	page := all
	if s.paged {
		n, err := strconv.Atoi(r.URL.Query().Get("page"))
		if err != nil || n < 1 || n > len(all) {
			s.t.Errorf("asked for page %q of %d", r.URL.Query().Get("page"), len(all))
			n = 1
		}
		if n > 1 && all[n-2]["id"].(int) <= 9 {
			s.t.Error("asked for a page behind the runs that were there before")
		}
		page = all[n-1 : n]
		if n < len(all) {
			w.Header().Set("Link", `<https://hub.example.org/runs?page=next>; rel="next"`)
		}
	}
	answer(w, map[string]any{"total_count": len(all), "workflow_runs": page})
}

func (s *stage) dispatcher(dir string) Dispatcher {
	f := s.fetcher(dir)
	return Dispatcher{Server: f.Server.(*Client), Fetcher: f, Typed: "w:fetch"}
}

// says answers each start with a status and a text.
func says(status int, text string, header ...string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		if status >= 300 {
			hubtest.Wrong(w) // the description has few of the errors
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		send(w, status, text)
	}
}

// first answers the first start with one and the others with another.
func first(one, other func(http.ResponseWriter, *http.Request, int)) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			one(w, r, n)
			return
		}
		other(w, r, n)
	}
}

// cut ends the connection without an answer.
func cut(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }

// told answers with the id of run 12.
func told(w http.ResponseWriter, _ *http.Request, _ int) { answer(w, hubtest.Dispatched(12)) }

// TestDispatch starts a workflow and fetches its run, and not another.
func TestDispatch(t *testing.T) {
	t.Parallel()
	again := says(422, `{"message":"Invalid request.\n\n\"return_run_details\" is not a permitted key."}`)
	late := dispatched(10, "me", "0a1b")
	late["created_at"] = "2020-01-02T03:03:00Z"
	branch, push := dispatched(13, "me", "0a1b"), dispatched(14, "me", "0a1b")
	branch["head_branch"], push["event"] = "topic", "push"
	for _, test := range []struct {
		name  string
		set   func(*stage)
		posts int
		say   string // in the notes
	}{
		{"told", func(s *stage) { s.answer = told }, 1, "started run 12"},
		{"told, among others", func(s *stage) {
			s.answer, s.new = told, append(s.new, dispatched(13, "me", "0a1b"))
		}, 1, "started run 12"},
		{"told, not there yet", func(s *stage) { s.answer, s.absent, s.going = told, 2, 2 }, 1, "run 12 is queued"},
		{"untold", func(*stage) {}, 1, "started run 12"},
		{"untold, late", func(s *stage) { s.hidden = 5 }, 1, "started run 12"},
		{"200 and no id", func(s *stage) {
			s.answer = func(w http.ResponseWriter, _ *http.Request, _ int) { hubtest.Wrong(w); answer(w, map[string]any{}) }
		}, 1, "started run 12"},
		{"another's was late to be listed", func(s *stage) { s.new = append(s.new, late) }, 1, "started run 12"},
		{"another branch, another event", func(s *stage) { s.new = append(s.new, branch, push) }, 1, "started run 12"},
		{"another's, by the actor", func(s *stage) { s.new = append(s.new, dispatched(13, "you", "0a1b")) }, 1, "started run 12"},
		{"another's, by the commit", func(s *stage) {
			s.login, s.new = "", append(s.new, dispatched(13, "you", "ffff"))
		}, 1, "started run 12"},
		{"another's was listed first", func(s *stage) {
			you := dispatched(11, "you", "0a1b")
			s.early, s.new = []map[string]any{you}, append(s.new, you)
		}, 1, "started run 12"},
		{"an older one of ours", func(s *stage) { s.runs = append(s.runs, dispatched(8, "me", "0a1b")) }, 1, "started run 12"},
		{"on another page", func(s *stage) {
			s.paged, s.new = true, append([]map[string]any{push}, s.new...)
			s.runs = append(s.runs, dispatched(8, "me", "0a1b"))
		}, 1, "started run 12"},
		{"502, and it was started", func(s *stage) { s.answer, s.hidden = says(502, "<html>"), 2 }, 1, "looking whether it was started"},
		{"cut, and it was started", func(s *stage) { s.answer = cut }, 1, "no answer"},
		{"408, and it was started", func(s *stage) { s.answer = says(408, "") }, 1, "looking whether it was started"},
		{"an older server", func(s *stage) { s.answer = first(again, says(204, "")) }, 2, "started run 12"},
		{"a limit", func(s *stage) { s.answer = first(says(429, "", "Retry-After", "9"), told) }, 2, "again in 9s"},
		{"a secondary limit", func(s *stage) {
			s.answer = first(says(403, `{"message":"slow"}`, "Retry-After", "7"), told)
		}, 2, "again in 7s"},
		{"moved", func(s *stage) { s.answer = first(says(307, "", "Location", "/api/v3/moved"), told) }, 2, "started run 12"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, dir := newStage(t), t.TempDir()
			test.set(s)
			d := s.dispatcher(dir)
			d.Inputs = map[string]string{"python": "3.11 3.12"}
			made, err := d.Dispatch(t.Context())
			if err != nil {
				t.Fatalf("%v\n%s", err, s.notes.String())
			}
			if made.Path != filepath.Join(dir, "run-12") || made.Record.Run != "12" || made.Record.Event != "workflow_dispatch" {
				t.Errorf("%+v", made)
			}
			if !strings.Contains(s.notes.String(), test.say) {
				t.Errorf("%q is not in\n%s", test.say, s.notes.String())
			}
			if len(s.posts) != test.posts {
				t.Fatalf("%d requests to start it: %+v", len(s.posts), s.posts)
			}
			if n := s.seen["/api/v3/repos/o/r/actions/runs/12"]; n != 1+s.absent+s.going {
				t.Errorf("the run was looked at %d times", n)
			}
			if test.name == "an older server" && s.posts[1].ReturnRunDetails {
				t.Error("asked for what the server does not know again")
			}
			if p := s.posts[0]; p.Ref != "main" || !p.ReturnRunDetails || p.Inputs["python"] != "3.11 3.12" {
				t.Errorf("%+v", p)
			}
			s.noSecrets(nil, dir)
		})
	}
}

// TestNotDispatched are starts and runs that come to nothing: one error, with a
// hint, and no second start.
func TestNotDispatched(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		set    func(*stage)
		code   string
		status int
		say    string
		hint   string
	}{
		{"401", func(s *stage) { s.answer = says(401, `{"message":"Bad credentials `+secretToken+`"}`) }, "token-refused", 3, "401", "Actions, write"},
		{"403", func(s *stage) { s.answer = says(403, `{"message":"Resource not accessible"}`) }, "token-refused", 3, "Resource not accessible", "scope repo; fine-grained: Actions, write"},
		{"404", func(s *stage) { s.answer = says(404, `{"message":"Not Found"}`) }, "not-found", 1, "404", "Actions, write"},
		{"no trigger", func(s *stage) {
			s.answer = says(422, `{"message":"Workflow does not have 'workflow_dispatch' trigger"}`)
		}, "no-trigger", 1, "heavy-deps.yml", "workflow_dispatch:"},
		{"no such ref", func(s *stage) { s.answer = says(422, `{"message":"No ref found for: main"}`) }, "no-such-ref", 1, "No ref found", "-ref=NAME"},
		{"no such ref, as Gitea says it", func(s *stage) { s.answer = says(404, `{"message":"target ref doesn't exist"}`) }, "no-such-ref", 1, "target ref", "-ref=NAME"},
		{"unknown input", func(s *stage) { s.answer = says(422, `{"message":"Unexpected inputs provided: [\"x\"]"}`) }, "bad-inputs", 1, "Unexpected inputs", "-inputs="},
		{"switched off", func(s *stage) {
			s.answer = says(403, `{"message":"Cannot trigger a 'workflow_dispatch' on a disabled workflow"}`)
		}, "dispatch-refused", 1, "disabled", "enable"},
		{"422 of another kind", func(s *stage) { s.answer = says(422, `{"message":"No."}`) }, "dispatch-refused", 1, "No.", "workflow_dispatch"},
		{"418", func(s *stage) { s.answer = says(418, "") }, "api-failed", 3, "418", ""},
		{"a limit for ever", func(s *stage) { s.answer = says(429, "", "Retry-After", "3600") }, "rate-limited", 3, "limit", "1h"},
		{"502, and it was not", func(s *stage) { s.answer, s.hidden = says(502, "<html>"), 1<<20 }, "dispatch-unclear", 3, "not sent again", "before you start it again"},
		{"cut, and it was not", func(s *stage) { s.answer, s.hidden = cut, 1<<20 }, "dispatch-unclear", 3, "not sent again", "heavy-deps.yml"},
		{"502, and only another's", func(s *stage) {
			s.answer, s.new = says(502, ""), []map[string]any{dispatched(13, "you", "0a1b")}
		}, "dispatch-unclear", 3, "502", ""},
		{"never shown", func(s *stage) { s.hidden = 1 << 20 }, "run-not-found", 3, "2m0s", "mage w:fetch -run=ID"},
		{"two of one actor", func(s *stage) { s.new = append(s.new, dispatched(13, "me", "0a1b")) }, "several-runs", 1, `12 by "me" at 2020-01-02T03:04:06Z, 13 by "me"`, "-run=ID"},
		{"two commits of a ref that moved", func(s *stage) {
			s.commits, s.new = []string{"0a1b", "ffff"}, append(s.new, dispatched(13, "me", "ffff"))
		}, "several-runs", 1, "13 by", "-run=ID"},
		{"it failed", func(s *stage) { s.new[0]["conclusion"] = "failure" }, "run-failed", 1, "failure: https://git.example.org/o/r/actions/runs/12", "log"},
		{"it was cancelled", func(s *stage) { s.new[0]["conclusion"] = "cancelled" }, "run-failed", 1, "cancelled", "log"},
		{"never ends", func(s *stage) { s.going = 1 << 20 }, "timed-out", 3, "still queued", "mage w:fetch -run=12"},
		{"never there", func(s *stage) { s.answer, s.absent = told, 1<<20 }, "not-found", 1, "run 12", "look"},
		{"another workflow's id", func(s *stage) {
			s.answer, s.new[0]["path"] = told, ".github/workflows/other.yml"
		}, "run-refused", 1, "other.yml", "look"},
		{"no artifact", func(s *stage) { s.artifacts = nil }, "artifact-missing", 1, "wheelhouse-3.11", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, dir := newStage(t), t.TempDir()
			test.set(s)
			_, err := s.dispatcher(dir).Dispatch(t.Context())
			e, ok := fault.As(err)
			if !ok || e.Code != test.code || e.ExitStatus() != test.status || !strings.Contains(e.Error(), test.say) || !strings.Contains(e.Hint, test.hint) {
				t.Fatalf("%v, want %s with %d saying %q; the hint is %+v", err, test.code, test.status, test.say, e)
			}
			if len(s.posts) != 1 {
				t.Errorf("%d requests to start it", len(s.posts))
			}
			s.noSecrets(fmt.Errorf("%w %s", err, e.Hint), dir)
		})
	}
}

// TestDispatchNoWaiting starts and finds it, and says how to fetch it later.
func TestDispatchNoWaiting(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.going = 1
	d := s.dispatcher(t.TempDir())
	d.Fetcher.Patience.Timeout, d.Ref = 0, "refs/heads/main"
	_, err := d.Dispatch(t.Context())
	e, _ := fault.As(err)
	if e == nil || e.Code != "timed-out" || !strings.Contains(e.Hint, "-run=12") || s.posts[0].Ref != "refs/heads/main" || s.seen["/api/v3/repos/o/r"] != 0 {
		t.Errorf("%v, %+v", err, s.posts)
	}
}
