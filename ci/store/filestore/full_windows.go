package filestore

import (
	"errors"
	"syscall"
)

// Of the documentation of system error codes.
const (
	errorHandleDiskFull = syscall.Errno(39)
	errorDiskFull       = syscall.Errno(112)
)

// full tells whether a disk has no room.
func full(err error) bool {
	return errors.Is(err, errorDiskFull) || errors.Is(err, errorHandleDiskFull)
}
