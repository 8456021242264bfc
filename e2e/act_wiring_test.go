//go:build e2e && unix

package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// wired prepares a run of the workflow as it stands in a repository where
// another scripts/wheelhouse makes files in no time; fresh are the Pythons for
// which a build would bring nothing. The Pythons are names alone.
func wired(t *testing.T, run, fresh string) *hosted {
	t.Helper()
	wiredOnce.Do(func() { wiredMade = wire(t) })
	if wiredMade == "" {
		t.Fatal("the repository could not be made; an earlier test says why")
	}
	h := host(t, wiredMade, run, "STAND_IN_FRESH="+fresh)
	h.path = joined(standIn(t, "bin"), filepath.Join(wiredMade, "python"))
	return h
}

var (
	wiredOnce sync.Once
	wiredMade string
)

func wire(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(scratch, "wired")
	copyFile(t, filepath.Join(sample(t).clone, workflow), write(t, filepath.Join(dir, workflow), ""))
	script := write(t, filepath.Join(dir, "scripts", "wheelhouse"), "")
	copyFile(t, standIn(t, "wheelhouse"), script)
	pythons := filepath.Join(dir, "python")
	python := interpreter(t).Path
	if err := errors.Join(
		os.Chmod(script, 0o755),
		os.Mkdir(pythons, 0o755),
		os.Symlink(python, filepath.Join(pythons, "python3.11")),
		os.Symlink(python, filepath.Join(pythons, "python3.13t")),
	); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "git", "init", "--quiet", "--initial-branch=main").want(t, 0)
	commit(t, dir)
	return dir
}

// TestWorkflowWiring tries which jobs run for which event, on which Pythons.
func TestWorkflowWiring(t *testing.T) {
	for name, test := range map[string]struct {
		event, fresh, python string
		status               int
		artifacts, says      string
	}{
		"scheduled":         {"schedule", "", "", 0, "candidate-3.11 wheelhouse-3.11", ""},
		"nothing new":       {"schedule", "3.11", "", 0, "", "cells=[]"},
		"pull request":      {"pull_request", "3.13t", "", 0, "candidate-3.11 wheelhouse-3.11", ""},
		"stale cannot tell": {"schedule", "unable", "", 1, "", "cannot tell for 3.11"},
		"not a version":     {"workflow_dispatch", "", "3.11 $(id)", 1, "", `not a Python version of this workflow: \$\(id\)`},
		"no such Python":    {"workflow_dispatch", "", "3.14t", 1, "", "The version '3.14t' was not found"},
	} {
		t.Run(name, func(t *testing.T) {
			h := wired(t, "4711", test.fresh)
			var args []string
			if test.python != "" {
				args = []string{"--input", "python=" + test.python}
			}
			got := h.start(t, test.event, workflow, args...).want(t, test.status).has(t, test.says)
			if names := h.names(t); names != test.artifacts {
				t.Errorf("artifacts are %q, want %q\n%s", names, test.artifacts, got.all())
			}
		})
	}
}

// TestWorkflowMatrix runs two cells of one run. The runner gives all cells the
// outputs of the first that ends, where GitHub joins them; so each cell has a
// process of its own, and both the same artifacts, in which a name used twice
// is an error.
func TestWorkflowMatrix(t *testing.T) {
	h := wired(t, "4712", "3.11")
	for _, python := range []string{"3.11", "3.13t"} {
		h.start(t, "workflow_dispatch", workflow, "--input", "python=3.11, 3.13t", "--matrix", "python:"+python).want(t, 0)
	}
	if names := h.names(t); names != "candidate-3.11 candidate-3.13t wheelhouse-3.11 wheelhouse-3.13t" {
		t.Errorf("artifacts are %q", names)
	}
	for _, python := range []string{"3.11", "3.13t"} {
		file := "docs/ci-archive/20260101-4712/wheelhouse-" + python + ".tgz"
		if got := strings.Join(h.uploaded(t, "wheelhouse-"+python), " "); got != file {
			t.Errorf("%s: uploaded %q, want %q", python, got, file)
		}
		text := string(read(t, filepath.Join(h.artifacts, "wheelhouse-"+python, filepath.FromSlash(file))))
		if text != "built for "+python+" by 4712\n" {
			t.Errorf("%s: archived %q", python, text)
		}
	}
	h.start(t, "workflow_dispatch", workflow, "--input", "python=3.11").want(t, 1).has(t, "already exists")
}

// TestWorkflowComparesSums changes the candidate on its way: neither proof nor
// entry comes of it.
func TestWorkflowComparesSums(t *testing.T) {
	h := wired(t, "4713", "")
	h.actions["actions/download-artifact"] = t.TempDir()
	action := string(read(t, filepath.Join(standIn(t, "download-artifact"), "action.yml")))
	changed := strings.Replace(action, `"$TARGET/"`+"\n", `"$TARGET/" && for f in "$TARGET"/*.tgz; do echo >>"$f"; done`+"\n", 1)
	if changed == action {
		t.Fatal("the stand-in copies otherwise")
	}
	write(t, filepath.Join(h.actions["actions/download-artifact"], "action.yml"), changed)
	h.start(t, "schedule", workflow).want(t, 1).has(t, "did NOT match")
	if names := h.names(t); names != "candidate-3.11" {
		t.Errorf("artifacts are %q", names)
	}
}

// TestUploadStandIn holds the stand-in to what the real one documents.
func TestUploadStandIn(t *testing.T) {
	dir, python := t.TempDir(), interpreter(t).Path
	for _, file := range []string{"out/docs/a.txt", "out/docs/.hidden", "out/.git/config", "out/b.txt", "more/c.txt", "empty/.only"} {
		write(t, filepath.Join(dir, filepath.FromSlash(file)), file)
	}
	for name, test := range map[string]struct {
		search, want string
		status       int
	}{
		"a folder is the root":     {"out/", "b.txt docs/a.txt", 0},
		"one file":                 {"out/docs/a.txt", "a.txt", 0},
		"up to the wildcard":       {"out/*/a.txt", "docs/a.txt", 0},
		"the least common folder":  {"out/docs\nmore/c.txt", "more/c.txt out/docs/a.txt", 0},
		"the same, below a folder": {"out/docs\n\n out/b.txt ", "b.txt docs/a.txt", 0},
		"hidden alone":             {"empty", "", 1},
		"nothing":                  {"none", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			artifacts := t.TempDir()
			more := []string{"NAME=some-name", "NO_FILES=error", "SEARCH=" + test.search, "STAND_IN_ARTIFACTS=" + artifacts}
			upload := []string{python, filepath.Join(standIn(t, "upload-artifact"), "upload.py")}
			run(t, dir, more, upload...).want(t, test.status)
			if test.status != 0 {
				empty(t, artifacts)
				return
			}
			if got := strings.Join(tree(t, filepath.Join(artifacts, "some-name")), " "); got != test.want {
				t.Errorf("uploaded %q, want %q", got, test.want)
			}
			run(t, dir, more, upload...).want(t, 1).has(t, "already exists")
		})
	}
}
