package entry

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unique"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

// Bounds on what is read of an entry.
const (
	maxRecord  = 4 << 20 // bytes of a record; 10,000 wheels fit
	maxVerdict = 4 << 20 // bytes of a verdict
	maxFiles   = 10_000  // names in an entry's folder
)

// ReadDir reads the entry in a folder named <YYYYMMDD>-<run>. A record that
// cannot be used, or a folder without one, is no error: it is there with the
// state Broken. Codes: not-an-entry, entry-unreadable.
func ReadDir(dir string) (Entry, error) {
	date, run, ok := ParseName(filepath.Base(dir))
	if !ok {
		return Entry{}, fault.New(fault.Refused, "not-an-entry",
			"not the name of an entry, <YYYYMMDD>-<run>: %q", dir)
	}
	e := Entry{Run: run, Date: date, Path: dir}
	files, err := readNames(dir)
	if err != nil {
		return Entry{}, fault.New(fault.Unable, "entry-unreadable", "reading the entry %q: %w", dir, err)
	}
	for _, f := range files {
		tarball, found := strings.CutSuffix(f.Name(), metaSuffix)
		if !found || strings.HasPrefix(tarball, ".") || tarball == "" {
			continue
		}
		if !strings.HasSuffix(tarball, tarSuffix) {
			tarball += tarSuffix
			if find(files, MetaName(tarball)) >= 0 {
				continue // the record in today's form counts
			}
		}
		e.Wheelhouses = append(e.Wheelhouses, readWheelhouse(dir, f, tarball, files))
	}
	if len(e.Wheelhouses) == 0 {
		e.Wheelhouses = []Wheelhouse{noRecord(files)}
	}
	return e, nil
}

// noRecord is what stands in an entry in which nothing has a record.
func noRecord(files []fs.DirEntry) Wheelhouse {
	w := Wheelhouse{Size: -1, State: Broken, Why: "no record: there is no .meta file in it"}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), tarSuffix) && !strings.HasPrefix(f.Name(), ".") {
			w.Tarball, w.Python = f.Name(), pythonOf(f.Name())
			break
		}
	}
	return w
}

// ReadFlat reads the entry of an old flat record, "….meta". A record that
// cannot be used is no error: it is there with the state Broken. Codes:
// not-an-entry, entry-unreadable.
func ReadFlat(metaFile string) (Entry, error) {
	dir, name := filepath.Split(metaFile)
	_, run, tarball, ok := ParseFlatName(name)
	if !ok {
		return Entry{}, fault.New(fault.Refused, "not-an-entry",
			"not the name of a flat record, <wheelhouse>-run-<ID>.meta: %q", metaFile)
	}
	var files []fs.DirEntry
	for _, beside := range []string{name, tarball, VerdictName(tarball)} {
		info, err := os.Lstat(filepath.Join(dir, beside))
		if errors.Is(err, fs.ErrNotExist) && beside != name {
			continue
		}
		if err != nil {
			return Entry{}, fault.New(fault.Unable, "entry-unreadable", "reading the entry %q: %w", metaFile, err)
		}
		files = append(files, fs.FileInfoToDirEntry(info))
	}
	slices.SortFunc(files, byName)
	w := readWheelhouse(filepath.Clean(dir), files[find(files, name)], tarball, files)
	e := Entry{Run: run, Path: metaFile, Flat: true, Wheelhouses: []Wheelhouse{w}}
	if !w.CreatedAt.IsZero() {
		e.Date = w.CreatedAt.UTC().Format(dateLayout)
	}
	return e, nil
}

// readNames lists a folder, sorted by name.
func readNames(dir string) ([]fs.DirEntry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	files, err := f.ReadDir(maxFiles + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(files) > maxFiles {
		return nil, fmt.Errorf("more than %d files in it", maxFiles)
	}
	slices.SortFunc(files, byName)
	return files, nil
}

// byName orders a folder's files.
func byName(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) }

