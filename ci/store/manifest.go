package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

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
	// keyDigits is how much of a manifest's sha256 is in its key.
	keyDigits = 16
)

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

	// key and modified are the object's; empty for one that was not read.
	key      string
	modified time.Time
}

// encode gives the text of a manifest.
func (m Manifest) encode() ([]byte, error) {
	m.Version = 1
	byName := func(a, b Part) int { return cmp.Compare(a.Name, b.Name) }
	m.Wheels, m.Files = slices.Clone(m.Wheels), slices.Clone(m.Files)
	slices.SortFunc(m.Wheels, byName)
	slices.SortFunc(m.Files, byName)
	if err := m.check(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// keyOf gives the key that a manifest with this text has.
func (m Manifest) keyOf(text []byte) string {
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%s%s/%s@%s", entryPrefix, keyPart(m.Entry), keyPart(m.Tarball.Name), hex.EncodeToString(sum[:])[:keyDigits])
}

// keyPart gives a name as part of a key: what a key cannot hold is a "_". The
// manifest itself has the name.
func keyPart(name string) string {
	text := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r)) {
			return r
		}
		return '_'
	}, name)
	if strings.HasPrefix(text, ".") {
		text = "_" + text[1:]
	}
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

// ParseManifest reads a manifest, which may hold anything. source is named in
// errors. Code: bad-manifest.
func ParseManifest(text []byte, source string) (Manifest, error) {
	var m Manifest
	bad := func(err error) (Manifest, error) {
		return Manifest{}, fault.New(fault.Refused, "bad-manifest", "reading the manifest %s: %w", source, err)
	}
	if len(text) > maxManifest {
		return bad(fmt.Errorf("it has more than %d bytes", maxManifest))
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return bad(errors.New("it is no JSON of a manifest"))
	}
	if err := m.check(); err != nil {
		return bad(err)
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
	case m.Recipe == "" || len(m.Recipe) > 64:
		return fmt.Errorf("%q is no recipe", m.Recipe)
	}
	parts := append([]Part{m.Tarball}, m.Wheels...)
	if m.Frame != nil {
		parts = append(parts, *m.Frame)
	}
	seen := map[string]bool{}
	for i, p := range parts {
		if p.Name == "" || p.Name != path.Base(p.Name) || strings.ContainsAny(p.Name, "/\\\x00") || strings.HasPrefix(p.Name, ".") || seen[p.Name] && i <= len(m.Wheels) {
			return fmt.Errorf("%q is no file name, or there twice", p.Name)
		}
		seen[p.Name] = true
		if err := p.check(); err != nil {
			return err
		}
	}
	clear(seen)
	for _, p := range m.Files {
		if !fs.ValidPath(p.Name) || p.Name == "." || strings.ContainsAny(p.Name, "\\\x00") || seen[p.Name] || p.Size > maxFile {
			return fmt.Errorf("%q is no path of a file, there twice, or too large", p.Name)
		}
		seen[p.Name] = true
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}

func (p Part) check() error {
	if !sumPattern.MatchString(p.SHA256) || p.Size < 0 {
		return fmt.Errorf("%q has no sha256 or no size", p.Name)
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

// Manifests gives the newest manifest of every tarball that the store holds,
// or of one entry alone, where that is not empty. One that cannot be read
// comes as an error, and the others go on.
func Manifests(ctx context.Context, st Store, entry string) iter.Seq2[Manifest, error] {
	return func(yield func(Manifest, error) bool) {
		newest, err := newestManifests(ctx, st, entry)
		if err != nil {
			yield(Manifest{}, err)
			return
		}
		for _, o := range newest {
			m, err := readManifest(ctx, st, o)
			if entry != "" && err == nil && m.Entry != entry {
				continue // of another, whose key looks the same
			}
			if !yield(m, err) || ctx.Err() != nil {
				return
			}
		}
	}
}

// newestManifests lists the newest of every tarball, sorted by key.
func newestManifests(ctx context.Context, st Store, entry string) ([]Object, error) {
	prefix := entryPrefix
	if entry != "" {
		prefix += keyPart(entry) + "/"
	}
	newest := map[string]Object{}
	for o, err := range st.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		tarball, _, ok := cutLast(o.Key, "@")
		if !ok {
			continue
		}
		if old, there := newest[tarball]; !there || o.Modified.After(old.Modified) || o.Modified.Equal(old.Modified) && o.Key > old.Key {
			newest[tarball] = o
		}
	}
	all := make([]Object, 0, len(newest))
	for _, o := range newest {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b Object) int { return cmp.Compare(a.Key, b.Key) })
	return all, nil
}

func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}

// readManifest reads one, and holds it against its key.
func readManifest(ctx context.Context, st Store, o Object) (Manifest, error) {
	body, err := st.Open(ctx, o.Key)
	if err != nil {
		return Manifest{}, err
	}
	text, err := io.ReadAll(io.LimitReader(body, maxManifest+1))
	if err = errors.Join(err, body.Close()); err != nil {
		return Manifest{}, unreadable(st, o.Key, err)
	}
	m, err := ParseManifest(text, o.Key)
	if err != nil {
		return Manifest{}, err
	}
	if m.keyOf(text) != o.Key {
		return Manifest{}, fault.New(fault.Refused, "store-corrupt", "reading %s of %s: it is not what its key says", o.Key, st.URL())
	}
	m.key, m.modified = o.Key, o.Modified
	return m, nil
}

// unreadable is the error of a body that broke off.
func unreadable(st Store, key string, err error) error {
	if _, coded := fault.As(err); coded || fault.Interrupted(err) {
		return err
	}
	return fault.New(fault.Unable, "store-unreachable", "reading %s of %s: %w", key, st.URL(), err)
}
