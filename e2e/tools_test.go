//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

// What is installed for the tests, pinned. The oldest pip is the one that
// Ubuntu 22.04 ships, the oldest distribution that is still supported and has
// a pip able to install today's manylinux wheels; the newest is the last one
// when this was written.
const (
	oldestPip    = "22.0.2"
	newestPip    = "26.3"
	uvPin        = "uv==0.13.9"
	packagingPin = "packaging==26.3"

	cyclonedxPin        = "cyclonedx-python-lib[json-validation]==11.12.0"
	cryptographyPin     = "cryptography==50.0.2"
	securesystemslibPin = "securesystemslib==1.6.0"
)

// interpreter finds the Python that the settings name.
func interpreter(t *testing.T) python.Interpreter {
	t.Helper()
	want := sample(t).settings(t).Python
	i, err := python.Find(t.Context(), python.Search{Want: want, Environ: os.Environ(), Typed: "e2e"})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// venvWith gives the interpreter of a new venv that holds these pinned
// packages; a pin of pip replaces the pip that the venv came with.
func venvWith(t *testing.T, dir string, pins ...string) string {
	t.Helper()
	run(t, scratch, nil, interpreter(t).Path, "-m", "venv", dir).want(t, 0)
	inside := venvPython(dir)
	run(t, scratch, nil, append([]string{inside, "-m", "pip", "install", "--quiet"}, pins...)...).want(t, 0)
	return inside
}

var (
	newestOnce sync.Once
	newestMade string
)

// newest gives the interpreter of a venv with the newest pip, uv and packaging;
// the first test that asks pays for it.
func newest(t *testing.T) string {
	t.Helper()
	newestOnce.Do(func() {
		newestMade = venvWith(t, filepath.Join(scratch, "newest"), "pip=="+newestPip, uvPin, packagingPin)
	})
	if newestMade == "" {
		t.Fatal("the tools could not be installed; an earlier test says why")
	}
	return newestMade
}

// bareVenv gives the interpreter of a venv that holds nothing at all.
func bareVenv(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bare")
	run(t, scratch, nil, interpreter(t).Path, "-m", "venv", "--without-pip", dir).want(t, 0)
	return venvPython(dir)
}

func venvPython(dir string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts", "python.exe")
	}
	return filepath.Join(dir, "bin", "python")
}
