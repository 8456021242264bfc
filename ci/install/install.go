package install

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Options say what Run installs, and where. All but Editable, Installer,
// Network, TempDir, Limits, Tell and Step are required.
type Options struct {
	// Tarball is the path of the wheelhouse, Inventory what was validated of
	// it: a tarball with other bytes is refused.
	Tarball   string
	Inventory *wheelhouse.Inventory
	Limits    wheelhouse.Limits
	// Wheels are what is installed, Requirements the same as the derived file
	// that installers get, with hashes.
	Wheels       []Wheel
	Requirements string
	// Dir is the venv's folder.
	Dir string
	// Python is the path of the interpreter that was validated: of a venv that
	// is there, its own. Environment is what it said of itself.
	Python      string
	Environment python.Environment
	// Installer is "pip" or "uv"; empty: "pip".
	Installer string
	// Network is "require" or "prefer", as for a proof; empty: "prefer".
	Network string
	// Editable is the folder of a project to install in editable mode, once
	// the wheels are; empty: none.
	Editable string
	// Environ is the environment of the installer's, cleaned.
	Environ []string
	// TempDir is where temporary files go; empty: os.TempDir.
	TempDir string
	// Tell is told the plan before anything is changed; may be nil.
	Tell func(Plan)
	// Step is told each long step as it begins, and gives a function that ends
	// it; may be nil.
	Step func(text string) (done func())
}

// Result is what was done.
type Result struct {
	// Venv is the folder, Python its interpreter, Installer's name and version.
	Venv, Python, Installer string
	// Created tells a fresh venv from one that was there.
	Created bool
	Plan    Plan
	// NotIsolated says why the installer could have reached a network; nil
	// when it could not.
	NotIsolated error
	// Unfit is what the installer's check says of a venv that did not fit
	// together before, and does not now; nil: it does.
	Unfit error
}

// Run installs. It changes nothing when there is nothing to change, and leaves
// things as they were when it fails or ctx ends; where that could not be done
// the error says so.
func Run(ctx context.Context, o Options) (r Result, err error) {
	temp, err := os.MkdirTemp(o.TempDir, "wheelhouse-install-")
	if err != nil {
		return r, noTemporary(err)
	}
	defer func() {
		if e := os.RemoveAll(temp); e != nil && err == nil {
			err = fault.New(fault.Unable, "cleanup-failed", "removing temporary files: %w", e)
		}
	}()
	j := &job{Options: o, temp: temp}
	if err := j.prepare(ctx); err != nil {
		return r, err
	}
	if j.plan.Nothing() && j.there && o.Editable == "" {
		return j.result(), nil
	}
	if o.Tell != nil {
		o.Tell(j.plan)
	}
	if err := j.unpack(ctx); err != nil {
		return r, err
	}
	if j.there {
		err = j.into(ctx)
	} else {
		err = j.fresh(ctx)
	}
	switch {
	case err == nil:
		return j.result(), nil
	case ctx.Err() != nil && fault.Code(err) != "venv-changed":
		err = fmt.Errorf("installing into %s: %w", o.Dir, ctx.Err())
	}
	return r, err
}

// job is one Run under way.
type job struct {
	Options
	temp      string
	installer python.Installer
	venv      python.Venv
	there     bool
	plan      Plan
	isolation error
	unfit     error
}

func (j *job) result() Result {
	return Result{
		Venv: j.venv.Dir, Python: j.venv.Python, Installer: j.installer.Name(), Created: !j.there, Plan: j.plan,
		NotIsolated: j.isolation, Unfit: j.unfit,
	}
}

func (j *job) step(text string) (done func()) {
	if j.Step == nil {
		return func() {}
	}
	return j.Step(text)
}

func noTemporary(err error) error {
	return fault.New(fault.Unable, "no-temporary-folder", "making a temporary folder: %w", err).
		WithHint("TMPDIR names the folder for temporary files: it must be there and writable")
}

