//go:build unix

package container

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// engine is a docker or podman that keeps its state in the folder $STATE: it
// notes its words there, says what files there hold, and runs on this machine
// what is to run in a container.
const engine = `#!/bin/sh
PATH=/usr/bin:/bin
printf '%s\n' "$*" >>"$STATE/words"
tell() { [ ! -e "$STATE/$1" ] || . "$STATE/$1"; }
case $1 in
info) tell "${0##*/}.info" ;;
image) [ -e "$STATE/there" ] || { echo "Error: no such image" >&2; exit 1; }; echo '["PATH=/bin","PIP_INDEX_URL=x"]' ;;
pull) tell pull; : >"$STATE/there" ;;
ps) tell ps ;;
run) echo $$ >"$STATE/pid"; tell run; exec cat ;;
rm) tell rm; [ ! -e "$STATE/pid" ] || kill -KILL "$(cat "$STATE/pid")" 2>/dev/null; exit 0 ;;
exec)
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
	exec "$@" ;;
esac
`

// docker20 is what a docker says of itself.
const docker20 = `{"ServerVersion":"20.10.24","OSType":"linux","SecurityOptions":["name=seccomp,profile=default"]}`

// fake is a PATH that holds the stand-ins of these names alone, and their
// state.
type fake struct {
	t       *testing.T
	state   string
	environ []string
}

func newFake(t *testing.T, names ...string) fake {
	t.Helper()
	bin, state := t.TempDir(), t.TempDir()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(engine), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f := fake{t: t, state: state, environ: []string{"PATH=" + bin, "STATE=" + state}}
	f.tell("docker.info", "echo '"+docker20+"'")
	f.tell("there", "")
	return f
}

// tell makes the shell's words what the stand-in does for a command.
func (f fake) tell(name, words string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.state, name), []byte(words+"\n"), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f fake) forget(name string) {
	f.t.Helper()
	if err := os.Remove(filepath.Join(f.state, name)); err != nil {
		f.t.Fatal(err)
	}
}

// words are the commands so far, a line each.
func (f fake) words() []string {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.state, "words"))
	if err != nil {
		f.t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// asked tells whether a command begins with these words.
func (f fake) asked(words string) bool {
	return slices.ContainsFunc(f.words(), func(line string) bool { return strings.HasPrefix(line, words) })
}

func (f fake) engine() Engine {
	f.t.Helper()
	e, err := Find(f.t.Context(), f.environ)
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

// wantCode fails the test unless err has the code and the status.
func wantCode(t *testing.T, err error, code string, status int) *fault.Error {
	t.Helper()
	e, ok := err.(*fault.Error)
	if !ok || e.Code != code || e.ExitStatus() != status {
		t.Fatalf("got error %v, want the code %s and the status %d", err, code, status)
	}
	return e
}
