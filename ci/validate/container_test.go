//go:build unix

package validate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

// engine stands in for docker: it runs on this machine what is to run in a
// container, with the program python3 of $INSIDE, and notes its words.
const engine = `#!/bin/sh
PATH=/usr/bin:/bin
[ -n "$CLEAN" ] || exec env -i CLEAN=1 STATE="$STATE" INSIDE="$INSIDE" PYTHONPATH=/x PYTEST_ADDOPTS=--nonsense "$0" "$@"
printf '%s\n' "$*" >>"$STATE/words"
case $1 in
info) echo '{"ServerVersion":"24.0.5","OSType":"linux"}' ;;
image) echo '["PATH=/bin","PYTHONPATH=/x","PYTEST_ADDOPTS=--nonsense"]' ;;
run) echo $$ >"$STATE/pid"; exec cat ;;
rm) kill -KILL "$(cat "$STATE/pid")" 2>/dev/null; exit 0 ;;
exec)
	[ ! -e "$STATE/dies" ] || { kill -KILL "$(cat "$STATE/pid")"; echo "the daemon went away" >&2; exit 1; }
	shift
	while :; do
		case $1 in
		--interactive) shift ;;
		--workdir) cd "$2" && shift 2 ;;
		--env) export "$2" && shift 2 ;;
		*) break ;;
		esac
	done
	shift
	case $1 in
	/*) exec "$@" ;;
	python3) [ -n "$INSIDE" ] || { echo "exec: \"$1\": executable file not found in \$PATH: unknown" >&2; exit 127; }; shift; exec "$INSIDE" "$@" ;;
	esac
	echo "exec: \"$1\": executable file not found in \$PATH: unknown" >&2
	exit 127 ;;
esac
`

// inContainer gives the options an image, and an engine that keeps its state in
// the folder that is returned.
func (o Options) inContainer(t *testing.T, python string) (Options, string) {
	t.Helper()
	bin, state := t.TempDir(), t.TempDir()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(engine), 0o755); err != nil {
		t.Fatal(err)
	}
	o.Image, o.Python = "python:3.11", ""
	// Of this environment nothing but the engine's part must count.
	o.Environ = []string{"PATH=" + bin, "STATE=" + state, "INSIDE=" + python, "SECRET=1"}
	return o, state
}

// over fails the test when the container still runs, and gives the words.
func over(t *testing.T, state string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(state, "pid"))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid == 0 || syscall.Kill(pid, 0) == nil {
		t.Errorf("the container %d lives on, %v", pid, err)
	}
	words, err := os.ReadFile(filepath.Join(state, "words"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(words), "\n")
}

const insideTest = `
import os
def test_smoke():
    import app
    assert "SECRET" not in os.environ and not os.environ.get("PYTHONPATH")
    assert os.environ["HOME"] == os.environ["TMPDIR"]
`

func TestContainer(t *testing.T) {
	t.Parallel()
	o, state := house(t, app, lib, net, wheeltest.Pytest()).tests(t, insideTest).inContainer(t, pythonPath(t))
	o.Around = filepath.Dir(o.Tests)
	o.Network = "require"
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed() || r.Proof.Tests.Passed != 1 {
		t.Errorf("%v, %+v", r.Findings, r.Proof)
	}
	if r.Proof.Isolation != "container: docker 24.0.5, --network none" || r.Proof.Image != "python:3.11" {
		t.Errorf("isolated by %q in %q", r.Proof.Isolation, r.Proof.Image)
	}
	if got := brief(r.Findings); got != "WARN requirements-missing wheelhouse-3.11.tgz" {
		t.Errorf("found %s", got)
	}
	clean(t, o)
	words := over(t, state)
	n := slices.IndexFunc(words, func(line string) bool { return strings.HasPrefix(line, "run ") })
	mount := func(path, end string) string {
		return `--mount type=bind,"source=` + path + `","target=` + path + `"` + end + " "
	}
	temp := o.TempDir + "/wheelhouse-validate-"
	_, rest, _ := strings.Cut(words[n], temp)
	temp += rest[:strings.IndexByte(rest, '"')]
	want := mount(temp, ",readonly") + mount(temp+"/python-1", "") + mount(o.Around, ",readonly") + "--entrypoint cat python:3.11"
	if !strings.HasSuffix(words[n], want) {
		t.Errorf("got  %s\nwant %s at its end", words[n], want)
	}
}

