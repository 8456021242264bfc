//go:build unix

package container

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestLife(t *testing.T) {
	t.Parallel()
	f := newFake(t, "docker")
	c, err := f.engine().Start(t.Context(), Options{Image: "python:3.11", Mounts: []Mount{{Path: "/a"}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"PATH=/bin", "PIP_INDEX_URL=x"}; !slices.Equal(c.Environ, want) {
		t.Errorf("the image sets %q", c.Environ)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var messages strings.Builder
	in := command.Command{
		Path: "sh", Args: []string{"-c", `pwd; echo "$A $1"; cat; echo err >&2; exit 9`, "sh", "x y"}, Dir: dir,
		Env: []string{"A=b c"}, Stdin: strings.NewReader("typed\n"), Stderr: &messages, NoNetwork: true, Python: "/nowhere",
	}
	out, err := c.Through(in).Pipe(t.Context()).String()
	var exit *command.ExitError
	if !errors.As(err, &exit) || exit.Status != 9 || out != dir+"\nb c x y\ntyped\n" || messages.String() != "err\n" {
		t.Errorf("printed %q and %q, %v", out, messages.String(), err)
	}
	if err := errors.Join(c.Close(t.Context()), c.Close(t.Context())); err != nil {
		t.Error(err)
	}
	if f.asked("rm ") || f.asked("pull ") || !f.asked("ps --all ") {
		t.Errorf("asked for %q", f.words())
	}
	if !f.asked("run --interactive --rm --name " + c.Name + " ") {
		t.Errorf("asked for %q", f.words())
	}
	if o, ok := ownerOf(c.Name); !ok || o != self() {
		t.Errorf("the name %q does not tell whose it is", c.Name)
	}
}

// steps notes what it is told, with the step that was under way.
type steps struct {
	mu   sync.Mutex
	told []string
	open int
}

func (s *steps) step(text string) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, text)
	s.open++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
	}
}

func TestPull(t *testing.T) {
	t.Parallel()
	f := newFake(t, "docker")
	f.forget("there")
	f.tell("pull", `printf '3.11: Pulling from \033python\n\nDigest: x\n'; head -c 100000 /dev/zero`)
	var s steps
	c, err := f.engine().Start(t.Context(), Options{Image: "python:3.11", Step: s.step})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	want := []string{"pulling python:3.11 with docker 20.10.24", "pulling: 3.11: Pulling from ?python", "pulling: Digest: x",
		"starting python:3.11 with docker 20.10.24"}
	if !slices.Equal(s.told, want) || s.open != 0 {
		t.Errorf("told %q, %d still under way", s.told, s.open)
	}
}

func TestNoImage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, pull, want, hint string }{
		{"not there", "echo Trying; echo 'Error response from daemon: manifest unknown' >&2; exit 1", "manifest unknown", "docker pull a:1"},
		{"silent", "exit 1", "docker: exit status 1", "docker pull a:1"},
		{"not there afterwards", "exit 0", "no such image", "docker pull a:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "docker")
			f.forget("there")
			f.tell("pull", c.pull)
			_, err := f.engine().Start(t.Context(), Options{Image: "a:1"})
			e := wantCode(t, err, "no-image", fault.Unable)
			if !strings.Contains(e.Message, "docker 20.10.24 cannot get the image a:1: "+c.want) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("%s; %s", e.Message, e.Hint)
			}
			if f.asked("run ") {
				t.Error("something was started")
			}
		})
	}
	f := newFake(t, "docker")
	wantCode(t, second(f.engine().Start(t.Context(), Options{Image: "--privileged"})), "bad-image", fault.Usage)
	if f.asked("image ") || f.asked("pull ") {
		t.Errorf("asked for %q", f.words())
	}
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, run, want, hint string }{
		{"no such folder", `printf "docker: Error response from daemon: bind source path does not exist: /x.\nSee 'docker run --help'.\n" >&2; exit 125`,
			"bind source path does not exist: /x.", "DOCKER_HOST"},
		{"no cat", `echo 'docker: exec: "cat": executable file not found in $PATH' >&2; exit 127`, `"cat": executable file not found`, ""},
		{"ends at once", "exit 0", "its cat ended at once", ""},
		{"another cat", "echo no; exec sleep 600", "its cat does not say what it is told", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "docker")
			f.tell("run", c.run)
			e := f.engine()
			_, err := e.Start(t.Context(), Options{Image: "a:1"})
			failed := wantCode(t, err, "container-failed", fault.Unable)
			if !strings.Contains(failed.Message, c.want) || !strings.Contains(failed.Hint, c.hint) {
				t.Errorf("%s; %s", failed.Message, failed.Hint)
			}
			f.gone()
		})
	}
}

