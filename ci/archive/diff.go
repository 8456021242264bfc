package archive

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Change is one difference between two wheelhouses.
type Change = entry.Change

// project is what a wheelhouse has of one project: versions, and the sha256 of
// each file, empty where there is no lock.
type project struct {
	versions []string
	files    map[string]string
}

// Diff compares two wheelhouses by their locks, or their records where there
// is no lock, and gives the changes sorted by project. Wheels are matched by
// their normalised project (PEP 503), versions compared as PEP 440 has it.
// That a file of one name has other bytes shows only where both have a lock.
// Codes: bad-lock, no-wheel-list, entry-unreadable.
func Diff(a, b entry.Wheelhouse) ([]Change, error) {
	before, err := projects(a)
	if err != nil {
		return nil, err
	}
	after, err := projects(b)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for name, p := range before {
		if q, both := after[name]; both {
			if c, differ := compare(p, q); differ {
				c.Project = name
				changes = append(changes, c)
			}
			continue
		}
		changes = append(changes, Change{Project: name, Kind: entry.Removed, Before: strings.Join(p.versions, ", ")})
	}
	for name, q := range after {
		if _, both := before[name]; !both {
			changes = append(changes, Change{Project: name, Kind: entry.Added, After: strings.Join(q.versions, ", ")})
		}
	}
	slices.SortFunc(changes, func(x, y Change) int { return cmp.Compare(x.Project, y.Project) })
	return changes, nil
}

// projects gives the wheels of a wheelhouse by project.
func projects(w entry.Wheelhouse) (map[string]project, error) {
	files, err := lockedFiles(w)
	if err != nil {
		return nil, err
	}
	if files == nil {
		if w.Wheels == nil {
			return nil, fault.New(fault.Refused, "no-wheel-list",
				"comparing %q: neither its lock nor its record says what wheels it holds", cmp.Or(w.Tarball, w.Meta))
		}
		files = map[string]string{}
		for _, name := range w.Wheels {
			files[name] = ""
		}
	}
	all := map[string]project{}
	for file, sum := range files {
		name, version := file, ""
		if n, err := wheel.ParseName(file); err == nil {
			name, version = n.Project, n.Version
		}
		p := all[name]
		if p.files == nil {
			p.files = map[string]string{}
		}
		p.files[file] = sum
		if !slices.ContainsFunc(p.versions, func(v string) bool { return wheel.SameVersion(v, version) }) {
			p.versions = append(p.versions, version)
			slices.Sort(p.versions)
		}
		all[name] = p
	}
	return all, nil
}

// lockedFiles gives the wheels of the lock beside a record, with their sha256;
// nil when there is none.
func lockedFiles(w entry.Wheelhouse) (map[string]string, error) {
	if w.Meta == "" {
		return nil, nil
	}
	path := filepath.Join(filepath.Dir(w.Meta), lock.FileName(w.Tarball))
	data, err := readSmall(path, maxBeside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Unable, "entry-unreadable", "reading the lock %q: %w", path, err)
	}
	l, err := lock.Parse(data, path)
	if err != nil {
		return nil, err
	}
	if l.SHA256 != "" && w.SHA256 != "" && l.SHA256 != w.SHA256 {
		return nil, fault.New(fault.Refused, "bad-lock", "reading the lock %q: it is that of another tarball", path)
	}
	files := map[string]string{}
	for _, f := range l.Wheels {
		files[f.File] = f.SHA256
	}
	return files, nil
}

// compare gives the change of one project, if there is one.
func compare(p, q project) (Change, bool) {
	if !slices.EqualFunc(p.versions, q.versions, wheel.SameVersion) {
		return Change{
			Kind: entry.Version, Before: strings.Join(p.versions, ", "), After: strings.Join(q.versions, ", "),
		}, true
	}
	before, after := others(p.files, q.files), others(q.files, p.files)
	if len(before)+len(after) == 0 {
		return Change{}, false
	}
	return Change{Kind: entry.Bytes, Before: strings.Join(before, ", "), After: strings.Join(after, ", ")}, true
}

// others gives the files that are not in the other set with the same bytes,
// as "name sha256:…"; the sha256 is left out where it is not known.
func others(files, other map[string]string) []string {
	var differ []string
	for name, sum := range files {
		theirs, both := other[name]
		if both && (sum == theirs || sum == "" || theirs == "") {
			continue
		}
		if sum != "" {
			name += " sha256:" + sum
		}
		differ = append(differ, name)
	}
	slices.Sort(differ)
	return differ
}
