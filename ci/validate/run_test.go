package validate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

func TestRunPasses(t *testing.T) {
	t.Parallel()
	o := house(t, app, lib, net, stranger, wheeltest.Pytest())
	sdist := strings.Repeat("b", 64)
	writeLock(t, o.Tarball, map[string]*lock.Sdist{"net-1.0-py3-none-any.whl": {File: "net-1.0.tar.gz", SHA256: sdist}})
	// The list has the hash of what net was built from, not the wheel's.
	o = o.asks(t, "app==1.0\nnet==1.0 --hash=sha256:"+sdist+"\n").
		tests(t, "import app, pytest\ndef test_smoke(): pass\ndef test_smoke_skipped(): pytest.skip('x')\ndef test_other(): assert 0\n")
	o.Venv = filepath.Join(t.TempDir(), "venv")
	var steps []string
	o.Step = func(text string) func() { steps = append(steps, text); return func() {} }
	at := time.Unix(0, 0)
	o.Now = func() time.Time { at = at.Add(time.Second); return at }
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	p := r.Proof
	if r.Failed() || p.Result != "PASS" || p.Installed != 4 || p.Tests.Passed != 1 || p.Tests.Skipped != 1 || p.DurationMillis != 1000 {
		t.Errorf("got %+v", p)
	}
	if p.Python != r.Interpreter.Version || !strings.HasPrefix(p.Installer, "pip ") || p.Platform == "" || p.Isolation == "" || p.Findings == nil {
		t.Errorf("got %+v", p)
	}
	var checks []string
	for _, passed := range r.Passed {
		checks = append(checks, passed.Check)
	}
	if got, want := strings.Join(checks, " "), "tarball record lock packages requirements hashes install pip-check tests contents"; got != want {
		t.Errorf("passed %s, want %s", got, want)
	}
	if got := brief(r.Findings); !strings.Contains(got, "INFO unreached") || !strings.Contains(got, "WARN requirements-differ") {
		t.Errorf("found %s", got)
	}
	if len(steps) != 3 || !strings.HasPrefix(steps[1], "installing 4 wheels with pip ") {
		t.Errorf("steps %q", steps)
	}
	if site, _ := filepath.Glob(filepath.Join(r.Venv, "lib", "*", "site-packages", "app.py")); r.Venv != o.Venv || len(site) == 0 && os.PathSeparator == '/' {
		t.Errorf("the venv asked for was not kept: %q", r.Venv)
	}
	clean(t, o)
}

