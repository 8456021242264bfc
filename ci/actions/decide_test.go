package actions

import (
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// good is a run that is taken; change makes another of it.
func good(id int64, change ...func(*Run)) Run {
	r := Run{
		ID: id, Status: "completed", Conclusion: "success", Branch: "main", Event: "push",
		Workflow: ".github/workflows/heavy-deps.yml", Repository: 7, Head: 7, HeadName: "o/r",
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func failedRun(r *Run)  { r.Conclusion = "failure" }
func goingRun(r *Run)   { r.Status, r.Conclusion = "in_progress", "" }
func forkRun(r *Run)    { r.Head, r.HeadName = 8, "x/r" }
func orphanRun(r *Run)  { r.Head, r.HeadName = 0, "" }
func branchRun(r *Run)  { r.Branch = "topic" }
func otherFile(r *Run)  { r.Workflow = ".github/workflows/other.yml" }
func eventRun(r *Run)   { r.Event = "schedule" }
func noFile(r *Run)     { r.Workflow = "" }
func atRef(r *Run)      { r.Workflow += "@refs/heads/main" }
func forkGoing(r *Run)  { forkRun(r); goingRun(r) }
func noRepoIDs(r *Run)  { r.Repository, r.Head, r.HeadName = 0, 0, "" }
func unsaidRun(r *Run)  { r.Head, r.HeadName, r.HeadUnsaid = 0, "", true }
func unsaidPull(r *Run) { unsaidRun(r); r.Event = "pull_request" }
func unsaidFlow(r *Run) { unsaidRun(r); r.Event = "workflow_run" }
func skippedRun(r *Run) { r.Conclusion = "skipped" }

func TestChoose(t *testing.T) {
	t.Parallel()
	want := Want{Workflow: "heavy-deps.yml", Branch: "main"}
	finished, narrow, one, id, unfit := want, want, want, want, want
	finished.Finished, narrow.Event, one.Run, id.Workflow = true, "schedule", 2, "123"
	unfit.Unfit = map[int64]string{3: "it is empty"}
	for _, test := range []struct {
		name       string
		want       Want
		runs       []Run
		take, wait int64
		why        string // of the newest that was passed over
	}{
		{"none", want, nil, 0, 0, ""},
		{"the newest", want, []Run{good(3), good(2)}, 3, 0, ""},
		{"without a file, and at a ref", want, []Run{good(3, noFile)}, 3, 0, ""},
		{"a file at a ref", want, []Run{good(3, atRef)}, 3, 0, ""},
		{"failed", want, []Run{good(3, failedRun), good(2)}, 2, 0, "its conclusion is failure"},
		{"skipped", want, []Run{good(3, skippedRun)}, 0, 0, "its conclusion is skipped"},
		{"still going", want, []Run{good(3, goingRun), good(2)}, 0, 3, ""},
		{"not waited for", finished, []Run{good(3, goingRun), good(2)}, 2, 0, "it is in progress"},
		{"a fork", want, []Run{good(3, forkRun), good(2)}, 2, 0, "its commit is of the fork x/r"},
		{"a fork is not waited for", want, []Run{good(3, forkGoing), good(2)}, 2, 0, "its commit is of the fork x/r"},
		{"a removed fork", want, []Run{good(3, orphanRun), good(2)}, 2, 0, "its commit is of a repository that is gone"},
		{"no ids at all", want, []Run{good(3, noRepoIDs)}, 0, 0, "its commit is of a repository that is gone"},
		{"whose is not said", want, []Run{good(3, unsaidRun), good(2)}, 3, 0, ""},
		{"whose is not said, of another branch", want, []Run{good(3, unsaidRun, branchRun), good(2)}, 2, 0, "it is of the branch topic"},
		{"whose is not said, of a pull request", want, []Run{good(3, unsaidPull), good(2)}, 2, 0, "it was started by pull_request, and the server does not say whose its commit is"},
		{"whose is not said, of another workflow", want, []Run{good(3, unsaidFlow), good(2)}, 2, 0, "it was started by workflow_run, and the server does not say whose its commit is"},
		{"another branch", want, []Run{good(3, branchRun), good(2)}, 2, 0, "it is of the branch topic"},
		{"another workflow", want, []Run{good(3, otherFile), good(2)}, 2, 0, "it is of the workflow other.yml"},
		{"a workflow by its id", id, []Run{good(3, otherFile)}, 3, 0, ""},
		{"an event", narrow, []Run{good(3), good(2, eventRun)}, 2, 0, "it was started by push"},
		{"looked into", unfit, []Run{good(3), good(2)}, 2, 0, "it is empty"},
		{"looked into, and failed since", unfit, []Run{good(3, failedRun), good(2)}, 2, 0, "its conclusion is failure"},
		{"one run", one, []Run{good(3), good(2)}, 2, 0, "it is not run 2"},
	} {
		d := Choose(test.runs, test.want)
		if got := idOf(d.Take); got != test.take {
			t.Errorf("%s: took %d, want %d", test.name, got, test.take)
		}
		if got := idOf(d.Wait); got != test.wait {
			t.Errorf("%s: waits for %d, want %d", test.name, got, test.wait)
		}
		why := ""
		if len(d.Passed) > 0 {
			why = d.Passed[0].Why
		}
		if why != test.why {
			t.Errorf("%s: passed over since %q, want %q", test.name, why, test.why)
		}
	}
}

func idOf(r *Run) int64 {
	if r == nil {
		return 0
	}
	return r.ID
}

func TestPick(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	gone := Artifact{ID: 4, Name: "w", Expired: true, ExpiresAt: at}
	for _, test := range []struct {
		name      string
		artifacts []Artifact
		id        int64
		code, say string
	}{
		{"exact", []Artifact{{ID: 1, Name: "w-9"}, {ID: 2, Name: "w"}}, 2, "", ""},
		{"with the run", []Artifact{{ID: 1, Name: "w-9"}, {ID: 2, Name: "w-8"}}, 1, "", ""},
		{"attempts", []Artifact{{ID: 3, Name: "w"}, {ID: 5, Name: "w"}, {ID: 4, Name: "w"}}, 5, "", ""},
		{"the newest expired", []Artifact{{ID: 3, Name: "w"}, gone}, 3, "", ""},
		{"expired", []Artifact{gone}, 0, "artifact-expired", "expired on 2030-01-02T03:04:05Z"},
		{"none", nil, 0, "artifact-missing", "and no other"},
		{"others", []Artifact{{ID: 1, Name: "a"}}, 0, "artifact-missing", `but "a"`},
		{"many", make([]Artifact, 8), 0, "artifact-missing", "and 3 more"},
	} {
		a, err := Pick(test.artifacts, "w", 9)
		if a.ID != test.id || fault.Code(err) != test.code || err != nil && !strings.Contains(err.Error(), test.say) {
			t.Errorf("%s: %d, %v", test.name, a.ID, err)
		}
	}
}

// getenv looks variables up in "KEY=value" pairs.
func getenv(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, pair := range pairs {
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return value, true
			}
		}
		return "", false
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		search Search
		repo   string
		api    string
		code   string
	}{
		{"option", Search{Repo: "o/r", From: "-repo", Getenv: getenv("GH_REPO=x/y")}, "o/r", "https://api.github.com/", ""},
		{"GH_REPO first", Search{Getenv: getenv("GITHUB_REPOSITORY=a/b", "GH_REPO=x/y")}, "x/y", "https://api.github.com/", ""},
		{"GITHUB_REPOSITORY", Search{Getenv: getenv("GITHUB_REPOSITORY=a/b", "GITHUB_API_URL=https://api.github.com", "GITHUB_SERVER_URL=https://github.com")}, "a/b", "https://api.github.com/", ""},
		{"enterprise", Search{Repo: "ghe.example.org/o/r"}, "ghe.example.org/o/r", "https://ghe.example.org/api/v3/", ""},
		{"tenant", Search{Repo: "t.ghe.com/o/r"}, "t.ghe.com/o/r", "https://api.t.ghe.com/", ""},
		{"GH_HOST", Search{Repo: "o/r", Getenv: getenv("GH_HOST=ghe.example.org")}, "ghe.example.org/o/r", "https://ghe.example.org/api/v3/", ""},
		{"another host than the runner's", Search{Repo: "ghe.example.org/o/r", Getenv: getenv("GITHUB_API_URL=https://api.github.com", "GITHUB_SERVER_URL=https://github.com")}, "ghe.example.org/o/r", "https://ghe.example.org/api/v3/", ""},
		{"the runner's own", Search{Repo: "o/r", Getenv: getenv("GITHUB_API_URL=https://git.example.org/api/v1", "GITHUB_SERVER_URL=https://git.example.org")}, "git.example.org/o/r", "https://git.example.org/api/v1/", ""},
		{"only its API", Search{Repo: "o/r", Getenv: getenv("GITHUB_API_URL=http://127.0.0.1:3000/api/v1")}, "127.0.0.1:3000/o/r", "http://127.0.0.1:3000/api/v1/", ""},
		{"the setting", Search{Repo: "o/r", API: "https://git.example.org/x", Getenv: getenv("GITHUB_API_URL=https://api.github.com")}, "git.example.org/o/r", "https://git.example.org/x/", ""},
		{"remote", Search{Remotes: []string{"/srv/x.git", "https://me:secret@github.com/o/r.git"}}, "o/r", "https://api.github.com/", ""},
		{"ssh", Search{Remotes: []string{"git@github.com:o/r.git"}}, "o/r", "https://api.github.com/", ""},
		{"ssh with a port", Search{Remotes: []string{"ssh://git@ssh.github.com:443/o/r.git"}}, "o/r", "https://api.github.com/", ""},
		{"a known host first", Search{Remotes: []string{"https://git.example.org/a/b", "https://github.com/o/r"}}, "o/r", "https://api.github.com/", ""},
		{"an unknown host", Search{Remotes: []string{"https://git.example.org/a/b"}}, "git.example.org/a/b", "https://git.example.org/api/v3/", ""},
		{"GH_HOST's remote", Search{Remotes: []string{"https://github.com/o/r", "https://git.example.org/a/b"}, Getenv: getenv("GH_HOST=git.example.org")}, "git.example.org/a/b", "https://git.example.org/api/v3/", ""},
		{"nothing", Search{}, "", "", "no-remote"},
		{"a path alone", Search{Remotes: []string{"../x", "file:///srv/o/r"}}, "", "", "no-remote"},
		{"too short", Search{Repo: "r"}, "", "", "bad-repository"},
		{"dots", Search{Repo: "o/.."}, "", "", "bad-repository"},
		{"a query", Search{Repo: "o/r?x"}, "", "", "bad-repository"},
		{"a path of four", Search{Repo: "a/b/c/d"}, "", "", "bad-repository"},
		{"an address with a password", Search{Repo: "https://u:secret@git.example.org/o/r"}, "", "", "bad-repository"},
		{"API with a password", Search{Repo: "o/r", API: "https://u:secret@git.example.org/"}, "", "", "bad-api-url"},
		{"API of another kind", Search{Repo: "o/r", API: "file:///x"}, "", "", "bad-api-url"},
	} {
		place, err := Locate(test.search)
		if fault.Code(err) != test.code {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if err != nil {
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: the password is in %v", test.name, err)
			}
			continue
		}
		if place.Repository.String() != test.repo || place.API.String() != test.api {
			t.Errorf("%s: %s at %s, want %s at %s", test.name, place.Repository, place.API, test.repo, test.api)
		}
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, repo string
		env        []string
		want       string
	}{
		{"GH_TOKEN first", "o/r", []string{"GITHUB_TOKEN=b", "GH_TOKEN=a"}, "a"},
		{"GITHUB_TOKEN", "o/r", []string{"GITHUB_TOKEN=b"}, "b"},
		{"configured", "o/r", nil, "of github.com"},
		{"not an enterprise's", "o/r", []string{"GH_ENTERPRISE_TOKEN=e"}, "of github.com"},
		{"not to another host", "ghe.example.org/o/r", []string{"GH_TOKEN=a", "GITHUB_TOKEN=b"}, "of ghe.example.org"},
		{"an enterprise's", "ghe.example.org/o/r", []string{"GH_TOKEN=a", "GH_ENTERPRISE_TOKEN=e"}, "e"},
		{"GH_HOST's", "o/r", []string{"GH_TOKEN=a", "GH_HOST=ghe.example.org"}, "a"},
		{"the runner's", "o/r", []string{"GITHUB_TOKEN=b", "GITHUB_SERVER_URL=https://git.example.org", "GITHUB_API_URL=https://git.example.org/api/v1"}, "b"},
		{"the API's", "o/r", []string{"GITHUB_TOKEN=b", "GITHUB_API_URL=http://127.0.0.1:3000/api/v1"}, "b"},
	} {
		search := Search{Repo: test.repo, Getenv: getenv(test.env...)}
		place, err := Locate(search)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := Token(place, search, func(host string) string { return "of " + host })
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
