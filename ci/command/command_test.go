//go:build unix

package command

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// sh is a command of the shell, with a bare environment.
func sh(script string, args ...string) Command {
	return Command{Path: "sh", Args: append([]string{"-c", script, "sh"}, args...), Env: []string{"PATH=/usr/bin:/bin"}}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command := sh(`pwd; echo "$KEY $1"; cat`, "a b")
	command.Dir = dir
	command.Env = append(command.Env, "KEY=old", "KEY=new")
	command.Stdin = strings.NewReader("typed\n")
	got, err := command.Pipe(t.Context()).String()
	if err != nil {
		t.Fatal(err)
	}
	if want := dir + "\nnew a b\ntyped\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSinksAndFilters(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if _, err := sh("echo one; echo two").Pipe(t.Context()).Match("two").WithStdout(&out).Stdout(); err != nil {
		t.Fatal(err)
	}
	if out.String() != "two\n" {
		t.Errorf("got %q", out.String())
	}
	if err := sh("exit 7").Pipe(t.Context()).Wait(); err == nil {
		t.Error("Wait of a failed command gives no error")
	}
}

func TestExitError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, script string
		status       int
		text         string
	}{
		{"silent", "echo out; exit 3", 3, "sh: exit status 3"},
		{"last line", "echo out; echo first >&2; printf 'last \\n\\n' >&2; exit 1", 1, "sh: exit status 1: last"},
		{"signal", "echo out; kill -KILL $$", -1, "sh: ended by a signal (killed)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out, err := sh(test.script).Pipe(t.Context()).String()
			var exit *ExitError
			if !errors.As(err, &exit) {
				t.Fatalf("error %v", err)
			}
			if exit.Status != test.status || exit.Error() != test.text {
				t.Errorf("status %d, %q", exit.Status, exit)
			}
			if out != "out\n" {
				t.Errorf("output %q", out)
			}
		})
	}
}

func TestStderr(t *testing.T) {
	t.Parallel()
	var messages bytes.Buffer
	command := sh("echo out; echo err >&2; exit 1")
	command.Stderr = &messages
	out, err := command.Pipe(t.Context()).String()
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Stderr != "" {
		t.Errorf("error %#v", err)
	}
	if out != "out\n" || messages.String() != "err\n" {
		t.Errorf("output %q, messages %q", out, messages.String())
	}
}

func TestStderrIsBounded(t *testing.T) {
	t.Parallel()
	err := sh("head -c 1000000 /dev/zero >&2; echo end >&2; exit 1").Pipe(t.Context()).Wait()
	var exit *ExitError
	if !errors.As(err, &exit) || len(exit.Stderr) != maxStderr || !strings.HasSuffix(exit.Stderr, "end\n") {
		t.Errorf("kept %d bytes of stderr", len(exit.Stderr))
	}
}

func TestStderrWriterThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	command := sh("head -c 1000000 /dev/zero >&2; echo out")
	command.Stderr = writerFunc(func([]byte) (int, error) { return 0, broken })
	if out, err := command.Pipe(t.Context()).String(); out != "out\n" || !errors.Is(err, broken) {
		t.Errorf("output %q, error %v", out, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestStartErrors(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		command Command
		want    error
	}{
		{"no name", Command{}, exec.ErrNotFound},
		{"name not in PATH", Command{Path: "no-such-program"}, exec.ErrNotFound},
		{"not in PATH of Env", Command{Path: "sh", Env: []string{"PATH=/nowhere"}}, exec.ErrNotFound},
		{"no PATH in Env", Command{Path: "sh", Env: []string{}}, exec.ErrNotFound},
		{"relative entry of PATH", Command{Path: "sh", Env: []string{"PATH=bin:."}, Dir: "/"}, exec.ErrNotFound},
		{"path", Command{Path: "/nowhere/sh"}, fs.ErrNotExist},
		{"path, isolated", Command{Path: "/nowhere/sh", NoNetwork: true, Python: "/nowhere/python"}, fs.ErrNotExist},
		{"not executable", Command{Path: plain}, fs.ErrPermission},
		{"folder", Command{Path: "/bin/sh", Dir: "/nowhere"}, fs.ErrNotExist},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if out, err := test.command.Pipe(t.Context()).String(); !errors.Is(err, test.want) || out != "" {
				t.Errorf("output %q, error %v", out, err)
			}
		})
	}
}

