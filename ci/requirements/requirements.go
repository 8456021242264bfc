// Package requirements reads pip's requirements files: roots, hashes,
// includes, and one digest over all. It never hands a line on to an installer.
package requirements

// Set is a requirements file with everything that it includes.
type Set struct {
	// Path of the file that was asked for, as given.
	Path string
	// Hash is the sha256 of that file's bytes, lower-case hex.
	Hash string
	// Inputs is one digest over it and every file that it includes.
	Inputs string
	// Files are it (first) and every file that it includes, once each.
	Files []File
	// Roots in order of their lines; constraints are in Constraints.
	Roots       []Requirement
	Constraints []Requirement
	// Options are the global options met ("--find-links x"), never followed.
	Options []Option
}

// File is one file read.
type File struct {
	// Path as opened; Name as archived: relative to the first file's folder,
	// with slashes ("../x.txt" where it lies outside).
	Path, Name string
	SHA256     string
	Data       []byte
}

// Requirement is one line that names something to install.
type Requirement struct {
	// Project is normalised; empty for a path or VCS root without #egg.
	Project string
	// Extras, normalised and sorted.
	Extras []string
	// Specifier as written: "==1.26.4"; empty for any.
	Specifier string
	// Marker as written, without the semicolon.
	Marker string
	// URL of a direct reference, a path or a VCS root; empty for a name.
	// Editable tells of -e.
	URL      string
	Editable bool
	// SHA256 lists the hashes allowed, lower-case hex. OtherHashes tells that
	// hashes of other algorithms are listed as well.
	SHA256      []string
	OtherHashes bool
	// File and Line say where it is written (the first line of a continued one).
	File string
	Line int
}

// Option is one global option.
type Option struct {
	Name, Value string
	File        string
	Line        int
}

// Load reads path and what it includes. getenv serves ${VAR}. Codes:
// requirements-missing, bad-requirements.
func Load(path string, getenv func(string) (string, bool)) (*Set, error) { panic("todo") }

// ParseRequirement reads one PEP 508 requirement, without options.
func ParseRequirement(text string) (Requirement, error) { panic("todo") }

// String gives the requirement as PEP 508 has it.
func (r Requirement) String() string { panic("todo") }
