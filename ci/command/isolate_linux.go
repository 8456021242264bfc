package command

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolate puts the command into a network namespace of its own. Root needs
// nothing else; anybody else gets a user namespace around it in which they are
// themselves, so that files stay theirs, with the one capability that bringing
// loopback up takes.
func isolate(cmd *exec.Cmd) error {
	attr := cmd.SysProcAttr
	attr.Cloneflags |= syscall.CLONE_NEWNET
	uid, gid := os.Geteuid(), os.Getegid()
	if uid == 0 {
		return nil
	}
	// Cloneflags, for unshare(CLONE_NEWUSER) refuses a threaded process.
	attr.Cloneflags |= syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	attr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN}
	return nil
}

// isNamespaceError tells a refused clone from a program that does not start:
// EPERM without the capability or by a security module, ENOSPC when the limit
// of namespaces is 0 or reached, EINVAL from a kernel without them.
func isNamespaceError(err error) bool {
	for _, number := range []error{syscall.EPERM, syscall.ENOSPC, syscall.EINVAL, syscall.EUSERS, syscall.ENOSYS} {
		if errors.Is(err, number) {
			return true
		}
	}
	return false
}
