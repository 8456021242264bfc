package validate

import (
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Options say what Run proves and how. Only Tarball and Python are required, and
// with Image only Tarball.
type Options struct {
	// Tarball is the path of the wheelhouse.
	Tarball string
	// SHA256 is what its bytes must have, in lower-case hex: those that somebody
	// judged before. Empty: any.
	SHA256 string
	// Record is the path of its .meta record. Empty: <tarball>.meta, else the
	// name without .tgz and with .meta, as old archives have it.
	Record string
	// Lock is the path of its lock. Empty: lock.FileName in the same folder.
	Lock string
	// Requirements that travel with it or the repository's; nil: none found.
	Requirements *requirements.Set
	// RequirementsFrom says for messages which set that is: "the
	// repository's". Empty: its path.
	RequirementsFrom string
	// Packages are the critical ones; none is allowed.
	Packages []requirements.Requirement
	// Roots are more of them, each with its Origin; none is allowed.
	Roots []Root
	// Python is a version, "3.11", or a path.
	Python string
	// Typed is how the user names the target, for hints; empty: "validate".
	Typed string
	// Venv is the folder of the virtual environment, which is kept: who names
	// one wants it. Empty: a temporary one, removed unless Keep.
	Venv string
	// Keep leaves the temporary folder with wheels, derived requirements and
	// virtual environment where it is, unless Run was interrupted. Result.Kept
	// names it.
	Keep bool
	// TempDir is where temporary files go; empty: os.TempDir.
	TempDir string
	// Tests is the folder that pytest runs in; empty: no tests.
	Tests string
	// Pytest are its arguments; nil: -k smoke.
	Pytest []string
	// Static stops after the rules: nothing is installed and no test is run,
	// so pytest is no root. Wheels of our own tarballs are not extracted.
	Static bool
	// GLIBC is the highest glibc that wheels may ask for, "2.28"; empty: any.
	GLIBC string
	// Warn are failures that only warn: "code", or "code:project".
	Warn []string
	// NoRecord leaves members unhashed; that their names and sizes are
	// RECORD's is seen nevertheless.
	NoRecord bool
	// Installer is "pip" or "uv". Empty: "pip".
	Installer string
	// Image is the container image to prove it in, with its python3 where
	// Python is empty. Empty: this machine.
	Image string
	// Around is a folder that the tests lie in, such as that of the
	// repository, which the container is shown with them, read-only. Empty, or
	// elsewhere: the tests alone.
	Around string
	// Network is "require", which refuses to run where it cannot be taken
	// away, or "prefer", which runs nevertheless and says so. Empty: "prefer".
	Network string
	// Limits bound what is read of the tarball, WheelLimits what is read of
	// each wheel and what it may unpack to.
	Limits      wheelhouse.Limits
	WheelLimits wheel.Limits
	// Environ is the environment that interpreters are looked up in and that
	// children get, cleaned; nil means none of either.
	Environ []string
	// Now is the clock that durations are measured by; nil: time.Now.
	Now func() time.Time
	// Step is told each long step as it starts ("installing 13 wheels"); it
	// gives a function that ends it. It may be called by several goroutines
	// at once. May be nil.
	Step func(text string) (done func())
}

// withDefaults gives o with every zero field at its default.
func (o Options) withDefaults() Options {
	if o.Typed == "" {
		o.Typed = "validate"
	}
	if o.Pytest == nil {
		o.Pytest = []string{"-k", "smoke"}
	}
	if o.Installer == "" {
		o.Installer = "pip"
	}
	if o.Network == "" {
		o.Network = "prefer"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Step == nil {
		o.Step = func(string) func() { return func() {} }
	}
	if o.RequirementsFrom == "" && o.Requirements != nil {
		o.RequirementsFrom = o.Requirements.Path
	}
	return o
}

// Result is what Run found.
type Result struct {
	// Inventory of the tarball, and the METADATA of its wheels by file name.
	Inventory *wheelhouse.Inventory
	Metadata  map[string]wheel.Metadata
	// Record and Lock beside the tarball; nil where there is none that can be
	// read.
	Record *meta.Record
	Lock   *lock.Lock
	// Interpreter that proved it.
	Interpreter python.Interpreter
	// Environment is what the interpreter says of itself.
	Environment python.Environment
	// World is what the rules were applied to, with the interpreter's answers:
	// what else is asked of it, Select and Explain answer.
	World World
	// Reached are the wheels that some root needs, by file name.
	Reached []Reached
	// Findings in the order of the checks; Passed are the checks without a
	// failure.
	Findings []finding.Finding
	Passed   []finding.Passed
	// Proof is for the verdict; it holds Findings too.
	Proof verdict.Proof
	// Venv is the virtual environment where it was kept; empty: removed.
	Venv string
	// Kept is the temporary folder where Keep left it; else empty.
	Kept string
}

// Failed tells whether a finding fails the verdict.
func (r *Result) Failed() bool { return finding.Failed(r.Findings) }
