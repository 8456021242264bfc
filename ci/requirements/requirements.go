package requirements

// Set is a requirements file with everything that it includes.
type Set struct {
	// Path of the file that was asked for, as given.
	Path string
	// Hash is the sha256 of that file's bytes, lower-case hex.
	Hash string
	// Inputs is one digest over it and every file that it includes; the
	// package comment defines it.
	Inputs string
	// Files are it (first) and every file that it includes, once each, in the
	// order in which they are met.
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
	// with slashes, and never outside it ("../x.txt" is "_up/x.txt"). Names
	// are unique in a Set.
	Path, Name string
	// SHA256 of Data, lower-case hex.
	SHA256 string
	// Data is the file's bytes, unchanged.
	Data []byte
}

// Requirement is one line that names something to install.
type Requirement struct {
	// Project is normalised (PEP 503). Of a direct reference it comes from
	// "name @", #egg=, or the file name of a wheel or sdist; empty where none
	// of them tells.
	Project string
	// Extras, normalised and sorted.
	Extras []string
	// Specifier as written, without parentheses around it: "==1.26.4"; empty
	// for any version.
	Specifier string
	// Marker as written, without the semicolon; never evaluated.
	Marker string
	// URL of a direct reference, a path or a VCS root, as written; empty for a
	// name. It may hold credentials.
	URL string
	// Editable tells of -e.
	Editable bool
	// SHA256 lists the hashes allowed, lower-case hex, in order and without
	// repeats: those of --hash and of a URL's #sha256=. OtherHashes tells that
	// hashes of other algorithms are listed as well.
	SHA256      []string
	OtherHashes bool
	// File and Line say where it is written (the first line of a continued
	// one); empty and 0 from ParseRequirement.
	File string
	Line int
}

// Option is one global option.
type Option struct {
	// Name is the long name, "--find-links" also for -f. Value is empty for
	// an option that takes none, and may hold credentials.
	Name, Value string
	// File and Line say where it is written.
	File string
	Line int
}

// String gives the option as it may be printed: credentials and queries of
// URLs in its value are replaced by ***.
func (o Option) String() string {
	if o.Value == "" {
		return o.Name
	}
	return o.Name + " " + redact(o.Value)
}
