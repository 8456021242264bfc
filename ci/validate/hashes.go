package validate

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// hashes holds the wheels reached against the hashes that roots and
// constraints list. sums gives each wheel's sha256 by file name; l is the lock
// beside the tarball, nil where there is none or it is another tarball's.
func hashes(w World, reached []Reached, sums map[string]string, l *lock.Lock) []finding.Finding {
	applies := map[string]bool{}
	for i, line := range w.Question.Lines {
		if line.Owner == "" && i < len(w.Answer.Judgements) {
			applies[line.Text] = w.Answer.Judgements[i].Applies[""]
		}
	}
	files := map[string][]string{}
	for _, r := range reached {
		if name, err := wheel.ParseName(r.File); err == nil {
			files[name.Project] = append(files[name.Project], r.File)
		}
	}
	var found []finding.Finding
	for _, root := range slices.Concat(w.Roots, w.Constraints) {
		if len(root.SHA256) == 0 && !root.OtherHashes || !hashesWheels(root) || !applies[root.Text()] {
			continue
		}
		for _, file := range files[root.Project] {
			if f, bad := hashOf(root, file, sums[file], l); bad {
				found = append(found, f)
			}
		}
	}
	return found
}

// hashesWheels tells whether a root's hashes are those of distributions: the
// hash of a URL to sources is that of the sources.
func hashesWheels(root Root) bool {
	if root.URL == "" {
		return true
	}
	at, err := url.Parse(root.URL)
	return err == nil && !root.Editable && strings.HasSuffix(path.Base(at.Path), ".whl")
}

// hashOf holds one wheel against one root's list.
func hashOf(root Root, file, sum string, l *lock.Lock) (f finding.Finding, bad bool) {
	if slices.Contains(root.SHA256, sum) {
		return f, false
	}
	f = finding.Finding{Code: "hash-not-listed", Severity: finding.Fail, Subject: file}
	from := origin(file, sum, l)
	switch {
	case from != nil && from.Sdist != nil && slices.Contains(root.SHA256, from.Sdist.SHA256):
		return f, false
	case root.OtherHashes:
		f.Code, f.Severity = "hash-unchecked", finding.Warn
		f.Message = root.Origin + " lists hashes other than sha256, which are not checked"
		f.Hint = "list sha256 hashes"
		return f, true
	case from != nil && from.Sdist != nil:
		f.Message = fmt.Sprintf("it was built from %s, whose sha256 is not among those that %s lists", from.Sdist.File, root.Origin)
	default:
		f.Message = fmt.Sprintf("its sha256 %s is not among those that %s lists", short(sum), root.Origin)
	}
	f.Hint = "build again from the requirements; or list the hash, once you know where the wheel comes from"
	if from == nil {
		f.Hint += " (no lock tells of a source distribution that it was built from)"
	}
	return f, true
}

// origin gives what the lock says of exactly this wheel; nil for nothing.
func origin(file, sum string, l *lock.Lock) *lock.Wheel {
	if l == nil {
		return nil
	}
	for i, w := range l.Wheels {
		if w.File == file && w.SHA256 == sum {
			return &l.Wheels[i]
		}
	}
	return nil
}
