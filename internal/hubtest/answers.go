package hubtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// Object is an object of JSON. Changing one changes no other.
type Object map[string]any

// With gives a copy in which these have other values: "event", "push".
func (o Object) With(pairs ...any) Object {
	changed := maps.Clone(o)
	for i := 0; i < len(pairs); i += 2 {
		changed[pairs[i].(string)] = pairs[i+1]
	}
	return changed
}

// site is where no server is: what is not to be followed points there.
const site = "https://hub.example.org/"

// day is when everything was made, unless a test says otherwise.
const day = "2020-01-01T00:00:00Z"

// addresses adds an address for each of the names, "html" as html_url.
func (o Object) addresses(below, names string) Object {
	for _, name := range strings.Fields(names) {
		o[name+"_url"] = site + below + "/" + name
	}
	return o
}

// owner is whom a repository belongs to.
func owner(login string) Object {
	return Object{
		"login": login, "id": 1, "node_id": "U_1", "gravatar_id": "", "site_admin": false, "type": "User", "url": site + "users/" + login,
	}.addresses("users/"+login, `avatar events followers following gists html organizations received_events repos starred subscriptions`)
}

// Minimal is a repository as a run names it; name is "owner/repo".
func Minimal(id int, name string) Object {
	login, short, _ := strings.Cut(name, "/")
	return Object{
		"id": id, "node_id": "R_" + strconv.Itoa(id), "name": short, "full_name": name, "owner": owner(login),
		"description": nil, "fork": false, "private": false, "url": site + "repos/" + name,
	}.addresses("repos/"+name, `archive assignees blobs branches collaborators comments commits compare contents contributors deployments
		downloads events forks git_commits git_refs git_tags hooks html issue_comment issue_events issues keys labels languages merges
		milestones notifications pulls releases stargazers statuses subscribers subscription tags teams trees`)
}

// Repository is a repository as it tells of itself; its default branch is main.
func Repository(id int, name string) Object {
	o := Minimal(id, name).addresses("repos/"+name, `clone git mirror ssh svn`)
	for _, count := range strings.Fields(`forks forks_count open_issues open_issues_count size stargazers_count watchers watchers_count
		network_count subscribers_count`) {
		o[count] = 0
	}
	for _, no := range strings.Fields(`has_issues has_projects has_wiki has_pages has_discussions archived disabled`) {
		o[no] = false
	}
	return o.With("default_branch", "main", "homepage", nil, "language", nil, "license", nil,
		"pushed_at", day, "created_at", day, "updated_at", day)
}

// Run is a run of .github/workflows/heavy-deps.yml in the repository o/r, whose
// id is 7, for a push to main. An empty conclusion is none yet.
func Run(id int, status, conclusion string) Object {
	o := Object{
		"id": id, "node_id": "WFR_" + strconv.Itoa(id), "run_number": id, "run_attempt": 1, "workflow_id": 3, "display_title": "heavy deps",
		"path": ".github/workflows/heavy-deps.yml", "head_branch": "main", "event": "push", "head_sha": "0a1b",
		"status": status, "conclusion": nil, "created_at": day, "updated_at": day, "pull_requests": []any{}, "url": site + "runs/" + strconv.Itoa(id),
		"repository": Minimal(7, "o/r"), "head_repository": Minimal(7, "o/r"), "head_commit": nil, "actor": owner("o"),
	}.addresses("runs/"+strconv.Itoa(id), `html jobs logs check_suite cancel rerun artifacts workflow`)
	if conclusion != "" {
		o["conclusion"] = conclusion
	}
	return o
}

// Forked is the run of a commit that lies in the fork x/r, whose id is 8.
func Forked(run Object) Object { return run.With("head_repository", Minimal(8, "x/r")) }

// Runs is one page of all the runs that there are.
func Runs(runs ...Object) Object {
	return Object{"total_count": len(runs), "workflow_runs": list(runs)}
}

// Artifact is an artifact of a run, not expired.
func Artifact(id int, name string, size int) Object {
	return Object{
		"id": id, "node_id": "A_" + strconv.Itoa(id), "name": name, "size_in_bytes": size, "expired": false, "digest": nil,
		"url": fmt.Sprintf("%sartifacts/%d", site, id), "archive_download_url": fmt.Sprintf("%sartifacts/%d/zip", site, id),
		"created_at": day, "expires_at": "2020-04-01T00:00:00Z", "updated_at": day,
	}
}

// Artifacts is one page of all the artifacts that there are.
func Artifacts(artifacts ...Object) Object {
	return Object{"total_count": len(artifacts), "artifacts": list(artifacts)}
}

// list is never null in JSON.
func list(objects []Object) []Object { return append([]Object{}, objects...) }

// Dispatched is the answer to a dispatch that asked for the run's details.
func Dispatched(run int) Object {
	return Object{"workflow_run_id": run}.addresses("runs/"+strconv.Itoa(run), `run html`)
}

// Answer sends a value as JSON with status 200.
func Answer(w http.ResponseWriter, value any) { send(w, http.StatusOK, value) }

// Error sends an error as the API does.
func Error(w http.ResponseWriter, status int, message string) {
	send(w, status, Object{"message": message, "documentation_url": "https://docs.example.org/rest", "status": strconv.Itoa(status)})
}

func send(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client that went away does not mind
}
