//go:build e2e && unix

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// workflow is the one that is run as it stands.
const workflow = ".github/workflows/heavy-deps.yml"

// hosted is a run of workflows on this machine, without a container: what
// GitHub's own actions do is done by those of testdata/act, and nothing is done
// as root.
type hosted struct {
	// repository is the checkout whose workflows run.
	repository string
	// artifacts is where uploads go, each below its name.
	artifacts string
	// run is the run's id.
	run string
	// actions replace others' by what lies in folders, "owner/name" each.
	actions map[string]string
	// path is where the runner looks for programs.
	path string
	// more are variables of the runner's.
	more []string
}

// host prepares a run with no artifacts yet.
func host(t *testing.T, repository, run string, more ...string) *hosted {
	t.Helper()
	return &hosted{
		repository: repository, artifacts: t.TempDir(), run: run, actions: map[string]string{},
		path: joined(standIn(t, "bin"), filepath.Dir(interpreter(t).Path)), more: more,
	}
}

// joined gives the folders before those of PATH.
func joined(folders ...string) string {
	return strings.Join(append(folders, os.Getenv("PATH")), string(os.PathListSeparator))
}

var (
	actOnce sync.Once
	actPath string
)

// act gives the pinned runner, which Go keeps in its build cache; the first
// test that asks pays for it, and fails where it cannot be built.
func act(t *testing.T) string {
	t.Helper()
	actOnce.Do(func() {
		got := run(t, "..", nil, "go", "tool", "-modfile=tools/act/go.mod", "-n", "act").want(t, 0)
		actPath = strings.TrimSpace(got.stdout)
	})
	if actPath == "" {
		t.Fatal("the runner of workflows could not be built; an earlier test says why")
	}
	return actPath
}

// pin is the use of an action of another repository.
var pin = regexp.MustCompile(`uses: ([\w.-]+/[\w.-]+)@([0-9a-f]{40})\b`)

// start runs a workflow of the repository for an event, to its end.
func (h *hosted) start(t *testing.T, event, file string, args ...string) said {
	t.Helper()
	cache, err := os.MkdirTemp(scratch, "act-*")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(cache)
	line := []string{
		act(t), event, "--workflows", filepath.Join(h.repository, file), "--directory", h.repository,
		"--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server",
		"--env", "GITHUB_RUN_ID=" + h.run, "--env", "GITHUB_REPOSITORY=example/repository",
	}
	line = append(line, h.replaced(t, file)...)
	return run(t, h.repository, append([]string{
		"XDG_CACHE_HOME=" + cache, "STAND_IN_ARTIFACTS=" + h.artifacts, "PATH=" + h.path,
	}, h.more...), append(line, args...)...)
}

// replaced names, for each action that the workflow or our own action uses, the
// folder that it is taken from; one without a stand-in would be fetched and
// fails the test. A checkout copies the repository's files by itself.
func (h *hosted) replaced(t *testing.T, file string) []string {
	t.Helper()
	text := string(read(t, filepath.Join(h.repository, file))) + string(read(t, filepath.Join(sample(t).clone, "action.yml")))
	var line []string
	seen := map[string]bool{}
	for _, use := range pin.FindAllStringSubmatch(text, -1) {
		action, sha := use[1], use[2]
		if seen[use[0]] {
			continue
		}
		seen[use[0]] = true
		folder := h.actions[action]
		if name, ours := strings.CutPrefix(action, "actions/"); folder == "" && ours && name != "checkout" {
			folder = standIn(t, name)
		}
		if folder != "" {
			line = append(line, "--local-repository", action+"@"+sha+"="+folder)
		} else if action != "actions/checkout" {
			t.Fatalf("there is no stand-in for %s", action)
		}
	}
	return line
}

// standIn gives the absolute path of what is in testdata/act.
func standIn(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "act", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// uploaded gives the files of an artifact.
func (h *hosted) uploaded(t *testing.T, name string) []string {
	t.Helper()
	return tree(t, filepath.Join(h.artifacts, name))
}

// names gives the artifacts of the run.
func (h *hosted) names(t *testing.T) string {
	t.Helper()
	entries, err := os.ReadDir(h.artifacts)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}

// commit makes a commit of all that git does not ignore.
func commit(t *testing.T, dir string) string {
	t.Helper()
	run(t, dir, nil, "git", "add", "--all").want(t, 0)
	run(t, dir, nil, "git", "-c", "user.name=e2e", "-c", "user.email=e2e@example.org", "commit", "--quiet", "--message=e2e").want(t, 0)
	return strings.TrimSpace(run(t, dir, nil, "git", "rev-parse", "HEAD").want(t, 0).stdout)
}