// Each of these is refused before anything is installed.
func TestRunRefuses(t *testing.T) {
	t.Parallel()
	elsewhere := t.TempDir()
	net.Write(elsewhere)
	other := strings.Repeat("c", 64)
	for _, c := range []struct {
		name    string
		options func(*testing.T) Options
		want    string // the failures
	}{
		{"dependency missing", func(t *testing.T) Options { return house(t, app, lib) },
			"FAIL missing-dependency app -> lib -> net"},
		{"dependency missing, in the user's PIP_FIND_LINKS", func(t *testing.T) Options {
			o := house(t, app, lib)
			o.Environ = append(o.Environ, "PIP_FIND_LINKS="+elsewhere)
			return o
		}, "FAIL missing-dependency app -> lib -> net"},
		{"dependency missing, in the requirements' --find-links", func(t *testing.T) Options {
			return house(t, app, lib).asks(t, "--find-links "+elsewhere+"\napp\n")
		}, "FAIL missing-dependency app -> lib -> net"},
		{"critical package missing", func(t *testing.T) Options {
			o := house(t, net)
			o.Packages = packages(t, "net", "numpy")
			return o
		}, "FAIL critical-missing numpy"},
		{"critical package too old", func(t *testing.T) Options {
			o := house(t, net)
			o.Packages = packages(t, "net>=2")
			return o
		}, "FAIL missing-dependency net>=2"},
		{"two versions", func(t *testing.T) Options {
			return house(t, app, lib, net, wheeltest.Wheel{Project: "net", Version: "2"})
		}, "FAIL duplicate-project net"},
		{"another platform's", func(t *testing.T) Options {
			return house(t, wheeltest.Wheel{Project: "app", Tag: "cp27-cp27m-win32"})
		}, "FAIL tag-mismatch app-1.0-cp27-cp27m-win32.whl"},
		{"another Python's", func(t *testing.T) Options { return house(t, wheeltest.Wheel{Project: "app", RequiresPython: "<3"}) },
			"FAIL requires-python app-1.0-py3-none-any.whl"},
		{"no pytest", func(t *testing.T) Options { return house(t, app, lib, net).tests(t, "") },
			"FAIL pytest-missing pytest"},
		{"hash not listed", func(t *testing.T) Options {
			return house(t, app, lib, net).asks(t, "net==1.0 --hash=sha256:"+other+"\n")
		}, "FAIL hash-not-listed net-1.0-py3-none-any.whl"},
		{"constraint", func(t *testing.T) Options {
			o := house(t, app, lib, net)
			dir := t.TempDir()
			write(t, filepath.Join(dir, "c.txt"), "net<1\n")
			return o.asks(t, "-c "+filepath.Join(dir, "c.txt")+"\napp\n")
		}, "FAIL constraint net-1.0-py3-none-any.whl"},
		{"nothing asked for", func(t *testing.T) Options {
			o := house(t, net)
			o.Packages = nil
			return o
		}, "FAIL no-roots wheelhouse-3.11.tgz"},
		{"nothing applies", func(t *testing.T) Options {
			o := house(t, net).asks(t, "net; python_version < '3'\n")
			o.Packages = nil
			return o
		}, "FAIL no-roots wheelhouse-3.11.tgz"},
		{"record of another tarball", func(t *testing.T) Options {
			o := house(t, app, lib, net)
			inv, err := wheelhouse.Read(t.Context(), o.Tarball, wheelhouse.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			writeRecord(t, o.Tarball, meta.Record{Name: inv.Name, SHA256: other, Size: inv.Size, Wheels: wheelNames(inv)})
			return o
		}, "FAIL meta-mismatch wheelhouse-3.11.tgz"},
		{"record unreadable", func(t *testing.T) Options {
			o := house(t, app, lib, net)
			write(t, o.Tarball+".meta", "what\x00ever")
			return o
		}, "FAIL bad-meta wheelhouse-3.11.tgz.meta"},
		{"lock unreadable", func(t *testing.T) Options {
			o := house(t, app, lib, net)
			write(t, filepath.Join(filepath.Dir(o.Tarball), lock.FileName("wheelhouse-3.11.tgz")), "= no TOML")
			return o
		}, "FAIL bad-lock pylock.wheelhouse-311.toml"},
		{"a wheel that is none", func(t *testing.T) Options {
			o := house(t, app, lib, net)
			// By hand: what is no zip was never packed by us.
			tarball := wheeltest.Tarball(wheeltest.Member{Name: "app-1.0-py3-none-any.whl", Data: []byte("no zip")})
			write(t, o.Tarball, string(tarball))
			if err := os.Remove(o.Tarball + ".meta"); err != nil {
				t.Fatal(err)
			}
			return o
		}, "FAIL not-a-zip app-1.0-py3-none-any.whl"},
		{"all at once", func(t *testing.T) Options {
			o := house(t, app, wheeltest.Wheel{Project: "lib", RequiresDist: []string{"%%%"}})
			o.Packages = packages(t, "app", "numpy")
			return o
		}, "FAIL critical-missing numpy\nFAIL unknown-extra app -> lib[net]>=1\nFAIL bad-requires-dist lib-1.0-py3-none-any.whl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := c.options(t)
			o.Venv = filepath.Join(o.TempDir, "venv") // nothing comes into it
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if got := failures(r.Findings); got != c.want || r.Venv != "" {
				t.Errorf("got %s, venv %q\nwant %s", brief(r.Findings), r.Venv, c.want)
			}
			if r.Proof.Result != "FAIL" || r.Proof.Installed != 0 || r.Proof.Isolation != "none: nothing was run" {
				t.Errorf("got %+v", r.Proof)
			}
			clean(t, o)
		})
	}
}

