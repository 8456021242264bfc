package requirements

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// The bounds of a Set. They are far above what people write and far below
// what a machine notices.
const (
	// maxFile is the most bytes of one file: 150,000 pins with a hash each.
	maxFile = 16 << 20
	// maxTotal is the most bytes of all files: they are all kept in memory.
	maxTotal = 64 << 20
	// maxFiles is the most files: an include for every project of a large
	// repository.
	maxFiles = 1000
	// maxDepth is the most includes within one another. Nobody writes ten.
	maxDepth = 100
	// maxEntries is the most roots, constraints and options together: a line
	// of two bytes makes a Requirement of two hundred.
	maxEntries = 100_000
)

// Load reads path and what it includes. getenv serves ${VAR}; nil leaves them
// as they are. An error names file and line. Codes: requirements-missing
// (status 2: path, or a file that it includes, is not there), bad-requirements
// (status 1: it says what cannot be read; 3: the file system failed).
func Load(path string, getenv func(string) (string, bool)) (*Set, error) {
	return load(path, getenv, readFile)
}

// load is Load over any file system: read gives at most maxFile bytes, and
// fs.ErrNotExist for a file that is not there.
func load(path string, getenv func(string) (string, bool), read func(string) ([]byte, error)) (*Set, error) {
	if anyURL.MatchString(path) {
		return nil, fault.New(fault.Usage, "bad-requirements", "reading requirements: %s is a URL: nothing is fetched", quote(path))
	}
	clean := filepath.Clean(path)
	l := &loader{
		dir: filepath.Dir(clean), getenv: getenv, read: read,
		set: &Set{Path: path}, known: map[string]int{}, done: map[visit]bool{},
	}
	if err := l.include(filepath.Base(clean), false, 0); err != nil {
		return nil, asFault(err)
	}
	l.set.Hash = l.set.Files[0].SHA256
	l.set.Inputs = inputs(l.set.Files)
	return l.set, nil
}

// inputs is the digest over all files that the package comment defines.
func inputs(files []File) string {
	lines := make([][2]string, len(files))
	for i, f := range files {
		lines[i] = [2]string{f.Name, f.SHA256}
	}
	slices.SortFunc(lines, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	digest := sha256.New()
	for _, l := range lines {
		fmt.Fprintf(digest, "%s  %s\n", l[1], l[0])
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// visit is a file read in one of its two meanings.
type visit struct {
	path       string
	constraint bool
}

// loader reads a file and what it includes.
type loader struct {
	dir    string // the first file's folder
	getenv func(string) (string, bool)
	read   func(string) ([]byte, error)
	set    *Set
	known  map[string]int // path -> index in set.Files
	done   map[visit]bool
	total  int
}

// location is a file and a line of it.
type location struct {
	file string
	line int
	err  error
}

func (e *location) Error() string { return e.err.Error() }
func (e *location) Unwrap() error { return e.err }

// include reads one file. Its place is written with slashes, from the first
// file's folder, and may start with "../" or be absolute.
func (l *loader) include(place string, constraint bool, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("more than %d includes within one another", maxDepth)
	}
	f, err := l.open(place)
	if err != nil {
		return err
	}
	v := visit{f.Path, constraint}
	if l.done[v] {
		return nil
	}
	l.done[v] = true
	text, err := decode(f.Data)
	var lines []line
	if err == nil {
		lines, err = logicalLines(text, l.getenv)
	}
	if err != nil {
		return located(f.Path, 1, err)
	}
	for _, li := range lines {
		if err := l.line(f, place, li, constraint, depth); err != nil {
			return located(f.Path, li.number, err)
		}
	}
	return nil
}

// located adds file and line to err, unless it knows them.
func located(file string, number int, err error) error {
	var at *location
	if errors.As(err, &at) {
		return err
	}
	var le *lineError
	if errors.As(err, &le) {
		number = le.number
	}
	return &location{file: file, line: number, err: err}
}

// open gives the file at a place; it is read once. Outside the first file's
// folder, the archived name is looked at first.
func (l *loader) open(place string) (File, error) {
	name := archivedName(place)
	if strings.ContainsFunc(name, unprintable) || strings.Contains(name, `\`) {
		return File{}, fmt.Errorf("the file name %s cannot be archived: it has a backslash, a control character or broken UTF-8", quote(name))
	}
	candidates := []string{filepath.Join(l.dir, filepath.FromSlash(name))}
	switch native := filepath.FromSlash(place); {
	case path.IsAbs(place) || filepath.IsAbs(native):
		candidates = append(candidates, native)
	case name != place:
		candidates = append(candidates, filepath.Join(l.dir, native))
	}
	for i, candidate := range candidates {
		if at, ok := l.known[candidate]; ok {
			return l.set.Files[at], nil
		}
		data, err := l.read(candidate)
		if i+1 < len(candidates) && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
			continue
		}
		if err != nil {
			return File{}, &openError{candidate, err}
		}
		return l.add(File{Path: candidate, Name: name, Data: data})
	}
	return File{}, fs.ErrNotExist
}

// add keeps a file that was read.
func (l *loader) add(f File) (File, error) {
	if l.total += len(f.Data); l.total > maxTotal {
		return f, fmt.Errorf("all files together hold more than %d bytes", maxTotal)
	}
	if len(l.set.Files) == maxFiles {
		return f, fmt.Errorf("more than %d files", maxFiles)
	}
	digest := sha256.Sum256(f.Data)
	f.SHA256 = hex.EncodeToString(digest[:])
	l.known[f.Path] = len(l.set.Files)
	l.set.Files = append(l.set.Files, f)
	return f, nil
}

// archivedName is the Name of the file at a place.
func archivedName(place string) string {
	if path.IsAbs(place) {
		return "_abs" + path.Clean(place)
	}
	if drivePath.MatchString(place) {
		return "_abs/" + place[:1] + path.Clean(place[2:])
	}
	up := ""
	for strings.HasPrefix(place, "../") {
		up, place = up+"_up/", place[len("../"):]
	}
	return up + place
}

// openError is a file that could not be read.
type openError struct {
	path string
	err  error
}

func (e *openError) Error() string {
	err := e.err
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Sprintf("%s: %v", quote(e.path), err)
}
func (e *openError) Unwrap() error { return e.err }

// asFault makes the error that callers see.
func asFault(err error) error {
	code, status := "bad-requirements", fault.Refused
	var failed *openError
	if errors.As(err, &failed) {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			code, status = "requirements-missing", fault.Usage
		case !errors.Is(err, errNoFile):
			status = fault.Unable
		}
	}
	var at *location
	if errors.As(err, &at) {
		return fault.New(status, code, "reading requirements: %s:%d: %w", at.file, at.line, err)
	}
	return fault.New(status, code, "reading requirements: %w", err)
}

// errNoFile is a path that holds no file that could be read in full.
var errNoFile = errors.New("no regular file")

// readFile reads a regular file of at most maxFile bytes. A fifo or a device
// would never end.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNoFile
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, fmt.Errorf("%w within %d bytes", errNoFile, maxFile)
	}
	return data, err
}
