// Package entry is one run in the archive, as a value read from its folder.
package entry

import "time"

// State says what is left of a wheelhouse in the archive.
type State string

// The states.
const (
	Full       State = "full"
	RecordOnly State = "record only"
	Broken     State = "broken"
)

// Wheelhouse is one tarball's record in an entry.
type Wheelhouse struct {
	Tarball   string    `json:"tarball"` // base name
	Meta      string    `json:"meta"`    // path of the record
	Python    string    `json:"python"`
	Platform  string    `json:"platform,omitempty"`
	Wheels    []string  `json:"wheels"`
	Size      int64     `json:"size"` // -1: the record does not say
	SHA256    string    `json:"sha256"`
	CreatedAt time.Time `json:"created_at"`
	Commit    string    `json:"commit,omitempty"`
	Proven    bool      `json:"proven"`
	State     State     `json:"state"`
	Why       string    `json:"why,omitempty"` // why it is broken
}

// Entry is one run in the archive.
type Entry struct {
	Run  string `json:"run"`
	Date string `json:"date"` // YYYYMMDD
	// Path of its folder, or of the flat old record.
	Path string `json:"path"`
	Flat bool   `json:"flat,omitempty"`
	// Wheelhouses sorted by tarball; one at least.
	Wheelhouses []Wheelhouse `json:"wheelhouses"`
}

// ReadDir reads the entry in a folder named <YYYYMMDD>-<run>.
func ReadDir(dir string) (Entry, error) { panic("todo") }

// ReadFlat reads the entry of an old flat record, "….meta".
func ReadFlat(metaFile string) (Entry, error) { panic("todo") }
