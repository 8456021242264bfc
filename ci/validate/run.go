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
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// errTooMuch is the error of wheels whose METADATA goes beyond all bounds.
var errTooMuch = fault.New(fault.Refused, "too-many-requirements",
	"the wheels' METADATA together hold more than %d requirements or %d MiB", requirementLines, requirementBytes>>20)

// mostFindings bounds a verdict; somebody's METADATA could fill it.
const mostFindings = 1000

// Run checks the tarball, then proves it: see the package's manual. Findings
// are in the Result, and Result.Failed tells the verdict; an error is what kept
// it from being done at all: that of reading the tarball (package wheelhouse),
// of the interpreter (package python), no-isolation, no-tests-folder, or ctx's.
// What is temporary is removed before it returns.
func Run(ctx context.Context, o Options) (result *Result, err error) {
	o = o.withDefaults()
	if err := checkOptions(o); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp(o.TempDir, "wheelhouse-validate-") // mode 0700
	if err != nil {
		return nil, fault.New(fault.Unable, "no-temporary-folder", "making a temporary folder: %w", err)
	}
	r := &run{o: o, started: o.Now(), temp: temp, result: &Result{}}
	defer func() { result, err = r.end(ctx, err) }()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	return nil, r.do(inner)
}

// run is one Run under way.
type run struct {
	o       Options
	started time.Time
	temp    string
	result  *Result
	// sums are the wheels' sha256 by file name.
	sums map[string]string
	// unread are the findings about METADATA.
	unread []finding.Finding
	oracle *python.Oracle
	env    python.Environment
	venv   python.Venv
	// isolation says why a command cannot be run without a network here; nil
	// when it can.
	isolation error
}

