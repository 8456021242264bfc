package validate

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

// errTooMuch is the error of wheels whose METADATA goes beyond all bounds.
var errTooMuch = fault.New(fault.Refused, "too-many-requirements",
	"the wheels' METADATA together hold more than %d requirements or %d MiB", requirementLines, requirementBytes>>20)

// mostFindings bounds a verdict; somebody's METADATA could fill it.
const mostFindings = 1000

// Run checks the tarball, then proves it: see the package's manual. Findings
// are in the Result, and Result.Failed tells the verdict; an error is what kept
// it from being done at all: that of reading the tarball (package wheelhouse),
// of the interpreter (package python) or its container (package container),
// no-isolation, no-tests-folder, tar-changed, or ctx's.
// What is temporary is removed before it returns.
func Run(ctx context.Context, o Options) (result *Result, err error) {
	err = All(ctx, o, []string{o.Python}, func(_ string, r *Result, err error) error {
		result = r
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// All is Run with each of the Pythons in turn, whatever Options.Python says;
// the tarball is read once, and its wheels are held against their RECORDs once.
// done is told what came of each: a result, or the error that kept it from being
// done with that Python. An error of done's ends All and is returned, as is one
// that has nothing to do with the interpreter: of the options, of the tarball, of
// removing what is temporary, or ctx's. Code, besides Run's: several-pythons.
func All(ctx context.Context, o Options, pythons []string, done func(python string, r *Result, err error) error) (err error) {
	o = o.withDefaults()
	if err := checkOptions(o); err != nil {
		return err
	}
	if len(pythons) > 1 && o.Venv != "" {
		return fault.New(fault.Usage, "several-pythons", "one virtual environment cannot be made with %d Pythons: %s", len(pythons), o.Venv).
			WithHint("name one Python, or leave the folder out")
	}
	s, err := newSource(ctx, o)
	if err != nil {
		return err
	}
	kept := false
	defer func() {
		keep := kept && err == nil && ctx.Err() == nil
		if e := s.close(keep); e != nil && err == nil {
			err = e
		}
		if cause := ctx.Err(); cause != nil {
			err = fmt.Errorf("validating %s: %w", o.Tarball, cause)
		}
	}()
	for n, python := range pythons {
		o.Python = python
		r := &run{o: o, source: s, temp: s.temp, result: &Result{}}
		if len(pythons) > 1 || o.Image != "" {
			r.temp, r.inside = filepath.Join(s.temp, fmt.Sprintf("python-%d", n+1)), true
		}
		result, err := r.run(ctx)
		if s.wait() != nil || ctx.Err() != nil {
			return err // no interpreter's
		}
		kept = kept || result != nil && result.Kept != ""
		if err := done(python, result, err); err != nil {
			return err
		}
	}
	return nil
}

// run is one proof under way.
type run struct {
	o Options
	*source
	started time.Time
	temp    string // the folder of what is temporary and this proof's own
	inside  bool   // temp lies in the source's, and goes before that
	place   place
	result  *Result
	oracle  *python.Oracle
	env     python.Environment
	// installer makes the virtual environment and installs into it.
	installer python.Installer
	venv      python.Venv
	// isolation says why a command cannot be run without a network here; nil
	// when it can.
	isolation error
}

func checkOptions(o Options) error {
	if o.Network != "prefer" && o.Network != "require" {
		return fault.New(fault.Usage, "bad-network", "validate.network is %q, neither prefer nor require", o.Network)
	}
	if err := checkRules(o); err != nil {
		return err
	}
	if o.Installer != "pip" && o.Installer != "uv" {
		return fault.New(fault.Usage, "bad-installer", "the installer is %q, neither pip nor uv", o.Installer)
	}
	if o.Tests == "" || o.Static {
		return nil
	}
	info, err := os.Stat(o.Tests)
	if err == nil && !info.IsDir() {
		err = fs.ErrInvalid
	}
	if err != nil {
		return fault.New(fault.Usage, "no-tests-folder", "looking for the folder of the tests: %w", err).
			WithHint("the setting validate.tests names it; empty means no tests")
	}
	return nil
}

// run does the whole proof.
func (r *run) run(ctx context.Context) (result *Result, err error) {
	r.started = r.o.Now()
	defer func() { result, err = r.end(ctx, err) }()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	if r.inside {
		if err := os.Mkdir(r.temp, 0o700); err != nil {
			return nil, fault.New(fault.Unable, "no-temporary-folder", "making a folder for temporary files: %w", err)
		}
	}
	return nil, r.do(inner)
}

// do applies the rules, then installs and tests. Meanwhile the wheels are held
// against their RECORDs; the verdict waits for that.
func (r *run) do(ctx context.Context) error {
	if r.o.Static {
		r.hash()
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	r.hash()
	if !r.o.Static && !r.result.Failed() {
		if err := r.prove(ctx); err != nil {
			return err
		}
	}
	found, err := r.records()
	if err != nil {
		return err
	}
	r.passes("contents", r.recordText(), found)
	return nil
}

// recordText tells what the wheels were held against.
func (r *run) recordText() string {
	text := count(len(r.inventory.Wheels), "wheel") + " as their RECORDs have them"
	if r.o.NoRecord {
		text += ": names and sizes, no hashes"
	}
	return text
}

// look reads the tarball and asks the interpreter at the same time (of two
// failures the tarball's is told), then checks.
func (r *run) look(ctx context.Context) error {
	defer r.step("reading %s", filepath.Base(r.o.Tarball))()
	if err := together(ctx, r.read, r.ready); err != nil {
		return err
	}
	r.passes("", "", r.place.passed)
	return r.check(ctx)
}

// read waits for the tarball and its wheels.
func (r *run) read(context.Context) error {
	if err := r.wait(); err != nil {
		return err
	}
	r.result.Inventory, r.result.Metadata = r.inventory, r.metadata
	return nil
}

// ready finds the interpreter, then starts its helper, makes the virtual
// environment and tries whether the network can be taken away, all at the same
// time.
func (r *run) ready(ctx context.Context) error {
	environ, err := r.environ()
	if err != nil {
		return err
	}
	i, err := r.find(ctx, python.Search{Want: r.o.Python, Environ: environ, Typed: r.o.Typed})
	if err != nil {
		return err
	}
	r.result.Interpreter = i
	r.oracle = python.Start(ctx, i)
	return together(ctx, func(context.Context) (err error) {
		r.env, err = r.oracle.Environment()
		return err
	}, func(ctx context.Context) (err error) {
		if r.o.Static {
			return nil
		}
		dir := r.o.Venv
		if dir == "" {
			dir = filepath.Join(r.temp, "venv")
		}
		if err = r.choose(ctx, i); err == nil {
			r.venv, err = r.installer.NewVenv(ctx, dir)
		}
		return err
	}, func(ctx context.Context) error {
		if !r.o.Static && r.o.Image == "" {
			r.isolation = command.Loopback(ctx, i.Path)
		}
		return nil
	})
}

// choose makes the installer that the options name.
func (r *run) choose(ctx context.Context, i python.Interpreter) error {
	r.installer = python.Installer{Interpreter: i}
	if r.o.Installer != "uv" {
		return nil
	}
	uv, err := python.FindUV(ctx, i)
	if err != nil {
		return err
	}
	r.installer.UV, r.installer.Cache = &uv, filepath.Join(r.temp, "cache")
	return nil
}

// environ is the environment of every child: what they leave in the folder for
// temporary files, because they were killed, goes with ours.
func (r *run) environ() ([]string, error) {
	dir := filepath.Join(r.temp, "tmp")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fault.New(fault.Unable, "no-temporary-folder", "making a folder for temporary files: %w", err)
	}
	return append(slices.Clone(r.o.Environ), "TMPDIR="+dir, "TMP="+dir, "TEMP="+dir), nil
}

func (r *run) step(format string, args ...any) (done func()) {
	return r.o.Step(fmt.Sprintf(format, args...))
}

// version gives the interpreter's whole version, with "t" when free-threaded.
func (r *run) version() string {
	i := r.result.Interpreter
	if i.FreeThreaded {
		return i.Version + "t"
	}
	return i.Version
}

// end completes the result and removes what is temporary.
func (r *run) end(ctx context.Context, err error) (*Result, error) {
	if r.oracle != nil {
		r.oracle.Close()
	}
	err = r.leave(ctx, err)
	if cause := ctx.Err(); cause != nil {
		err = fmt.Errorf("validating %s: %w", r.o.Tarball, cause)
	}
	keep := r.o.Keep && err == nil
	if r.inside && !keep {
		if e := removeAll(r.temp); e != nil && err == nil {
			err = fault.New(fault.Unable, "cleanup-failed", "removing temporary files: %w", e)
		}
	}
	// A venv that was asked for and holds nothing, or half of it, is not what
	// was asked for.
	named := r.o.Venv != "" && r.venv.Dir != ""
	if named && (err != nil || r.result.Proof.Installer == "") {
		r.venv.Remove()
		named = false
	}
	if !named {
		r.place.unmake()
	}
	if err != nil {
		return nil, err
	}
	res := r.result
	if keep {
		res.Kept = r.temp
	}
	if keep && r.o.Venv == "" || named {
		res.Venv = r.venv.Dir
	}
	if n := len(res.Findings); n > mostFindings {
		// Failures stay: the verdict must not hang on what is cut off.
		slices.SortStableFunc(res.Findings, func(a, b finding.Finding) int { return weight(a) - weight(b) })
		res.Findings = append(res.Findings[:mostFindings:mostFindings], finding.Finding{
			Code: "more-findings", Severity: finding.Info, Subject: res.Inventory.Name,
			Message: fmt.Sprintf("%d more findings are left out", n-mostFindings),
		})
	}
	r.seal()
	return res, nil
}

func weight(f finding.Finding) int {
	return slices.Index([]finding.Severity{finding.Fail, finding.Warn, finding.Info}, f.Severity)
}

// seal fills the proof's fields that every end has in common.
func (r *run) seal() {
	p := &r.result.Proof
	p.Python, p.Platform, p.Image = r.version(), r.env.Platform, r.o.Image
	p.Result = "PASS"
	if r.result.Failed() {
		p.Result = "FAIL"
	}
	switch {
	case p.Isolation != "":
	case r.place.isolation != "":
		p.Isolation = r.place.isolation
	default:
		p.Isolation = "none: nothing was run"
	}
	p.Findings = append([]finding.Finding{}, r.result.Findings...)
	p.DurationMillis = r.o.Now().Sub(r.started).Milliseconds()
}
