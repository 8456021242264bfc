package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/bitfield/script"
)

// running is a command that was started: the reader of its standard output.
type running struct {
	pipe   *script.Pipe
	out    *outlet
	stderr *drain
	path   string
	// ended is closed when the command has ended and err is set.
	ended chan struct{}
	err   error
}

// Read gives the command's output. At its end it waits for the command and
// sets the pipe's error before it says io.EOF, so that every sink finds it.
func (r *running) Read(b []byte) (int, error) {
	n, err := r.out.Read(b)
	if n > 0 || err == nil {
		return n, nil
	}
	<-r.ended
	if r.err != nil {
		r.pipe.SetError(r.err)
	} else if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
		return 0, err
	}
	return 0, io.EOF
}

// Close ends the reading: the command's next write fails.
func (r *running) Close() error { return r.out.Close() }

// watch waits for the command, ends its group when ctx ends, and what is left
// of the group when the command has ended.
func (r *running) watch(ctx context.Context, cmd *exec.Cmd) {
	defer close(r.ended)
	waited := make(chan error, 1)
	go func() { waited <- cmd.Wait() }()

	var err error
	select {
	case err = <-waited:
		endGroup(cmd, nil)
	case <-ctx.Done():
		endGroup(cmd, waited)
		err = nil
		r.err = fmt.Errorf("%s: %w", baseName(r.path), ctx.Err())
	}
	r.out.limit(grace)
	tail := r.stderr.wait(grace)
	if r.err == nil {
		r.err = r.outcome(err, tail)
	}
}

// outcome makes the pipe's error from what Wait said.
func (r *running) outcome(err error, tail string) error {
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return r.stderr.failure()
	case errors.As(err, &exit):
		return &ExitError{
			Path:   r.path,
			Status: exit.ExitCode(),
			Signal: endedBy(exit.ProcessState),
			Stderr: tail,
		}
	}
	return fmt.Errorf("%s: %w", baseName(r.path), err)
}
