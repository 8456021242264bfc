// Package command runs external commands as script pipelines: with a folder,
// an environment, a process group that ends with its caller, separate stderr
// and, on Linux, a network namespace that has only loopback.
package command

import (
	"context"
	"io"

	"github.com/bitfield/script"
)

// Command is one external command.
type Command struct {
	// Path is the program: a path, or a name looked up in PATH of Env.
	Path string
	// Args are its arguments, without the program's own name.
	Args []string
	// Dir is the folder that it runs in; empty means the caller's.
	Dir string
	// Env is its whole environment, "KEY=value"; nil means the caller's.
	Env []string
	// Stdin is read by the command; nil means none.
	Stdin io.Reader
	// Stderr receives its standard error; nil: the last 64 KiB are kept for
	// the error's text.
	Stderr io.Writer
	// NoNetwork runs the command in a network namespace with only loopback,
	// brought up. See Isolation.
	NoNetwork bool
}

// Pipe starts the command and gives its standard output as a script pipe. The
// pipe's Error (and that of its sinks) is a *ExitError when the command ran
// and failed. When ctx ends, the whole process group gets SIGTERM, and SIGKILL
// 2 seconds later.
func (c Command) Pipe(ctx context.Context) *script.Pipe { panic("todo") }

// ExitError is a command that ran and failed.
type ExitError struct {
	// Path is the program.
	Path string
	// Status is its exit status; -1 when a signal ended it.
	Status int
	// Stderr is the end of its standard error, at most 64 KiB; empty when
	// the caller took it.
	Stderr string
}

// Error names the program's base name, its status and the last line of stderr.
func (e *ExitError) Error() string { panic("todo") }

// Isolation tells whether this machine lets a command run without network:
// nil, or why it does not (EPERM, ENOSPC, EINVAL, or another system than
// Linux). It tries once with /bin/true's like and does not cache.
func Isolation(ctx context.Context) error { panic("todo") }
