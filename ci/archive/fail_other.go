//go:build !unix

package archive

import (
	"errors"
	"syscall"
)

// The numbers of Windows's errors.
const (
	writeProtect   = syscall.Errno(19)
	handleDiskFull = syscall.Errno(39)
	diskFull       = syscall.Errno(112)
)

// full tells whether an error says that there is no room.
func full(err error) bool { return errors.Is(err, diskFull) || errors.Is(err, handleDiskFull) }

// readOnly tells whether an error says that the file system takes no writes.
func readOnly(err error) bool { return errors.Is(err, writeProtect) }
