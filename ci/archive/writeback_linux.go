package archive

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// startWriteback asks the kernel to start writing a range of a file, so that
// the disk works while more bytes come. It is a hint: the fsync that follows
// reports what fails.
func startWriteback(w io.Writer, offset, size int64) {
	if f, ok := w.(*os.File); ok {
		_ = unix.SyncFileRange(int(f.Fd()), offset, size, unix.SYNC_FILE_RANGE_WRITE)
	}
}
