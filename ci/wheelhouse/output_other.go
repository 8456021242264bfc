//go:build !linux

package wheelhouse

import (
	"errors"
	"os"
	"syscall"
)

// allocate does nothing where Linux reserves room.
func allocate(*os.File, int64) error { return nil }

// startWriteback does nothing where Linux starts writing.
func startWriteback(*os.File, int64, int64) {}

// isFull tells whether err says that there is no room. Windows has its own
// number for it, ERROR_DISK_FULL.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.Errno(112))
}
