// Package wheel reads one wheel (PEP 427): its file name, tags, METADATA and
// RECORD, over an io.ReaderAt.
package wheel

import "io"

// Name is what a wheel's file name says (PEP 427, "File name convention").
type Name struct {
	// Project is the normalised project name (PEP 503): "charset-normalizer".
	Project string
	// Version as spelled in the file name: "1.26.4", "2.1.0+cpu".
	Version string
	// Build is the build tag; empty for none.
	Build string
	// Python, ABI and Platform are the compressed tag sets, split at dots.
	Python, ABI, Platform []string
}

// ParseName parses a wheel's file name, "numpy-1.26.4-cp311-cp311-x.whl".
// Errors carry the code "bad-file-name".
func ParseName(file string) (Name, error) { panic("todo") }

// Tags gives every tag of the name, "cp311-cp311-manylinux_2_17_x86_64".
func (n Name) Tags() []string { panic("todo") }

// Normalize gives a project's name as PEP 503 has it: lower case, runs of
// "-", "_" and "." as one "-".
func Normalize(project string) string { panic("todo") }

// SameVersion tells whether two versions are equal under PEP 440 ("1.0" and
// "1.0.0"); versions that are not PEP 440 are compared as text.
func SameVersion(a, b string) bool { panic("todo") }

// Metadata is what a wheel's METADATA says (core metadata specification).
type Metadata struct {
	Name           string
	Version        string
	RequiresPython string
	RequiresDist   []string
	ProvidesExtra  []string
}

// Limits bound what is read of a wheel; zero fields mean the defaults.
type Limits struct {
	// Members is the most members a wheel may have; default 100,000.
	Members int
	// MetadataBytes is the most that METADATA may hold; default 8 MiB.
	MetadataBytes int64
}

// ReadMetadata reads the METADATA of the wheel in r, size bytes long. Errors
// carry the codes "not-a-zip" and "metadata-missing".
func ReadMetadata(r io.ReaderAt, size int64, limits Limits) (Metadata, error) { panic("todo") }
