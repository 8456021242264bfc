//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPips builds and proves the sample with the oldest and the newest pip.
// Whichever pip fetched the wheels, the tarball's bytes are the same.
func TestPips(t *testing.T) {
	s := sample(t)
	oldest := func(t *testing.T) string {
		return venvWith(t, filepath.Join(t.TempDir(), "venv"), "pip=="+oldestPip)
	}
	for _, test := range []struct {
		pip       string
		python    func(*testing.T) string
		installer string
	}{
		// Below 22.3 there is no --python: the wheel that ensurepip carries
		// installs instead.
		{oldestPip, oldest, "pip"},
		{newestPip, newest, "pip " + newestPip},
	} {
		t.Run("pip "+test.pip, func(t *testing.T) {
			inside := test.python(t)
			out := t.TempDir()
			s.ours(t, s.clone, nil, "build", "-python="+inside, "-out="+out).want(t, 0)
			if got, want := sum(t, filepath.Join(out, filepath.Base(s.tarball()))), sum(t, s.tarball()); got != want {
				t.Errorf("the tarball is %s, want %s", got, want)
			}
			for _, wheel := range readLock(t, filepath.Join(out, filepath.Base(s.lockFile()))).Wheels {
				if wheel.URL == "" {
					t.Errorf("%s has no URL", wheel.File)
				}
			}
			tarball := s.copyOf(t)
			s.ours(t, s.clone, nil, "validate", "-tar="+tarball, "-python="+inside).want(t, 0)
			verdict := string(read(t, tarball+".verdict.json"))
			if !strings.Contains(verdict, test.installer) {
				t.Errorf("the verdict does not name %q:\n%s", test.installer, verdict)
			}
			if strings.Contains(verdict, "pip "+oldestPip) {
				t.Errorf("a pip without --python is said to have installed:\n%s", verdict)
			}
		})
	}
}
