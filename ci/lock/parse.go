package lock

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// document is what is read of a lock; other keys are passed over.
type document struct {
	LockVersion string         `toml:"lock-version"`
	Packages    []packageTable `toml:"packages"`
	Tool        struct {
		Wheelhouse toolTable `toml:"wheelhouse"`
	} `toml:"tool"`
}

type packageTable struct {
	Name    string       `toml:"name"`
	Version string       `toml:"version"`
	Wheels  []wheelTable `toml:"wheels"`
	Tool    struct {
		Wheelhouse struct {
			Sdists []sdistTable `toml:"sdists"`
		} `toml:"wheelhouse"`
	} `toml:"tool"`
}

type wheelTable struct {
	Name   string `toml:"name"`
	URL    string `toml:"url"`
	Path   string `toml:"path"`
	Size   *int64 `toml:"size"`
	Hashes struct {
		SHA256 string `toml:"sha256"`
	} `toml:"hashes"`
}

type sdistTable struct {
	Wheel  string `toml:"wheel"`
	Name   string `toml:"name"`
	URL    string `toml:"url"`
	Hashes struct {
		SHA256 string `toml:"sha256"`
	} `toml:"hashes"`
}

type toolTable struct {
	Format  string `toml:"format"`
	Tarball string `toml:"tarball"`
	SHA256  string `toml:"sha256"`
	Size    int64  `toml:"size"`
	Python  string `toml:"python"`
}

// Parse reads a lock that Encode wrote; file names it in errors. Keys that are
// not known are passed over, and every 1.x version is taken; what would not be
// this wheelhouse (packages without wheels, wheels without a bare path, a size
// or a sha256) is refused, and so is data larger than MaxBytes. Code: bad-lock.
func Parse(data []byte, file string) (Lock, error) {
	l, err := parse(data)
	if err != nil {
		return Lock{}, fault.New(fault.Refused, "bad-lock", "reading the lock %s: %w", file, err)
	}
	return l, nil
}

func parse(data []byte) (Lock, error) {
	if len(data) > MaxBytes {
		return Lock{}, fmt.Errorf("larger than %d bytes", MaxBytes)
	}
	var d document
	if err := toml.Unmarshal(data, &d); err != nil {
		var where *toml.DecodeError
		if errors.As(err, &where) {
			row, _ := where.Position()
			return Lock{}, fmt.Errorf("line %d: %w", row, err)
		}
		return Lock{}, err
	}
	if d.LockVersion != "1" && !strings.HasPrefix(d.LockVersion, "1.") {
		return Lock{}, fmt.Errorf("its lock-version is %q, and not 1.0", d.LockVersion)
	}
	t := d.Tool.Wheelhouse
	l := Lock{Tarball: t.Tarball, Format: t.Format, SHA256: t.SHA256, Size: t.Size, Python: t.Python}
	projects := map[string]bool{}
	for _, p := range d.Packages {
		wheels, err := p.read()
		if err != nil {
			return Lock{}, err
		}
		if projects[p.Name] {
			return Lock{}, fmt.Errorf("the project %q is there twice", p.Name)
		}
		projects[p.Name] = true
		l.Wheels = append(l.Wheels, wheels...)
	}
	if reason := l.check(); reason != "" {
		return Lock{}, errors.New(reason)
	}
	slices.SortFunc(l.Wheels, func(a, b Wheel) int { return strings.Compare(a.File, b.File) })
	if _, err := group(l.Wheels); err != nil {
		return Lock{}, err
	}
	return l, nil
}

// read gives the wheels of one package.
func (p packageTable) read() ([]Wheel, error) {
	if len(p.Wheels) == 0 {
		return nil, fmt.Errorf("the project %q has no wheels", p.Name)
	}
	built := make(map[string]*Sdist, len(p.Tool.Wheelhouse.Sdists))
	for _, s := range p.Tool.Wheelhouse.Sdists {
		if built[s.Wheel] != nil {
			return nil, fmt.Errorf("the sdist of %q is there twice", s.Wheel)
		}
		built[s.Wheel] = &Sdist{File: s.Name, URL: s.URL, SHA256: s.Hashes.SHA256}
	}
	wheels := make([]Wheel, 0, len(p.Wheels))
	for _, w := range p.Wheels {
		name, err := wheel.ParseName(w.Path)
		switch {
		case err != nil:
			return nil, err
		case name.Project != p.Name || p.Version != "" && !wheel.SameVersion(name.Version, p.Version):
			return nil, fmt.Errorf("%q is not a wheel of %q %s", w.Path, p.Name, p.Version)
		case w.Name != "" && w.Name != w.Path:
			return nil, fmt.Errorf("%q has another name, %q", w.Path, w.Name)
		case w.Size == nil:
			return nil, fmt.Errorf("%q has no size", w.Path)
		}
		wheels = append(wheels, Wheel{File: w.Path, Size: *w.Size, SHA256: w.Hashes.SHA256, URL: w.URL, Sdist: built[w.Path]})
		delete(built, w.Path)
	}
	for file := range built {
		return nil, fmt.Errorf("an sdist is named for %q, which is not there", file)
	}
	return wheels, nil
}
