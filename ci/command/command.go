package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/bitfield/script"
)

// grace is how long a process group has between SIGTERM and SIGKILL, and a
// pipe that outlives its command to end.
const grace = 2 * time.Second

// Command is one external command.
type Command struct {
	// Path is the program: a name is looked up in PATH of Env, a relative
	// path is relative to Dir.
	Path string
	// Args are its arguments, without the program's own name.
	Args []string
	// Dir is the folder that it runs in; empty means the caller's.
	Dir string
	// Env is its whole environment, "KEY=value"; nil means the caller's. Of
	// two values of one key the later holds.
	Env []string
	// Stdin is read by the command; nil means none.
	Stdin io.Reader
	// Stderr receives its standard error; nil: the last 64 KiB are kept for
	// the error's text.
	Stderr io.Writer
	// NoNetwork runs the command in a network namespace with only loopback.
	// Where that cannot be had the command does not run and the pipe's error
	// is ErrNamespace. See Isolation.
	NoNetwork bool
	// Python is the interpreter (a path) that brings loopback up inside the
	// namespace and then becomes the command; empty leaves it down, so that
	// 127.0.0.1 is unreachable too. Where it may not, the exit status is
	// 125 and the command did not run. Of no use without NoNetwork.
	Python string
}

// Pipe starts the command and gives its standard output as a script pipe. When
// ctx ends, the whole process group gets SIGTERM, and SIGKILL 2 seconds later.
// Whoever does not read the pipe to its end closes it or ends ctx, for the
// command waits for its reader.
func (c Command) Pipe(ctx context.Context) *script.Pipe {
	pipe := script.NewPipe()
	run, err := c.start(ctx)
	if err != nil {
		return pipe.WithError(err)
	}
	run.pipe = pipe
	return pipe.WithReader(run)
}

// command makes the exec.Cmd, without its streams.
func (c Command) command() (*exec.Cmd, error) {
	env := c.Env
	if env == nil {
		env = os.Environ()
	}
	path, err := lookPath(c.Path, c.Dir, env)
	if err != nil {
		return nil, err
	}
	args := c.Args
	if c.NoNetwork && c.Python != "" {
		path, args = loopback(c.Python, path, args)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	// A reader of Stdin that never returns must not keep Wait.
	cmd.WaitDelay = 100 * time.Millisecond
	group(cmd)
	if c.NoNetwork {
		if err := isolate(cmd); err != nil {
			return nil, namespaceError(err)
		}
	}
	return cmd, nil
}

// start starts the command and whatever watches it.
func (c Command) start(ctx context.Context) (*running, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Path, err)
	}
	cmd, err := c.command()
	if err != nil {
		return nil, err
	}
	out, outEnd, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	run := &running{out: &outlet{File: out}, ended: make(chan struct{}), path: c.Path}
	messages, err := run.takeStderr(c.Stderr)
	if err != nil {
		return nil, errors.Join(err, out.Close(), outEnd.Close())
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, outEnd, messages
	err = cmd.Start()
	outEnd.Close()
	if messages != c.Stderr {
		messages.Close()
	}
	if err != nil {
		out.Close()
		run.stderr.wait(grace)
		if c.NoNetwork && isNamespaceError(err) {
			return nil, namespaceError(err)
		}
		return nil, err
	}
	go run.watch(ctx, cmd)
	return run, nil
}

// ErrNamespace is a network namespace that could not be had.
var ErrNamespace = errors.New("no network namespace")

func namespaceError(err error) error { return fmt.Errorf("%w: %w", ErrNamespace, err) }

// baseName is how messages call the program.
func baseName(path string) string { return filepath.Base(path) }
