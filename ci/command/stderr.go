package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// maxStderr is how much of standard error an ExitError keeps.
const maxStderr = 64 << 10

// takeStderr gives what the command writes its standard error to, to be closed
// once it is started, and starts the reader on our side.
func (r *running) takeStderr(to io.Writer) (*os.File, error) {
	if file, ok := to.(*os.File); ok && file != nil {
		r.stderr = &drain{done: closed()}
		return file, nil
	}
	in, end, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	r.stderr = &drain{in: &outlet{File: in}, to: to, done: make(chan struct{})}
	go r.stderr.run()
	return end, nil
}

func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// drain reads a command's standard error.
type drain struct {
	in   *outlet
	to   io.Writer // nil: keep the tail
	tail tail
	err  error // of writing to to
	done chan struct{}
}

func (d *drain) run() {
	defer close(d.done)
	defer d.in.Close()
	if d.to == nil {
		io.Copy(&d.tail, d.in)
		return
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := d.in.Read(buf)
		if n > 0 && d.err == nil {
			// After a failed write the rest is read all the same: a
			// full pipe would stop the command.
			_, d.err = d.to.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// wait waits for the end of standard error, no longer than limit when somebody
// else holds it, and gives the tail. What the command wrote before it ended is
// in the pipe and is read at once.
func (d *drain) wait(limit time.Duration) string {
	if d.in != nil {
		if err := d.in.limit(limit); err != nil && !errors.Is(err, os.ErrClosed) {
			// A system whose pipes have no deadlines.
			select {
			case <-d.done:
			case <-time.After(limit):
				return ""
			}
		}
	}
	<-d.done
	return string(d.tail)
}

// failure is why the caller's writer did not take it all; call it after wait.
func (d *drain) failure() error {
	select {
	case <-d.done:
	default:
		return nil
	}
	if d.err != nil {
		return fmt.Errorf("passing standard error on: %w", d.err)
	}
	return nil
}

// tail keeps the last maxStderr bytes written to it.
type tail []byte

func (t *tail) Write(b []byte) (int, error) {
	kept := append(*t, b...)
	if extra := len(kept) - maxStderr; extra > 0 {
		kept = kept[:copy(kept, kept[extra:])]
	}
	*t = kept
	return len(b), nil
}

// ExitError is a command that ran and failed.
type ExitError struct {
	// Path is the program as the caller named it.
	Path string
	// Status is its exit status; -1 when a signal ended it.
	Status int
	// Signal is the name of the signal that ended it, such as "killed";
	// empty when none did.
	Signal string
	// Stderr is the end of its standard error, at most 64 KiB; empty when
	// the caller took it.
	Stderr string
}

// Error names the program's base name, its status and the last line of stderr.
func (e *ExitError) Error() string {
	text := fmt.Sprintf("%s: exit status %d", baseName(e.Path), e.Status)
	if e.Signal != "" {
		text = fmt.Sprintf("%s: ended by a signal (%s)", baseName(e.Path), e.Signal)
	}
	trimmed := strings.TrimRight(e.Stderr, " \t\r\n")
	if last := trimmed[strings.LastIndexAny(trimmed, "\r\n")+1:]; last != "" {
		text += ": " + strings.TrimSpace(last)
	}
	return text
}