// writeProgram writes a file that is run afterwards. A child that another test
// forks while the file is open for writing would keep it from being run ("text
// file busy"), so that none is forked meanwhile.
func writeProgram(t *testing.T, path string, content []byte) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestLookPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeProgram(t, filepath.Join(dir, "tool"), []byte("#!/bin/sh\necho mine\n"))
	for _, command := range []Command{
		{Path: "tool", Env: []string{"PATH=/nowhere:" + dir}},
		{Path: "./tool", Dir: dir},
	} {
		if out, err := command.Pipe(t.Context()).String(); err != nil || out != "mine\n" {
			t.Errorf("%+v: %q, %v", command, out, err)
		}
	}
}

func TestContextEndedBefore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	mark := filepath.Join(t.TempDir(), "mark")
	if err := sh(`: > "$1"`, mark).Pipe(ctx).Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the command ran")
	}
}

// pids reads that many process ids, one a line, from a pipe that goes on.
func pids(t *testing.T, r io.Reader, count int) []int {
	t.Helper()
	lines := bufio.NewScanner(r)
	var all []int
	for range count {
		if !lines.Scan() {
			t.Fatalf("the command ended early: %v", lines.Err())
		}
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pid)
	}
	return all
}

// gone tells whether no such process runs; one that nobody has waited for is
// gone too, which only /proc tells.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && bytes.Contains(stat, []byte(") Z "))
}

func TestGroupEndsWithContext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, script string }{
		{"willing", `sleep 600 & echo $!; echo $$; wait`},
		{"ignores SIGTERM", `trap '' TERM; sleep 600 & echo $!; echo $$; while :; do sleep 600; done`},
		{"only the grandchild ignores it", `(trap '' TERM; sleep 600) & echo $!; echo $$; wait`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			pipe := sh(test.script).Pipe(ctx)
			all := pids(t, pipe, 2)
			cancel()
			if err := pipe.Wait(); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			for _, pid := range all {
				if !gone(pid) {
					t.Errorf("process %d lives on", pid)
				}
			}
		})
	}
}

func TestLeftoverOfGroupIsEnded(t *testing.T) {
	t.Parallel()
	pipe := sh("sleep 600 & echo $!").Pipe(t.Context())
	out, err := pipe.String()
	if err != nil {
		t.Fatal(err)
	}
	if pid, _ := strconv.Atoi(strings.TrimSpace(out)); pid == 0 || !gone(pid) {
		t.Errorf("process %q lives on", out)
	}
}

// skip skips the test, or fails it under CI=true, where nothing is passed over.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// TestStrangerHoldsPipe has a process outside the group keep both pipes open.
func TestStrangerHoldsPipe(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil {
		skip(t, "no setsid here")
	}
	for _, script := range []string{"exec sleep 600", "while :; do echo noise; echo noise >&2; done"} {
		// The command ends when the stranger has left the group.
		mark := filepath.Join(t.TempDir(), "mark")
		pipe := sh(`setsid sh -c 'echo $$; : > "$1"; '"$2" sh "$1" "$2" & while [ ! -e "$1" ]; do :; done; exit 5`, mark, script).Pipe(t.Context())
		out, err := pipe.String()
		first, _, _ := strings.Cut(strings.ReplaceAll(out, "noise\n", ""), "\n")
		pid, _ := strconv.Atoi(first)
		if pid == 0 {
			t.Fatalf("no process id in %.80q", out)
		}
		syscall.Kill(pid, syscall.SIGKILL)
		var exit *ExitError
		if !errors.As(err, &exit) || exit.Status != 5 {
			t.Errorf("error %v", err)
		}
	}
}

// TestSlowReader reads nothing before the command has ended and its time is
// over: no byte may be missing.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	run, err := sh("head -c 60000 /dev/zero").start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	<-run.ended
	run.out.limit(-grace)
	data, err := io.ReadAll(run.out)
	if err != nil || len(data) != 60000 {
		t.Errorf("read %d bytes, %v", len(data), err)
	}
}

func TestClosedPipeEndsCommand(t *testing.T) {
	t.Parallel()
	run, err := sh("exec yes").start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run.Close()
	<-run.ended
	var exit *ExitError
	if !errors.As(run.err, &exit) {
		t.Errorf("error %v", run.err)
	}
}
