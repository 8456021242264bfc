package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
)

// capture runs a command and gives what it printed, at most limit bytes: a
// command that prints more is ended and is an error.
func capture(ctx context.Context, c command.Command, limit int64) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pipe := c.Pipe(ctx)
	out, err := io.ReadAll(io.LimitReader(pipe, limit+1))
	if int64(len(out)) > limit {
		cancel()
		io.Copy(io.Discard, pipe) // until the command has ended
		return nil, fmt.Errorf("printed more than %d bytes", limit)
	}
	if err == nil {
		err = pipe.Error()
	}
	return out, err
}

// stream runs a command whose output and errors go to w.
func stream(ctx context.Context, c command.Command, w io.Writer) error {
	shared := &lockedWriter{w: w}
	c.Stderr = shared
	_, err := c.Pipe(ctx).WithStdout(shared).Stdout()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// lockedWriter lets a command's output and errors share one writer.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// tail keeps the last lines of what is written to it, at most tailBytes.
type tail struct{ data []byte }

const tailBytes = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if len(t.data) > 2*tailBytes {
		t.data = append(t.data[:0], t.data[len(t.data)-tailBytes:]...)
	}
	return len(p), nil
}

// lines gives the kept lines that hold something, trimmed of white space on
// the right and free of control characters.
func (t *tail) lines() []string {
	var kept []string
	for _, line := range strings.FieldsFunc(string(t.data), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimRight(printable(line), " \t"); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

// printable replaces control characters, which could move a terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < ' ' || (r >= 0x7f && r < 0xa0)) {
			return '?'
		}
		return r
	}, s)
}

// shorten cuts text to n bytes, at a character's boundary.
func shorten(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}

// why says in a few words how a command failed.
func why(err error) string {
	var exit *command.ExitError
	if !errors.As(err, &exit) {
		return shorten(printable(strings.ReplaceAll(err.Error(), "\n", "; ")), 200)
	}
	text := fmt.Sprintf("exited %d", exit.Status)
	if exit.Status < 0 {
		text = "was ended by a signal"
	}
	lines := (&tail{data: []byte(exit.Stderr)}).lines()
	if len(lines) > 0 {
		text += ": " + shorten(strings.TrimSpace(lines[len(lines)-1]), 200)
	}
	return text
}

// writerOrDiscard lets nil mean no progress.
func writerOrDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}
