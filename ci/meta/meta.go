// Package meta is the .meta record beside a tarball: where it came from.
package meta

import (
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Record is one .meta record. Fields after Wheels are left out when empty.
type Record struct {
	Name               string
	SHA256             string
	Size               int64 // -1 in old records, which have none
	CreatedAt          time.Time
	Runner             string
	Python             string // "3.11"
	RequirementsHash   string
	Wheels             []string // sorted; nil in old records, which have none
	RequirementsInputs string
	Platform           string
	ABI                string
	Repository         string
	Workflow           string
	RunID              string
	RunAttempt         string
	GitCommit          string
	// Unknown keys, in the file's order.
	Unknown []Pair
}

// Pair is one line of a record.
type Pair struct{ Key, Value string }

// Parse reads a record in its own form or the old "key: value" one; file names
// it in errors. Code: bad-meta.
func Parse(data []byte, file string) (Record, error) { panic("todo") }

// Encode gives the record's one canonical text, unknown keys last.
func (r Record) Encode() ([]byte, error) { panic("todo") }

// Compare holds the record against the tarball: sha256, size, wheel list.
// Code: meta-mismatch.
func Compare(r Record, inv *wheelhouse.Inventory) []finding.Finding { panic("todo") }

// Needs gives the platform and abi that the wheels need, from their names:
// "linux_x86_64; manylinux_2_28" and "cp311".
func Needs(wheels []string) (platform, abi string) { panic("todo") }
