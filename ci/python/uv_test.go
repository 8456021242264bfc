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

func TestFindUVTakesTheFirstThatRuns(t *testing.T) {
	t.Parallel()
	one, two := t.TempDir(), t.TempDir()
	fake(t, one, "uv", "echo 'shim: not installed' >&2; exit 127")
	want := fake(t, two, "uv", "[ \"$*\" = --version ] && echo 'uv 0.13.9 (x86_64-unknown-linux-gnu)'")
	i := Interpreter{Path: "/no/such/python", environ: []string{"PATH=relative" + list(one, two)}}
	uv, err := FindUV(context.Background(), i)
	if err != nil || uv != (UV{Path: want, Version: "0.13.9"}) {
		t.Errorf("got %+v, %v", uv, err)
	}
}

// TestFindUVImported: what the interpreter can import is found where PATH has
// none that is uv.
func TestFindUVImported(t *testing.T) {
	t.Parallel()
	dir, packages := t.TempDir(), t.TempDir()
	uv := fake(t, packages, "the-uv", "echo 'uv 0.1.2'")
	write(t, packages, "uv.py", "def find_uv_bin(): return "+`"`+uv+`"`+"\n")
	fake(t, dir, "uv", "echo 'another program 1.0'")
	// The interpreter's own packages, without installing anything into it.
	python := fake(t, dir, "python", `shift 2; exec '`+realPython(t).Path+`' -I -c "import sys; print('noise'); sys.path.insert(0, '`+packages+`')
$1"`)
	got, err := FindUV(context.Background(), Interpreter{Path: python, environ: []string{"PATH=" + dir}})
	if err != nil || got != (UV{Path: uv, Version: "0.1.2"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFindUVNowhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	python := fake(t, dir, "python", "echo \"No module named 'uv'\" >&2; exit 1")
	rubbish := fake(t, dir, "uv", "echo rubbish")
	for path, part := range map[string]string{dir: rubbish + " does not answer as uv does; ", t.TempDir(): "none is in PATH; "} {
		_, err := FindUV(context.Background(), Interpreter{Path: python, environ: []string{"PATH=" + path}})
		e := wantCode(t, err, "no-uv", fault.Unable)
		if want := part + python + " -m uv exited 1: No module named 'uv'"; !strings.Contains(e.Message, want) || !strings.Contains(e.Hint, "-installer=pip") {
			t.Errorf("%q is not in %s, %s", want, e.Message, e.Hint)
		}
	}
}

func TestUVIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hangs := fake(t, dir, "uv", "exec sleep 600")
	_, err := probeUV(context.Background(), Interpreter{}, hangs, 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "did not answer in") {
		t.Errorf("one that hangs: %v", err)
	}
	_, err = importedUV(context.Background(), Interpreter{Path: fake(t, dir, "python", "echo rubbish")}, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "does not say") {
		t.Errorf("an interpreter that prints rubbish: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := FindUV(ctx, Interpreter{Path: hangs, environ: []string{"PATH=" + dir}}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// standIn is an installer whose uv is a script; it writes its arguments, one a
// line, into the file args beside the venv.
func standIn(t *testing.T, body string) (Installer, string) {
	t.Helper()
	dir := t.TempDir()
	i := Interpreter{Path: filepath.Join(dir, "python"), Version: "3.11.7", environ: []string{"PATH=" + os.Getenv("PATH"), "UV_INDEX_URL=x"}}
	uv := fake(t, dir, "uv", `printf '%s\n' "$@" > '`+dir+`/args'; env > '`+dir+`/env'; `+body)
	return Installer{Interpreter: i, UV: &UV{Path: uv, Version: "0.13.9"}, Cache: filepath.Join(dir, "cache")}, dir
}

// ran gives the arguments of the stand-in's last run; the environment must be
// clean.
func ran(t *testing.T, dir string) []string {
	t.Helper()
	args, err := os.ReadFile(filepath.Join(dir, "args"))
	if err != nil {
		t.Fatal(err)
	}
	if env, err := os.ReadFile(filepath.Join(dir, "env")); err != nil || strings.Contains(string(env), "UV_INDEX_URL") {
		t.Errorf("the environment is not clean: %v\n%s", err, env)
	}
	return strings.Split(strings.TrimSpace(string(args)), "\n")
}

func TestUVCommands(t *testing.T) {
	t.Parallel()
	in, dir := standIn(t, `[ "$1" != venv ] || { mkdir "$6/bin"; : > "$6/bin/python"; }`)
	if in.Name() != "uv 0.13.9" {
		t.Errorf("its name is %s", in.Name())
	}
	every := []string{"--no-config", "--offline", "--no-python-downloads", "--cache-dir", in.Cache, "--no-progress", "--color", "never"}
	ctx := context.Background()
	v, err := in.NewVenv(ctx, filepath.Join(dir, "venv"))
	if err != nil {
		t.Fatal(err)
	}
	want := append([]string{"venv", "--no-project", "--allow-existing", "--python", in.Interpreter.Path, v.Dir}, every...)
	if got := ran(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := in.Install(ctx, v, "derived.txt", "wheels"); err != nil {
		t.Error(err)
	}
	want = append([]string{"pip", "install", "--python", v.Python, "--no-index", "--find-links", "wheels", "--no-build",
		"--require-hashes", "--no-sources", "-r", "derived.txt"}, every...)
	if got := ran(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := in.Check(ctx, v); err != nil {
		t.Error(err)
	}
	if got, want := ran(t, dir), append([]string{"pip", "check", "--python", v.Python}, every...); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUVFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body, code string
		status           int
		part             string
	}{
		{"refused", "echo 'Using Python 3.11.7' >&2; printf 'error: No solution found\\n  cause: Because x is missing\\n' >&2; exit 1",
			"install-failed", fault.Refused, "uv failed: No solution found; Because x is missing"},
		{"silent", "exit 1", "install-failed", fault.Refused, "it printed nothing"},
		{"full", "echo 'error: failed to write: No space left on device (os error 28)' >&2; exit 2", "disk-full", fault.Unable, "installing into"},
		{"of another time", `echo "error: unexpected argument '--no-sources' found" >&2; exit 2`, "no-uv", fault.Unable, "too old or too new"},
	} {
		in, _ := standIn(t, c.body)
		e := wantCode(t, in.Install(context.Background(), Venv{Dir: "/v"}, "derived.txt", "wheels"), c.code, c.status)
		if !strings.Contains(e.Message, c.part) {
			t.Errorf("%s: %q is not in %s", c.name, c.part, e.Message)
		}
	}
	in, _ := standIn(t, "printf 'Checked 1 package\\nFound 1 incompatibility\\nThe package `app` requires `lib`\\n'; exit 1")
	e := wantCode(t, in.Check(context.Background(), Venv{}), "pip-check-failed", fault.Refused)
	if want := "fit together: Found 1 incompatibility; The package `app` requires `lib`"; !strings.HasSuffix(e.Message, want) {
		t.Error(e.Message)
	}
	in.UV.Path += "-gone"
	wantCode(t, in.Check(context.Background(), Venv{}), "python-broken", fault.Unable)
}

func TestUVErrors(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"", "it printed nothing"},
		{"some text\nmore", "some text; more"},
		{"Resolved 1 package\nerror: Failed to download\n  cause: Hash mismatch\n\n         Expected:\n           sha256:1\n", "Failed to download; Hash mismatch; Expected: sha256:1"},
		{"  × No solution found:\n  ╰─▶ Because a\n      and b.\n", "No solution found: Because a; and b."},
		{"error: x\n  Caused by: y", "x; y"},
	} {
		if got := uvErrors((&tail{data: []byte(c[0])}).lines()); got != c[1] {
			t.Errorf("%q: got %q, want %q", c[0], got, c[1])
		}
	}
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	full := "echo 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device' >&2; exit 1"
	dir := t.TempDir()
	i := Interpreter{Path: fake(t, dir, "python", full), Version: "3.11.7"}
	venv := filepath.Join(dir, "venv")
	_, err := NewVenv(context.Background(), i, venv)
	wantCode(t, err, "disk-full", fault.Unable)
	if _, err := os.Stat(venv); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a venv is still there: %v", err)
	}
	v := Venv{Dir: venv, Python: i.Path}
	in := Installer{Interpreter: i, Environment: Environment{PipRunner: "runner"}}
	wantCode(t, in.Install(context.Background(), v, "derived.txt", "wheels"), "disk-full", fault.Unable)
	wantCode(t, in.Check(context.Background(), v), "disk-full", fault.Unable)
	_, err = Pytest(context.Background(), v, dir, nil, false, nil)
	wantCode(t, err, "disk-full", fault.Unable)
	if diskFull("x", "not enough space between lines") != nil {
		t.Error("another text counts")
	}
}

// TestNewVenvIsBounded: an interpreter that hangs leaves no half of a venv.
func TestNewVenvIsBounded(t *testing.T) {
	t.Parallel()
	in, dir := standIn(t, "exec sleep 600")
	venv := filepath.Join(dir, "venv")
	_, err := newVenv(context.Background(), in.Interpreter, venv, 50*time.Millisecond, in.uvVenv)
	if e := wantCode(t, err, "no-venv", fault.Unable); !strings.Contains(e.Message, "did not answer in") {
		t.Error(e.Message)
	}
	if _, err := os.Stat(venv); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a venv is still there: %v", err)
	}
}

// list gives folders as a further part of PATH.
func list(dirs ...string) string {
	var text string
	for _, dir := range dirs {
		text += string(os.PathListSeparator) + dir
	}
	return text
}
