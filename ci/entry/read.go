package entry

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

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

// bufferSize holds most records whole, and a folder's names.
const bufferSize = 16 << 10

// Reader reads many entries, one at a time: it reuses its memory, and names
// that many entries share are kept once. The zero value is ready to use.
type Reader struct {
	buf   []byte
	texts map[string]string
}

// ReadDir reads one entry; see Reader.ReadDir.
func ReadDir(dir string) (Entry, error) { return new(Reader).ReadDir(dir) }

// ReadFlat reads one entry; see Reader.ReadFlat.
func ReadFlat(metaFile string) (Entry, error) { return new(Reader).ReadFlat(metaFile) }

// buffer gives the reader's memory for one file.
func (rd *Reader) buffer() []byte {
	if rd.buf == nil {
		rd.buf, rd.texts = make([]byte, bufferSize), map[string]string{}
	}
	return rd.buf
}

// once gives a text that is kept once. It is a copy, so that an entry does not
// hold on to the whole file that it was read from.
func (rd *Reader) once(text string) string {
	if kept, ok := rd.texts[text]; ok {
		return kept
	}
	text = strings.Clone(text)
	rd.texts[text] = text
	return text
}

// ReadDir reads the entry in a folder named <YYYYMMDD>-<run>. A record that
// cannot be used, or a folder without one, is no error: it is there with the
// state Broken. Codes: not-an-entry, entry-unreadable.
func (rd *Reader) ReadDir(dir string) (Entry, error) {
	date, run, ok := ParseName(filepath.Base(dir))
	if !ok {
		return Entry{}, fault.New(fault.Refused, "not-an-entry",
			"not the name of an entry, <YYYYMMDD>-<run>: %q", dir)
	}
	e := Entry{Run: run, Date: date, Path: dir}
	d, err := openFolder(dir)
	if err != nil {
		return Entry{}, entryUnreadable(dir, err)
	}
	defer d.close()
	files, err := d.names(rd.buffer())
	if err != nil {
		return Entry{}, entryUnreadable(dir, err)
	}
	slices.Sort(files)
	for _, name := range files {
		tarball, found := strings.CutSuffix(name, metaSuffix)
		if !found || strings.HasPrefix(tarball, ".") || tarball == "" {
			continue
		}
		if !strings.HasSuffix(tarball, tarSuffix) {
			tarball += tarSuffix
			if has(files, MetaName(tarball)) {
				continue // the record in today's form counts
			}
		}
		e.Wheelhouses = append(e.Wheelhouses, rd.readWheelhouse(d, dir, name, tarball, files))
	}
	if len(e.Wheelhouses) == 0 {
		e.Wheelhouses = []Wheelhouse{noRecord(files)}
	}
	return e, nil
}

// noRecord is what stands in an entry in which nothing has a record.
func noRecord(files []string) Wheelhouse {
	w := Wheelhouse{Size: -1, State: Broken, Why: "no record: there is no .meta file in it"}
	for _, name := range files {
		if strings.HasSuffix(name, tarSuffix) && !strings.HasPrefix(name, ".") {
			w.Tarball, w.Python = name, pythonOf(name)
			break
		}
	}
	return w
}

// ReadFlat reads the entry of an old flat record, "….meta". A record that
// cannot be used is no error: it is there with the state Broken. Codes:
// not-an-entry, entry-unreadable.
func (rd *Reader) ReadFlat(metaFile string) (Entry, error) {
	dir, name := filepath.Split(metaFile)
	dir = filepath.Clean(dir)
	_, run, tarball, ok := ParseFlatName(name)
	if !ok {
		return Entry{}, fault.New(fault.Refused, "not-an-entry",
			"not the name of a flat record, <wheelhouse>-run-<ID>.meta: %q", metaFile)
	}
	d, err := openFolder(dir + string(filepath.Separator) + ".") // the archive itself may be a link
	if err != nil {
		return Entry{}, entryUnreadable(metaFile, err)
	}
	defer d.close()
	var files []string
	for _, beside := range []string{name, tarball, VerdictName(tarball), PointerName(tarball), PinName(tarball)} {
		_, _, err := d.stat(beside)
		if errors.Is(err, fs.ErrNotExist) && beside != name {
			continue
		}
		if err != nil {
			return Entry{}, entryUnreadable(metaFile, err)
		}
		files = append(files, beside)
	}
	slices.Sort(files)
	rd.buffer()
	w := rd.readWheelhouse(d, dir, name, tarball, files)
	e := Entry{Run: run, Path: metaFile, Flat: true, Wheelhouses: []Wheelhouse{w}}
	if !w.CreatedAt.IsZero() {
		e.Date = w.CreatedAt.UTC().Format(dateLayout)
	}
	return e, nil
}

// entryUnreadable is the error of a folder that cannot be read.
func entryUnreadable(path string, err error) error {
	return fault.New(fault.Unable, "entry-unreadable", "reading the entry %q: %w", path, err)
}

// notRegular is the error of a link, a folder or a device in a file's place.
func notRegular(name string) error { return fmt.Errorf("not a regular file: %q", name) }

// tooLarge is the error of a file above its bound.
func tooLarge(name string, limit int64) error {
	return fmt.Errorf("more than %d bytes: %q", limit, name)
}

// has tells whether sorted names hold one.
func has(files []string, name string) bool {
	_, found := slices.BinarySearch(files, name)
	return found
}

