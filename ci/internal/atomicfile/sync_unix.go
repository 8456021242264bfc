//go:build unix

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// syncFlag is how a file is opened to be fsynced: read-only files can be.
const syncFlag = os.O_RDONLY

// SyncDir fsyncs a folder, so that names in it survive a power cut. On file
// systems that cannot, and on other systems than Unix, it does nothing.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
