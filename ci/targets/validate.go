package targets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"mvdan.cc/sh/v3/shell"

	"github.com/wheelhouse-ci/wheelhouse/ci/archive"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/validate"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

// Validate proves that a Python without network runs from it.
//
// It takes -tar, else the newest of the tarball built here and those fetched,
// else the newest archived; with -fetch, what CI built last. It checks the
// tarball, its record and its wheels against the requirements, installs them
// into a fresh venv without network, runs `pip check` and the smoke tests, and
// writes <tarball>.verdict.json.
func Validate(ctx context.Context,
	tar *string, // the tarball (default: the newest at hand)
	fetch *bool, // fetch the newest good one first, and take that (default: false)
	venv *string, // make the venv here and keep it (default: a temporary one)
	packages *string, // critical packages, by commas or spaces (default: the setting validate.packages)
	python *string, // version or path of the Python (default: the setting python)
	requirements *string, // requirements file (default: those that travel with the tarball, else the setting requirements)
	pytest *string, // pytest's arguments (default: -k smoke)
	json *bool, // print the findings and the proof as an object (default: lines)
	keep *bool, // keep the temporary venv and say where it is (default: false)
) error {
	return begin(ctx, "validate", func(ctx context.Context, s *session) error {
		if err := errors.Join(
			s.option("packages", packages, "validate.packages"),
			s.option("python", python, "python"),
			s.option("requirements", requirements, "requirements"),
		); err != nil {
			return err
		}
		asked, err := s.path("tar", tar)
		if err != nil {
			return err
		}
		o := validateOptions{json: on(json), keep: on(keep), ownRequirements: requirements != nil}
		if o.venv, err = s.path("venv", venv); err != nil {
			return err
		}
		if pytest != nil {
			if o.pytest, err = shell.Fields(*pytest, func(string) string { return "" }); err != nil {
				return fault.New(fault.Usage, "bad-pytest", "validate: reading -pytest=%q: %w", *pytest, err)
			}
			o.pytest = slices.Clip(append([]string{}, o.pytest...)) // given empty means none, not the default
		}
		if on(fetch) && asked != "" {
			return fault.New(fault.Usage, "tar-and-fetch", "validate: -tar and -fetch each name a tarball").
				WithHint("leave one of them out")
		}
		choose := s.choose
		if on(fetch) {
			choose = s.chooseFetched
		}
		chosen, err := choose(ctx, asked)
		if err != nil {
			return err
		}
		return s.validate(ctx, chosen, o)
	})
}

// chooseFetched fetches, as the settings say it, and takes what came of it.
func (s *session) chooseFetched(ctx context.Context, _ string) (choice, error) {
	want, err := s.want(nil, nil, nil)
	if err != nil {
		return choice{}, err
	}
	patience, _, err := s.patience(nil, nil)
	if err != nil {
		return choice{}, err
	}
	made, err := s.bring(ctx, fetchOptions{want: want, patience: patience})
	if err != nil {
		return choice{}, err
	}
	if err := s.noteMade(made); err != nil {
		return choice{}, err
	}
	return choice{path: s.show(filepath.Join(made.Path, made.Record.Tarball)), why: "fetched as run-" + made.Record.Run}, nil
}

// validateOptions are validate's options that are no settings.
type validateOptions struct {
	venv       string
	pytest     []string // nil: the default
	json, keep bool
	// ownRequirements: the person named the requirements, so none that travel
	// with the tarball are looked for.
	ownRequirements bool
}

