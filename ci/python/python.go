// Package python is an interpreter and what it can do: tags, markers, pip
// wheel, venv, install, pytest.
package python

import (
	"context"
	"io"

	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

// Interpreter is a Python found on this machine.
type Interpreter struct {
	// Path is sys.executable, absolute.
	Path string
	// Version is whole: "3.11.7".
	Version string
	// FreeThreaded tells of 3.13t and its like.
	FreeThreaded bool
}

// Short gives "3.11" or "3.13t".
func (i Interpreter) Short() string { panic("todo") }

// Search says where and for what Find looks.
type Search struct {
	// Want is "3.11", "3.13t" or a path.
	Want string
	// Environ is the environment looked in (PATH).
	Environ []string
	// Typed is how the user names the target for the hint: "build".
	Typed string
}

// Find gives the first of python<X.Y>, python3, python that runs and is the
// wanted version. Codes: no-python, bad-version (usage).
func Find(ctx context.Context, s Search) (Interpreter, error) { panic("todo") }

// Environment is what an interpreter says of itself.
type Environment struct {
	Version   string            `json:"version"`
	Tags      []string          `json:"tags"`    // most specific first
	Markers   map[string]string `json:"markers"` // PEP 508 environment
	Pip       string            `json:"pip"`     // "23.2.1"; empty: none
	Ensurepip string            `json:"ensurepip"`
	Glibc     string            `json:"glibc"` // "2.36"; empty: not glibc
	Platform  string            `json:"platform"`
}

// Question is what the interpreter's own packaging is asked about PEP 508 and
// PEP 440: every requirement line of every wheel, and the roots.
type Question struct {
	// Lines are distinct requirement texts.
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
	// Error is why the text does not parse; empty when it does.
	Error string `json:"error"`
	// Project and Extras are normalised.
	Project   string   `json:"project"`
	Extras    []string `json:"extras"`
	Specifier string   `json:"specifier"`
	URL       string   `json:"url"`
	// Applies is the marker's value with no extra ("") and with each extra
	// that anything in the question asks of the owner, normalised.
	Applies map[string]bool `json:"applies"`
	// Satisfied are those of Versions[Project] that the specifier takes
	// (prereleases included).
	Satisfied []string `json:"satisfied"`
}

// Answer is what the helper process said.
type Answer struct {
	// Judgements, one for each of the Question's Lines, in its order.
	Judgements []Judgement `json:"judgements"`
	// RequiresPython: whether each text of the Question takes this
	// interpreter; one that does not parse is in neither... it counts as true.
	RequiresPython map[string]bool `json:"requires_python"`
}

// Oracle is one running helper process: it was asked for its environment when
// started, and answers one question.
type Oracle struct{}

// Start starts the helper; it runs while the caller does other things.
func Start(ctx context.Context, i Interpreter) *Oracle { panic("todo") }

// Environment waits for what the interpreter says of itself. Codes:
// no-pip, python-broken.
func (o *Oracle) Environment() (Environment, error) { panic("todo") }

// Ask asks the one question and ends the helper.
func (o *Oracle) Ask(q Question) (Answer, error) { panic("todo") }

// Close ends the helper; safe to call after Ask.
func (o *Oracle) Close() { panic("todo") }

// Built is what `pip wheel` made.
type Built struct {
	// Wheels are the paths of the wheels in the folder.
	Wheels []string
	// Links maps a file name to the candidates that pip's log saw for it.
	Links map[string][]Link
	// Sdists maps a wheel's file name to the sdist that it was built from.
	Sdists map[string]Link
}

// Link is one `Found link` of pip's log, without user-info, query and
// fragment, and never a file: link.
type Link struct {
	URL    string
	File   string
	SHA256 string // from the fragment; empty when it had none
}

// Wheel runs `<interpreter> -m pip wheel` of the requirements into the fresh
// folder dir, with the user's own pip settings. Output goes to progress.
// Codes: pip-failed, index-refused, index-unreachable, index-tls, no-pip.
func Wheel(ctx context.Context, i Interpreter, requirements, dir string, environ []string, progress io.Writer) (*Built, error) {
	panic("todo")
}

// Venv is a virtual environment without pip.
type Venv struct {
	Dir    string
	Python string // the venv's interpreter
}

// NewVenv makes dir a fresh venv without ensurepip. Codes: no-venv, venv-exists.
func NewVenv(ctx context.Context, i Interpreter, dir string) (Venv, error) { panic("todo") }

// Installer is a pip that installs into a venv.
type Installer struct {
	// Interpreter runs pip; Environment is its.
	Interpreter Interpreter
	Environment Environment
	// NoNetwork runs it in a network namespace.
	NoNetwork bool
	// Progress receives pip's lines; may be nil.
	Progress io.Writer
}

// Install installs the derived requirements file from the folder of wheels,
// offline, hashes required, wheels only. Code: install-failed.
func (in Installer) Install(ctx context.Context, v Venv, requirements, wheels string) error {
	panic("todo")
}

// Check runs `pip check`. Code: pip-check-failed.
func (in Installer) Check(ctx context.Context, v Venv) error { panic("todo") }

// Pytest runs the venv's pytest in dir with args and gives junit's counts.
// Codes: pytest-missing, no-tests, tests-failed.
func Pytest(ctx context.Context, v Venv, dir string, args []string, noNetwork bool, progress io.Writer) (verdict.Tests, error) {
	panic("todo")
}

// CleanEnviron drops every PIP_*, PYTHON*, UV_*, PYTEST_* and VIRTUAL_ENV, and sets
// PIP_CONFIG_FILE to the null device.
func CleanEnviron(environ []string) []string { panic("todo") }
