package targets

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/filestore"
)

// maxArchived is how many of the archive's tarballs are looked into.
const maxArchived = 50

// wheelsHere are those that need not be transferred: in the archive's
// tarballs, and in the store where that is a folder. From any other store they
// would come over a network as well.
func (s *session) wheelsHere() []actions.Wheels {
	all := s.archivedWheels()
	if st, err := filestore.Open(s.Store.URL, s.Root); err == nil {
		all = append(all, storedWheels{st})
	}
	return all
}

// storedWheels are those of a store.
type storedWheels struct{ st store.Store }

// Open implements actions.Wheels.
func (w storedWheels) Open(ctx context.Context, wheel lock.Wheel) (io.ReadCloser, error) {
	return w.st.Open(ctx, store.BlobKey(wheel.SHA256))
}

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
