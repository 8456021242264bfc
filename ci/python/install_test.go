package python

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

// pinned writes wheels into a folder and gives a derived requirements file
// that names each with its hash.
func pinned(t *testing.T, wheels ...wheeltest.Wheel) (file, dir string) {
	t.Helper()
	dir = t.TempDir()
	var text strings.Builder
	for _, w := range wheels {
		w.Write(dir)
		version := w.Version
		if version == "" {
			version = "1.0"
		}
		fmt.Fprintf(&text, "%s==%s --hash=sha256:%x\n", w.Project, version, sha256.Sum256(w.Bytes()))
	}
	return write(t, t.TempDir(), "derived.txt", text.String()), dir
}

// proof is a venv with an installer for it.
func proof(t *testing.T) (Venv, Installer) {
	t.Helper()
	i := realPython(t)
	o := Start(context.Background(), i)
	defer o.Close()
	v, err := NewVenv(context.Background(), i, filepath.Join(t.TempDir(), "venv"))
	if err != nil {
		t.Fatal(err)
	}
	env, err := o.Environment()
	if err != nil {
		t.Fatal(err)
	}
	return v, Installer{Interpreter: i, Environment: env}
}

func TestInstallCheckAndTest(t *testing.T) {
	t.Parallel()
	v, in := proof(t)
	// What the user has set must not reach the installer.
	in.Interpreter.environ = append(os.Environ(), "PIP_NO_DEPS=1", "PIP_REQUIRE_VIRTUALENV=1", "PIP_TARGET=/no/such/folder", "PYTHONPATH=/no/such")
	file, wheels := pinned(t, wheeltest.Pytest(), wheeltest.Wheel{Project: "app", RequiresDist: []string{"lib"}}, wheeltest.Wheel{Project: "lib"})
	var progress bytes.Buffer
	in.Progress = &progress
	ctx := context.Background()
	if err := in.Install(ctx, v, file, wheels); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	if !strings.Contains(progress.String(), "Successfully installed") {
		t.Errorf("pip's lines are missing: %q", progress.String())
	}
	if err := in.Check(ctx, v); err != nil {
		t.Error(err)
	}
	tests := t.TempDir()
	write(t, tests, "test_app.py", "import app, lib\ndef test_smoke():\n    pass\ndef test_smoke_too():\n    pass\ndef test_other():\n    assert 0\n")
	got, err := Pytest(ctx, v, tests, []string{"-k", "smoke"}, false, nil)
	if err != nil || got.Passed != 2 || got.Failed != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	if left, _ := os.ReadDir(tests); len(left) != 1 {
		t.Errorf("the tests left something in their folder: %v", left)
	}
	got, err = Pytest(ctx, v, tests, nil, false, nil)
	if e := wantCode(t, err, "tests-failed", fault.Refused); !strings.Contains(e.Message, "test_app.test_other") || got.Failed != 1 || got.Passed != 2 {
		t.Errorf("got %+v, %v", got, e)
	}
	_, err = Pytest(ctx, v, tests, []string{"-k", "absent"}, false, nil)
	wantCode(t, err, "no-tests", fault.Refused)
	_, err = Pytest(ctx, v, tests, []string{"--no-such-option"}, false, nil)
	wantCode(t, err, "tests-failed", fault.Refused)
	write(t, tests, "test_app.py", "import pytest\ndef test_smoke():\n    pytest.skip('not here')\n")
	got, err = Pytest(ctx, v, tests, nil, false, nil)
	if e := wantCode(t, err, "no-tests", fault.Refused); !strings.Contains(e.Message, "all 1 were skipped") || got.Skipped != 1 {
		t.Errorf("got %+v, %v", got, e)
	}
}

// TestInstallByEnsurepip installs by the wheel that ensurepip carries, as for
// a pip that is too old for --python or absent.
// tried says whether a case is tried: the first, and with TEST_CASES=all, as
// `mage e2e` sets it, every one. Each is an install by pip.
func tried(n int) bool { return n == 0 || os.Getenv("TEST_CASES") == "all" }

func TestInstallByEnsurepip(t *testing.T) {
	t.Parallel()
	if !tried(1) {
		t.Skip("tried in mage e2e")
	}
	v, in := proof(t)
	if in.Environment.Ensurepip == "" {
		lacking(t, "this Python carries no pip wheel")
	}
	in.Environment.Pip, in.Environment.PipRunner = "22.2.2", ""
	file, wheels := pinned(t, wheeltest.Wheel{Project: "app"})
	if err := in.Install(context.Background(), v, file, wheels); err != nil {
		t.Fatal(err)
	}
	if err := in.Check(context.Background(), v); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(in.Name(), "pip 2") {
		t.Errorf("the installer's name: %q", in.Name())
	}
	_, err := Pytest(context.Background(), v, t.TempDir(), nil, false, nil)
	wantCode(t, err, "pytest-missing", fault.Refused)
}

