package command

import (
	"errors"
	"io"
	"os"
	"time"
)

const (
	// drainPause is how long a pipe that is held by a stranger must be
	// silent to count as read.
	drainPause = 50 * time.Millisecond
	// maxLate is what is read of such a pipe: as much as the largest pipe
	// holds, all of which the command itself may have written.
	maxLate = 1 << 20
)

// outlet is our end of a pipe that a command writes to. It ends when the last
// writer has closed it, and, after limit was called, even when a process that
// the command left behind never does.
type outlet struct {
	*os.File
	late int  // bytes read since the limit passed
	over bool // the limit has passed
}

// limit lets the outlet end that long from now; then what is in the pipe is
// still read, however slowly its reader takes it, and no more is waited for.
// The error says that pipes of this system have no deadlines.
func (o *outlet) limit(after time.Duration) error {
	return o.SetReadDeadline(time.Now().Add(after))
}

func (o *outlet) Read(b []byte) (int, error) {
	if !o.over {
		n, err := o.File.Read(b)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		o.over = true
	}
	if o.late >= maxLate {
		return 0, io.EOF
	}
	if err := o.limit(drainPause); err != nil {
		return 0, err
	}
	n, err := o.File.Read(b)
	o.late += n
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = io.EOF
	}
	return n, err
}

// WriteTo hides the file's own, which knows of no limit.
func (o *outlet) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{o})
}