// These are refused by what was installed.
func TestRunRefusesTests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, tests, want string
		keep              bool
	}{
		{"none", "def test_other(): pass\n", "FAIL no-tests tests", false},
		{"import of what the wheelhouse lacks", "import stranger\ndef test_smoke(): pass\n", "FAIL tests-failed tests", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := house(t, app, lib, net, wheeltest.Pytest()).tests(t, c.tests)
			o.Keep = c.keep
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if got := failures(r.Findings); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if r.Proof.Result != "FAIL" || r.Proof.Installed != 4 {
				t.Errorf("got %+v", r.Proof)
			}
			if c.keep {
				kept(t, r)
			} else {
				clean(t, o)
			}
		})
	}
}

// Every pip takes the derived requirements where wheels spell extras freely.
func TestRunSpelledExtras(t *testing.T) {
	t.Parallel()
	o := house(t,
		wheeltest.Wheel{Project: "app", RequiresDist: []string{"lib[Net.Work]"}},
		wheeltest.Wheel{Project: "lib", RequiresDist: []string{`net; extra == "Net_work"`}, ProvidesExtra: []string{"Net_work"}}, net)
	r, err := Run(t.Context(), o)
	if err != nil || r.Failed() || r.Proof.Installed != 3 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// A record in the place where old archives have it is found; without any the
// proof goes on.
func TestRunFindsRecord(t *testing.T) {
	t.Parallel()
	o := house(t, wheeltest.Wheel{Project: "app", RequiresPython: "<3"}) // ends early
	if err := os.Rename(o.Tarball+".meta", strings.TrimSuffix(o.Tarball, ".tgz")+".meta"); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), o)
	if err != nil || r.Record == nil {
		t.Fatalf("the old place: %+v, %v", r, err)
	}
	if err := os.Remove(strings.TrimSuffix(o.Tarball, ".tgz") + ".meta"); err != nil {
		t.Fatal(err)
	}
	r, err = Run(t.Context(), o)
	if err != nil || r.Record != nil || !strings.Contains(brief(r.Findings), "WARN meta-missing wheelhouse-3.11.tgz.meta") {
		t.Fatalf("no record: %+v, %v", r, err)
	}
}

// Interrupted at any step, nothing is left and nothing is passed.
func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"reading", "installing", "running"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			o := house(t, app, lib, net, wheeltest.Pytest()).tests(t, "import time\ndef test_smoke(): time.sleep(60)\n")
			o.Keep = true
			o.Venv = filepath.Join(o.TempDir, "venv")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o.Step = func(text string) func() {
				if strings.HasPrefix(text, at) {
					cancel()
				}
				return func() {}
			}
			r, err := Run(ctx, o)
			if r != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, %v", r, err)
			}
			clean(t, o)
		})
	}
}

func TestRunErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Options)
		code   string
		status int
	}{
		{"no tarball", func(o *Options) { o.Tarball += "x" }, "tar-missing", fault.Refused},
		{"no Python", func(o *Options) { o.Python = filepath.Join(o.TempDir, "python") }, "no-python", fault.Unable},
		{"neither: the tarball is told", func(o *Options) { o.Tarball += "x"; o.Python = filepath.Join(o.TempDir, "python") }, "tar-missing", fault.Refused},
		{"no folder of tests", func(o *Options) { o.Tests = o.Tarball }, "no-tests-folder", fault.Usage},
		{"network", func(o *Options) { o.Network = "no" }, "bad-network", fault.Usage},
		{"a folder of the user's", func(o *Options) { o.Venv = filepath.Dir(o.Tarball) }, "venv-exists", fault.Usage},
		{"no folder for temporary files", func(o *Options) { o.TempDir = o.Tarball }, "no-temporary-folder", fault.Unable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := house(t, app, lib, net)
			whole := o
			c.change(&o)
			_, err := Run(t.Context(), o)
			e, ok := fault.As(err)
			if !ok || e.Code != c.code || e.ExitStatus() != c.status {
				t.Errorf("got %v, want %s", err, c.code)
			}
			clean(t, whole)
		})
	}
}

// Bytes that are not those that somebody judged before are not installed.
func TestRunTakesTheJudgedBytes(t *testing.T) {
	t.Parallel()
	for _, static := range []bool{false, true} {
		o := house(t, app, lib, net)
		o.SHA256, o.Static = strings.Repeat("0", 64), static
		if _, err := Run(t.Context(), o); fault.Code(err) != "tar-changed" {
			t.Errorf("static %v: %v", static, err)
		}
		clean(t, o)
	}
}
