package python

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestFindTakesTheFirstThatRunsAndIsTheVersion(t *testing.T) {
	t.Parallel()
	one, two := t.TempDir(), t.TempDir()
	fake(t, one, "python3.11", "echo 'shim: not installed' >&2; exit 127")
	fake(t, one, "python3", says("3.12.1"))
	fake(t, two, "python3", "echo noise; "+says("3.11.7"))
	fake(t, two, "python", says("3.11.99"))
	path := strings.Join([]string{"relative", one, two}, string(os.PathListSeparator))
	i, err := Find(context.Background(), Search{Want: "3.11", Environ: []string{"PATH=" + path}})
	if err != nil {
		t.Fatal(err)
	}
	if i.Version != "3.11.7" || i.Path != "/opt/python/bin/python" || i.FreeThreaded || i.Short() != "3.11" {
		t.Errorf("got %+v", i)
	}
}

func TestFindFreeThreaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fake(t, dir, "python3", says("3.13.0"))
	fake(t, dir, "python", strings.Replace(says("3.13.1"), `\n0\n`, `\n1\n`, 1))
	environ := []string{"PATH=" + dir}
	for want, version := range map[string]string{"3.13": "3.13.0", "3.13t": "3.13.1"} {
		i, err := Find(context.Background(), Search{Want: want, Environ: environ})
		if err != nil || i.Version != version || i.Short() != want {
			t.Errorf("%s: got %+v, %v", want, i, err)
		}
	}
}

func TestFindSaysWhatIsThereInstead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fake(t, dir, "python3.11", "echo 'shim: not installed' >&2; exit 127")
	fake(t, dir, "python3", says("3.12.1"))
	fake(t, dir, "python", "echo rubbish")
	_, err := Find(context.Background(), Search{Want: "3.11", Environ: []string{"PATH=" + dir}, Typed: "wheelhouse:build"})
	e := wantCode(t, err, "no-python", fault.Unable)
	for _, part := range []string{
		"python3.11, python3 and python", "exited 127: shim: not installed",
		"python3 is 3.12 (3.12.1)", "python does not answer as Python does",
	} {
		if !strings.Contains(e.Message, part) {
			t.Errorf("%q is not in: %s", part, e.Message)
		}
	}
	if want := "mage wheelhouse:build -python=3.12"; !strings.Contains(e.Hint, want) {
		t.Errorf("%q is not in the hint: %s", want, e.Hint)
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	_, err := Find(context.Background(), Search{Want: "3.11", Environ: []string{"PATH=" + t.TempDir()}})
	e := wantCode(t, err, "no-python", fault.Unable)
	if !strings.Contains(e.Message, "none of python3.11, python3 and python is in PATH") {
		t.Error(e.Message)
	}
}

func TestFindRefusesOtherVersions(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"", "3", "2.7", "3.11.4", "3.011", "3.1 1", "python3.11", "-3.11", "3.11T", "3.11\n", "4.0"} {
		_, err := Find(context.Background(), Search{Want: want})
		wantCode(t, err, "bad-version", fault.Usage)
	}
}

func TestFindByPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := fake(t, dir, "mine", says("3.9.1"))
	if i, err := Find(context.Background(), Search{Want: good}); err != nil || i.Short() != "3.9" {
		t.Errorf("got %+v, %v", i, err)
	}
	two := fake(t, dir, "two", "echo 'unknown option -I' >&2; exit 2")
	for _, path := range []string{two, filepath.Join(dir, "absent"), dir} {
		_, err := Find(context.Background(), Search{Want: path})
		wantCode(t, err, "no-python", fault.Unable)
	}
}

func TestFindInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fake(t, dir, "python3", says("3.11.7"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, want := range []string{"3.11", filepath.Join(dir, "python3")} {
		if _, err := Find(ctx, Search{Want: want, Environ: []string{"PATH=" + dir}}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

func TestProbeIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := probe(context.Background(), fake(t, dir, "hangs", "sleep 600"), Search{}, 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "did not answer in") {
		t.Errorf("a hanging interpreter: %v", err)
	}
	_, err = probe(context.Background(), fake(t, dir, "floods", "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done"), Search{}, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "printed more than") {
		t.Errorf("an interpreter that prints without end: %v", err)
	}
}

func TestFindReal(t *testing.T) {
	t.Parallel()
	i := realPython(t)
	if !filepath.IsAbs(i.Path) || strings.Contains(i.Path, "shims") {
		t.Errorf("not the interpreter itself: %s", i.Path)
	}
	again, err := Find(context.Background(), Search{Want: i.Path, Environ: os.Environ()})
	if err != nil || again.Version != i.Version {
		t.Errorf("by its path: %+v, %v", again, err)
	}
}

func TestCleanEnviron(t *testing.T) {
	t.Parallel()
	given := []string{"PATH=/bin", "PIP_INDEX_URL=x", "HOME=/h", "PYTHONPATH=x", "UV_CACHE_DIR=x", "PYTEST_ADDOPTS=x",
		"VIRTUAL_ENV=x", "LANG=C", "pip_no_index=1", "PIP_CONFIG_FILE=/etc/x", "TMPDIR=/t", "__PYVENV_LAUNCHER__=x", "UVX=1"}
	want := []string{"PATH=/bin", "HOME=/h", "LANG=C", "TMPDIR=/t", "UVX=1", "PIP_CONFIG_FILE=" + os.DevNull}
	if got := CleanEnviron(given); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
