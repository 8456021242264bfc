//go:build !linux

package container

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"syscall"
)

// self gives this process. The host's name stands for the machine: processes
// of one have ids of one kind.
func self() owner {
	host, _ := os.Hostname() // empty: one of the machines without a name
	sum := sha256.Sum256([]byte(host))
	return owner{machine: hex.EncodeToString(sum[:6]), pid: os.Getpid(), start: "0"}
}

// alive tells whether a process with that id runs; where that cannot be said,
// it does.
func alive(o owner) bool {
	p, err := os.FindProcess(o.pid)
	if err != nil {
		return true
	}
	defer p.Release()
	return !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