func TestInstallRefuses(t *testing.T) {
	t.Parallel()
	v, in := proof(t)
	app := wheeltest.Wheel{Project: "app", RequiresDist: []string{"lib"}}
	_, incomplete := pinned(t, app)
	sum := fmt.Sprintf("%x", sha256.Sum256(app.Bytes()))
	beside := wheeltest.Wheel{Project: "beside", RequiresDist: []string{"pip"}}
	beside.Write(incomplete)
	besideSum := fmt.Sprintf("%x", sha256.Sum256(beside.Bytes()))
	for n, c := range []struct{ name, line, part string }{
		// What the interpreter has, pip itself, is not in the venv.
		{"what lies beside pip", "beside==1.0 --hash=sha256:" + besideSum, "pip"},
		{"a missing dependency", "app==1.0 --hash=sha256:" + sum, "lib"},
		{"another hash", "app==1.0 --hash=sha256:" + strings.Repeat("0", 64), "DO NOT MATCH THE HASHES"},
		{"no hash", "app==1.0", "Hashes are required"},
	} {
		if !tried(n) {
			continue
		}
		file := write(t, t.TempDir(), "derived.txt", c.line+"\n")
		e := wantCode(t, in.Install(context.Background(), v, file, incomplete), "install-failed", fault.Refused)
		if !strings.Contains(e.Message, c.part) {
			t.Errorf("%s: %q is not in: %s", c.name, c.part, e.Message)
		}
	}
}

func TestPipCheckFails(t *testing.T) {
	t.Parallel()
	v, in := proof(t)
	// pip would not install this: it is unpacked by hand.
	found, err := filepath.Glob(filepath.Join(v.Dir, "lib", "*", "site-packages"))
	if err != nil || len(found) == 0 {
		t.Skip("this venv has its packages elsewhere")
	}
	write(t, found[0], "app-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: app\nVersion: 1.0\nRequires-Dist: lib>=2\n")
	e := wantCode(t, in.Check(context.Background(), v), "pip-check-failed", fault.Refused)
	if !strings.Contains(e.Message, "lib") {
		t.Error(e.Message)
	}
}

func TestInstallerCommand(t *testing.T) {
	t.Parallel()
	v := Venv{Dir: "/v", Python: "/v/bin/python"}
	i := Interpreter{Path: "/usr/bin/python3", Version: "3.11.7", environ: []string{"PATH=/bin", "PIP_INDEX_URL=x"}}
	for runner, want := range map[string][2]string{
		"/s/pip/__pip-runner__.py": {"/s/pip/__pip-runner__.py", "pip 26.3"},
		"":                         {"/e/pip-23.2.1-py3-none-any.whl/pip", "pip 23.2.1"},
	} {
		in := Installer{Interpreter: i, Environment: Environment{Pip: "26.3", PipRunner: runner, Ensurepip: "/e/pip-23.2.1-py3-none-any.whl"}}
		c, err := in.command(v, []string{"check"})
		if err != nil {
			t.Fatal(err)
		}
		if c.Path != v.Python || !slices.Equal(c.Args, []string{"-I", want[0], "check"}) || in.Name() != want[1] {
			t.Errorf("runner %q: %s %q, named %q", runner, c.Path, c.Args, in.Name())
		}
		if slices.Contains(c.Env, "PIP_INDEX_URL=x") || !slices.Contains(c.Env, "PIP_CONFIG_FILE="+os.DevNull) {
			t.Errorf("the environment is not clean: %q", c.Env)
		}
	}
	_, err := Installer{Interpreter: i}.command(v, nil)
	wantCode(t, err, "no-pip", fault.Unable)
}

func TestInterruptedProof(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v := Venv{Dir: dir, Python: fake(t, dir, "python", "sleep 600")}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	in := Installer{Environment: Environment{Ensurepip: "/e/pip-23-py3-none-any.whl"}}
	_, tested := Pytest(ctx, v, dir, nil, false, nil)
	for what, err := range map[string]error{
		"install": in.Install(ctx, v, "x", "y"), "check": in.Check(ctx, v), "pytest": tested,
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// TestNoNetwork lets a test reach loopback and nothing else.
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	v, in := proof(t)
	if err := command.Loopback(context.Background(), in.Interpreter.Path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("this machine gives no network namespace: %v", err)
		}
		t.Skipf("this machine gives no network namespace: %v", err)
	}
	in.NoNetwork = true
	file, wheels := pinned(t, wheeltest.Pytest())
	if err := in.Install(context.Background(), v, file, wheels); err != nil {
		t.Fatal(err)
	}
	tests := t.TempDir()
	write(t, tests, "test_net.py", `import errno, socket
def test_loopback():
    server = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(server.getsockname()).close()
def test_outside():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        assert s.connect_ex(("192.0.2.1", 9)) == errno.ENETUNREACH
`)
	got, err := Pytest(context.Background(), v, tests, nil, true, nil)
	if err != nil || got.Passed != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}
