package install

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// house gives options to install demo 1.0 into an absent folder. Their
// temporary files lie in a folder of the test's own.
func house(t *testing.T) Options {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI=true and there is no python3 on PATH")
		}
		t.Skip("needs a python3 on PATH")
	}
	i, err := python.Find(t.Context(), python.Search{Want: path, Environ: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	oracle := python.Start(t.Context(), i)
	defer oracle.Close()
	environment, err := oracle.Environment()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	o := Options{
		Tarball: filepath.Join(dir, "house.tgz"), Dir: filepath.Join(dir, "work", "venv"), TempDir: t.TempDir(),
		Wheels: []Wheel{{"demo", "1.0"}}, Python: i.Path, Environment: environment, Environ: os.Environ(),
	}
	o.Inventory, err = wheelhouse.Pack(t.Context(), o.Tarball, []string{
		wheeltest.Wheel{Project: "demo", Files: map[string]string{"demo.py": "ANSWER = 42\n"}}.Write(t.TempDir()),
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Requirements = "demo==1.0 --hash=sha256:" + o.Inventory.Wheels[0].SHA256 + "\n"
	return o
}

// TestRun installs once, and then finds nothing to do.
func TestRun(t *testing.T) {
	t.Parallel()
	o := house(t)
	var told []Plan
	o.Tell = func(p Plan) { told = append(told, p) }
	r, err := Run(t.Context(), o)
	if err != nil || !r.Created || r.Venv != o.Dir || !strings.HasPrefix(r.Installer, "pip ") || r.Unfit != nil || len(told) != 1 || len(told[0].Added) != 1 {
		t.Fatalf("got %+v, %v; told %+v", r, err, told)
	}
	if out, err := exec.Command(r.Python, "-c", "import demo; print(demo.ANSWER)").Output(); err != nil || strings.TrimSpace(string(out)) != "42" {
		t.Errorf("it says %q, %v", out, err)
	}
	if again, err := Run(t.Context(), o); err != nil || again.Created || !again.Plan.Nothing() || again.Plan.Same != 1 || len(told) != 1 {
		t.Errorf("again: %+v, %v", again, err)
	}
	clean(t, o, "venv")
}

// clean fails the test unless that alone lies beside the venv, and nothing in
// the folder for temporary files.
func clean(t *testing.T, o Options, want string) {
	t.Helper()
	for dir, want := range map[string]string{filepath.Dir(o.Dir): want, o.TempDir: ""} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("in %s are %q, want %q", dir, got, want)
		}
	}
}

// failures are ways in which an install fails: before, while and after the
// installer runs.
var failures = map[string]func(t *testing.T, o *Options, cancel func()) (code string){
	"another tarball": func(t *testing.T, o *Options, _ func()) string {
		inv := *o.Inventory
		inv.SHA256 = strings.Repeat("0", 64)
		o.Inventory = &inv
		return "tar-changed"
	},
	"another hash": func(t *testing.T, o *Options, _ func()) string {
		o.Requirements = "demo==1.0 --hash=sha256:" + strings.Repeat("0", 64) + "\n"
		return "install-failed"
	},
	"a project that does not build": func(t *testing.T, o *Options, _ func()) string {
		o.Editable = t.TempDir()
		write(t, o.Editable, map[string]string{"pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = \"absent\"\n"})
		return "editable-failed"
	},
	"interrupted before": func(t *testing.T, o *Options, cancel func()) string {
		o.Tell = func(Plan) { cancel() }
		return "cancelled"
	},
	"interrupted while it installs": func(t *testing.T, o *Options, cancel func()) string {
		o.Step = func(text string) func() {
			if strings.HasPrefix(text, "installing ") {
				cancel()
			}
			return func() {}
		}
		return "cancelled"
	},
	"interrupted once it installed": func(t *testing.T, o *Options, cancel func()) string {
		o.Step = func(text string) func() {
			if strings.HasPrefix(text, "installing ") {
				return cancel
			}
			return func() {}
		}
		return "cancelled"
	},
}

func fails(t *testing.T, o Options, fail func(*testing.T, *Options, func()) string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	code := fail(t, &o, cancel)
	_, err := Run(ctx, o)
	if code == "cancelled" && !errors.Is(err, context.Canceled) || code != "cancelled" && fault.Code(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// tried says whether a failure is tried in a venv that is there: those between
// the steps always, and with TEST_CASES=all, as `mage e2e` sets it, every one.
func tried(name string) bool {
	return strings.HasPrefix(name, "interrupted") || os.Getenv("TEST_CASES") == "all"
}

// TestFreshVenvIsWholeOrAbsent: whatever fails, there is no half venv.
func TestFreshVenvIsWholeOrAbsent(t *testing.T) {
	t.Parallel()
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := house(t)
			fails(t, o, fail)
			clean(t, o, "")
		})
	}
}

// TestVenvThereStaysUsable: whatever fails, a venv of somebody's is as it was.
func TestVenvThereStaysUsable(t *testing.T) {
	t.Parallel()
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !tried(name) {
				t.Skip("tried in mage e2e")
			}
			o := house(t)
			if out, err := exec.Command(o.Python, "-m", "venv", "--without-pip", o.Dir).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			write(t, o.Dir, map[string]string{"precious.txt": "mine"})
			before := contents(t, o.Dir)
			o.Python = filepath.Join(o.Dir, "bin", "python")
			if _, err := os.Stat(o.Python); err != nil {
				o.Python = filepath.Join(o.Dir, "Scripts", "python.exe")
			}
			fails(t, o, fail)
			equal(t, "the venv", contents(t, o.Dir), before)
			clean(t, o, "venv")
		})
	}
}
