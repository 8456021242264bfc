// Package validate is the rules over a wheelhouse, its record and an
// interpreter, and the proof that follows them.
package validate

import (
	"context"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Duplicates finds projects with two versions: duplicate-project. Build uses
// it too.
func Duplicates(wheels []string) []finding.Finding { panic("todo") }

// Critical finds critical packages (PEP 508) without a wheel: critical-missing.
func Critical(packages []requirements.Requirement, wheels []string) []finding.Finding { panic("todo") }

// Options say what Run proves and how.
type Options struct {
	Tarball string
	// Requirements that travel with it or the repository's; nil: none found.
	Requirements *requirements.Set
	Packages     []requirements.Requirement
	Python       string // version or path
	// Venv folder; empty: a temporary one, removed unless Keep.
	Venv string
	Keep bool
	// Tests is the folder that pytest runs in; empty: no tests.
	Tests  string
	Pytest []string // arguments; default -k smoke
	// Network is "prefer" or "require".
	Network string
	Limits  wheelhouse.Limits
	Environ []string
	// Step is told each long step as it starts ("installing 13 wheels"); it
	// gives a function that ends it. May be nil.
	Step func(text string) (done func())
}

// Result is what Run found.
type Result struct {
	Inventory *wheelhouse.Inventory
	Metadata  map[string]wheel.Metadata // by file name
	Findings  []finding.Finding
	Proof     verdict.Proof
	Venv      string // where it was kept; empty: removed
}

// Run checks, then proves. Findings are in the Result; an error is what kept
// it from being done at all.
func Run(ctx context.Context, o Options) (*Result, error) { panic("todo") }

// Closure walks from the roots over every wheel's Requires-Dist to a fixed
// point. Pure: the interpreter's packaging was asked before.
func Closure(roots []string, wheels map[string]wheel.Metadata, a python.Answer) (reached []Reached, findings []finding.Finding) {
	panic("todo")
}

// Reached is one wheel that some root needs.
type Reached struct {
	File   string
	Extras []string
	Chain  []string // from the root: "app", "requests", "urllib3"
}