// gone fails the test when the stand-in's container still runs.
func (f fake) gone() {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.state, "pid"))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid == 0 || syscall.Kill(pid, 0) == nil {
		f.t.Errorf("the container %d lives on, %v", pid, err)
	}
}

// TestStartIsBounded has an engine that never gets there.
func TestStartIsBounded(t *testing.T) {
	t.Parallel()
	f := newFake(t, "docker")
	f.tell("run", "exec sleep 600")
	c := &Container{Name: "wheelhouse-x", engine: f.engine(), image: "a:1"}
	if err := c.start(t.Context(), []string{"run"}); err != nil {
		t.Fatal(err)
	}
	err := c.await(t.Context(), 0)
	if e := wantCode(t, err, "container-failed", fault.Unable); !strings.Contains(e.Message, "it does not run after 0s") {
		t.Error(e)
	}
	f.gone()
}

// TestInterruptedStart ends what is being started.
func TestInterruptedStart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"run", "pull"} {
		f := newFake(t, "docker")
		f.forget("there")
		// Whoever reads the pipe waits until the other end is opened.
		started := filepath.Join(f.state, "started")
		if err := syscall.Mkfifo(started, 0o600); err != nil {
			t.Fatal(err)
		}
		f.tell(name, "echo $$ >\"$STATE/pid\"; : >\"$STATE/started\"; exec sleep 600")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			os.ReadFile(started)
			cancel()
		}()
		if _, err := f.engine().Start(ctx, Options{Image: "a:1"}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		f.gone()
		cancel()
	}
}

// TestCloseRemovesByForce has a container that does not end with its input.
func TestCloseRemovesByForce(t *testing.T) {
	t.Parallel()
	f := newFake(t, "docker")
	f.tell("run", "head -n 1; trap '' TERM; while :; do sleep 600; done")
	ctx, cancel := context.WithCancel(t.Context())
	c, err := f.engine().Start(ctx, Options{Image: "a:1"})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	if !f.asked("rm --force " + c.Name) {
		t.Errorf("asked for %q", f.words())
	}
	f.gone()
}

// TestLeft names the container that cannot be removed, and one that is gone
// already is none.
func TestLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, rm, code string }{
		{"refused", "echo 'Error response from daemon: device busy' >&2; exit 1", "container-left"},
		{"gone", "echo 'Error: No such container: x' >&2; exit 1", ""},
		{"gone, in podman's words", `echo 'Error: no container with name or ID "x" found' >&2; exit 1`, ""},
		{"going", "echo 'Error response from daemon: removal of container x is already in progress' >&2; exit 1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "docker")
			f.tell("run", "head -n 1; exec sleep 600")
			f.tell("rm", c.rm)
			ctx, cancel := context.WithCancel(t.Context())
			running, err := f.engine().Start(ctx, Options{Image: "a:1"})
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			err = running.Close(ctx)
			if fault.Code(err) != c.code {
				t.Fatal(err)
			}
			if e, ok := fault.As(err); ok && (!strings.Contains(e.Message, "device busy") || !strings.Contains(e.Hint, "docker rm -f "+running.Name)) {
				t.Errorf("%s; %s", e.Message, e.Hint)
			}
			f.gone()
		})
	}
}

// TestEndedEarly tells of a container that was gone before its work was done:
// what its commands said then is no verdict.
func TestEndedEarly(t *testing.T) {
	t.Parallel()
	f := newFake(t, "docker")
	f.tell("run", `head -n 1; echo 'Error: the daemon went away' >&2; exit 137`)
	c, err := f.engine().Start(t.Context(), Options{Image: "a:1"})
	if err != nil {
		t.Fatal(err)
	}
	<-c.ended
	e := wantCode(t, c.Close(t.Context()), "container-failed", fault.Unable)
	if !strings.Contains(e.Message, "ended before its work did: the daemon went away") || !f.asked("rm --force "+c.Name) {
		t.Errorf("%s; %q", e.Message, f.words())
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	me := self()
	gone := me
	gone.start += "1"
	name, err := gone.name()
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(t, "docker")
	f.tell("ps", "echo "+name+"; echo wheelhouse-ffffffffffff-1-1-00000000")
	e := f.engine()
	e.sweep(t.Context(), me)
	if !f.asked("ps --all --filter label=wheelhouse --format") || !slices.Contains(f.words(), "rm --force "+name) {
		t.Errorf("asked for %q", f.words())
	}
	f.tell("ps", "echo "+name+"; exit 1")
	f.forget("words")
	c, err := e.Start(t.Context(), Options{Image: "a:1"})
	if err != nil || f.asked("rm ") {
		t.Errorf("an engine that lists nothing: %v, %q", err, f.words())
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
