package targets

import (
	"context"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/validate"
)

// trustOptions say how a tarball is validated before something is taken from it.
type trustOptions struct {
	// noProof leaves installing and testing out, never the rules and hashes.
	noProof bool
	// ownRequirements is validateOptions'.
	ownRequirements bool
	// roots are more than the requirements and the critical packages.
	roots []validate.Root
}

// rulesFor gives what validate.Run needs to judge a tarball by the settings.
func (s *session) rulesFor(chosen choice, ownRequirements bool) (validate.Options, error) {
	critical, err := s.packages()
	if err != nil {
		return validate.Options{}, err
	}
	set, from, err := s.requirementsFor(chosen.path, ownRequirements)
	if err != nil {
		return validate.Options{}, err
	}
	return validate.Options{
		Tarball: chosen.path, Requirements: set, RequirementsFrom: from, Packages: critical, Python: s.Python,
		Tests: s.Validate.Tests, Network: s.Validate.Network, Limits: s.limits(), WheelLimits: s.wheelLimits(),
		Installer: s.Validate.Installer, Warn: s.Validate.Warn, GLIBC: s.Validate.GLIBC, NoRecord: !s.Validate.Record,
		Environ: s.environ, Step: s.steps.Step, Now: s.now, Typed: s.typed(s.target),
	}, nil
}

// trust validates the chosen tarball and tells the person what was found; one
// that is refused is an error.
func (s *session) trust(ctx context.Context, chosen choice, o trustOptions) (*validate.Result, error) {
	rules, err := s.rulesFor(chosen, o.ownRequirements)
	if err != nil {
		return nil, err
	}
	rules.Static, rules.Roots = o.noProof, o.roots
	s.note("validating %s (%s)", s.show(chosen.path), chosen.why)
	if rules.SHA256, err = s.demandHere(ctx, chosen.path); err != nil {
		return nil, err
	}
	result, err := validate.Run(ctx, rules)
	if err != nil {
		return nil, err
	}
	if err := report.Findings(s.stderr, result.Findings); err != nil {
		return nil, err
	}
	if err := s.tellActions([]report.Validation{reported(result)}); err != nil {
		return nil, err
	}
	if !result.Failed() {
		return result, nil
	}
	return nil, fault.New(fault.Refused, "not-proven", "%s is refused for Python %s: %s",
		filepath.Base(chosen.path), result.Interpreter.Version, failures(result.Findings)).
		WithHint("each FAIL line above says what to do")
}

// criticalProjects gives the critical packages' normalised names.
func criticalProjects(packages []requirements.Requirement) []string {
	var projects []string
	for _, p := range packages {
		projects = append(projects, p.Project)
	}
	return projects
}

// reported gives what was found as it is printed.
func reported(result *validate.Result) report.Validation {
	return report.Validation{
		Tarball: result.Inventory.Name, SHA256: result.Inventory.SHA256, Size: result.Inventory.Size,
		Python: result.Interpreter.Version,
		Passed: result.Passed, Findings: result.Findings, Proof: result.Proof,
	}
}
