// Package fault holds the one error type that carries a stable code, an exit
// status and a hint, so that a person, a script and a log each find what they
// look for in the same error.
//
// A message is lower case, says what was being done and to what, and ends with
// its code in brackets:
//
//	no such tarball: dist/wheelhouse-3.11.tgz [tar-missing]
//
// The hint, which says what to do next, is not part of Error(): whoever prints
// the error prints the hint on a line of its own.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The exit statuses of every target.
const (
	// Refused: a check said no.
	Refused = 1
	// Usage: the command line or the settings are wrong.
	Usage = 2
	// Unable: it could not be done here (no Python, no network, no room).
	Unable = 3
)

// Error is an error with a stable code, an exit status and a hint.
type Error struct {
	// Code is stable and in kebab case, such as "tar-missing". Never empty.
	Code string
	// Status is the exit status; 0 means Refused.
	Status int
	// Message says what was being done and to what, in lower case, with
	// neither code nor hint.
	Message string
	// Hint says what to do next; empty when there is nothing to say.
	Hint string
	// Err is the cause; nil when Message says all.
	Err error
}

// New returns an Error without a cause. An argument formatted by %w becomes
// the cause that errors.Is finds. What an argument says in several lines, as
// errors.Join does, comes in one, parted by "; ".
func New(status int, code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	message := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	return &Error{Code: code, Status: status, Message: message, Err: errors.Unwrap(err)}
}

// WithHint sets the hint and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Error gives the message and the code in brackets. A code that the message
// ends with already (that of its cause) is not repeated.
func (e *Error) Error() string {
	suffix := "[" + e.Code + "]"
	if strings.HasSuffix(e.Message, suffix) {
		return e.Message
	}
	return e.Message + " " + suffix
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// ExitStatus is the status that the process ends with; mage reads it by type
// assertion, so an Error must be returned outermost.
func (e *Error) ExitStatus() int {
	if e.Status == 0 {
		return Refused
	}
	return e.Status
}

// As gives the outermost Error in err's chain, if there is one.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// Code gives the code of the outermost Error in err's chain, else "".
func Code(err error) string {
	if e, ok := As(err); ok {
		return e.Code
	}
	return ""
}

// Interrupted tells whether err comes of a cancelled or expired context.
func Interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
