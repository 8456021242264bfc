package targets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/validate"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

// validateOptions are validate's options that are no settings.
type validateOptions struct {
	venv               string
	pytest             []string // nil: the default
	json, keep, static bool
	// image is the container image to prove it in, with its own python3 unless
	// ownPython: the person named another; empty: this machine.
	image     string
	ownPython bool
	// ownRequirements: the person named the requirements, so none that travel
	// with the tarball are looked for.
	ownRequirements bool
}

// proofs are those of one tarball with one Python or several.
type proofs struct {
	*session
	validateOptions
	chosen  choice
	pythons []string
	// done are the proofs that came to a verdict; refused are their Pythons
	// whose verdict is FAIL, unable those that came to none.
	done            []report.Validation
	refused, unable []string
	findings        []finding.Finding // of the refused
}

// validate checks and proves the chosen tarball, prints what came of it and
// writes the verdict.
func (s *session) validate(ctx context.Context, chosen choice, o validateOptions) error {
	critical, err := s.packages()
	if err != nil {
		return err
	}
	s.note("validating %s (%s)", s.show(chosen.path), chosen.why)
	judged, err := s.demandHere(ctx, chosen.path)
	if err != nil {
		return err
	}
	set, from, err := s.requirementsFor(chosen.path, o.ownRequirements)
	if err != nil {
		return err
	}
	p := &proofs{session: s, validateOptions: o, chosen: chosen, pythons: s.pythons()}
	if o.image != "" && !o.ownPython {
		p.pythons = []string{""} // the image's
	}
	err = validate.All(ctx, validate.Options{
		Tarball: chosen.path, SHA256: judged, Requirements: set, RequirementsFrom: from, Packages: critical,
		Venv: o.venv, Keep: o.keep, Tests: s.Validate.Tests, Pytest: o.pytest,
		Network: s.Validate.Network, Limits: s.limits(), WheelLimits: s.wheelLimits(), Environ: s.environ,
		Static: o.static, Installer: s.Validate.Installer, Image: o.image, Around: s.Root,
		Warn: s.Validate.Warn, GLIBC: s.Validate.GLIBC, NoRecord: !s.Validate.Record,
		Step: s.steps.Step, Now: s.now, Typed: s.typed("validate"),
	}, p.pythons, func(python string, result *validate.Result, err error) error {
		if err != nil {
			return p.cannot(python, err)
		}
		return p.proved(ctx, result)
	})
	if err != nil {
		return err
	}
	return p.end()
}

// pythons are those to prove with.
func (s *session) pythons() []string {
	if len(s.Validate.Python) > 0 {
		return s.Validate.Python
	}
	return []string{s.Python}
}

// pythonsOption sets what validate's option -python names: one Python, whose
// tarball is then the default, or several, of which the first one's is.
func (s *session) pythonsOption(value *string) error {
	if value == nil {
		return nil
	}
	first, _, several := strings.Cut(*value, ",")
	if several {
		return errors.Join(s.option("python", &first, "python"), s.option("python", value, "validate.python"))
	}
	none := ""
	return errors.Join(s.option("python", value, "python"), s.option("python", &none, "validate.python"))
}

// cannot takes note of a Python that came to no verdict: the others go on.
func (p *proofs) cannot(python string, err error) error {
	e, ok := fault.As(err)
	if len(p.pythons) == 1 || !ok || e.ExitStatus() != fault.Unable {
		return err
	}
	p.note("Python %s: no verdict: %v", report.Visible(python), err)
	if e.Hint != "" {
		p.note("hint: %s", e.Hint)
	}
	p.unable = append(p.unable, python)
	return nil
}

// proved writes a verdict down and prints it.
func (p *proofs) proved(ctx context.Context, result *validate.Result) error {
	if p.static {
		p.note("the rules alone were applied: nothing was installed, and the verdict is not kept")
	} else if err := p.keepVerdict(ctx, p.chosen.path, result); err != nil {
		return err
	}
	shown := report.Validation{
		Tarball: result.Inventory.Name, SHA256: result.Inventory.SHA256, Size: result.Inventory.Size,
		Why: p.chosen.why, Python: result.Interpreter.Version,
		Passed: result.Passed, Findings: result.Findings, Proof: result.Proof,
	}
	p.done = append(p.done, shown)
	if result.Failed() {
		p.refused = append(p.refused, result.Interpreter.Version)
		p.findings = append(p.findings, result.Findings...)
	}
	if !p.json {
		shown.Why = "" // said when the work began
		if err := shown.Text(p.stdout); err != nil {
			return err
		}
	}
	switch {
	case result.Kept != "":
		p.note("kept in %s", p.show(result.Kept))
	case result.Venv != "":
		p.note("the venv is in %s", p.show(result.Venv))
	}
	return nil
}

// end prints what is printed once, and says whether all is well.
func (p *proofs) end() error {
	if p.json {
		if err := p.printJSON(); err != nil {
			return err
		}
	}
	if err := p.tellActions(p.done); err != nil {
		return err
	}
	name := filepath.Base(p.chosen.path)
	switch {
	case len(p.refused) > 0:
		return fault.New(fault.Refused, "not-proven", "%s is refused for Python %s: %s",
			name, strings.Join(p.refused, ", "), failures(p.findings)).
			WithHint("each FAIL line above says what to do")
	case len(p.unable) > 0:
		return fault.New(fault.Unable, "not-all-proven", "%s was not proven for Python %s", name, strings.Join(p.unable, ", ")).
			WithHint("what was printed above says why; the other Pythons passed")
	}
	return nil
}

// printJSON prints the one validation, or all of several.
func (p *proofs) printJSON() error {
	if len(p.pythons) == 1 && len(p.done) == 1 {
		return p.done[0].JSON(p.stdout)
	}
	return report.Validations(p.stdout, p.done)
}

func failures(findings []finding.Finding) string {
	n := 0
	for _, f := range findings {
		if f.Severity == finding.Fail {
			n++
		}
	}
	if n == 1 {
		return "1 check failed"
	}
	return fmt.Sprintf("%d checks failed", n)
}

// keepVerdict writes the verdict beside the tarball, with the proofs of other
// interpreters on the same bytes. A folder that cannot be written to does not
// undo the proof: that is said, and the verdict is only printed. So is a verdict
// that is signed with the tarball.
func (s *session) keepVerdict(ctx context.Context, tarball string, result *validate.Result) error {
	// Proofs for two interpreters may end at once. The tarball is what both of
	// them have; where it cannot be locked, one proof may be lost.
	if unlock, err := atomicfile.Lock(ctx, tarball); err == nil {
		defer unlock()
	}
	path := tarball + ".verdict.json"
	if _, err := os.Lstat(path); err == nil && provenance.Signed(tarball) {
		s.note("the verdict is not kept: %s is signed, and stays as it is", s.show(path))
		return nil
	}
	v := verdict.Verdict{Version: 1, Tarball: result.Inventory.Name, SHA256: result.Inventory.SHA256}
	if data, err := readSmall(path); err == nil {
		old, err := verdict.Parse(data, path)
		if err == nil && old.SHA256 == v.SHA256 {
			v = old
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		s.note("the old verdict is replaced: %v", err)
	}
	text, err := v.With(result.Proof, s.now()).Encode()
	if err != nil {
		return err
	}
	if err := atomicfile.Write(path, text, 0o644); err != nil {
		s.note("the verdict is not kept: writing %s: %v", s.show(path), err)
	}
	return nil
}
