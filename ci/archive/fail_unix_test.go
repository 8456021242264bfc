//go:build unix

package archive

import "syscall"

const (
	noRoom   = syscall.ENOSPC
	noWrites = syscall.EROFS
)
