//go:build e2e && unix

package e2e

import (
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// TestInstallSignals ends an install midway, as a supervisor and as Ctrl-C do:
// a fresh venv is gone, and one that was there is as it was.
func TestInstallSignals(t *testing.T) {
	s := sample(t)
	tarball := s.copyOf(t)
	for _, test := range []struct {
		name   string
		signal syscall.Signal
		group  bool
		status int
	}{
		{"SIGTERM", syscall.SIGTERM, false, 143},
		{"SIGINT", syscall.SIGINT, true, 130},
	} {
		t.Run("fresh "+test.name, func(t *testing.T) {
			dir := t.TempDir()
			i := start(t, s, offline(), "install", "-noProof", "-tar="+tarball, "-venv="+filepath.Join(dir, "venv"))
			i.await(appears(t.Context(), filepath.Join(dir, "venv", "lib", "*", "site-packages", "numpy", "__init__.py")))
			i.end(test.signal, test.group, test.status)
			empty(t, dir)
		})
		t.Run("there "+test.name, func(t *testing.T) {
			dir := t.TempDir()
			venv := filepath.Join(dir, "mine")
			run(t, dir, nil, interpreter(t).Path, "-m", "venv", "--without-pip", venv).want(t, 0)
			write(t, filepath.Join(venv, "precious.txt"), "mine")
			before := tree(t, dir)
			i := start(t, s, offline(), "install", "-noProof", "-tar="+tarball, "-venv="+venv)
			i.await(appears(t.Context(), filepath.Join(venv, "lib", "*", "site-packages", "numpy", "__init__.py")))
			i.end(test.signal, test.group, test.status)
			if after := tree(t, dir); !slices.Equal(before, after) {
				t.Errorf("before there were %d files, after %d: %q", len(before), len(after), after)
			}
			run(t, dir, nil, venvPython(venv), "-c", "import venv").want(t, 0)
		})
	}
}
