//go:build !unix

package archive

const (
	noRoom   = diskFull
	noWrites = writeProtect
)
