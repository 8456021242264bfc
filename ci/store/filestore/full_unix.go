//go:build unix

package filestore

import (
	"errors"
	"syscall"
)

// full tells whether a disk has no room, or a quota is used up.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
