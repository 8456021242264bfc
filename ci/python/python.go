package python

import (
	"context"
	"io"

	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

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
