package archive

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Submission is what Add puts into the archive.
type Submission struct {
	// Tarball's path; meta, lock and verdict are beside it. Required.
	Tarball string
	// Run id; required. See entry.ValidRun.
	Run string
	// Date of the entry, UTC; zero: the record's.
	Date time.Time
	// Lock is what to write when there is none beside the tarball; nil: none
	// is written.
	Lock func(*wheelhouse.Inventory) lock.Lock
	// Requirements with all that they include; nil: none. They are left out,
	// with a finding, where the record says that the tarball was built from
	// others, and where they hold a password: the archive lies in git.
	Requirements *requirements.Set
	// Limits on the tarball; zero fields mean the defaults.
	Limits wheelhouse.Limits
}

// Outcome of Add.
type Outcome struct {
	// Entry as it is now, read from its folder.
	Entry entry.Entry
	// Added: a new tarball came in. Renewed: a newer verdict, or papers or
	// signatures made since, came in. Restored: the tarball was damaged beside its record (of the wrong
	// size, or no file), and was put back. None of them: it was all there
	// already; a tarball that was removed from its entry stays removed.
	Added, Renewed, Restored bool
	// Findings tell what was left out, and why; warnings all.
	Findings []finding.Finding
}

// Archive is one archive folder.
type Archive struct {
	// Dir is the folder; it is made when something is added.
	Dir string
	// Owner is whom to ask, for the generated texts; empty: nobody is named.
	Owner string
	// Typed gives a target's name as the person types it, for hints; nil: its
	// plain name, "meta".
	Typed func(target string) string

	// disk is what changes the archive; nil: the file system. Tests alone set
	// it.
	disk disk
}

// typed gives a target's name for a hint.
func (a Archive) typed(target string) string {
	if a.Typed == nil {
		return target
	}
	return a.Typed(target)
}

// Names in the archive folder that are no entries.
const (
	lockFile   = ".lock"
	ignoreFile = ".gitignore"
	indexFile  = "index.md"
)

// ignored is what Add writes as .gitignore into an archive that has none.
const ignored = `# Tarballs stay out of git; "git add -f" keeps a chosen few.
*.tgz
# What adding to the archive works with.
/.lock
/.staging-*/
.*.tmp
`

// Add stages a wheelhouse as an entry, complete or not at all. The same
// tarball again changes nothing but its verdict, when the new one is newer.
//
// Codes: bad-run, bad-tarball-name (wrong use); tar-missing, no-meta, bad-meta,
// meta-mismatch, bad-lock, lock-mismatch, bad-verdict, run-taken,
// run-duplicate, in-the-way (refused); archive-read-only, disk-full,
// archive-failed, tar-unreadable (could not be done here); and those of
// wheelhouse.Read.
func (a Archive) Add(ctx context.Context, s Submission) (Outcome, error) {
	sub, err := a.read(s)
	if err != nil {
		return Outcome{}, err
	}
	if there, err := exists(a.Dir); err == nil && !there {
		// The first of all: what is refused is not to leave an empty archive.
		if err := sub.checkSource(ctx); err != nil {
			return Outcome{}, err
		}
	}
	unlock, err := a.open(ctx)
	if err != nil {
		return Outcome{}, err
	}
	defer unlock()
	if err := a.sweep(); err != nil {
		return Outcome{}, a.explain(err)
	}
	there, err := a.place(sub)
	if err != nil {
		return Outcome{}, a.explain(err)
	}
	var out Outcome
	if there.record == nil {
		out.Added, err = true, a.bringIn(ctx, sub, there.dir)
	} else {
		out.Renewed, out.Restored, err = a.refresh(ctx, sub, there)
	}
	if err != nil {
		return Outcome{}, a.explain(err)
	}
	out.Findings = sub.findings
	out.Entry, err = there.read()
	return out, err
}

// open makes the folder, takes its lock and gives it a .gitignore if it has
// none.
func (a Archive) open(ctx context.Context) (unlock func(), err error) {
	if err := a.makeDir(); err != nil {
		return nil, a.explain(err)
	}
	unlock, err = atomicfile.Lock(ctx, filepath.Join(a.Dir, lockFile))
	if err != nil {
		return nil, a.explain(err)
	}
	file := filepath.Join(a.Dir, ignoreFile)
	if _, err := os.Lstat(file); os.IsNotExist(err) {
		if err := atomicfile.Write(file, []byte(ignored), 0o644); err != nil {
			unlock()
			return nil, a.explain(err)
		}
	}
	return unlock, nil
}

// found is where a submission belongs.
type found struct {
	// dir is its entry's folder, which may not be there yet; of a flat entry
	// the path of the record.
	dir  string
	flat bool
	// record is that of the same tarball; nil: it is not in the archive.
	record *entry.Wheelhouse
}

// read reads the entry again.
func (f found) read() (entry.Entry, error) {
	if f.flat {
		return entry.ReadFlat(f.dir)
	}
	return entry.ReadDir(f.dir)
}

// place finds the entry that a submission belongs to, and in it the record of
// the same tarball. Another tarball of that name is refused.
func (a Archive) place(sub *submission) (found, error) {
	entries, err := a.ofRun(sub.run)
	if err != nil {
		return found{}, err
	}
	for i := range entries {
		e := &entries[i]
		for j := range e.Wheelhouses {
			w := &e.Wheelhouses[j]
			if w.SHA256 == sub.record.SHA256 && (e.Flat || w.Tarball == sub.name) {
				return found{dir: e.Path, flat: e.Flat, record: w}, nil
			}
			if (e.Flat || w.Tarball == sub.name) && w.Meta != "" {
				return found{}, taken(sub, e, w)
			}
		}
	}
	switch len(entries) {
	case 0:
		return found{dir: filepath.Join(a.Dir, entry.Name(sub.date, sub.run))}, nil
	case 1:
		return found{dir: entries[0].Path}, nil
	}
	return found{}, fault.New(fault.Refused, "run-duplicate",
		"archiving %s: run %s has %d entries: %s", sub.name, sub.run, len(entries), paths(entries)).
		WithHint("merge them into one by hand, or archive under another run with -run=ID")
}

// taken is the refusal of another tarball under a run.
func taken(sub *submission, e *entry.Entry, w *entry.Wheelhouse) error {
	archived := w.SHA256
	if archived == "" {
		archived = "unknown (" + w.Why + ")"
	}
	return fault.New(fault.Refused, "run-taken",
		"archiving %s: run %s has another tarball already, in %s: archived sha256 %s, this one %s",
		sub.name, sub.run, e.Path, archived, sub.record.SHA256).
		WithHint("an entry is never rewritten: archive this one under another run with -run=ID")
}
