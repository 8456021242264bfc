package requirements

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

var (
	// directURL is a URL that pip takes in place of a name.
	directURL = regexp.MustCompile(`(?i)^(?:https?|ftp|(?:git|hg|svn|bzr)\+[a-z]+)://|^(?:git\+)?file:`)
	// anyURL is whatever names another machine, whether pip knows it or not.
	anyURL = regexp.MustCompile(`(?i)^(?:[a-z][a-z0-9+.-]*://|file:)`)
	// drivePath is a path on a Windows drive.
	drivePath = regexp.MustCompile(`^[A-Za-z]:[\\/]`)
	// folderPath is a relative path that does not start with a dot.
	folderPath = regexp.MustCompile(`^[A-Za-z0-9._+ -]+/`)
	// pathExtras parts "./x[dev]".
	pathExtras = regexp.MustCompile(`^(.+)(\[[^\]]+\])$`)
	// namedURL is "name @ …", also with extras.
	namedURL = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*[ \t]*(?:\[[^\]]*\][ \t]*)?@`)
	// sdistVersion finds where a version may begin in an sdist's name.
	sdistVersion = regexp.MustCompile(`-v?[0-9]`)
)

// archiveSuffixes are those of files that pip installs.
var archiveSuffixes = []string{
	".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz",
	".tar.lz", ".tlz", ".tar.lzma", ".tar",
}

// parseRoot reads what a line asks for, without its options: a requirement, a
// URL or a path.
func parseRoot(text string) (Requirement, error) {
	separator := ";"
	if directURL.MatchString(text) {
		// A URL may hold a semicolon; with a blank behind it, it ends one.
		separator = "; "
	}
	head, marker, _ := strings.Cut(text, separator)
	head, marker = strings.Trim(head, blanks), strings.Trim(marker, blanks)
	r, err := parseHead(head)
	r.Marker = marker
	return r, err
}

func parseHead(head string) (Requirement, error) {
	switch {
	case directURL.MatchString(head):
		return parseReference(head)
	case namedURL.MatchString(head):
		return parseRequirement(head)
	case isPath(head):
		return parsePath(head)
	}
	return parseRequirement(head)
}

// parseEditable reads the value of -e: a path, a URL or "name @ URL".
func parseEditable(value string) (Requirement, error) {
	value = strings.Trim(value, blanks)
	var r Requirement
	var err error
	switch {
	case value == "":
		return r, errors.New("-e without a path or URL")
	case directURL.MatchString(value):
		r, err = parseReference(value)
	case namedURL.MatchString(value):
		r, err = parseRequirement(value)
	default:
		r, err = parsePath(value)
	}
	r.Editable = true
	return r, err
}

// isPath tells whether pip would take text for a path. It looks at the text
// alone: whether the path exists is no matter of the requirements.
func isPath(text string) bool {
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "/") || drivePath.MatchString(text) ||
		folderPath.MatchString(filepath.ToSlash(text)) {
		return true
	}
	if m := pathExtras.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	_, ok := cutArchiveSuffix(text)
	return ok
}

// cutArchiveSuffix takes the suffix of an archive from its name.
func cutArchiveSuffix(name string) (stem string, ok bool) {
	for _, suffix := range archiveSuffixes {
		if len(name) > len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix) {
			return name[:len(name)-len(suffix)], true
		}
	}
	return name, false
}

// parsePath reads a path, with extras or without.
func parsePath(text string) (Requirement, error) {
	r := Requirement{URL: text}
	if m := pathExtras.FindStringSubmatch(text); m != nil {
		r.URL = m[1]
		if _, err := r.parseExtras(m[2]); err != nil {
			return r, err
		}
	}
	err := r.nameFromFile(path.Base(filepath.ToSlash(r.URL)))
	return r, err
}

// parseReference reads a URL. The project comes from the file's name, or from
// #egg=, which may have extras.
func parseReference(text string) (Requirement, error) {
	r := Requirement{URL: text}
	if strings.ContainsAny(text, blanks) {
		return r, errors.New("a blank in a URL")
	}
	if err := r.addFragmentHashes(); err != nil {
		return r, err
	}
	file, fragment, _ := strings.Cut(text, "#")
	file, _, _ = strings.Cut(file, "?")
	for part := range strings.SplitSeq(fragment, "&") {
		egg, ok := strings.CutPrefix(part, "egg=")
		if !ok {
			continue
		}
		if plain, err := url.QueryUnescape(egg); err == nil {
			egg = plain
		}
		named, err := parseRequirement(egg)
		if err != nil {
			return r, fmt.Errorf("#egg= of the URL: %w", err)
		}
		r.Project, r.Extras = named.Project, named.Extras
		break
	}
	// A revision may follow the path of a VCS: its name tells nothing.
	if base, err := url.PathUnescape(path.Base(file)); err == nil && !strings.Contains(file, "+") {
		return r, r.nameFromFile(base)
	}
	return r, nil
}

// nameFromFile sets the project from the name of a wheel, or of an sdist if
// it is plain where its version begins and nothing else named the project.
func (r *Requirement) nameFromFile(base string) error {
	if strings.HasSuffix(base, ".whl") {
		name, err := wheel.ParseName(base)
		if err != nil {
			return fmt.Errorf("%s is no file name of a wheel", quote(base))
		}
		r.Project = name.Project
		return nil
	}
	stem, ok := cutArchiveSuffix(base)
	if !ok || r.Project != "" {
		return nil
	}
	if at := sdistVersion.FindAllStringIndex(stem, 2); len(at) == 1 {
		if name := stem[:at[0][0]]; name != "" && projectName.FindString(name) == name {
			r.Project = wheel.Normalize(name)
		}
	}
	return nil
}

// addFragmentHashes takes the hashes that a URL's fragment names.
func (r *Requirement) addFragmentHashes() error {
	_, fragment, _ := strings.Cut(r.URL, "#")
	list := hashList{}
	for part := range strings.SplitSeq(fragment, "&") {
		switch algorithm, digest, _ := strings.Cut(part, "="); algorithm {
		case "sha256":
			if err := list.add("sha256:" + digest); err != nil {
				return errors.New("#sha256= of the URL: a sha256 has 64 hexadecimal digits")
			}
		case "md5", "sha1", "sha224", "sha384", "sha512":
			list.other = true
		}
	}
	r.SHA256, r.OtherHashes = list.sha256, list.other
	return nil
}