// find gives the index of a name in sorted files; -1 when it is not there.
func find(files []fs.DirEntry, name string) int {
	i, ok := slices.BinarySearchFunc(files, name, func(f fs.DirEntry, n string) int {
		return strings.Compare(f.Name(), n)
	})
	if !ok {
		return -1
	}
	return i
}

// readWheelhouse reads the record in the file metaFile of dir, and what the
// sorted files beside it tell of its tarball.
func readWheelhouse(dir string, metaFile fs.DirEntry, tarball string, files []fs.DirEntry) Wheelhouse {
	w := Wheelhouse{
		Tarball: tarball,
		Meta:    filepath.Join(dir, metaFile.Name()),
		Python:  pythonOf(tarball),
		Size:    -1,
	}
	r, err := readRecord(w.Meta, metaFile)
	if err != nil {
		w.State, w.Why = Broken, plain(err)
		return w
	}
	w.fill(r)
	w.State, w.Why = stateOf(r, tarball, files)
	if at := find(files, VerdictName(tarball)); at >= 0 && w.State != Broken {
		w.Proven, err = proven(filepath.Join(dir, VerdictName(tarball)), files[at], r.SHA256)
		if err != nil {
			w.Why = plain(err)
		}
	}
	return w
}

// plain gives an error's text without code.
func plain(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Message
	}
	return err.Error()
}

// readRecord reads and parses a record.
func readRecord(path string, f fs.DirEntry) (meta.Record, error) {
	data, err := readBounded(path, f, maxRecord)
	if err != nil {
		return meta.Record{}, fmt.Errorf("reading the record: %w", err)
	}
	return meta.Parse(data, path)
}

// fill takes over what the record says. Texts are copied, so that an entry
// does not hold on to the whole file that it was read from; names that many
// entries share are kept once.
func (w *Wheelhouse) fill(r meta.Record) {
	if r.Python != "" {
		w.Python = unique.Make(r.Python).Value()
	}
	w.Platform = unique.Make(r.Platform).Value()
	w.Size, w.CreatedAt = r.Size, r.CreatedAt
	w.SHA256, w.Commit = strings.Clone(r.SHA256), strings.Clone(r.GitCommit)
	if r.Wheels != nil {
		w.Wheels = make([]string, len(r.Wheels))
	}
	for i, name := range r.Wheels {
		w.Wheels[i] = unique.Make(name).Value()
	}
}

// stateOf tells what is left of the tarball, and why it is broken if it is.
// No byte of the tarball is read.
func stateOf(r meta.Record, tarball string, files []fs.DirEntry) (State, string) {
	if r.Name != "" && r.Name != tarball {
		return Broken, fmt.Sprintf("the record is that of %q", r.Name)
	}
	at := find(files, tarball)
	if at < 0 {
		return RecordOnly, ""
	}
	info, err := files[at].Info()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return RecordOnly, ""
	case err != nil:
		return Broken, err.Error()
	case !info.Mode().IsRegular():
		return Broken, "the tarball is not a regular file"
	case r.Size >= 0 && info.Size() != r.Size:
		return Broken, fmt.Sprintf("the tarball has %d bytes, its record says %d", info.Size(), r.Size)
	}
	return Full, ""
}

// proven tells whether the verdict at path says so of these very bytes.
func proven(path string, f fs.DirEntry, sha256 string) (bool, error) {
	data, err := readBounded(path, f, maxVerdict)
	if err != nil {
		return false, fmt.Errorf("reading the verdict: %w", err)
	}
	v, err := verdict.Parse(data, path)
	if err != nil {
		return false, err
	}
	return sha256 != "" && v.SHA256 == sha256 && v.Proven(), nil
}

// readBounded reads a regular file of at most limit bytes. The entry f of its
// folder tells what it is, so that no pipe or device is opened.
func readBounded(path string, f fs.DirEntry, limit int64) ([]byte, error) {
	if !f.Type().IsRegular() {
		return nil, fmt.Errorf("not a regular file: %q", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := make([]byte, 0, 4096)
	for {
		n, err := file.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if int64(len(data)) > limit {
			return nil, fmt.Errorf("more than %d bytes: %q", limit, path)
		}
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, len(data))
		}
	}
}