func checkOptions(o Options) error {
	if o.Network != "prefer" && o.Network != "require" {
		return fault.New(fault.Usage, "bad-network", "validate.network is %q, neither prefer nor require", o.Network)
	}
	if o.Tests == "" {
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

func (r *run) do(ctx context.Context) error {
	if err := r.look(ctx); err != nil || r.result.Failed() {
		return err
	}
	return r.prove(ctx)
}

// look reads the tarball and asks the interpreter at the same time (of two
// failures the tarball's is told), then checks.
func (r *run) look(ctx context.Context) error {
	defer r.step("reading %s", filepath.Base(r.o.Tarball))()
	if err := together(ctx, r.read, r.ready, r.isolate); err != nil {
		return err
	}
	return r.check(ctx)
}

// read reads the tarball, its wheels and what lies beside it.
func (r *run) read(ctx context.Context) error {
	dir := filepath.Join(r.temp, "wheels")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fault.New(fault.Unable, "no-temporary-folder", "making a folder for the wheels: %w", err)
	}
	inv, err := wheelhouse.Read(ctx, r.o.Tarball, wheelhouse.ReadOptions{Limits: r.o.Limits, Extract: dir})
	if err != nil {
		return err
	}
	r.result.Inventory = inv
	r.sums = make(map[string]string, len(inv.Wheels))
	for _, w := range inv.Wheels {
		r.sums[w.Name] = w.SHA256
	}
	r.result.Metadata, r.unread, err = inspect(ctx, dir, inv.Wheels)
	return err
}

// ready finds the interpreter, then starts its helper and makes the virtual
// environment at the same time.
func (r *run) ready(ctx context.Context) error {
	i, err := python.Find(ctx, python.Search{Want: r.o.Python, Environ: r.o.Environ, Typed: r.o.Typed})
	if err != nil {
		return err
	}
	r.result.Interpreter = i
	r.oracle = python.Start(ctx, i)
	return together(ctx, func(context.Context) (err error) {
		r.env, err = r.oracle.Environment()
		return err
	}, func(ctx context.Context) (err error) {
		dir := r.o.Venv
		if dir == "" {
			dir = filepath.Join(r.temp, "venv")
		}
		r.venv, err = python.NewVenv(ctx, i, dir)
		return err
	})
}

func (r *run) isolate(ctx context.Context) error {
	r.isolation = command.Isolation(ctx)
	return nil
}

// check applies every rule that needs no installation.
func (r *run) check(ctx context.Context) error {
	inv, o := r.result.Inventory, r.o
	var files []string
	for _, w := range inv.Wheels {
		files = append(files, w.Name)
	}
	r.passes("tarball", fmt.Sprintf("%s, %s, sha256 %s", count(len(files), "wheel"), megabytes(inv.Size), inv.SHA256),
		slices.Concat(r.unread, names(r.result.Metadata), Duplicates(files)))

	r.beside()
	roots, constraints, found := rootsOf(o, files)
	r.passes("packages", packageNames(o.Packages), found)
	asked := len(roots)
	if o.Tests != "" {
		root, found := testRoot(files)
		r.passes("", "", found)
		if len(found) == 0 {
			roots = append(roots, root)
		}
	}
	r.passes("", "", slices.Concat(ignored(o), unfounded(o, asked)))
	return r.close(ctx, roots, constraints)
}

// beside checks the record and the lock.
func (r *run) beside() {
	rec, path, found := record(r.o, r.result.Inventory)
	text := ""
	if rec != nil {
		text = filepath.Base(path) + " agrees with the tarball"
	}
	r.result.Record = rec
	r.passes("record", text, found)

	l, found := lockOf(r.o, r.result.Inventory)
	text = ""
	if l != nil {
		text = "it is this tarball's"
	}
	r.result.Lock = l
	r.passes("lock", text, found)
}

// close asks the interpreter, walks the closure and holds hashes against it.
func (r *run) close(ctx context.Context, roots, constraints []Root) error {
	q := NewQuestion(roots, constraints, r.result.Metadata)
	a, err := r.oracle.Ask(q)
	if err != nil {
		return err
	}
	if len(a.Judgements) != len(q.Lines) {
		return fault.New(fault.Unable, "python-broken", "%s judged %d of %d requirements", r.result.Interpreter.Path, len(a.Judgements), len(q.Lines))
	}
	w := World{
		Roots: roots, Constraints: constraints, Wheels: r.result.Metadata, Question: q, Answer: a,
		Tags: r.env.Tags, Interpreter: "Python " + r.version() + " on " + r.env.Platform,
	}
	reached, found := Closure(w)
	r.result.Reached = reached
	r.passes("requirements", fmt.Sprintf("%s reach %s, all there", count(len(roots), "root"), count(len(reached), "wheel")), found)
	if len(reached) == 0 && !finding.Failed(r.result.Findings) {
		r.passes("", "", []finding.Finding{{
			Code: "no-roots", Severity: finding.Fail, Subject: r.result.Inventory.Name,
			Message: "no requirement applies to this interpreter, so nothing would be proved",
		}})
	}
	hashed := slices.ContainsFunc(roots, func(root Root) bool { return len(root.SHA256) > 0 })
	text := ""
	if hashed {
		text = "the wheels are those that the requirements list"
	}
	r.passes("hashes", text, hashes(w, reached, r.sums, r.result.Lock))
	r.passes("", "", notNeeded(r.result.Inventory.Name, r.result.Inventory.Wheels, reached))
	return ctx.Err()
}

// unfounded reports that there are no requirements, or nothing to prove at all.
func unfounded(o Options, roots int) []finding.Finding {
	var found []finding.Finding
	if o.Requirements == nil {
		found = append(found, finding.Finding{
			Code: "requirements-missing", Severity: finding.Warn, Subject: filepath.Base(o.Tarball),
			Message: "no requirements travel with it and the repository has none: the critical packages alone are asked for",
		})
	}
	if roots == 0 && len(o.Packages) == 0 {
		found = append(found, finding.Finding{
			Code: "no-roots", Severity: finding.Fail, Subject: filepath.Base(o.Tarball),
			Message: "neither requirements nor critical packages ask for anything, so nothing would be proved",
			Hint:    "name requirements or packages",
		})
	}
	return found
}

func packageNames(packages []requirements.Requirement) string {
	var texts []string
	for _, p := range packages {
		texts = append(texts, p.String())
	}
	return listed(texts)
}

// passes adds a check's findings, and its line when none of them fails and
// there is a text.
func (r *run) passes(check, text string, found []finding.Finding) {
	r.result.Findings = append(r.result.Findings, found...)
	if text != "" && !finding.Failed(found) {
		r.result.Passed = append(r.result.Passed, Passed{Check: check, Text: text})
	}
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
	if cause := ctx.Err(); cause != nil {
		err = fmt.Errorf("validating %s: %w", r.o.Tarball, cause)
	}
	keep := r.o.Keep && err == nil
	if !keep {
		if e := os.RemoveAll(r.temp); e != nil && err == nil {
			err = fault.New(fault.Unable, "cleanup-failed", "removing temporary files: %w", e)
		}
	}
	if err != nil {
		return nil, err
	}
	res := r.result
	if keep {
		res.Kept, res.Venv = r.temp, r.venv.Dir
	}
	if r.o.Venv != "" {
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
	p.Python, p.Platform = r.version(), r.env.Platform
	p.Result = "PASS"
	if r.result.Failed() {
		p.Result = "FAIL"
	}
	if p.Isolation == "" {
		p.Isolation = "none: nothing was run"
	}
	p.Findings = append([]finding.Finding{}, r.result.Findings...)
	p.DurationMillis = r.o.Now().Sub(r.started).Milliseconds()
}
