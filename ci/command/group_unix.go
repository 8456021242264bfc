//go:build unix

package command

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// group makes the command the leader of a process group of its own.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// endGroup ends the command's process group: SIGTERM, and SIGKILL when grace
// is over. waited gets the command's end when it has not ended yet; nil says
// that it has.
func endGroup(cmd *exec.Cmd, waited <-chan error) {
	group := -cmd.Process.Pid
	if signal(group, syscall.SIGTERM) != nil && waited == nil {
		return // nobody is left
	}
	deadline := time.NewTimer(grace)
	defer deadline.Stop()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-waited:
			waited = nil
		case <-poll.C:
		case <-deadline.C:
			signal(group, syscall.SIGKILL)
			if waited != nil {
				<-waited
			}
			awaitEmpty(group, poll.C)
			return
		}
		if waited == nil && signal(group, 0) != nil {
			return
		}
	}
}

// awaitEmpty waits until the group has no member, for a second of polls at most:
// killed processes are gone a moment after the signal, and later where the
// kernel is busy with what they wait for.
func awaitEmpty(group int, poll <-chan time.Time) {
	const most = 100
	for range most {
		if signal(group, 0) != nil {
			return
		}
		<-poll
	}
}

// signal sends to the group; an error means that it has no member.
func signal(group int, s syscall.Signal) error {
	err := syscall.Kill(group, s)
	if errors.Is(err, syscall.EPERM) {
		return nil // there is a member, of another user
	}
	return err
}

// endedBy names the signal that ended a process, or "".
func endedBy(state *os.ProcessState) string {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return ""
	}
	return status.Signal().String()
}