// prepare finds out what there is to do and what does it; it changes nothing.
func (j *job) prepare(ctx context.Context) (err error) {
	if j.venv, j.there, err = python.OpenVenv(j.Dir); err != nil {
		return err
	}
	tmp := filepath.Join(j.temp, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		return noTemporary(err)
	}
	// What the installer leaves there because it was killed goes with ours.
	environ := append(slices.Clone(j.Environ), "TMPDIR="+tmp, "TMP="+tmp, "TEMP="+tmp)
	i, err := python.Find(ctx, python.Search{Want: j.Python, Environ: environ})
	if err != nil {
		return err
	}
	j.isolation = command.Loopback(ctx, i.Path)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if j.isolation != nil && j.Network == "require" {
		return fault.New(fault.Unable, "no-isolation", "taking the network away from the installer: %w", j.isolation).
			WithHint("validate.network = \"prefer\" runs it nevertheless")
	}
	j.installer = python.Installer{
		Interpreter: i, Environment: j.Environment, NoNetwork: j.isolation == nil, Cache: filepath.Join(j.temp, "cache"),
	}
	if j.Installer == "uv" {
		uv, err := python.FindUV(ctx, i)
		if err != nil {
			return err
		}
		j.installer.UV = &uv
	}
	installed := map[string]string{}
	if j.there {
		if installed, err = j.installer.Installed(ctx, j.venv); err != nil {
			return err
		}
	}
	j.plan = planOf(j.Wheels, installed)
	return nil
}

// unpack lays the wheels out for the installer, from the very bytes that were
// validated.
func (j *job) unpack(ctx context.Context) error {
	defer j.step("reading " + filepath.Base(j.Tarball))()
	if err := os.Mkdir(j.wheels(), 0o700); err != nil {
		return noTemporary(err)
	}
	inv, err := wheelhouse.Read(ctx, j.Tarball, wheelhouse.ReadOptions{Limits: j.Limits, Extract: j.wheels()})
	if err != nil {
		return err
	}
	if inv.SHA256 != j.Inventory.SHA256 {
		return fault.New(fault.Refused, "tar-changed", "installing from %s: it was changed while it was looked at", j.Tarball).
			WithHint("do it again once nobody writes to it")
	}
	if err := os.WriteFile(j.requirements(), []byte(j.Requirements), 0o600); err != nil {
		return noTemporary(err)
	}
	return nil
}

func (j *job) wheels() string       { return filepath.Join(j.temp, "wheels") }
func (j *job) requirements() string { return filepath.Join(j.temp, "requirements.txt") }

// fresh makes the venv; a half one does not stay.
func (j *job) fresh(ctx context.Context) (err error) {
	done := j.step("making the virtual environment " + j.Dir)
	j.venv, err = j.installer.NewVenv(ctx, j.Dir)
	done()
	if err != nil {
		return err
	}
	if err = j.work(ctx); err == nil {
		err = j.installer.Check(ctx, j.venv)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		if err = j.venv.Settle(); err != nil {
			err = fault.New(fault.Unable, "no-venv", "finishing the virtual environment %s: %w", j.Dir, err)
		}
	}
	if err != nil {
		j.venv.Remove()
	}
	return err
}

// into installs into a venv that was there; what fails puts back what was.
func (j *job) into(ctx context.Context) error {
	before := j.installer.Check(ctx, j.venv)
	if err := unable(ctx, before); err != nil {
		return err
	}
	done := j.step("keeping what is in " + j.Dir)
	kept, err := keep(ctx, j.venv.Dir)
	done()
	if err != nil {
		return err
	}
	err = j.work(ctx)
	if err == nil {
		err = j.installer.Check(ctx, j.venv)
		if before != nil && unable(ctx, err) == nil {
			j.unfit, err = err, nil // it was so before
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		kept.drop()
		return nil
	}
	return kept.putBack(err)
}

// work installs the wheels, then the project.
func (j *job) work(ctx context.Context) error {
	if !j.plan.Nothing() || !j.there {
		done := j.step(fmt.Sprintf("installing %d wheels with %s", len(j.Wheels), j.installer.Name()))
		err := j.installer.Install(ctx, j.venv, j.requirements(), j.wheels())
		done()
		if err != nil {
			return err
		}
	}
	if j.Editable == "" {
		return nil
	}
	defer j.step("installing " + j.Editable + " in editable mode")()
	return j.installer.Editable(ctx, j.venv, j.Editable)
}

// unable gives an error that is no refusal.
func unable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := fault.As(err); ok && e.ExitStatus() == fault.Refused {
		return nil
	}
	return err
}
