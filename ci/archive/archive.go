// Package archive is docs/ci-archive: entries, index, differences.
package archive

import (
	"context"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Submission is what Add puts into the archive.
type Submission struct {
	// Tarball's path; meta, lock and verdict are beside it.
	Tarball string
	// Run id; required. Date of the entry, UTC.
	Run  string
	Date time.Time
	// Lock is what to write when there is none beside the tarball.
	Lock func(*wheelhouse.Inventory) lock.Lock
	// Requirements with all that they include; nil: none.
	Requirements *requirements.Set
	Limits       wheelhouse.Limits
}

// Outcome of Add.
type Outcome struct {
	Entry entry.Entry
	// Added: a new tarball came in. Renewed: only its verdict was replaced.
	Added, Renewed bool
}

// Archive is one archive folder.
type Archive struct {
	Dir string
	// Owner is whom to ask, for the generated texts.
	Owner string
}

// Add stages a wheelhouse as an entry, complete or not at all.
// Codes: no-meta, meta-mismatch, run-taken, archive-read-only, bad-run.
func (a Archive) Add(ctx context.Context, s Submission) (Outcome, error) { panic("todo") }

// List reads every entry, newest first. A folder that is no entry is left out;
// an entry that cannot be read is there with State Broken.
func (a Archive) List(ctx context.Context) ([]entry.Entry, error) { panic("todo") }

// Find gives the entry of a run id, an entry's name or "latest". Code: no-such-run.
func (a Archive) Find(ctx context.Context, run string) (entry.Entry, error) { panic("todo") }

// WriteIndex rewrites the generated part of index.md.
func (a Archive) WriteIndex(ctx context.Context) error { panic("todo") }

// Change is one difference between two wheelhouses.
type Change struct {
	Project string `json:"project"`
	// Kind is "added", "removed", "version" or "bytes".
	Kind   string `json:"kind"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Diff compares two wheelhouses by their locks, or their records where there
// is no lock.
func Diff(a, b entry.Wheelhouse) ([]Change, error) { panic("todo") }
