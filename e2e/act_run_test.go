//go:build e2e && unix

package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// workflowRun is the one run of the whole workflow that other tests build on.
type workflowRun struct {
	hosted *hosted
	commit string
	said   said
	key    key
	// released is where what was published lies, by tag.
	released string
	// secrets must never be shown.
	secrets []string
}

var (
	workflowOnce sync.Once
	workflowMade *workflowRun
)

// ran gives a run of the workflow as it stands, started by hand in a fresh
// clone: the real build from the index, the proof, the signatures by gpg's own
// key, the release, the entry. The first test that asks pays for it.
func ran(t *testing.T) *workflowRun {
	t.Helper()
	workflowOnce.Do(func() {
		dir := clone(t)
		h := host(t, dir, "18884042880")
		h.artifacts = filepath.Join(scratch, "artifacts")
		if err := os.Mkdir(h.artifacts, 0o755); err != nil {
			t.Fatal(err)
		}
		passphrase, token := rand.Text(), rand.Text()
		k := newKey(t, passphrase)
		head := pinned(t, dir, k)
		releases := &hubtest.Releases{Repository: "example/repository", Token: token, Folder: filepath.Join(scratch, "released")}
		server := httptest.NewServer(releases)
		defer server.Close()
		releases.Address = server.URL
		args := append(asked{python: "3.11", publish: true}.args(t), secrets(t, map[string]string{
			"WHEELHOUSE_GPG_PRIVATE_KEY": k.private, "WHEELHOUSE_GPG_PASSPHRASE": passphrase, "GITHUB_TOKEN": token,
		})...)
		args = append(args, "--env", "WHEELHOUSE_GITHUB_API_URL="+server.URL+"/api/v3")
		workflowMade = &workflowRun{h, head, h.start(t, "workflow_dispatch", workflow, args...), k, releases.Folder,
			[]string{passphrase, token, strings.Split(k.private, "\n")[4]}}
	})
	if workflowMade == nil {
		t.Fatal("the workflow could not be run; an earlier test says why")
	}
	workflowMade.said.want(t, 0)
	return workflowMade
}

// pinned has the settings of a clone believe one key alone, as docs/publishing.md
// tells, and gives the commit.
func pinned(t *testing.T, dir string, k key) string {
	t.Helper()
	write(t, filepath.Join(dir, "ci", "keys.asc"), k.public)
	settings := filepath.Join(dir, "ci", "wheelhouse.toml")
	text := string(read(t, settings))
	for before, after := range map[string]string{
		"keyring = \"\"":    "keyring = \"ci/keys.asc\"",
		"fingerprints = []": "fingerprints = [\"" + k.fingerprint + "\"]",
		"require = []":      "require = [\"checksums\", \"signature\", \"statement\", \"bundle\"]",
		"repository = \"\"": "repository = \"example/repository\"",
	} {
		if strings.Count(text, "\n"+before+"\n") != 1 {
			t.Fatalf("the settings do not say %s", before)
		}
		text = strings.Replace(text, "\n"+before+"\n", "\n"+after+"\n", 1)
	}
	write(t, settings, text)
	return commit(t, dir)
}

// entry gives the one run's folder in the artifact, from the artifact's top.
func (w *workflowRun) entry(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(w.hosted.artifacts, "wheelhouse-3.11", "docs", "ci-archive", "*"))
	if err != nil || len(found) != 1 || !strings.HasSuffix(found[0], "-"+w.hosted.run) {
		t.Fatalf("the artifact has %q, %v; want the one entry of run %s", found, err, w.hosted.run)
	}
	return found[0]
}

// TestWorkflow runs the workflow from the checkout to the archived artifact,
// and looks at what is in it.
func TestWorkflow(t *testing.T) {
	w := ran(t)
	entry := w.entry(t)
	got := w.hosted.uploaded(t, "wheelhouse-3.11")
	var want []string
	for _, file := range []string{
		"pylock.wheelhouse-311.toml", "wheelhouse-3.11.tgz", "wheelhouse-3.11.tgz.asc", "wheelhouse-3.11.tgz.cdx.json",
		"wheelhouse-3.11.tgz.intoto.jsonl", "wheelhouse-3.11.tgz.meta",
		"wheelhouse-3.11.tgz.requirements/requirements-heavy.txt", "wheelhouse-3.11.tgz.sha256sums",
		"wheelhouse-3.11.tgz.sha256sums.asc", "wheelhouse-3.11.tgz.sigstore.json", "wheelhouse-3.11.tgz.verdict.json",
	} {
		want = append(want, "docs/ci-archive/"+filepath.Base(entry)+"/"+file)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the artifact holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if names := w.hosted.names(t); names != "candidate-3.11 signed-3.11 wheelhouse-3.11" {
		t.Errorf("artifacts are %q", names)
	}

	tarball := filepath.Join(entry, "wheelhouse-3.11.tgz")
	digest := sum(t, tarball)
	if built := sum(t, filepath.Join(w.hosted.artifacts, "candidate-3.11", "wheelhouse-3.11.tgz")); digest != built {
		t.Errorf("archived is %s, built was %s", digest, built)
	}
	if made := sum(t, sample(t).tarball()); digest != made {
		t.Errorf("archived is %s, the same build without a workflow made %s", digest, made)
	}
	w.said.has(t, "::set-output:: sha256_3_11="+digest, "Summary - ### PASS: wheelhouse-3.11.tgz on Python 3.11.")
	record := string(read(t, tarball+".meta"))
	for _, line := range []string{
		"sha256=" + digest, "python=3.11", "repository=example/repository", "workflow=heavy-deps",
		"run_id=" + w.hosted.run, "run_attempt=1", "git_commit=" + w.commit,
	} {
		if !strings.Contains(record, "\n"+line+"\n") {
			t.Errorf("the record lacks %s:\n%s", line, record)
		}
	}
	if verdict := string(read(t, tarball+".verdict.json")); !strings.Contains(verdict, `"result": "PASS"`) || !strings.Contains(verdict, `"isolation": "network-namespace"`) {
		t.Errorf("the verdict is %s", verdict)
	}
}

// TestWorkflowArtifactIsTaken proves the artifact's tarball, without the smoke
// tests that the workflow ran on it, and makes a fetched run of it.
func TestWorkflowArtifactIsTaken(t *testing.T) {
	w, s, dir := ran(t), sample(t), t.TempDir()
	tarball := filepath.Join(w.entry(t), "wheelhouse-3.11.tgz")
	s.ours(t, dir, []string{"WHEELHOUSE_VALIDATE_TESTS="}, "validate", "-tar="+tarball).want(t, 0).has(t, "PASS")
	folder := strings.TrimSpace(s.ours(t, dir, nil, "fetch", "-tar="+tarball, "-outdir="+dir).want(t, 0).stdout)
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(dir, folder)
	}
	if filepath.Base(folder) != "run-"+w.hosted.run {
		t.Errorf("fetched to %s", folder)
	}
	if sum(t, filepath.Join(folder, "wheelhouse-3.11.tgz")) != sum(t, tarball) {
		t.Error("fetched is another tarball")
	}
}

