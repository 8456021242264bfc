package validate

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// check applies every rule that needs no installation.
func (r *run) check(ctx context.Context) error {
	inv, o := r.result.Inventory, r.o
	files := fileNames(inv.Wheels)
	r.passes("tarball", fmt.Sprintf("%s, %s, sha256 %s", count(len(files), "wheel"), megabytes(inv.Size), inv.SHA256),
		slices.Concat(r.unread, names(r.contents), Duplicates(files), notPortable(files)))

	r.beside()
	roots, constraints, found := rootsOf(o, files, sdists(inv.Members))
	r.passes("packages", packageNames(o.Packages, files), found)
	asked := len(roots)
	if o.Tests != "" && !o.Static {
		root, found := testRoot(files, sdists(inv.Members))
		r.passes("", "", found)
		if len(found) == 0 {
			roots = append(roots, root)
		}
	}
	r.passes("", "", slices.Concat(ignored(o), unfounded(o, asked)))
	return r.close(ctx, roots, constraints)
}

// fileNames gives the wheels' file names.
func fileNames(wheels []wheelhouse.File) []string {
	files := make([]string, len(wheels))
	for i, w := range wheels {
		files[i] = w.Name
	}
	return files
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
	sources := sdists(r.result.Inventory.Members)
	q := NewQuestion(roots, constraints, r.result.Metadata, sources...)
	left, known := dormant(q)
	a, err := r.oracle.Ask(left)
	if err != nil {
		return err
	}
	if len(a.Judgements) != len(left.Lines) {
		return fault.New(fault.Unable, "python-broken", "%s judged %d of %d requirements", r.result.Interpreter.Path, len(a.Judgements), len(left.Lines))
	}
	a = complete(q, a, known)
	w := World{
		Roots: roots, Constraints: constraints, Wheels: r.result.Metadata, Sdists: sources, Question: q, Answer: a,
		Tags: r.env.Tags, Interpreter: "Python " + r.version() + " on " + r.env.Platform,
	}
	r.result.World, r.result.Environment = w, r.env
	reached, found := Closure(w)
	r.result.Reached = reached
	text := ""
	if len(reached) > 0 {
		text = fmt.Sprintf("%s reached from %s, all there", count(len(reached), "wheel"), count(len(roots), "root"))
	}
	r.passes("requirements", text, found)
	if len(reached) == 0 && !finding.Failed(r.result.Findings) {
		r.passes("", "", []finding.Finding{{
			Code: "no-roots", Severity: finding.Fail, Subject: r.result.Inventory.Name,
			Message: "no requirement applies to this interpreter, so nothing would be proved",
		}})
	}
	hashed := slices.ContainsFunc(roots, func(root Root) bool { return len(root.SHA256) > 0 })
	text = ""
	if hashed && !finding.Failed(found) {
		text = "the wheels are those that the requirements list"
	}
	r.passes("hashes", text, hashes(w, reached, r.sums, r.result.Lock))
	inv := r.result.Inventory
	r.passes("", "", unreached(inv.Name, inv.Wheels, reached))
	r.passes("", "", glibcFloor(inv.Name, fileNames(inv.Wheels), reached, newTagList(w.Tags), r.o.GLIBC))
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

// packageNames gives the critical packages that there are wheels of: one with a
// marker may have none.
func packageNames(packages []requirements.Requirement, wheels []string) string {
	var texts []string
	for _, p := range packages {
		if len(Critical([]requirements.Requirement{{Project: p.Project}}, wheels)) == 0 {
			texts = append(texts, p.Redacted())
		}
	}
	return listed(texts)
}

// passes adds a check's findings, and its line when none of them fails and
// there is a text.
func (r *run) passes(check, text string, found []finding.Finding) {
	found = Downgrade(found, r.o.Warn)
	r.result.Findings = append(r.result.Findings, found...)
	if text != "" && !finding.Failed(found) {
		r.result.Passed = append(r.result.Passed, finding.Passed{Check: check, Text: text})
	}
}
