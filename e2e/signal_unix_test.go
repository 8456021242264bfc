//go:build e2e && unix

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sleepy is a smoke test that says that it started, has a child, and does not end.
const sleepy = `
import pathlib, subprocess, sys, time

def test_smoke_sleeps():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    pathlib.Path(%q).write_text("started")
    time.sleep(300)
`

// TestSignals ends a build and a proof midway, as a supervisor does (SIGTERM to
// the one process) and as Ctrl-C does (SIGINT to the group).
func TestSignals(t *testing.T) {
	s := sample(t)
	for _, test := range []struct {
		name   string
		signal syscall.Signal
		group  bool
		status int
	}{
		{"SIGTERM", syscall.SIGTERM, false, 143},
		{"SIGINT", syscall.SIGINT, true, 130},
	} {
		t.Run("build "+test.name, func(t *testing.T) {
			server, asked := hangingIndex(t)
			dir := t.TempDir()
			requirements := write(t, filepath.Join(dir, "requirements.txt"), "docopt==0.6.2\n")
			out := filepath.Join(dir, "out")
			more := append(indexed(t, server), "PIP_DEFAULT_TIMEOUT=300")
			i := start(t, s, more, "build", "-requirements="+requirements, "-out="+out)
			i.await(asked)
			i.end(test.signal, test.group, test.status)
			empty(t, out)
		})
		t.Run("validate "+test.name, func(t *testing.T) {
			tarball, tests := s.copyOf(t), t.TempDir()
			started := filepath.Join(tests, "started")
			write(t, filepath.Join(tests, "test_sleeps.py"), fmt.Sprintf(sleepy, started))
			i := start(t, s, []string{"WHEELHOUSE_VALIDATE_TESTS=" + tests}, "validate", "-tar="+tarball)
			i.await(appears(t.Context(), started))
			i.end(test.signal, test.group, test.status)
			if _, err := os.Stat(tarball + ".verdict.json"); err == nil {
				t.Error("an interrupted proof left a verdict")
			}
		})
	}
	noBuildFolders(t, s.clone)
}

// interruptible is a run of ours that will be ended by a signal.
type interruptible struct {
	t    *testing.T
	mark string // in the environment of it and of all its children
	temp string
	pid  int
	said *bytes.Buffer
	done chan error
}

func start(t *testing.T, s *sampleRun, more []string, args ...string) *interruptible {
	t.Helper()
	return launch(t, s.clone, more, append([]string{filepath.Join(s.clone, "scripts", "wheelhouse")}, args...)...)
}

// launch starts any command of ours in dir.
func launch(t *testing.T, dir string, more []string, args ...string) *interruptible {
	t.Helper()
	i := &interruptible{t: t, temp: t.TempDir(), said: &bytes.Buffer{}, done: make(chan error, 1)}
	i.mark = "E2E_MARK=" + filepath.Base(filepath.Dir(i.temp)) + "-" + filepath.Base(i.temp)
	cmd := command(t.Context(), dir, append(slices.Clone(more), "TMPDIR="+i.temp, i.mark), args...)
	cmd.Stdout, cmd.Stderr = i.said, i.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	i.pid = cmd.Process.Pid
	go func() { i.done <- cmd.Wait() }()
	return i
}

// await waits until the work is under way.
func (i *interruptible) await(ready <-chan struct{}) {
	i.t.Helper()
	select {
	case <-ready:
	case err := <-i.done:
		i.t.Fatalf("it ended before it was under way: %v\n%s", err, i.said)
	case <-time.After(commandTime):
		i.t.Fatal("it never was under way")
	}
}

// end sends the signal and holds what is left against nothing.
func (i *interruptible) end(signal syscall.Signal, group bool, status int) {
	i.t.Helper()
	to := i.pid
	if group {
		to = -i.pid
	}
	if err := syscall.Kill(to, signal); err != nil {
		i.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(i.t.Context(), commandTime)
	defer cancel()
	select {
	case err := <-i.done:
		if got := ended(i.t, ctx, err, "scripts/wheelhouse"); got != status {
			i.t.Errorf("exit %d, want %d\n%s", got, status, i.said)
		}
	case <-ctx.Done():
		i.t.Fatal("the signal does not end it")
	}
	for _, left := range marked(i.mark) {
		i.t.Errorf("still running: %s", left)
	}
	empty(i.t, i.temp)
	if text := i.said.String(); strings.Contains(text, "goroutine ") {
		i.t.Errorf("it prints a stack trace:\n%s", text)
	}
}

// appears tells when a file is there, or one that the pattern matches.
func appears(ctx context.Context, pattern string) <-chan struct{} {
	there := make(chan struct{})
	go func() {
		look := time.NewTicker(50 * time.Millisecond)
		defer look.Stop()
		for {
			if found, _ := filepath.Glob(pattern); len(found) > 0 {
				close(there)
				return
			}
			select {
			case <-look.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return there
}

// marked gives the processes whose environment holds mark; where the system
// has no /proc, none.
func marked(mark string) []string {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	var found []string
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(environ, []byte(mark+"\x00")) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
	}
	return found
}
