package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestError(t *testing.T) {
	t.Parallel()
	cause := New(Unable, "no-pip", "asking pip: %w", fs.ErrNotExist)
	tests := []struct {
		name   string
		err    *Error
		text   string
		status int
	}{
		{"plain", New(Usage, "bad-time", "%q is no time", "x"), `"x" is no time [bad-time]`, 2},
		{"no status", &Error{Code: "tar-missing", Message: "no such tarball"}, "no such tarball [tar-missing]", 1},
		{"the cause's code once", New(Unable, "no-pip", "building: %w", cause), "building: asking pip: file does not exist [no-pip]", 3},
		{"one line of two", New(Unable, "not-written", "writing: %w", errors.Join(fs.ErrExist, fs.ErrInvalid)), "writing: file already exists; invalid argument [not-written]", 3},
		{"another code", New(Refused, "not-built", "building: %w", cause), "building: asking pip: file does not exist [no-pip] [not-built]", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.err.Error(); got != test.text {
				t.Errorf("text %q, want %q", got, test.text)
			}
			if got := test.err.ExitStatus(); got != test.status {
				t.Errorf("status %d, want %d", got, test.status)
			}
		})
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("outer: %w", New(Unable, "no-pip", "asking: %w", fs.ErrNotExist))
	if Code(err) != "no-pip" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("code %q of %v", Code(err), err)
	}
	if Code(errors.New("x")) != "" {
		t.Error("a code from nowhere")
	}
	if !Interrupted(fmt.Errorf("x: %w", context.Canceled)) || Interrupted(err) {
		t.Error("Interrupted")
	}
}

// TestPrinted holds what a person sees, and that mage's own look at the error,
// a type assertion, finds the status.
func TestPrinted(t *testing.T) {
	t.Parallel()
	var err error = Printed{New(Unable, "no-pip", "asking").WithHint("install %s", "python3-pip")}
	if got, want := err.Error(), "asking [no-pip]\nhint: install python3-pip"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if s, ok := err.(interface{ ExitStatus() int }); !ok || s.ExitStatus() != 3 {
		t.Error("no status for mage")
	}
	if got := (Printed{New(0, "x", "y")}).Error(); got != "y [x]" {
		t.Errorf("without a hint: %q", got)
	}
}
