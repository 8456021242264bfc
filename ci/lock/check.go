package lock

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// project is the wheels of one project in one version.
type project struct {
	name, version string
	wheels        []Wheel
}

// check holds the lock to its rules; "" when it keeps them. No URL is ever
// part of the reason: it may hold a secret.
func (l Lock) check() string {
	switch {
	case !isBare(l.Tarball):
		return "the tarball's name is not a file's base name"
	case !isSHA256(l.SHA256):
		return "the tarball's sha256 is not 64 lower-case hex digits"
	case l.Size < 0:
		return "the tarball's size is negative"
	case l.Python != "" && requiresPython(l.Python) == "":
		return fmt.Sprintf("python %q is not a version as 3.11 or 3.13t", l.Python)
	case !utf8.ValidString(l.Format) || strings.ContainsFunc(l.Format, unicode.IsControl):
		return "the format's name holds control characters"
	case len(l.Wheels) == 0:
		return "it holds no wheel"
	}
	return ""
}

// check holds one wheel to its rules.
func (w Wheel) check() string {
	switch {
	case !isBare(w.File):
		return fmt.Sprintf("%q is not a file's base name", w.File)
	case !isSHA256(w.SHA256):
		return fmt.Sprintf("the sha256 of %q is not 64 lower-case hex digits", w.File)
	case w.Size < 0:
		return fmt.Sprintf("the size of %q is negative", w.File)
	case !isClean(w.URL):
		return fmt.Sprintf("the URL of %q is not http or https, or has user-info, a query or a fragment", w.File)
	}
	if s := w.Sdist; s != nil {
		switch {
		case !isBare(s.File):
			return fmt.Sprintf("the sdist of %q is not a file's base name", w.File)
		case s.SHA256 != "" && !isSHA256(s.SHA256):
			return fmt.Sprintf("the sha256 of the sdist of %q is not 64 lower-case hex digits", w.File)
		case !isClean(s.URL):
			return fmt.Sprintf("the URL of the sdist of %q is not http or https, or has user-info, a query or a fragment", w.File)
		}
	}
	return ""
}

// group checks the wheels, which are sorted by file, and sorts them into
// projects, in the order of their first wheels.
func group(wheels []Wheel) ([]project, error) {
	var projects []project
	index := map[string]int{}
	for i, w := range wheels {
		if reason := w.check(); reason != "" {
			return nil, fault.New(fault.Refused, "bad-lock", "%s", reason)
		}
		if i > 0 && wheels[i-1].File == w.File {
			return nil, fault.New(fault.Refused, "bad-lock", "%q is there twice", w.File)
		}
		name, err := wheel.ParseName(w.File)
		if err != nil {
			return nil, fault.New(fault.Refused, "bad-lock", "%w", err)
		}
		at, known := index[name.Project]
		if !known {
			at = len(projects)
			index[name.Project] = at
			projects = append(projects, project{name: name.Project, version: name.Version})
		}
		p := &projects[at]
		if !wheel.SameVersion(p.version, name.Version) {
			return nil, fault.New(fault.Refused, "duplicate-project", "%s is there in two versions, %s and %s", p.name, p.version, name.Version)
		}
		p.wheels = append(p.wheels, w)
	}
	return projects, nil
}

// requiresPython gives "==3.11.*" of "3.11" and of "3.11t"; "" of what is no
// such version. PEP 440 knows nothing of free threading: there the wheels' own
// tags say which interpreter fits.
func requiresPython(python string) string {
	python = strings.TrimSuffix(python, "t")
	major, minor, found := strings.Cut(python, ".")
	if !found || !isNumber(major) || !isNumber(minor) {
		return ""
	}
	return "==" + python + ".*"
}

func isNumber(s string) bool {
	return s != "" && len(s) <= 9 && strings.Trim(s, "0123456789") == ""
}

func isSHA256(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// isClean tells whether a URL may stand in a lock; empty is no URL.
func isClean(raw string) bool { return raw == CleanURL(raw) }

func isBare(name string) bool {
	return name != "" && name != "." && name != ".." && utf8.ValidString(name) &&
		!strings.ContainsAny(name, `/\`) && !strings.ContainsFunc(name, unicode.IsControl)
}
