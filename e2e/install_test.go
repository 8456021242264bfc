//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// numpyRuns is what shows that the sample's largest wheel works.
const numpyRuns = "import numpy, PIL; assert numpy.arange(4).sum() == 6; print(numpy.__version__)"

// TestInstall makes .venv of the sample, as its README says it: validated, proof
// and all. A second time there is nothing to do.
func TestInstall(t *testing.T) {
	s, dir := sample(t), t.TempDir()
	tarball := s.copyOf(t)
	got := s.ours(t, dir, offline(), "install", "-tar="+tarball).want(t, 0)
	if strings.TrimSpace(got.stdout) != ".venv" {
		t.Errorf("stdout is %q", got.stdout)
	}
	inside := venvPython(filepath.Join(dir, ".venv"))
	run(t, dir, offline(), inside, "-c", numpyRuns).want(t, 0)
	s.ours(t, dir, offline(), "install", "-tar="+tarball, "-noProof").want(t, 0).has(t, "unchanged: .venv")
	for _, part := range []string{"certifi", "idna"} {
		run(t, dir, offline(), inside, "-c", "import "+part).want(t, 0)
	}
}

// TestInstallIntoVenv installs into what `python -m venv` made, which has a pip
// and an older certifi of its own: by its pip, and by uv.
func TestInstallIntoVenv(t *testing.T) {
	s := sample(t)
	tarball := s.copyOf(t)
	for _, installer := range []string{"pip", "uv"} {
		t.Run(installer, func(t *testing.T) {
			dir := t.TempDir()
			more := offline()
			if installer == "uv" {
				more = append(more, "PATH="+filepath.Dir(newest(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
			}
			inside := venvWith(t, filepath.Join(dir, "mine"), "toml==0.10.2")
			write(t, filepath.Join(dir, "mine", "precious.txt"), "mine")
			s.ours(t, dir, more, "install", "-tar="+tarball, "-venv=mine", "-noProof", "-packages=numpy Pillow requests", "-installer="+installer).
				want(t, 0).has(t, "with "+installer+" ")
			run(t, dir, offline(), inside, "-c", numpyRuns+"; import requests, pip, toml").want(t, 0)
			run(t, dir, offline(), inside, "-c", "import pytest").want(t, 1)
			if string(read(t, filepath.Join(dir, "mine", "precious.txt"))) != "mine" {
				t.Error("a file in the venv is another")
			}
			s.ours(t, dir, more, "install", "-tar="+tarball, "-venv=mine", "-noProof", "-packages=numpy", "-installer="+installer).want(t, 0).has(t, "unchanged: mine")
		})
	}
}

// TestExtract has pips and uv install from the folder, by the wheels in it and
// by the lock in it.
func TestExtract(t *testing.T) {
	s, dir := sample(t), t.TempDir()
	s.ours(t, dir, nil, "extract", "-tar="+s.tarball(), "-to=house", "-noProof").want(t, 0)
	s.ours(t, dir, nil, "extract", "-tar="+s.tarball(), "-to=house", "-noProof").want(t, 0).has(t, "unchanged: house")
	house := filepath.Join(dir, "house")
	pip, target := newest(t), bareVenv(t)
	run(t, dir, offline(), pip, "-m", "pip", "--python", target, "install",
		"--no-index", "--no-cache-dir", "--find-links", house, "numpy", "Pillow").want(t, 0)
	run(t, dir, offline(), target, "-c", numpyRuns).want(t, 0)
	target = bareVenv(t)
	run(t, dir, offline(), pip, "-m", "pip", "--python", target, "install",
		"--no-index", "--no-deps", "--no-cache-dir", "-r", filepath.Join(house, filepath.Base(s.lockFile()))).want(t, 0)
	installed(t, s, pip, target)
	if got, want := sum(t, filepath.Join(house, filepath.Base(s.lockFile()))), sum(t, s.lockFile()); got != want {
		t.Errorf("the lock is %s, the tarball's %s", got, want)
	}
}

// TestWhy asks what brings urllib3 into the sample.
func TestWhy(t *testing.T) {
	s, dir := sample(t), t.TempDir()
	got := s.ours(t, dir, nil, "why", "urllib3", "-tar="+s.tarball()).want(t, 0)
	for _, text := range []string{"urllib3 is needed by ", "  requests", " -> urllib3<", "(", "is installed"} {
		if !strings.Contains(got.stdout, text) {
			t.Errorf("it does not say %q:\n%s", text, got.stdout)
		}
	}
	s.ours(t, dir, nil, "why", "flask", "-tar="+s.tarball()).want(t, 0).has(t, "flask is not there, and nothing asks for it")
}
