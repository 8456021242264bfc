// Package wheelhouse packs a set of wheels into one tarball and reads such
// tarballs, ours and others'.
package wheelhouse

import (
	"context"
	"io"
)

// Format names the layout that Pack writes.
const Format = "wheelhouse-1"

// File is one wheel in a tarball.
type File struct {
	// Name is the bare file name.
	Name string
	// Path is the member's name in the tarball: ".wheelhouse/x.whl".
	Path string
	// Size in bytes.
	Size int64
	// SHA256 in lower-case hex.
	SHA256 string
}

// Inventory is what one pass over a tarball found.
type Inventory struct {
	// Name is the tarball's base name.
	Name string
	// Size and SHA256 (lower-case hex) are the tarball's own.
	Size   int64
	SHA256 string
	// Format is Format when the bytes are exactly what Pack makes of the
	// wheels; empty for tarballs made elsewhere.
	Format string
	// Wheels, sorted by name.
	Wheels []File
	// Members is every member's name in the tarball's order, folders too.
	Members []string
}

// Limits bound what is read; zero fields mean the defaults, which the
// settings limits.* repeat.
type Limits struct {
	// Members: default 10,000.
	Members int
	// MemberBytes: the largest member; default 4 GiB.
	MemberBytes int64
	// TotalBytes: all that the gzip stream may hold; default 32 GiB.
	TotalBytes int64
	// Ratio: most inflated bytes for one compressed, once 64 MiB were
	// inflated; default 100.
	Ratio int
}

// ReadOptions say how Read works; the zero value is the default.
type ReadOptions struct {
	Limits Limits
	// Extract is an empty folder that wheels are written to, flat, wherever
	// they lay in the tarball; empty: nothing is written.
	Extract string
	// Progress is called now and then with the tarball's bytes read; may be nil.
	Progress func(read int64)
}

// Read reads the tarball at path once: its sha256, its members, and every
// wheel's sha256 come out of the same pass. It refuses what is not safe.
// Codes: tar-missing, tar-empty, not-gzip, not-tar, tar-truncated,
// unsafe-member, duplicate-member, too-large, no-wheels.
func Read(ctx context.Context, path string, o ReadOptions) (*Inventory, error) { panic("todo") }

// Pack packs the wheels (paths of files; bare names must be distinct) into the
// tarball at path, which appears complete and fsynced or not at all. The same
// wheels give the same bytes on every machine and with every Go release.
func Pack(ctx context.Context, path string, wheels []string) (*Inventory, error) { panic("todo") }

// Span is where a wheel's bytes lie in a tarball of ours: in pieces of at most
// 65,535 bytes, each after a 5-byte block header.
type Span struct {
	Name string
	// Offset of the member's first run (its tar header's block) and Size of
	// all its runs in the tarball.
	Offset, Size int64
	// Data is the offset of the first block of the wheel's own bytes.
	Data int64
}

// Layout gives where each wheel lies in the tarball that Pack makes of wheels
// with these names and sizes, and that tarball's size. No byte is read.
func Layout(wheels []File) (spans []Span, size int64, err error) { panic("todo") }

// Section gives the bytes of one wheel inside a tarball of ours, unframed.
func Section(tarball io.ReaderAt, span Span, size int64) io.ReaderAt { panic("todo") }
