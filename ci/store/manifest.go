package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

const (
	// maxManifest is the most bytes of a manifest: 10,000 wheels take 2 MB.
	maxManifest = 16 << 20
	// maxParts is the most wheels, and the most files, that one names.
	maxParts = 20_000
	// maxFile is the most bytes of one file of a record.
	maxFile = 16 << 20
	// maxName is the most bytes of a name or a path.
	maxName = 1024
	// keyDigits is how much of a manifest's sha256 is in its key.
	keyDigits = 16
)

// recipePattern is a word such as "wheelhouse-1" or "gzip-6".
var recipePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.+-]{0,39}$`)

// Part is a blob that a manifest names.
type Part struct {
	// Name is a wheel's file name, the tarball's, or a file's path below its
	// entry's folder, with slashes.
	Name string `json:"name"`
	// SHA256 in lower-case hex.
	SHA256 string `json:"sha256"`
	// Size in bytes.
	Size int64 `json:"size"`
}

// Manifest says what a tarball of the archive is made of, and what its record
// consists of. The same content always has the same text.
type Manifest struct {
	// Version of this format: 1.
	Version int `json:"version"`
	// Entry is the name of the entry's folder, or a flat record's without
	// ".meta".
	Entry string `json:"entry"`
	// Tarball itself; a blob where Recipe is rebuild.Whole.
	Tarball Part `json:"tarball"`
	// Recipe is the encoder that makes the tarball of its wheels; see
	// rebuild.Recipe.
	Recipe string `json:"recipe"`
	// Frame is the recipe's; nil where it has none.
	Frame *Part `json:"frame,omitempty"`
	// Wheels by name.
	Wheels []Part `json:"wheels"`
	// Files of the record, by path: all that is kept for good.
	Files []Part `json:"files"`
}

// Encode gives a manifest's one text, a line of JSON, and the key that it is
// stored under. Version is set, wheels and files are sorted. What ParseManifest
// would refuse is refused. Code: bad-manifest.
func (m Manifest) Encode() (text []byte, key string, err error) {
	m.Version = 1
	byName := func(a, b Part) int { return cmp.Compare(a.Name, b.Name) }
	m.Wheels, m.Files = append([]Part{}, m.Wheels...), append([]Part{}, m.Files...)
	slices.SortFunc(m.Wheels, byName)
	slices.SortFunc(m.Files, byName)
	text, err = m.text()
	if err == nil {
		// Whatever is written must be readable: the reader's rules are the rules.
		_, err = parseManifest(text)
	}
	if err != nil {
		return nil, "", fault.New(fault.Refused, "bad-manifest", "writing the manifest of %q: %w", m.Tarball.Name, err)
	}
	return text, m.keyOf(text), nil
}

// text gives a manifest as it is stored.
func (m Manifest) text() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(m)
	return out.Bytes(), err
}

// keyOf gives the key that a manifest with this text has.
func (m Manifest) keyOf(text []byte) string {
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%s%s/%s@%s", entryPrefix, keyPart(m.Entry), keyPart(m.Tarball.Name), hex.EncodeToString(sum[:])[:keyDigits])
}

// keyPart gives a name as part of a key: what a key cannot hold is a "_". The
// manifest itself has the name. None begins with a dot.
func keyPart(name string) string {
	text := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r)) {
			return r
		}
		return '_'
	}, name)
	const most = 150
	return text[:min(len(text), most)]
}

// Parts gives every blob that the manifest needs, each sha256 once.
func (m Manifest) Parts() []Part {
	all := slices.Clone(m.Files)
	if m.Recipe == rebuild.Whole {
		all = append(all, m.Tarball)
	} else {
		all = append(all, m.Wheels...)
	}
	if m.Frame != nil {
		all = append(all, *m.Frame)
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(p Part) bool {
		had := seen[p.SHA256]
		seen[p.SHA256] = true
		return had
	})
}

// WheelFiles gives the wheels as the rebuilding takes them.
func (m Manifest) WheelFiles() []wheelhouse.File {
	files := make([]wheelhouse.File, len(m.Wheels))
	for i, w := range m.Wheels {
		files[i] = wheelhouse.File{Name: w.Name, Path: w.Name, Size: w.Size, SHA256: w.SHA256}
	}
	return files
}

// ParseManifest reads a manifest, which may hold anything; source is named in
// errors. Only the text that Encode gives is taken: a key that this version
// does not know may name blobs that must not be collected. Code: bad-manifest.
func ParseManifest(text []byte, source string) (Manifest, error) {
	m, err := parseManifest(text)
	if err != nil {
		return Manifest{}, fault.New(fault.Refused, "bad-manifest", "reading the manifest %s: %w", source, err)
	}
	return m, nil
}

func parseManifest(text []byte) (Manifest, error) {
	var m Manifest
	if len(text) > maxManifest {
		return m, fmt.Errorf("it has more than %d bytes", maxManifest)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, errors.New("it is no JSON of a manifest")
	}
	if err := m.check(); err != nil {
		return m, err
	}
	if again, err := m.text(); err != nil || !bytes.Equal(again, text) {
		return m, errors.New("it is not in the one form that manifests have")
	}
	return m, nil
}

// check tells what is wrong with a manifest.
func (m Manifest) check() error {
	switch {
	case m.Version != 1:
		return fmt.Errorf("its version is %d, and only 1 is known", m.Version)
	case !validEntry(m.Entry):
		return fmt.Errorf("%q is no entry", m.Entry)
	case len(m.Wheels) > maxParts || len(m.Files) > maxParts:
		return fmt.Errorf("it names more than %d wheels or files", maxParts)
	case !recipePattern.MatchString(m.Recipe):
		return fmt.Errorf("%q is no recipe", m.Recipe)
	case m.Wheels == nil || m.Files == nil:
		return errors.New("it has no list of wheels or files")
	}
	bare := append([]Part{m.Tarball}, m.Wheels...)
	if m.Frame != nil {
		bare = append(bare, *m.Frame)
	}
	for _, p := range bare {
		if strings.Contains(p.Name, "/") || strings.HasPrefix(p.Name, ".") {
			return fmt.Errorf("%q is no file name", p.Name)
		}
	}
	sizes := map[string]int64{}
	for _, p := range append(bare, m.Files...) {
		if err := p.check(); err != nil {
			return err
		}
		if size, known := sizes[p.SHA256]; known && size != p.Size {
			return fmt.Errorf("%q has the sha256 of another of another size", p.Name)
		}
		sizes[p.SHA256] = p.Size
	}
	for _, p := range m.Files {
		if p.Size > maxFile {
			return fmt.Errorf("%q has more than %d bytes", p.Name, maxFile)
		}
	}
	return cmp.Or(sorted(m.Wheels), sorted(m.Files))
}

// check tells what is wrong with a part.
func (p Part) check() error {
	switch {
	case len(p.Name) > maxName || !fs.ValidPath(p.Name) || p.Name == "." || strings.Contains(p.Name, `\`) ||
		strings.ContainsFunc(p.Name, unicode.IsControl):
		return fmt.Errorf("%q is no name of a file", p.Name)
	case !sumPattern.MatchString(p.SHA256) || p.Size < 0:
		return fmt.Errorf("%q has no sha256 or no size", p.Name)
	}
	return nil
}

// sorted tells that parts are not in order, or one of them is there twice.
func sorted(parts []Part) error {
	for i := 1; i < len(parts); i++ {
		if parts[i-1].Name >= parts[i].Name {
			return fmt.Errorf("%q is not after %q", parts[i].Name, parts[i-1].Name)
		}
	}
	return nil
}

// validEntry tells whether a name is one of an entry's folder, or of a flat
// record without ".meta".
func validEntry(name string) bool {
	if _, _, ok := entry.ParseName(name); ok {
		return true
	}
	_, _, _, ok := entry.ParseFlatName(name + ".meta")
	return ok
}