// readWheelhouse reads the record in the file name of d, which is the folder
// dir, and what the sorted files beside it tell of its tarball.
func (rd *Reader) readWheelhouse(d *folder, dir, name, tarball string, files []string) Wheelhouse {
	w := Wheelhouse{
		Tarball: rd.once(tarball),
		Meta:    filepath.Join(dir, name),
		Python:  rd.once(pythonOf(tarball)),
		Size:    -1,
	}
	data, err := d.read(name, maxRecord, rd.buf)
	if err != nil {
		w.State, w.Why = Broken, "reading the record: "+err.Error()
		return w
	}
	r, err := meta.Parse(data, name) // not the path: the archive's index shows what is wrong
	if err != nil {
		w.State, w.Why = Broken, plain(err)
		return w
	}
	rd.fill(&w, r)
	w.Pinned = has(files, PinName(tarball))
	w.State, w.Why = stateOf(d, r, tarball, files)
	if has(files, PointerName(tarball)) && (w.State == RecordOnly || w.State == Full) {
		rd.point(d, &w)
	}
	if has(files, VerdictName(tarball)) && w.State != Broken {
		w.Proven, err = rd.proven(d, VerdictName(tarball), r.SHA256)
		if err != nil {
			w.Why = also(w.Why, plain(err))
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

// fill takes over what the record says.
func (rd *Reader) fill(w *Wheelhouse, r meta.Record) {
	if r.Python != "" {
		w.Python = rd.once(r.Python)
	}
	w.Platform, w.Commit = rd.once(r.Platform), rd.once(r.GitCommit)
	w.Size, w.CreatedAt, w.SHA256 = r.Size, r.CreatedAt, strings.Clone(r.SHA256)
	if r.Wheels != nil {
		w.Wheels = make([]string, len(r.Wheels))
	}
	for i, name := range r.Wheels {
		w.Wheels[i] = rd.once(name)
	}
}

// stateOf tells what is left of the tarball, and why it is broken if it is.
// No byte of the tarball is read.
func stateOf(d *folder, r meta.Record, tarball string, files []string) (State, string) {
	if r.Name != "" && r.Name != tarball {
		return Broken, fmt.Sprintf("the record is that of %q", r.Name)
	}
	if !has(files, tarball) {
		return RecordOnly, ""
	}
	size, regular, err := d.stat(tarball)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return RecordOnly, ""
	case err != nil:
		return Broken, err.Error()
	case !regular:
		return Broken, "the tarball is not a regular file"
	case r.Size >= 0 && size != r.Size:
		return Broken, fmt.Sprintf("the tarball has %d bytes, its record says %d", size, r.Size)
	}
	return Full, ""
}

// also joins what is wrong.
func also(why, more string) string {
	if why == "" {
		return more
	}
	return why + "; " + more
}

// point takes over the pointer beside a record. One that cannot be used breaks
// the wheelhouse only where there is no tarball.
func (rd *Reader) point(d *folder, w *Wheelhouse) {
	p, err := rd.readPointer(d, w)
	switch {
	case err != nil:
		w.Why = plain(err)
		if w.State == RecordOnly {
			w.State = Broken
		}
		return
	case w.State == RecordOnly:
		w.State = Pointed
	}
	w.Pointer, w.Size, w.SHA256 = &p, p.Size, p.SHA256
}

// readPointer reads the pointer beside a record and holds it against that.
func (rd *Reader) readPointer(d *folder, w *Wheelhouse) (Pointer, error) {
	data, err := d.read(PointerName(w.Tarball), MaxPointer, rd.buf)
	if err != nil {
		return Pointer{}, fmt.Errorf("reading the pointer: %w", err)
	}
	p, err := ParsePointer(data, PointerName(w.Tarball))
	if err != nil {
		return Pointer{}, err
	}
	if differ := w.Differs(p); differ != "" {
		return Pointer{}, errors.New(differ)
	}
	// What many entries share is kept once, and not the whole text.
	p.Name, p.SHA256 = w.Tarball, strings.Clone(p.SHA256)
	p.Recipe, p.Frame, p.Rule = rd.once(p.Recipe), strings.Clone(p.Frame), rd.once(p.Rule)
	for i := range p.Locations {
		l := &p.Locations[i]
		l.URL, l.Method = rd.once(l.URL), rd.once(l.Method)
	}
	return p, nil
}

// Differs says in what a pointer is not that of the tarball of a record: name,
// sha256 or size, as far as the record says them. It is empty when they agree.
func (w Wheelhouse) Differs(p Pointer) string {
	switch {
	case p.Name != w.Tarball:
		return fmt.Sprintf("the pointer is that of %q", p.Name)
	case w.SHA256 != "" && p.SHA256 != w.SHA256:
		return fmt.Sprintf("the pointer says sha256 %s, the record %s", p.SHA256, w.SHA256)
	case w.Size >= 0 && p.Size != w.Size:
		return fmt.Sprintf("the pointer says %d bytes, the record %d", p.Size, w.Size)
	}
	return ""
}

// proven tells whether the verdict in the file name says so of these very
// bytes.
func (rd *Reader) proven(d *folder, name, sha256 string) (bool, error) {
	data, err := d.read(name, maxVerdict, rd.buf)
	if err != nil {
		return false, fmt.Errorf("reading the verdict: %w", err)
	}
	v, err := verdict.Parse(data, name)
	if err != nil {
		return false, err
	}
	return sha256 != "" && v.SHA256 == sha256 && v.Proven(), nil
}
