package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
)

// takeRequirements takes over the requirements with all that they include, or
// says why it does not.
func (sub *submission) takeRequirements(set *requirements.Set) error {
	if set == nil || len(set.Files) == 0 {
		return nil
	}
	if r := sub.record; (r.RequirementsHash != "" && r.RequirementsHash != set.Hash) ||
		(r.RequirementsInputs != "" && r.RequirementsInputs != set.Inputs) {
		sub.warn("requirements-differ", set.Path, "left out: the record says that the tarball was built from others", "")
		return nil
	}
	for _, f := range set.Files {
		if secret(f.Data) {
			sub.warn("requirements-secret", f.Path, "left out, and with it the others: it holds a password or a token in a URL, and the archive lies in git",
				"write ${NAME} in its place, or keep it in pip's own settings")
			return nil
		}
	}
	files, err := arrange(set)
	if err != nil {
		return err
	}
	sub.requirements = files
	return nil
}

// arrange gives each file its path below the requirements' folder, such that
// what includes what by a relative path still does. Where files lie outside
// the first one's folder, that folder's own last names are repeated.
func arrange(set *requirements.Set) (map[string][]byte, error) {
	up := 0
	for _, f := range set.Files {
		up = max(up, strings.Count(path.Clean(f.Name)+"/", "../"))
	}
	below, err := lastNames(set.Path, up)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, f := range set.Files {
		name := path.Join(below, f.Name)
		if !filepath.IsLocal(filepath.FromSlash(name)) || len(name) > 1000 {
			return nil, fault.New(fault.Refused, "bad-requirements", "archiving the requirements: no place for %q", f.Path)
		}
		files[name] = f.Data
	}
	return files, nil
}

// lastNames gives the last n names of a file's folder, with slashes.
func lastNames(file string, n int) (string, error) {
	if n == 0 {
		return "", nil
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", unreadable(file, err)
	}
	dir := filepath.Dir(abs)
	names := strings.Split(strings.Trim(filepath.ToSlash(strings.TrimPrefix(dir, filepath.VolumeName(dir))), "/"), "/")
	return path.Join(names[max(0, len(names)-n):]...), nil
}

// urls finds what looks like a URL.
var urls = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)

// variable is the whole of a "${NAME}", which pip replaces.
var variable = regexp.MustCompile(`^\$\{[A-Z0-9_]+\}$`)

// secretKey finds what a query calls the secrets in it.
var secretKey = regexp.MustCompile(`(?i)token|secret|passw|signature|credential|api_?key|^key$|^sig$|^auth$`)

// secret tells whether a requirements file holds a password or a token in a
// URL. The user "git" of ssh is none, nor is a ${VARIABLE}.
func secret(data []byte) bool {
	for _, text := range urls.FindAllString(string(data), -1) {
		scheme, rest, _ := strings.Cut(text, "://")
		authority, query, _ := strings.Cut(rest, "?")
		authority, _, _ = strings.Cut(authority, "/")
		if at := strings.LastIndex(authority, "@"); at >= 0 {
			user, password, _ := strings.Cut(authority[:at], ":")
			plain := password // a user without a password is a token
			if plain == "" && !strings.HasSuffix(scheme, "ssh") {
				plain = user
			}
			if plain != "" && !variable.MatchString(plain) {
				return true
			}
		}
		query, _, _ = strings.Cut(query, "#")
		values, _ := url.ParseQuery(query)
		for key, value := range values {
			if secretKey.MatchString(key) && value[0] != "" && !variable.MatchString(value[0]) {
				return true
			}
		}
	}
	return false
}

// RequirementsFile gives the path of the requirements file that lies in the
// archive with a wheelhouse: the one of those in its folder whose sha256 the
// record tells, hash. It is empty when there is none. What it includes lies
// where it says. Code: entry-unreadable.
func RequirementsFile(w entry.Wheelhouse, hash string) (string, error) {
	if w.Meta == "" || hash == "" {
		return "", nil
	}
	dir := filepath.Join(filepath.Dir(w.Meta), entry.RequirementsDir(w.Tarball))
	match, seen := "", 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > 10_000 {
			return fs.SkipAll
		}
		info, err := d.Info()
		if err != nil || !d.Type().IsRegular() || info.Size() > maxBeside {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) == hash {
			match = name
			return fs.SkipAll
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		return "", fault.New(fault.Unable, "entry-unreadable", "reading %s: %w", dir, err)
	}
	return match, nil
}
