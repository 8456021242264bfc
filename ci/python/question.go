package python

// Environment is what an interpreter says of itself.
type Environment struct {
	// Version is whole: "3.11.7".
	Version string `json:"version"`
	// Tags are those of the wheels that it installs, most specific first.
	// The lists of two pips on one interpreter differ: never compare them.
	Tags []string `json:"tags"`
	// Markers is the environment of PEP 508: "sys_platform" is "linux".
	Markers map[string]string `json:"markers"`
	// Pip is the version of the interpreter's own pip; empty: it has none.
	Pip string `json:"pip"`
	// PipRunner is the path of that pip's __pip-runner__.py, through which it
	// works on another interpreter; empty: it has none (before 22.3).
	PipRunner string `json:"pip_runner"`
	// Ensurepip is the path of the pip wheel that ensurepip carries; empty:
	// there is none.
	Ensurepip string `json:"ensurepip"`
	// Glibc is the C library's version, "2.36"; empty: it is not glibc.
	Glibc string `json:"glibc"`
	// Platform is "linux_x86_64".
	Platform string `json:"platform"`
}

// Question is what the interpreter's own packaging is asked about PEP 508 and
// PEP 440: every requirement line of every wheel, and the roots.
type Question struct {
	// Lines are requirement texts; the same text may stand at many owners.
	Lines []Line `json:"lines"`
	// Versions of each project in the wheelhouse, by normalised name.
	Versions map[string][]string `json:"versions"`
	// RequiresPython are distinct Requires-Python texts.
	RequiresPython []string `json:"requires_python"`
}

// Line is one requirement and the project whose METADATA holds it ("" for a root).
type Line struct {
	Owner string `json:"owner"`
	Text  string `json:"text"`
}

// Judgement is what packaging said of one Line.
type Judgement struct {
	// Error is why the text does not parse, or why its marker cannot be
	// evaluated; empty when all is well. The other fields may be empty then.
	Error string `json:"error"`
	// Project and Extras are normalised; Extras are sorted.
	Project string   `json:"project"`
	Extras  []string `json:"extras"`
	// Specifier as packaging writes it; empty for any version.
	Specifier string `json:"specifier"`
	// URL of a direct reference; empty for a name.
	URL string `json:"url"`
	// Applies is the marker's value with no extra ("") and with each extra
	// that anything in the question asks of the owner, normalised. A line of
	// no owner has "" alone; a line without a marker applies always.
	Applies map[string]bool `json:"applies"`
	// Satisfied are those of Versions[Project] that the specifier takes
	// (prereleases included); a direct reference takes all.
	Satisfied []string `json:"satisfied"`
}

// Answer is what the helper process said.
type Answer struct {
	// Judgements, one for each of the Question's Lines, in its order.
	Judgements []Judgement `json:"judgements"`
	// RequiresPython: whether each text of the Question takes this
	// interpreter. One that does not parse counts as true, as it does to pip.
	RequiresPython map[string]bool `json:"requires_python"`
}
