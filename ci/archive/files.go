package archive

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// RecordFiles gives the files of one tarball of an entry that outlive it:
// record, lock, verdict, requirements, pin, signatures; all that Recreate
// takes. Neither the tarball nor its pointer is among them. Links are left
// out. Codes: not-an-entry, entry-unreadable.
func RecordFiles(e entry.Entry, tarball string) ([]File, error) {
	if !validTarball(tarball) {
		return nil, fault.New(fault.Refused, "not-an-entry", "reading %s: not the name of a tarball: %q", e.Path, tarball)
	}
	dir := e.Path
	if e.Flat {
		dir = filepath.Dir(e.Path)
	}
	unreadable := func(err error) error {
		return fault.New(fault.Unable, "entry-unreadable", "reading the record of %s in %s: %w", tarball, dir, err)
	}
	names, err := dirNames(dir)
	if err != nil {
		return nil, unreadable(err)
	}
	var files []File
	total := 0
	for _, name := range names {
		if name == tarball || !placeable(name, tarball) {
			continue
		}
		err := filepath.WalkDir(filepath.Join(dir, name), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			data, err := readSmall(path, maxEntryBytes)
			if err != nil {
				return err
			}
			if total += len(data); total > maxEntryBytes || len(files) >= maxEntryFiles {
				return &fs.PathError{Op: "read", Path: path, Err: os.ErrInvalid}
			}
			files = append(files, File{filepath.ToSlash(rel), data})
			return nil
		})
		if err != nil {
			return nil, unreadable(err)
		}
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// EntryName gives the name of an entry: its folder's, or a flat record's
// without ".meta".
func EntryName(e entry.Entry) string { return strings.TrimSuffix(filepath.Base(e.Path), ".meta") }
