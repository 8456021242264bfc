package validate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

// prove installs the wheels reached into the virtual environment, then runs
// pip check and the tests at the same time: both only read it.
func (r *run) prove(ctx context.Context) error {
	if err := r.network(); err != nil {
		return err
	}
	text, err := derive(r.result.Reached, r.result.Metadata, r.sums)
	if err != nil {
		return err
	}
	file := filepath.Join(r.temp, "requirements.txt")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fault.New(fault.Unable, "no-temporary-folder", "writing the derived requirements: %w", err)
	}
	in := r.installer
	in.Environment, in.NoNetwork = r.env, r.isolation == nil
	found, err := r.install(ctx, in, file)
	if err != nil || found != nil {
		r.passes("", "", found)
		return err
	}
	return r.use(ctx, in)
}

// network decides whether the proof may run and says how isolated it is.
func (r *run) network() error {
	if r.place.container != nil {
		r.result.Proof.Isolation = r.place.isolation
		return nil
	}
	if r.isolation == nil {
		r.result.Proof.Isolation = "network-namespace"
		return nil
	}
	if r.o.Network == "require" {
		return fault.New(fault.Unable, "no-isolation", "taking the network away from install and tests: %w", r.isolation).
			WithHint("validate.network = \"prefer\" runs them nevertheless and says so in the verdict")
	}
	r.result.Proof.Isolation = "none: " + r.isolation.Error()
	r.passes("", "", []finding.Finding{{
		Code: "not-isolated", Severity: finding.Warn, Subject: "network",
		Message: "install and tests could have reached a network: " + r.isolation.Error(),
	}})
	return nil
}

// without ends a line that tells whether a network was there.
func (r *run) without() string {
	if r.isolation == nil {
		return "without network"
	}
	return "with the network there"
}

func (r *run) install(ctx context.Context, in python.Installer, file string) ([]finding.Finding, error) {
	n := len(r.result.Reached)
	r.result.Proof.Installer = in.Name()
	defer r.step("installing %s with %s, %s", count(n, "wheel"), in.Name(), r.without())()
	found, err := refusal(ctx, in.Install(ctx, r.venv, file, r.wheels()), "install")
	if err != nil || found != nil {
		return found, err
	}
	r.result.Proof.Installed = n
	r.passes("install", fmt.Sprintf("%s with %s, %s", count(n, "wheel"), in.Name(), r.without()), nil)
	return nil, nil
}

// use runs pip check and the tests.
func (r *run) use(ctx context.Context, in python.Installer) error {
	var checked, tested []finding.Finding
	var tests verdict.Tests
	check := func(ctx context.Context) (err error) {
		checked, err = refusal(ctx, in.Check(ctx, r.venv), "pip check")
		return err
	}
	test := func(ctx context.Context) (err error) {
		if r.o.Tests == "" {
			return nil
		}
		defer r.step("running %s in %s", r.pytest(), filepath.Base(r.o.Tests))()
		tests, err = python.Pytest(ctx, r.venv, r.o.Tests, r.o.Pytest, r.isolation == nil, nil)
		tested, err = refusal(ctx, err, "tests")
		return err
	}
	if err := together(ctx, check, test); err != nil {
		return err
	}
	r.result.Proof.Tests = tests
	r.passes("pip-check", "what is installed fits together", checked)
	text := ""
	if r.o.Tests != "" {
		text = fmt.Sprintf("%d passed, %d skipped: %s in %s, %s", tests.Passed, tests.Skipped, r.pytest(), filepath.Base(r.o.Tests), r.without())
	}
	r.passes("tests", text, tested)
	return nil
}

func (r *run) pytest() string {
	return strings.Join(append([]string{"pytest"}, r.o.Pytest...), " ")
}

// refusal makes an error that says no, and not that something could not be
// done, a finding. A command that ended because ctx did refused nothing.
func refusal(ctx context.Context, err error, subject string) ([]finding.Finding, error) {
	if err == nil {
		return nil, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if e, ok := fault.As(err); ok && e.ExitStatus() == fault.Refused {
		return []finding.Finding{failure(err, subject)}, nil
	}
	return nil, err
}
