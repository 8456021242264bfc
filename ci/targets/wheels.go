package targets

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions"
)

// maxArchived is how many of the archive's tarballs are looked into.
const maxArchived = 50

// archivedWheels are those in the archive's tarballs, the newest entries'
// first: what lies there need not be transferred.
func (s *session) archivedWheels() []actions.Wheels {
	tarballs, err := fs.Glob(os.DirFS(s.Config.Archive.Dir), "*/*.tgz")
	if err != nil {
		return nil // the pattern is right, so there is no archive
	}
	slices.Sort(tarballs) // an entry's name starts with its date
	slices.Reverse(tarballs)
	var all []actions.Wheels
	for _, name := range tarballs[:min(len(tarballs), maxArchived)] {
		all = append(all, actions.WheelsOf(filepath.Join(s.Config.Archive.Dir, filepath.FromSlash(name))))
	}
	return all
}
