package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
)

const (
	// askBytes is the most that an engine may print.
	askBytes = 1 << 20
	// saidBytes is how much of a message is told.
	saidBytes = 500
)

// ask runs one command of the engine's for at most that long and gives what it
// printed, also where it failed; the error says why in the engine's words.
func (e Engine) ask(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	pipe := e.command(args...).Pipe(limited)
	out, err := io.ReadAll(io.LimitReader(pipe, askBytes+1))
	if len(out) > askBytes {
		cancel()
		io.Copy(io.Discard, pipe) // until the command has ended
		return "", fmt.Errorf("%s %s printed more than %d bytes", e.Path, args[0], askBytes)
	}
	if err == nil {
		err = pipe.Error()
	}
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case limited.Err() != nil:
		return "", fmt.Errorf("%s %s did not end in %s", e.Path, args[0], limit)
	}
	return string(out), inItsWords(err)
}

// inItsWords makes the error of a command that ran and failed what it said.
func inItsWords(err error) error {
	var exit *command.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if text := said(exit.Stderr); text != "" {
		return errors.New(text)
	}
	return err
}

var (
	// besides matches the lines that docker puts after its message.
	besides = regexp.MustCompile(`^((See|Run) '.*--help'|errors pretty printing info$)`)
	// speaker matches how messages begin: by the program's name, a level, and
	// the daemon's.
	speaker = regexp.MustCompile(`^(docker|Error|ERROR|Error response from daemon): `)
)

// said gives the last line of an engine's messages that tells something,
// without who says it.
func said(stderr string) string {
	last := ""
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		for loc := speaker.FindStringIndex(line); loc != nil; loc = speaker.FindStringIndex(line) {
			line = line[loc[1]:]
		}
		if line != "" && !besides.MatchString(line) {
			last = line
		}
	}
	return printable(last)
}

// printable replaces control characters, which could move a terminal's cursor,
// and bounds what is told.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) <= saidBytes {
		return text
	}
	return strings.ToValidUTF8(text[:saidBytes], "") + "…"
}
