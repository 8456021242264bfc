package validate

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// newTemporary makes the folder that all of a run's temporary files lie in.
func newTemporary(parent string) (string, error) {
	temp, err := os.MkdirTemp(parent, "wheelhouse-validate-") // mode 0700
	if err == nil {
		// TMPDIR may be relative; what runs elsewhere, or in another folder,
		// must find it too.
		temp, err = filepath.Abs(temp)
	}
	if err != nil {
		return "", fault.New(fault.Unable, "no-temporary-folder", "making a temporary folder: %w", err).
			WithHint("TMPDIR names the folder for temporary files: it must be there and writable")
	}
	return temp, nil
}

// removeAll removes a folder of ours with what tests left in it: folders that
// they took the permissions of would keep it.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	// What cannot be opened up is told by the removal.
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
