//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// offline is an environment in which pip and uv have no settings of the
// user's, so that what they install comes from the lock's folder.
func offline() []string {
	more := []string{"PIP_CONFIG_FILE=" + os.DevNull}
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "PIP_") && name != "PIP_CONFIG_FILE" {
			more = append(more, name+"=")
		}
	}
	return more
}

// TestLockReadByPackaging has the reference reader accept the lock and choose
// every wheel of it.
func TestLockReadByPackaging(t *testing.T) {
	s := sample(t)
	inside := newest(t)
	const script = `
import sys, tomllib
from packaging.pylock import Pylock
lock = Pylock.from_dict(tomllib.load(open(sys.argv[1], "rb")))
print(len(list(lock.select())))
`
	got := run(t, scratch, nil, inside, "-c", script, s.lockFile()).want(t, 0)
	if want := strconv.Itoa(len(readLock(t, s.lockFile()).Wheels)); strings.TrimSpace(got.stdout) != want {
		t.Errorf("packaging selects %s wheels of %s", strings.TrimSpace(got.stdout), want)
	}
}

// TestLockInstalledByPip installs from the lock with the newest pip.
func TestLockInstalledByPip(t *testing.T) {
	s := sample(t)
	dir, target := s.extracted(t), bareVenv(t)
	pip := newest(t)
	lockFile := filepath.Join(dir, filepath.Base(s.lockFile()))
	run(t, scratch, offline(), pip, "-m", "pip", "--python", target, "install",
		"--no-index", "--no-deps", "--no-cache-dir", "-r", lockFile).want(t, 0)
	installed(t, s, pip, target)
}

// TestLockInstalledByUV installs from the lock with uv.
func TestLockInstalledByUV(t *testing.T) {
	s := sample(t)
	dir, target := s.extracted(t), bareVenv(t)
	tools := newest(t)
	uv := filepath.Join(filepath.Dir(tools), "uv")
	lockFile := filepath.Join(dir, filepath.Base(s.lockFile()))
	run(t, scratch, offline(), uv, "pip", "sync", "--offline", "--no-index", "--no-cache", "--no-config",
		"--require-hashes", "--python", target, lockFile).want(t, 0)
	installed(t, s, tools, target)
}

// installed fails the test unless the venv of target holds every wheel of the
// sample's lock, and numpy runs in it.
func installed(t *testing.T, s *sampleRun, pip, target string) {
	t.Helper()
	got := run(t, scratch, offline(), pip, "-m", "pip", "--python", target, "list", "--format=json").want(t, 0)
	var packages []struct{ Name, Version string }
	if err := json.Unmarshal([]byte(got.stdout), &packages); err != nil {
		t.Fatal(err)
	}
	if want := len(readLock(t, s.lockFile()).Wheels); len(packages) != want {
		t.Errorf("%d packages are installed, want %d: %v", len(packages), want, packages)
	}
	run(t, scratch, nil, target, "-c", "import numpy; assert numpy.arange(4).sum() == 6").want(t, 0)
}
