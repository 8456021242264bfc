package archive

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// Names of and in a staging folder.
const (
	stagingPrefix = ".staging-"
	journalFile   = "journal"
	contentDir    = "entry"
	journalFormat = "wheelhouse-staging-1"
	maxJournal    = 1 << 20 // bytes
)

// stagingName is what a staging folder is called.
var stagingName = regexp.MustCompile(`^\.staging-[0-9a-f]{16}$`)

// journal says what an Add is going to place where, so that the next one can
// take back what a killed one left.
type journal struct {
	Format string `json:"format"`
	// Entry is the name of the entry's folder; empty: nothing is placed in one.
	Entry string `json:"entry"`
	// Tarball whose files are placed.
	Tarball string `json:"tarball"`
	// Names of the files and folders.
	Names []string `json:"names"`
}

// write writes the journal into its staging folder and fsyncs it.
func (j journal) write(dir string) error {
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, journalFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return atomicfile.SyncDir(dir)
}

// order gives what to place, the record last.
func (j journal) order() []string {
	names := slices.Clone(j.Names)
	record := entry.MetaName(j.Tarball)
	slices.SortFunc(names, func(a, b string) int {
		switch {
		case a == record:
			return 1
		case b == record:
			return -1
		}
		return 0
	})
	return names
}

// publish makes what was staged an entry: by one rename where there is none,
// else file by file, the record last.
func (a Archive) publish(s staged) error {
	target := filepath.Join(a.Dir, s.Entry)
	there, err := exists(target)
	if err != nil {
		return err
	}
	if err := a.at("publish"); err != nil {
		return err
	}
	if !there {
		if err := os.Rename(s.content(), target); err != nil {
			return err
		}
		if err := a.at("published"); err != nil {
			return err
		}
		return atomicfile.SyncDir(a.Dir)
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
		return errors.Join(err, s.takeBack(a.Dir))
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
		if name == entry.MetaName(s.Tarball) {
			if err := atomicfile.SyncDir(target); err != nil { // all else is there for good
				return err
			}
		}
		if err := a.at("place " + name); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(s.content(), name), filepath.Join(target, name)); err != nil {
			return err
		}
	}
	if err := a.at("placed"); err != nil {
		return err
	}
	return atomicfile.SyncDir(target)
}

// takeBack removes what was placed in an entry without its record coming to
// be there. Only names that an Add places for the tarball are looked at,
// whatever the journal says, and nothing that a record tells of.
func (j journal) takeBack(dir string) error {
	if _, _, ok := entry.ParseName(j.Entry); !ok || !validTarball(j.Tarball) {
		return nil
	}
	target := filepath.Join(dir, j.Entry)
	if there, err := exists(filepath.Join(target, entry.MetaName(j.Tarball))); err != nil || there {
		return err
	}
	for _, name := range []string{
		j.Tarball, lock.FileName(j.Tarball), entry.VerdictName(j.Tarball), entry.RequirementsDir(j.Tarball),
	} {
		if !slices.Contains(j.Names, name) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(target, name)); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes the staging folders of killed Adds, and what these placed. The
// caller holds the lock, so that none is at work. A folder that only has the
// name of one is left alone.
func (a Archive) sweep() error {
	names, err := dirNames(a.Dir)
	if err != nil {
		return err
	}
	for _, name := range names {
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
		if err := j.takeBack(a.Dir); err != nil {
			return err
		}
		return removeStaged(dir)
	}
	// Killed before its journal was whole: then there is nothing else in it.
	names, err := dirNames(dir)
	switch {
	case err != nil:
		return err
	case len(names) == 0:
		return os.Remove(dir)
	case len(names) == 1 && names[0] == journalFile:
		return os.RemoveAll(dir)
	}
	return nil
}

// readJournal reads the journal of a staging folder; ok is false when there is
// no whole one.
func readJournal(dir string) (j journal, ok bool) {
	path := filepath.Join(dir, journalFile)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return journal{}, false
	}
	f, err := os.Open(path)
	if err != nil {
		return journal{}, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxJournal))
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