// TestContainerVenv keeps a venv that was asked for, and leaves none where it
// was not made.
func TestContainerVenv(t *testing.T) {
	t.Parallel()
	for _, missing := range []bool{false, true} {
		wheels := []wheeltest.Wheel{app, lib, net}
		if missing {
			wheels = wheels[:2]
		}
		o, state := house(t, wheels...).inContainer(t, pythonPath(t))
		o.Venv = filepath.Join(t.TempDir(), "a", "venv")
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Failed() != missing || exists(o.Venv) == missing {
			t.Errorf("%v, the venv is there: %v", r.Findings, exists(o.Venv))
		}
		if want := `--mount type=bind,"source=` + o.Venv + `","target=` + o.Venv + `" `; !strings.Contains(strings.Join(over(t, state), "\n"), want) {
			t.Error("the folder of the venv was not mounted")
		}
		clean(t, o)
	}
}

func TestContainerWithoutPython(t *testing.T) {
	t.Parallel()
	for _, python := range []string{"", "3.11", "/opt/python"} {
		o, state := house(t, app, lib, net).inContainer(t, "")
		o.Python = python
		_, err := Run(t.Context(), o)
		e, ok := fault.As(err)
		if !ok || e.Code != "no-python" || !strings.Contains(e.Message, "in the image python:3.11: ") || !strings.Contains(e.Hint, "image") {
			t.Errorf("%q: %v; %s", python, err, e.Hint)
		}
		over(t, state)
		clean(t, o)
	}
}

// TestContainerDies: what fails because the container went away is no verdict
// on the wheelhouse.
func TestContainerDies(t *testing.T) {
	t.Parallel()
	o, state := house(t, app, lib, net).inContainer(t, pythonPath(t))
	write(t, filepath.Join(state, "dies"), "")
	_, err := Run(t.Context(), o)
	if e, ok := fault.As(err); !ok || e.Code != "container-failed" || e.ExitStatus() != fault.Unable {
		t.Errorf("got %v", err)
	}
	over(t, state)
	clean(t, o)
}

func TestContainerInterrupted(t *testing.T) {
	t.Parallel()
	o, state := house(t, app, lib, net).inContainer(t, pythonPath(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Step = func(text string) func() {
		if strings.HasPrefix(text, "installing") {
			cancel()
		}
		return func() {}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	over(t, state)
	clean(t, o)
}

func TestNoEngine(t *testing.T) {
	t.Parallel()
	o, _ := house(t, app, lib, net).inContainer(t, "")
	o.Environ = nil
	if _, err := Run(t.Context(), o); fault.Code(err) != "no-container-engine" {
		t.Errorf("got %v", err)
	}
	clean(t, o)
}

func TestAround(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tests, folder, want string }{
		{"/a/b/tests", "/a/b", "/a/b"},
		{"/a/b/tests", "/a/b/tests", "/a/b/tests"},
		{"/a/b/..tests", "/a/b", "/a/b"},
		{"/a/b/tests", "", "/a/b/tests"},
		{"/a/b/tests", "/a/c", "/a/b/tests"},
		{"/a/b/tests", "/a/b/tests/below", "/a/b/tests"},
		{"/a/b/tests", "/", "/a/b/tests"},
	} {
		if got := around(c.tests, c.folder); got != c.want {
			t.Errorf("%s in %s: got %s, want %s", c.tests, c.folder, got, c.want)
		}
	}
}

func TestInsideEnviron(t *testing.T) {
	t.Parallel()
	got := insideEnviron([]string{"PATH=/here", "HOME=/me", "TOKEN=x", "TMPDIR=/t", "TMP=/t", "TEMP=/t"})
	if want := []string{"TMPDIR=/t", "HOME=/t", "TMP=/t", "TEMP=/t"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	got = blanked([]string{"PATH=/bin", "PYTHONPATH=/x", "PIP_INDEX_URL=y", "LANG=C.UTF-8", "broken"})
	if want := []string{"PYTHONPATH=", "PIP_INDEX_URL="}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