// TestWorkflowSkips puts the entry in place: the next run on schedule makes
// nothing. Then it changes the requirements, in a pull request whose smoke test
// fails: that is built anew, and neither uploaded nor archived.
func TestWorkflowSkips(t *testing.T) {
	w := ran(t)
	dir := clone(t)
	copied := filepath.Join(dir, "docs", "ci-archive", filepath.Base(w.entry(t)))
	if err := os.CopyFS(copied, os.DirFS(w.entry(t))); err != nil {
		t.Fatal(err)
	}
	commit(t, dir) // the tarball itself stays out of git
	h := host(t, dir, "18884042881")
	h.start(t, "schedule", workflow).want(t, 0).has(t, "run "+w.hosted.run+" has wheelhouse-3.11.tgz", "cells=[]")
	empty(t, h.artifacts)

	_, version := wheelOf(t, sample(t), "pytest")
	write(t, filepath.Join(dir, "doc_processor", "requirements-heavy.txt"), "pytest=="+version+"\n")
	settings := filepath.Join(dir, "ci", "wheelhouse.toml")
	text := string(read(t, settings))
	changed := strings.Replace(text, "\npackages = [", "\npackages = [\"pytest\"] # ", 1)
	if changed == text {
		t.Fatal("the settings name no packages")
	}
	write(t, settings, changed)
	tests := filepath.Join(dir, "doc_processor", "tests")
	if err := os.RemoveAll(tests); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(tests, "test_smoke_broken.py"), "def test_smoke_broken():\n    assert False\n")
	commit(t, dir)
	h.start(t, "pull_request", workflow).want(t, 1).has(t, "stale: requirements", "FAIL  tests-failed", "test_smoke_broken")
	empty(t, h.artifacts)
}

// TestAction uses action.yml as another repository does.
func TestAction(t *testing.T) {
	s, dir := sample(t), t.TempDir()
	copyFile(t, standIn(t, "other.yml"), write(t, filepath.Join(dir, ".github", "workflows", "other.yml"), ""))
	var lines strings.Builder
	for _, project := range []string{"certifi", "pytest"} {
		_, version := wheelOf(t, s, project)
		fmt.Fprintf(&lines, "%s==%s\n", project, version)
	}
	write(t, filepath.Join(dir, "deps", "requirements.txt"), lines.String())
	write(t, filepath.Join(dir, "checks", "test_smoke_certifi.py"), "import certifi\n\n\ndef test_smoke_certifi():\n    assert certifi.where()\n")
	run(t, dir, nil, "git", "init", "--quiet", "--initial-branch=main").want(t, 0)
	commit(t, dir)

	h := host(t, dir, "4714")
	h.actions["wheelhouse-ci/wheelhouse"] = clone(t)
	h.start(t, "push", ".github/workflows/other.yml").want(t, 0).has(t, "PASS")
	result := filepath.Join(h.artifacts, "result")
	said := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(read(t, filepath.Join(result, "outputs")))), "\n") {
		name, value, _ := strings.Cut(line, "=")
		said[name] = value
	}
	if said["path"] != "made/wheelhouse-3.11.tgz" {
		t.Fatalf("outputs are %q", said)
	}
	digest := sum(t, filepath.Join(result, said["path"]))
	if said["sha256"] != digest {
		t.Errorf("output sha256 is %q, want %s", said["sha256"], digest)
	}
	if ok, _ := filepath.Match("kept/????????-4714", said["run-folder"]); !ok {
		t.Fatalf("output run-folder is %q", said["run-folder"])
	}
	if kept := sum(t, filepath.Join(result, said["run-folder"], "wheelhouse-3.11.tgz")); kept != digest {
		t.Errorf("the entry's tarball is %s, want %s", kept, digest)
	}
	if got := string(read(t, filepath.Join(result, said["run-folder"], "wheelhouse-3.11.tgz.requirements", "requirements.txt"))); got != lines.String() {
		t.Errorf("the entry's requirements are %q", got)
	}
}
