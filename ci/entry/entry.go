package entry

import "time"

// State says what is left of a wheelhouse in the archive.
type State string

// The states.
const (
	// Full: record and tarball are there, and their sizes agree.
	Full State = "full"
	// Pointed: the record is there, and in the tarball's place a pointer to
	// where its bytes come back from.
	Pointed State = "pointer"
	// RecordOnly: the record is there, the tarball is not.
	RecordOnly State = "record only"
	// Broken: what is there cannot be used; Why says what is wrong.
	Broken State = "broken"
)

// Wheelhouse is one tarball's record in an entry.
type Wheelhouse struct {
	// Tarball is its base name.
	Tarball string `json:"tarball"`
	// Meta is the path of the record; empty when there is none.
	Meta string `json:"meta"`
	// Python is "3.11": the record's, else what the tarball's name says, else
	// empty.
	Python string `json:"python"`
	// Platform that the wheels need; empty when the record does not say.
	Platform string `json:"platform,omitempty"`
	// Wheels are file names, sorted; nil when the record does not say.
	Wheels []string `json:"wheels"`
	// Size of the tarball in bytes; -1 when neither record nor pointer says.
	Size int64 `json:"size"`
	// SHA256 of the tarball, lower-case hex; empty when unknown.
	SHA256 string `json:"sha256"`
	// CreatedAt is when the record says that it was made; zero when unknown.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// Commit is the git commit, as long as the record has it.
	Commit string `json:"commit,omitempty"`
	// Proven tells that a verdict over these very bytes is there, and passed.
	Proven bool `json:"proven"`
	// Pinned tells that pruning is to keep it whatever the policy says.
	Pinned bool `json:"pinned,omitempty"`
	// Pointer is what the tarball was pruned to; nil: there is none that is
	// this tarball's. It stays when the tarball was restored.
	Pointer *Pointer `json:"pointer,omitempty"`
	State   State    `json:"state"`
	// Why it is broken; in other states, what beside it could not be read.
	Why string `json:"why,omitempty"`
}

// Status gives the state for people: where a pointer points to, whether it is
// pinned, and why it is broken: "pointer: s3://bucket/prefix, pinned".
func (w Wheelhouse) Status() string {
	status := string(w.State)
	if w.State == Pointed && w.Pointer != nil {
		status += ": " + w.Pointer.Where()
	}
	if w.Pinned {
		status += ", pinned"
	}
	if w.Why != "" {
		status += ": " + w.Why
	}
	return status
}

// Entry is one run in the archive.
type Entry struct {
	// Run is the run id.
	Run string `json:"run"`
	// Date is YYYYMMDD, UTC; empty for a flat record that does not say.
	Date string `json:"date"`
	// Path of its folder, or of the flat old record.
	Path string `json:"path"`
	// Flat tells of an old flat record.
	Flat bool `json:"flat,omitempty"`
	// Wheelhouses sorted by tarball; one at least.
	Wheelhouses []Wheelhouse `json:"wheelhouses"`
}

// Created gives the newest CreatedAt of the wheelhouses; zero when none says.
func (e Entry) Created() time.Time {
	var newest time.Time
	for _, w := range e.Wheelhouses {
		if w.CreatedAt.After(newest) {
			newest = w.CreatedAt
		}
	}
	return newest
}

// Usable tells whether any of the wheelhouses is not broken.
func (e Entry) Usable() bool {
	for _, w := range e.Wheelhouses {
		if w.State != Broken {
			return true
		}
	}
	return false
}

// Change is one difference between two wheelhouses.
type Change struct {
	// Project is normalised (PEP 503).
	Project string `json:"project"`
	// Kind is "added", "removed", "version" (another version) or "bytes" (the
	// same version with other bytes, or in other files).
	Kind string `json:"kind"`
	// Before and After are versions; where Kind is "bytes" they are file
	// names, each with its sha256 where both are known. Several are separated
	// by ", ".
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// The kinds of Change.
const (
	Added   = "added"
	Removed = "removed"
	Version = "version"
	Bytes   = "bytes"
)
