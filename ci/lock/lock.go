// Package lock writes and reads pylock.toml (PEP 751) for a wheelhouse.
package lock

import "github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"

// Wheel is one wheel of the lock.
type Wheel struct {
	// File is the bare file name; also the lock's relative path.
	File   string
	Size   int64
	SHA256 string
	// URL it came from, without user-info, query and fragment; empty when
	// built here or unknown.
	URL string
	// Sdist is what it was built from, where it was built here.
	Sdist *Sdist
}

// Sdist is a source distribution that a wheel was built from.
type Sdist struct {
	File   string
	URL    string
	SHA256 string
}

// Lock is a lock over one wheelhouse.
type Lock struct {
	// Tarball is the wheelhouse's base name.
	Tarball string
	// Format is the tarball's: wheelhouse.Format, or empty for one made elsewhere.
	Format string
	// SHA256 and Size of the tarball.
	SHA256 string
	Size   int64
	// Python is "3.11".
	Python string
	// Wheels, sorted by file name.
	Wheels []Wheel
}

// FileName gives the lock's name for a tarball's base name: every dot of the
// version left out, since PEP 751 allows none: "wheelhouse-3.11.tgz" gives
// "pylock.wheelhouse-311.toml".
func FileName(tarball string) string { panic("todo") }

// Encode gives the lock's one canonical text.
func (l Lock) Encode() ([]byte, error) { panic("todo") }

// Parse reads a lock; file names it in errors. Code: bad-lock.
func Parse(data []byte, file string) (Lock, error) { panic("todo") }

// Spans gives where each wheel lies in the tarball, from the lock alone.
func (l Lock) Spans() ([]wheelhouse.Span, error) { panic("todo") }
