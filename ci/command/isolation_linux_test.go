package command

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// python gives an interpreter that every user can run, or skips.
func python(t *testing.T) string {
	t.Helper()
	for _, path := range []string{"/usr/bin/python3", "/usr/local/bin/python3"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if os.Geteuid() == 0 && os.Getenv(asNobody) != "" {
		skip(t, "no system Python here")
	}
	path, err := exec.LookPath("python3")
	if err != nil {
		skip(t, "no Python here")
	}
	return path
}

// needIsolation skips where the machine has no namespaces; a machine that
// says that it has them must keep its word.
func needIsolation(t *testing.T) {
	t.Helper()
	if err := Isolation(t.Context()); err != nil {
		if !errors.Is(err, ErrNamespace) {
			t.Fatal(err)
		}
		skip(t, err.Error())
	}
}

// dial connects to an address that is routed nowhere (RFC 5737) and to a
// server of its own on loopback; prints what came of either.
const dial = `
import errno, os, socket, sys
s = socket.socket(); s.settimeout(5)
try: s.connect(("192.0.2.1", 9)); print("connected")
except OSError as e: print(errno.errorcode.get(e.errno, e))
try:
    server = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(server.getsockname(), 5); print("loopback")
except OSError as e: print(errno.errorcode.get(e.errno, e))
with open(sys.argv[1], "w") as f: print(os.fstat(f.fileno()).st_uid, os.getuid(), os.getgid())
`

func TestNoNetwork(t *testing.T) {
	t.Parallel()
	needIsolation(t)
	interpreter := python(t)
	dir := os.Getenv(asNobody)
	if dir == "" {
		dir = t.TempDir()
	}
	for _, test := range []struct{ wrapper, want string }{
		{interpreter, "ENETUNREACH\nloopback\n"},
		{"", "ENETUNREACH\nENETUNREACH\n"},
	} {
		path := filepath.Join(dir, "file")
		out, err := Command{
			Path: interpreter, Args: []string{"-I", "-c", dial, path}, NoNetwork: true, Python: test.wrapper,
		}.Pipe(t.Context()).String()
		if err != nil {
			t.Fatal(err)
		}
		uid, gid := strconv.Itoa(os.Geteuid()), strconv.Itoa(os.Getegid())
		if want := test.want + uid + " " + uid + " " + gid + "\n"; out != want {
			t.Errorf("wrapper %q: got %q, want %q", test.wrapper, out, want)
		}
		info, err := os.Stat(path)
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != os.Geteuid() {
			t.Errorf("the file is not ours: %v, %v", info, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	needIsolation(t)
	if err := Loopback(t.Context(), python(t)); err != nil {
		t.Error(err)
	}
	if err := Loopback(t.Context(), "/nowhere/python"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent interpreter: %v", err)
	}
}

// TestWrapperPassesThrough compares a command inside with the same outside.
func TestWrapperPassesThrough(t *testing.T) {
	t.Parallel()
	needIsolation(t)
	var got [2]string
	for i, isolated := range []bool{false, true} {
		// SIGPIPE's disposition is in the mask SigIgn: the shell's own.
		command := sh(`grep SigIgn /proc/self/status; echo "$0 $1 $KEY"; cat; echo err >&2; exit 9`, "-x y")
		command.Env = append(command.Env, "KEY=value", "LC_ALL=C", "PYTHONHOME=/nowhere")
		command.Stdin = strings.NewReader("typed")
		command.NoNetwork, command.Python = isolated, python(t)
		out, err := command.Pipe(t.Context()).String()
		var exit *ExitError
		if !errors.As(err, &exit) || exit.Status != 9 || exit.Stderr != "err\n" {
			t.Errorf("isolated %v: error %v", isolated, err)
		}
		got[i] = out
	}
	if got[0] != got[1] {
		t.Errorf("outside %q, inside %q", got[0], got[1])
	}
}

// TestRefusedNamespaceRunsNothing is a process that may not make namespaces:
// an error, and the command did not run with the network instead.
func TestRefusedNamespaceRunsNothing(t *testing.T) {
	t.Parallel()
	needIsolation(t)
	mark := filepath.Join(t.TempDir(), "mark")
	command := sh(`: > "$1"`, mark)
	command.NoNetwork = true
	cmd, err := command.command()
	if err != nil {
		t.Fatal(err)
	}
	// Mapping somebody else's ids is refused with EPERM to an ordinary user;
	// overlapping maps with EINVAL to anybody.
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
	twice := syscall.SysProcIDMap{ContainerID: 0, HostID: os.Geteuid(), Size: 1}
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{twice, twice}
	if err := cmd.Run(); !isNamespaceError(err) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the command ran")
	}
}

func TestNamespaceErrors(t *testing.T) {
	t.Parallel()
	for _, err := range []error{syscall.EPERM, syscall.ENOSPC, syscall.EINVAL} {
		if !isNamespaceError(&os.PathError{Op: "fork/exec", Path: "/bin/true", Err: err}) {
			t.Errorf("%v is not one", err)
		}
	}
	if isNamespaceError(&os.PathError{Op: "fork/exec", Path: "/bin/true", Err: syscall.ENOENT}) {
		t.Error("an absent program is one")
	}
}

// asNobody is set to a folder when the tests run again as an ordinary user.
const asNobody = "COMMAND_TEST_AS_NOBODY"

// TestAsOrdinaryUser runs the tests of isolation again, as uid 65534.
func TestAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the tests run as an ordinary user already")
	}
	dir, err := os.MkdirTemp("", "command-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	// The test binary lies in a folder that only we can read.
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "test")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chown(dir, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	writeProgram(t, copied, binary)
	cmd := exec.CommandContext(t.Context(), copied, "-test.v",
		"-test.run=^(TestNoNetwork|TestLoopback|TestWrapperPassesThrough|TestRefusedNamespaceRunsNothing)$")
	cmd.Dir = dir
	cmd.Env = []string{asNobody + "=" + dir, "PATH=/usr/bin:/bin", "TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if bytes.Contains(out, []byte("--- SKIP")) {
		skip(t, "skipped as an ordinary user:\n"+string(out))
	}
}
