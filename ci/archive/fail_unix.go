//go:build unix

package archive

import (
	"errors"
	"syscall"
)

// full tells whether an error says that there is no room.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// readOnly tells whether an error says that the file system takes no writes.
func readOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
