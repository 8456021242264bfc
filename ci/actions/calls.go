package actions

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/google/go-github/v60/github"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

const (
	perPage = 100
	// maxPages bounds a list: a server may say "next" for ever. GitHub's own
	// end after 1,000 runs.
	maxPages = 10
)

// page is the query for one page. Gitea takes limit for per_page.
func page(n int) string { return fmt.Sprintf("?per_page=%d&limit=%d&page=%d", perPage, perPage, n) }

// DefaultBranch gives the name of the repository's default branch.
func (c *Client) DefaultBranch(ctx context.Context) (string, error) {
	var answer github.Repository
	if _, _, err := c.get(ctx, "looking up the repository", c.path(""), &answer); err != nil {
		return "", err
	}
	if answer.GetDefaultBranch() == "" {
		return "", fault.New(fault.Unable, "api-answer", "looking up the repository %s: the answer names no default branch", c.place.Repository).
			WithHint("name the branch: -branch=NAME")
	}
	return answer.GetDefaultBranch(), nil
}

// workflowRun is a run with what go-github leaves out.
type workflowRun struct {
	github.WorkflowRun
	// Path is that of its workflow's file.
	Path string `json:"path"`
	// HeadRepository is as it came: GitHub sends null for one that was removed,
	// Gitea sends none at all.
	HeadRepository json.RawMessage `json:"head_repository"`
	// StartedAt is what Gitea sends in the place of created_at.
	StartedAt github.Timestamp `json:"started_at"`
}

// printable leaves out of a server's word what a terminal would obey.
func printable(word string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, word)
}

func (w workflowRun) run() Run {
	var head github.Repository
	_ = json.Unmarshal(w.HeadRepository, &head) // what is none has no id
	created := w.GetCreatedAt().Time
	if created.IsZero() {
		created = w.StartedAt.Time
	}
	return Run{
		ID: w.GetID(), Attempt: w.GetRunAttempt(), Status: printable(w.GetStatus()), Conclusion: printable(w.GetConclusion()),
		Branch: w.GetHeadBranch(), Event: printable(w.GetEvent()), Commit: w.GetHeadSHA(), Workflow: w.Path,
		Repository: w.GetRepository().GetID(), Head: head.GetID(), HeadName: head.GetFullName(),
		HeadUnsaid: w.HeadRepository == nil, CreatedAt: created,
		Actor: printable(w.GetActor().GetLogin()), URL: address(w.GetHTMLURL()),
	}
}

// Runs gives one page of the workflow's runs, the newest first, and whether
// there may be another. The first page is number 1.
func (c *Client) Runs(ctx context.Context, workflow string, n int) ([]Run, bool, error) {
	var answer struct {
		TotalCount   int           `json:"total_count"`
		WorkflowRuns []workflowRun `json:"workflow_runs"`
	}
	next, known, err := c.get(ctx, "listing the runs of "+workflow, c.path("/actions/workflows/%s/runs", url.PathEscape(workflow))+page(n), &answer)
	if err != nil {
		return nil, false, err
	}
	runs := make([]Run, len(answer.WorkflowRuns))
	for i, w := range answer.WorkflowRuns {
		runs[i] = w.run()
	}
	return runs, more(next, known, n, len(runs), answer.TotalCount), nil
}

// more tells whether a list goes on after page n, which held that many. A
// server may hold fewer on a page than it was asked for (Gitea: 50).
func more(next, known bool, n, held, total int) bool {
	if held == 0 || n >= maxPages {
		return false
	}
	return next || !known && n*held < total
}

// Run gives one run.
func (c *Client) Run(ctx context.Context, id int64) (Run, error) {
	var answer workflowRun
	if _, _, err := c.get(ctx, fmt.Sprintf("looking up run %d", id), c.path("/actions/runs/%d", id), &answer); err != nil {
		return Run{}, err
	}
	return answer.run(), nil
}

// artifact is an artifact with its digest, which go-github does not have.
type artifact struct {
	github.Artifact
	Digest string `json:"digest"`
}

// sha256 gives the digest in hex; "" when there is none that we know.
func (a artifact) sha256() string {
	text, ok := strings.CutPrefix(strings.ToLower(a.Digest), "sha256:")
	if sum, err := hex.DecodeString(text); !ok || err != nil || len(sum) != 32 {
		return ""
	}
	return text
}

// Artifacts gives the artifacts of a run.
func (c *Client) Artifacts(ctx context.Context, run int64) ([]Artifact, error) {
	var all []Artifact
	for n := 1; ; n++ {
		var answer struct {
			TotalCount int        `json:"total_count"`
			Artifacts  []artifact `json:"artifacts"`
		}
		next, known, err := c.get(ctx, fmt.Sprintf("listing the artifacts of run %d", run), c.path("/actions/runs/%d/artifacts", run)+page(n), &answer)
		if err != nil {
			return nil, err
		}
		for _, a := range answer.Artifacts {
			all = append(all, Artifact{
				ID: a.GetID(), Name: a.GetName(), Size: a.GetSizeInBytes(), SHA256: a.sha256(), Expired: a.GetExpired(),
				CreatedAt: a.GetCreatedAt().Time, ExpiresAt: a.GetExpiresAt().Time,
			})
		}
		if !more(next, known, n, len(answer.Artifacts), answer.TotalCount) {
			return all, nil
		}
	}
}
