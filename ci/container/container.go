package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Container is one container that runs. Its methods but Close may be called by
// several goroutines at once.
type Container struct {
	// Name is the engine's for it.
	Name string
	// Environ is what the image sets, "KEY=value".
	Environ []string

	engine Engine
	image  string

	input  *os.File           // of what keeps it alive
	cancel context.CancelFunc // ends the engine's client
	first  chan error         // what came of the first line
	ended  chan struct{}      // closed when the client has ended, and err is set
	err    error

	once   sync.Once
	closed error // what Close gives
}

// The keeper's first line, which it echoes as soon as the container runs.
const echo = "up\n"

// start starts the engine's client, which lives as long as the container does:
// longer than the caller's context, so that what is under way inside can be
// ended first.
func (c *Container) start(ctx context.Context, words []string) error {
	input, output, err := os.Pipe()
	if err != nil {
		return fault.New(fault.Unable, "container-failed", "starting a container of %s: %w", c.image, err)
	}
	defer input.Close()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	run := c.engine.command(words...)
	run.Stdin = input
	c.input, c.cancel = output, cancel
	c.first, c.ended = make(chan error, 1), make(chan struct{})
	pipe := run.Pipe(ctx)
	// The pipe holds so little; whether somebody reads it is seen by what
	// comes back.
	io.WriteString(output, echo)
	go func() {
		defer close(c.ended)
		line := make([]byte, len(echo))
		_, err := io.ReadFull(pipe, line)
		if err == nil && string(line) != echo {
			err = errors.New("its cat does not say what it is told")
		}
		c.first <- err
		io.Copy(io.Discard, pipe)
		c.err = inItsWords(pipe.Error())
	}()
	return nil
}

// await waits until the container runs. Where it does not, nothing is left of
// it.
func (c *Container) await(ctx context.Context, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var why error
	select {
	case err := <-c.first:
		if err == nil {
			return nil
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			why = err
		}
	case <-ctx.Done():
	case <-timer.C:
		why = fmt.Errorf("it does not run after %s", limit)
	}
	p := patienceOf(ctx)
	p.end = time.Second // nothing runs in it that should end well
	_, left := c.end(ctx, p)
	if ctx.Err() != nil {
		return fmt.Errorf("starting a container of %s: %w", c.image, ctx.Err())
	}
	if why == nil {
		why = c.err // what the client said when it ended
	}
	if why == nil {
		why = errors.New("its cat ended at once")
	}
	if left != nil {
		why = fmt.Errorf("%w; %w", why, left)
	}
	failed := fault.New(fault.Unable, "container-failed", "starting a container of %s with %s: %w", c.image, c.engine, why)
	if text := why.Error(); strings.Contains(text, "bind") || strings.Contains(text, "mount") || strings.Contains(text, "statfs") {
		failed.WithHint("the folders of this machine must be the engine's too: one that runs elsewhere (DOCKER_HOST, a virtual machine) does not see them")
	}
	return failed
}

// Through makes of a command one that runs inside: in Dir and with Env as
// there, with what Env holds laid over what the image sets; a nil Env adds
// nothing. The path of the program is the container's, a name is looked up in
// its PATH. There is no network in there, whatever NoNetwork says.
//
// The engine's client gives the command's exit status: 128 and its number for a
// signal, 125 to 127 also where the engine could not run it. A context that
// ends ends the client; the command itself may live on until Close.
func (c *Container) Through(in command.Command) command.Command {
	out := c.engine.command(execWords(c.Name, in.Dir, in.Env, in.Stdin != nil, in.Path, in.Args)...)
	out.Stdin, out.Stderr = in.Stdin, in.Stderr
	return out
}

// Close ends all that runs inside and removes the container, also where ctx has
// ended: then in at most some seconds. Called again it gives the same. Codes: container-failed where the container had ended by
// itself, for which commands in it may have failed; container-left where it
// could not be removed, which names it.
func (c *Container) Close(ctx context.Context) error {
	c.once.Do(func() {
		lived, left := c.end(ctx, patienceOf(ctx))
		switch {
		case left != nil:
			c.closed = left
		case !lived:
			why := c.err
			if why == nil {
				why = errors.New("its cat ended")
			}
			c.closed = fault.New(fault.Unable, "container-failed", "the container of %s ended before its work did: %w", c.image, why)
		}
	})
	return c.closed
}