// validate checks and proves the chosen tarball, prints what came of it and
// writes the verdict.
func (s *session) validate(ctx context.Context, chosen choice, o validateOptions) error {
	critical, err := s.packages()
	if err != nil {
		return err
	}
	s.note("validating %s (%s)", s.show(chosen.path), chosen.why)
	set, from, err := s.requirementsFor(chosen.path, o.ownRequirements)
	if err != nil {
		return err
	}
	result, err := validate.Run(ctx, validate.Options{
		Tarball: chosen.path, Requirements: set, RequirementsFrom: from, Packages: critical, Python: s.Python,
		Venv: o.venv, Keep: o.keep, Tests: s.Validate.Tests, Pytest: o.pytest,
		Network: s.Validate.Network, Limits: s.limits(), WheelLimits: s.wheelLimits(), Environ: s.environ,
		Warn: s.Validate.Warn, GLIBC: s.Validate.GLIBC, NoRecord: !s.Validate.Record,
		Step: s.steps.Step, Now: s.now, Typed: s.typed("validate"),
	})
	if err != nil {
		return err
	}
	if err := s.keepVerdict(ctx, chosen.path, result); err != nil {
		return err
	}
	if err := s.printVerdict(chosen, result, o.json); err != nil {
		return err
	}
	switch {
	case result.Kept != "":
		s.note("kept in %s", s.show(result.Kept))
	case result.Venv != "":
		s.note("the venv is in %s", s.show(result.Venv))
	}
	if !result.Failed() {
		return nil
	}
	return fault.New(fault.Refused, "not-proven", "%s is refused for Python %s: %s",
		filepath.Base(chosen.path), result.Interpreter.Version, failures(result.Findings)).
		WithHint("each FAIL line above says what to do")
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

// printVerdict prints the findings and what was proven.
func (s *session) printVerdict(chosen choice, result *validate.Result, json bool) error {
	shown := report.Validation{
		Tarball: result.Inventory.Name, SHA256: result.Inventory.SHA256, Size: result.Inventory.Size,
		Why: chosen.why, Python: result.Interpreter.Version,
		Passed: result.Passed, Findings: result.Findings, Proof: result.Proof,
	}
	if json {
		return shown.JSON(s.stdout)
	}
	shown.Why = "" // said when the work began
	return shown.Text(s.stdout)
}

// keepVerdict writes the verdict beside the tarball, with the proofs of other
// interpreters on the same bytes. A folder that cannot be written to does not
// undo the proof: that is said, and the verdict is only printed.
func (s *session) keepVerdict(ctx context.Context, tarball string, result *validate.Result) error {
	// Proofs for two interpreters may end at once. The tarball is what both of
	// them have; where it cannot be locked, one proof may be lost.
	if unlock, err := atomicfile.Lock(ctx, tarball); err == nil {
		defer unlock()
	}
	path := tarball + ".verdict.json"
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

// requirementsFor gives the requirements to hold the tarball against: those
// that the person named, else those that travel with it, else the
// repository's; nil where there are none. from names them for messages.
func (s *session) requirementsFor(tarball string, own bool) (set *requirements.Set, from string, err error) {
	if !own {
		// What is wrong with the record is for the checks to say.
		if record, err := readMeta(tarball + ".meta"); err == nil {
			set, err := s.travelling(tarball, record)
			if err != nil {
				return nil, "", err
			}
			if set != nil {
				return set, s.show(set.Path) + ", which travels with the tarball", nil
			}
		}
	}
	set, err = requirements.Load(s.Requirements, s.getenv)
	if fault.Code(err) == "requirements-missing" && !own {
		s.note("no requirements at %s: only the critical packages are proven", s.show(s.Requirements))
		return nil, "", nil
	}
	from = s.show(s.Requirements)
	if !own {
		from += ", the repository's"
	}
	return set, from, err
}

// travelling gives the requirements that lie with a tarball in its entry: the
// file there whose digest is the record's. nil: there is none.
func (s *session) travelling(tarball string, record meta.Record) (*requirements.Set, error) {
	beside := entry.Wheelhouse{Tarball: filepath.Base(tarball), Meta: tarball + ".meta"}
	path, err := archive.RequirementsFile(beside, record.RequirementsHash)
	if err != nil || path == "" {
		return nil, err
	}
	return requirements.Load(path, s.getenv)
}
