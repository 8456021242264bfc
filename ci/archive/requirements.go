package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	files := map[string][]byte{}
	for _, f := range set.Files {
		if !fs.ValidPath(f.Name) || f.Name == "." || !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return fault.New(fault.Refused, "bad-requirements", "archiving the requirements: no place for %q", f.Path)
		}
		files[f.Name] = f.Data
	}
	sub.requirements = files
	return nil
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
		authority, _, _ := strings.Cut(rest, "/")
		_, query, _ := strings.Cut(rest, "?")
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
// archive with a wheelhouse: the one at the top of its folder whose sha256 is
// hash, which is the record's. It is empty when there is none. What it
// includes lies where requirements.Load looks for it. Code: entry-unreadable.
func RequirementsFile(w entry.Wheelhouse, hash string) (string, error) {
	if w.Meta == "" || hash == "" {
		return "", nil
	}
	dir := filepath.Join(filepath.Dir(w.Meta), entry.RequirementsDir(w.Tarball))
	names, err := dirNames(dir)
	if err != nil {
		return "", fault.New(fault.Unable, "entry-unreadable", "reading %q: %w", dir, err)
	}
	slices.Sort(names)
	for _, name := range names {
		file := filepath.Join(dir, name)
		info, err := os.Lstat(file)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxBeside {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return "", fault.New(fault.Unable, "entry-unreadable", "reading %q: %w", file, err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) == hash {
			return file, nil
		}
	}
	return "", nil
}
