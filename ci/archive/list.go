package archive

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// readers is how many entries are read at once: enough to keep a cold disk
// busy, few enough for memory.
const readers = 8

// List reads every entry, newest first: by date, then by the record's time,
// then by run id. A folder that is no entry is left out; an entry that cannot
// be read is there with State Broken. An archive that is not there yet is
// empty. Of two entries of one run the newer is Broken, and its Why names the
// other. Code: archive-unreadable.
func (a Archive) List(ctx context.Context) ([]entry.Entry, error) {
	names, err := a.entryNames()
	if err != nil {
		return nil, err
	}
	entries, err := a.readAll(ctx, names)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, newestFirst)
	markDuplicates(entries)
	return entries, nil
}

// entryNames gives the names of entries in the archive folder: folders and
// flat records.
func (a Archive) entryNames() ([]string, error) {
	names, err := dirNames(a.Dir)
	if err != nil {
		return nil, fault.New(fault.Unable, "archive-unreadable", "reading the archive %s: %w", a.Dir, err)
	}
	slices.Sort(names)
	var entries []string
	for _, name := range names {
		if _, _, ok := entry.ParseName(name); ok {
			entries = append(entries, name)
			continue
		}
		_, _, tarball, ok := entry.ParseFlatName(name)
		if !ok {
			continue
		}
		if current := entry.MetaName(tarball); current != name {
			if _, both := slices.BinarySearch(names, current); both {
				continue // the record in today's form counts
			}
		}
		entries = append(entries, name)
	}
	return entries, nil
}

// readAll reads the entries of these names, several at once.
func (a Archive) readAll(ctx context.Context, names []string) ([]entry.Entry, error) {
	slots := make([]*entry.Entry, len(names))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(readers, len(names)) {
		wg.Go(func() {
			var reader entry.Reader
			for i := range next {
				slots[i] = a.readOne(&reader, names[i])
			}
		})
	}
	for i := range names {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries := make([]entry.Entry, 0, len(names))
	for _, e := range slots {
		if e != nil {
			entries = append(entries, *e)
		}
	}
	return entries, nil
}

// readOne reads one entry; nil when it is gone by now, or is no folder though
// it has the name of one.
func (a Archive) readOne(reader *entry.Reader, name string) *entry.Entry {
	path := filepath.Join(a.Dir, name)
	date, run, isDir := entry.ParseName(name)
	var e entry.Entry
	var err error
	if isDir {
		e, err = reader.ReadDir(path)
	} else {
		e, err = reader.ReadFlat(path)
	}
	switch {
	case err == nil:
		return &e
	case errors.Is(err, fs.ErrNotExist), notAFolder(path, isDir):
		return nil
	}
	if !isDir {
		_, run, _, _ = entry.ParseFlatName(name)
	}
	return &entry.Entry{Run: run, Date: date, Path: path, Flat: !isDir, Wheelhouses: []entry.Wheelhouse{
		{Size: -1, State: entry.Broken, Why: why(err)},
	}}
}

// notAFolder tells whether path, which has the name of an entry's folder, is
// none.
func notAFolder(path string, named bool) bool {
	info, err := os.Lstat(path)
	return named && err == nil && !info.IsDir()
}

// why gives an error's text without its code and without this machine's paths:
// the index, which lies in git, shows it.
func why(err error) string {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return "cannot be read: " + path.Err.Error()
	}
	if f, ok := fault.As(err); ok {
		return f.Message
	}
	return err.Error()
}

// newestFirst orders entries.
func newestFirst(a, b entry.Entry) int {
	return cmp.Or(
		cmp.Compare(b.Date, a.Date),
		b.Created().Compare(a.Created()),
		compareRuns(b.Run, a.Run),
		cmp.Compare(b.Path, a.Path),
	)
}

// compareRuns orders run ids: numbers by value and after all others.
func compareRuns(a, b string) int {
	aNumber, bNumber := strings.Trim(a, "0123456789") == "", strings.Trim(b, "0123456789") == ""
	switch {
	case aNumber && bNumber:
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	case aNumber:
		return 1
	case bNumber:
		return -1
	}
	return cmp.Compare(a, b)
}

// markDuplicates marks the newer of two entries of one run as broken. The
// entries are sorted, newest first.
func markDuplicates(entries []entry.Entry) {
	older := make(map[string]string, len(entries))
	for i := len(entries) - 1; i >= 0; i-- {
		e := &entries[i]
		first, twice := older[e.Run]
		if !twice {
			older[e.Run] = e.Path
			continue
		}
		for j := range e.Wheelhouses {
			w := &e.Wheelhouses[j]
			if w.State != entry.Broken {
				w.State, w.Why = entry.Broken, "run "+e.Run+" has an older entry, "+filepath.Base(first)
			}
		}
	}
}

// ofRun reads the entries of one run.
func (a Archive) ofRun(run string) ([]entry.Entry, error) {
	names, err := a.entryNames()
	if err != nil {
		return nil, err
	}
	var entries []entry.Entry
	var reader entry.Reader
	for _, name := range names {
		_, of, ok := entry.ParseName(name)
		if !ok {
			_, of, _, _ = entry.ParseFlatName(name)
		}
		if of != run {
			continue
		}
		if e := a.readOne(&reader, name); e != nil {
			entries = append(entries, *e)
		}
	}
	return entries, nil
}

// paths joins the entries' paths.
func paths(entries []entry.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Path)
	}
	return strings.Join(all, ", ")
}

// Find gives the entry of a run id, an entry's name or "latest": the newest
// that is not broken; its tarball may be gone. Codes: no-such-run,
// run-duplicate (the run has several entries: name one), archive-unreadable.
func (a Archive) Find(ctx context.Context, run string) (entry.Entry, error) {
	entries, err := a.List(ctx)
	if err != nil {
		return entry.Entry{}, err
	}
	var ofRun []entry.Entry
	for _, e := range entries {
		if run == entry.Latest && e.Usable() || filepath.Base(e.Path) == run {
			return e, nil
		}
		if e.Run == run {
			ofRun = append(ofRun, e)
		}
	}
	switch len(ofRun) {
	case 1:
		return ofRun[0], nil
	case 0:
		return entry.Entry{}, a.noSuchRun(run, entries)
	}
	return entry.Entry{}, fault.New(fault.Refused, "run-duplicate", "run %s has %d entries: %s",
		run, len(ofRun), paths(ofRun)).WithHint("name one of them by its folder's name")
}

// noSuchRun tells what there is instead.
func (a Archive) noSuchRun(run string, entries []entry.Entry) error {
	err := fault.New(fault.Refused, "no-such-run", "no such run in the archive %s: %q", a.Dir, run)
	if len(entries) == 0 {
		return err.WithHint("the archive is empty; `mage %s` adds to it", a.typed("archive"))
	}
	var newest []string
	for _, e := range entries[:min(3, len(entries))] {
		newest = append(newest, e.Run)
	}
	return err.WithHint("the newest runs are %s; `mage %s` shows all", strings.Join(newest, ", "), a.typed("list"))
}
