package archive

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// Names of and in a staging folder.
const (
	stagingPrefix = ".staging-"
	journalFile   = "journal"
	contentDir    = "entry"
	journalFormat = "wheelhouse-staging-1"
	maxJournal    = 1 << 20 // bytes
	// flatEntry is what a journal calls the archive's own folder, where the
	// files of flat entries lie.
	flatEntry = "."
)

// stagingName is what a staging folder is called.
var stagingName = regexp.MustCompile(`^\.staging-[0-9a-f]{16}$`)

// unfinished is what a killed process leaves of the files that are written
// beside their final names.
var unfinished = regexp.MustCompile(`^\.(index\.md|\.gitignore)\.[0-9a-f]{16}\.tmp$`)

// journal says what an Add is going to place where, so that the next one can
// take back what a killed one left.
type journal struct {
	Format string `json:"format"`
	// Entry is the name of the entry's folder, or flatEntry; empty: nothing is
	// placed in one.
	Entry string `json:"entry"`
	// Tarball whose files are placed.
	Tarball string `json:"tarball"`
	// Names of the files and folders.
	Names []string `json:"names"`
}

// write writes the journal into its staging folder and fsyncs it.
func (j journal) write(d disk, dir string) error {
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := writeFile(d, filepath.Join(dir, journalFile), text(data)); err != nil {
		return err
	}
	return d.SyncDir(dir)
}

// target is the folder that things are placed in: that of the entry, or for a
// flat one the archive itself.
func (j journal) target(dir string) (path string, ok bool) {
	if j.Entry == flatEntry {
		return dir, true
	}
	_, _, ok = entry.ParseName(j.Entry)
	return filepath.Join(dir, j.Entry), ok
}

// order gives what to place, the record last.
func (j journal) order() []string {
	var names, last []string
	for _, name := range j.Names {
		if slices.Contains(records(j.Tarball), name) {
			last = append(last, name)
		} else {
			names = append(names, name)
		}
	}
	return append(names, last...)
}

// records gives the names that a tarball's record may have: today's, and that
// of older archives.
func records(tarball string) []string {
	return []string{entry.MetaName(tarball), entry.MetaName(strings.TrimSuffix(tarball, ".tgz"))}
}

// publish makes what was staged an entry: by one rename where there is none,
// else file by file, the record last.
func (a Archive) publish(s staged) error {
	target, ok := s.target(a.Dir)
	if !ok {
		return fault.New(fault.Refused, "not-an-entry", "archiving: not the name of an entry: %q", s.Entry)
	}
	there, err := exists(target)
	if err != nil {
		return err
	}
	if !there {
		if err := a.fs().Rename(s.content(), target); err != nil {
			return err
		}
		return a.fs().SyncDir(a.Dir)
	}
	for _, name := range s.Names {
		path := filepath.Join(target, name)
		there, err := exists(path)
		if err != nil {
			return err
		}
		if there {
			return inTheWay(path)
		}
	}
	if err := a.merge(s, target); err != nil {
		return errors.Join(err, s.takeBack(a.fs(), a.Dir))
	}
	return nil
}

// inTheWay is the refusal to replace what has no record.
func inTheWay(path string) error {
	return fault.New(fault.Refused, "in-the-way", "archiving: %s is there already, and no record tells of it", path).
		WithHint("look at it, then move it away")
}

// merge renames what was staged into an entry that is there.
func (a Archive) merge(s staged, target string) error {
	for _, name := range s.order() {
		if slices.Contains(records(s.Tarball), name) {
			if err := a.fs().SyncDir(target); err != nil { // all else is there for good
				return err
			}
		}
		if err := a.fs().Rename(filepath.Join(s.content(), name), filepath.Join(target, name)); err != nil {
			return err
		}
	}
	return a.fs().SyncDir(target)
}

// takeBack removes what was placed in an entry without its record coming to
// be there. Only names that an Add places for the tarball are looked at,
// whatever the journal says, and nothing that a record tells of.
func (j journal) takeBack(d disk, dir string) error {
	target, ok := j.target(dir)
	if !ok || !validTarball(j.Tarball) {
		return nil
	}
	for _, record := range records(j.Tarball) {
		if there, err := exists(filepath.Join(target, record)); err != nil || there {
			return err
		}
	}
	for _, name := range j.Names {
		if !placeable(name, j.Tarball) {
			continue
		}
		if err := d.RemoveAll(filepath.Join(target, name)); err != nil {
			return err
		}
	}
	return nil
}

// placeable tells whether a name is one of those that are placed in an entry
// for a tarball: itself, its lock, and what begins with its name and a dot,
// but for its pointer.
func placeable(name, tarball string) bool {
	if strings.ContainsAny(name, `/\`) || name == entry.PointerName(tarball) {
		return false
	}
	return name == tarball || name == lock.FileName(tarball) || slices.Contains(records(tarball), name) ||
		strings.HasPrefix(name, tarball+".")
}

// sweep removes what killed processes left: staging folders with what these
// placed, and unfinished files. The caller holds the lock, so that none is at
// work. A folder that only has the name of one is left alone.
func (a Archive) sweep() error {
	names, err := dirNames(a.Dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if unfinished.MatchString(name) {
			if err := a.fs().Remove(filepath.Join(a.Dir, name)); err != nil {
				return err
			}
		}
		if !stagingName.MatchString(name) {
			continue
		}
		dir := filepath.Join(a.Dir, name)
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() {
			continue
		}
		if err := a.sweepOne(dir); err != nil {
			return err
		}
	}
	return nil
}

// sweepOne removes one staging folder, if it is one.
func (a Archive) sweepOne(dir string) error {
	j, ok := readJournal(dir)
	if ok {
		if err := j.takeBack(a.fs(), a.Dir); err != nil {
			return err
		}
		return a.removeStaged(dir)
	}
	// Killed before its journal was whole: then there is nothing else in it.
	names, err := dirNames(dir)
	switch {
	case err != nil:
		return err
	case len(names) == 0:
		return a.fs().RemoveAll(dir)
	case len(names) == 1 && names[0] == journalFile:
		return a.fs().RemoveAll(dir)
	}
	return nil
}

// readJournal reads the journal of a staging folder; ok is false when there is
// no whole one.
func readJournal(dir string) (j journal, ok bool) {
	data, err := readSmall(filepath.Join(dir, journalFile), maxJournal)
	if err != nil || json.Unmarshal(data, &j) != nil {
		return journal{}, false
	}
	return j, j.Format == journalFormat
}

// dirNames lists a folder; none when it is not there.
func dirNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
