//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tracer runs a program and kills it at one of its calls. It counts them over
// all threads of the program, in the order in which they begin; strace counts
// each thread's alone, and a program in Go has its calls made by any of them.
type tracer struct {
	// at is the call, from 0, before which the program gets SIGKILL; -1: none.
	at int
	// calls are those that were seen, "fsync".
	calls []string
}

// changing are the calls that change a file system; of open and write only
// those that may.
var changing = map[uint64]string{
	unix.SYS_OPENAT: "openat", unix.SYS_WRITE: "write", unix.SYS_PWRITE64: "pwrite64", unix.SYS_WRITEV: "writev",
	unix.SYS_COPY_FILE_RANGE: "copy_file_range", unix.SYS_SENDFILE: "sendfile", unix.SYS_SPLICE: "splice",
	unix.SYS_FSYNC: "fsync", unix.SYS_FDATASYNC: "fdatasync", unix.SYS_RENAMEAT: "renameat", unix.SYS_RENAMEAT2: "renameat2",
	unix.SYS_UNLINKAT: "unlinkat", unix.SYS_LINKAT: "linkat", unix.SYS_SYMLINKAT: "symlinkat", unix.SYS_MKDIRAT: "mkdirat",
	unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_FALLOCATE: "fallocate", unix.SYS_FCHMOD: "fchmod", unix.SYS_FCHMODAT: "fchmodat",
	unix.SYS_UTIMENSAT: "utimensat",
}

// callInfo is the kernel's struct ptrace_syscall_info.
type callInfo struct {
	op     uint8
	_      [3]byte
	_      uint32
	_, _   uint64
	number uint64
	args   [6]uint64
	_      uint64
}

// The kernel's names for what x/sys has no name of.
const (
	getSyscallInfo = 0x420e // PTRACE_GET_SYSCALL_INFO
	entering       = 1      // PTRACE_SYSCALL_INFO_ENTRY
	syscallStop    = unix.SIGTRAP | 0x80
)

// run runs the program to its end and gives its exit status, -1 for a killed
// one, and all that it said. Only Linux lets itself be traced like this.
func (r *tracer) run(t *testing.T, cmd *exec.Cmd) (ended int, text string) {
	t.Helper()
	output, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	defer func() { text = string(read(t, output.Name())) }()
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Setpgid: true}
	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	var status unix.WaitStatus
	for {
		if _, err := unix.Wait4(pid, &status, unix.WALL, nil); err == nil {
			break
		} else if err != unix.EINTR {
			t.Fatal(err)
		}
	}
	if err := unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_EXITKILL); err != nil {
		t.Fatal(err)
	}
	if err := unix.PtraceSyscall(pid, 0); err != nil {
		t.Fatal(err)
	}
	ended = -1
	for {
		// This thread's children alone, and of those this group's: other tests
		// have theirs, some started by this very thread when it was not locked.
		thread, err := unix.Wait4(-pid, &status, unix.WALL|unix.WNOTHREAD, nil)
		if err == unix.EINTR {
			continue
		}
		if err == unix.ECHILD {
			return ended, ""
		}
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case status.Exited() && thread == pid:
			ended = status.ExitStatus()
		case status.Stopped():
			r.stopped(pid, thread, status.StopSignal())
		}
	}
}

// stopped lets a thread go on, or ends all.
func (r *tracer) stopped(pid, thread int, signal unix.Signal) {
	pass := 0
	switch signal {
	case syscallStop:
		if name := call(thread); name != "" {
			r.calls = append(r.calls, name)
			if len(r.calls) == r.at+1 {
				_ = unix.Kill(pid, unix.SIGKILL) // it is stopped, so it is there
			}
		}
	case unix.SIGTRAP, unix.SIGSTOP: // a new thread, its start
	default:
		pass = int(signal)
	}
	_ = unix.PtraceSyscall(thread, pass) // a killed one is gone already
}

// call gives the name of the call that a thread is about to make, "" for one
// that changes no file.
func call(thread int) string {
	var info callInfo
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, getSyscallInfo, uintptr(thread), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 || info.op != entering {
		return ""
	}
	switch info.number {
	case unix.SYS_OPENAT:
		if info.args[2]&(unix.O_WRONLY|unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC) == 0 {
			return ""
		}
	case unix.SYS_WRITE:
		if info.args[0] <= 2 {
			return ""
		}
	}
	return changing[info.number]
}
