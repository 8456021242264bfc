package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Bounds on the files that an entry is made again from.
const (
	maxEntryFiles = 10_000
	maxEntryBytes = 256 << 20
)

// File is one file of an entry.
type File struct {
	// Path below the entry's folder, with slashes; of a flat entry below the
	// archive's.
	Path string
	// Data is what is in it.
	Data []byte
}

// Recreate makes an entry again that was lost: the files of one tarball, its
// record among them, but neither the tarball, which Restore then puts back, nor
// its pointer. It appears complete, as with Add; the record comes last where
// the entry's folder is there. What is there with the same bytes stays; an
// entry with another record is refused, and so is another entry of its run.
//
// The name is that of the entry's folder, or the flat record's without ".meta".
//
// Codes: not-an-entry, bad-entry-file (a file that does not belong to the
// tarball), run-taken, run-duplicate, in-the-way, and those of writing to the
// archive.
func (s *Session) Recreate(ctx context.Context, name string, files []File) (entry.Entry, error) {
	if err := ctx.Err(); err != nil {
		return entry.Entry{}, err
	}
	r, err := s.a.recreation(name, files)
	if err != nil {
		return entry.Entry{}, err
	}
	if err := s.a.alone(r); err != nil {
		return entry.Entry{}, err
	}
	missing, err := r.missing()
	if err != nil {
		return entry.Entry{}, s.a.explain(err)
	}
	if len(missing.texts) > 0 {
		if err := s.a.bringBack(r, missing); err != nil {
			return entry.Entry{}, s.a.explain(err)
		}
	}
	return r.found.read()
}

// recreation is an entry that is made again.
type recreation struct {
	found
	// journal's name of the entry, its run, the tarball, and the names that its
	// record may not have beside its own.
	entry, run, tarball, record string
	files                       []File
}

// folder is where the files go.
func (r recreation) folder() string {
	if r.flat {
		return filepath.Dir(r.dir)
	}
	return r.dir
}

// recreation checks what an entry is to be made of: names decide nothing but
// names.
func (a Archive) recreation(name string, files []File) (recreation, error) {
	bad := func(path, why string) error {
		return fault.New(fault.Refused, "bad-entry-file", "making the entry %q again: the file %q: %s", name, path, why)
	}
	r := recreation{entry: name, files: files}
	if _, run, ok := entry.ParseName(name); ok {
		r.run, r.found = run, found{dir: filepath.Join(a.Dir, name)}
	} else if _, run, tarball, ok := entry.ParseFlatName(entry.MetaName(name)); ok && name == filepath.Base(name) {
		r.run, r.tarball, r.entry = run, tarball, flatEntry
	} else {
		return r, fault.New(fault.Refused, "not-an-entry", "making an entry again: not the name of one: %q", name)
	}
	total := 0
	for _, f := range files {
		if total += len(f.Data); total > maxEntryBytes || len(files) > maxEntryFiles {
			return r, bad(f.Path, "they are more than an entry holds")
		}
		if strings.HasSuffix(f.Path, ".meta") && path.Base(f.Path) == f.Path && !strings.HasPrefix(f.Path, ".") {
			if r.record != "" {
				return r, bad(f.Path, "it is a second record")
			}
			r.record = f.Path
		}
	}
	tarball := strings.TrimSuffix(strings.TrimSuffix(r.record, ".meta"), ".tgz") + ".tgz"
	if r.record == "" || r.tarball != "" && tarball != r.tarball || !validTarball(tarball) {
		return r, bad(r.record, "it is no record of a tarball of this entry")
	}
	if r.tarball = tarball; r.entry == flatEntry {
		r.found = found{dir: filepath.Join(a.Dir, r.record), flat: true}
	}
	for _, f := range files {
		top, _, _ := strings.Cut(f.Path, "/")
		switch {
		case !fs.ValidPath(f.Path) || !filepath.IsLocal(filepath.FromSlash(f.Path)) || strings.ContainsAny(f.Path, "\\:\x00"):
			return r, bad(f.Path, "it is no path")
		case top == tarball || !placeable(top, tarball):
			return r, bad(f.Path, "it does not belong to "+tarball)
		}
	}
	return r, nil
}

// alone refuses a second entry of a run.
func (a Archive) alone(r recreation) error {
	entries, err := a.ofRun(r.run)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Flat && r.flat && filepath.Base(e.Path) != r.record {
			continue // another flat tarball of the run
		}
		if filepath.Clean(e.Path) != filepath.Clean(r.dir) {
			return fault.New(fault.Refused, "run-duplicate", "making the entry %s again: run %s has another: %s", r.dir, r.run, e.Path)
		}
	}
	return nil
}

// missing gives what of the files is not there. A record that is there decides:
// what lies beside it stays, whatever it is. Without one, what lies there and
// differs is in the way.
func (r recreation) missing() (*tree, error) {
	t := newTree()
	recorded := false
	for _, name := range records(r.tarball) {
		there, err := exists(filepath.Join(r.folder(), name))
		if err != nil {
			return nil, err
		}
		recorded = recorded || there
	}
	for _, f := range r.files {
		path := filepath.Join(r.folder(), filepath.FromSlash(f.Path))
		data, err := readSmall(path, maxEntryBytes)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			t.texts[f.Path] = f.Data
		case err != nil:
			return nil, err
		case bytes.Equal(data, f.Data):
		case f.Path == r.record:
			return nil, fault.New(fault.Refused, "run-taken", "making the entry %s again: it is there with another record", r.dir)
		case !recorded:
			return nil, inTheWay(path)
		}
	}
	if recorded && t.texts[r.record] != nil {
		return nil, fault.New(fault.Refused, "run-taken", "making the entry %s again: the tarball has a record of another name", r.dir)
	}
	return t, nil
}

// bringBack stages the files and publishes them as Add does.
func (a Archive) bringBack(r recreation, t *tree) (err error) {
	if err := r.wholeFolders(t); err != nil {
		return err
	}
	if len(t.texts) == 0 {
		return nil
	}
	s, err := a.stage(r.entry, r.tarball, t.names())
	if err != nil {
		return err
	}
	defer func() {
		if cleanup := a.removeStaged(s.dir); err == nil {
			err = cleanup
		}
	}()
	if err := a.fs().Copy(s.content(), t, func(r io.Reader) io.Reader { return r }); err != nil {
		return err
	}
	if err := a.fs().SyncTree(s.content()); err != nil {
		return err
	}
	return a.publish(s)
}

// wholeFolders drops the files of folders that are there: what is placed is
// placed whole, and a folder that was changed is the person's.
func (r recreation) wholeFolders(t *tree) error {
	for _, top := range slices.Clone(t.names()) {
		info, err := os.Lstat(filepath.Join(r.folder(), top))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return inTheWay(filepath.Join(r.folder(), top))
		}
		for name := range t.texts {
			if strings.HasPrefix(name, top+"/") {
				delete(t.texts, name)
			}
		}
	}
	return nil
}
