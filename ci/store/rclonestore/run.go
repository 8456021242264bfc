package rclonestore

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"unicode"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// rclone's exit statuses.
const (
	noFolder = 3
	noFile   = 4
)

// output is what a running rclone prints.
type output struct {
	pipe interface {
		io.ReadCloser
		// Error is how it ended, once it has.
		Error() error
	}
	cancel context.CancelFunc
}

// start runs rclone. It has no terminal, so it must not ask for the password
// of its configuration.
func (s *Store) start(ctx context.Context, args ...string) *output {
	ctx, cancel := context.WithCancel(ctx)
	args = append([]string{"--ask-password=false", "--stats=0", "--log-level=ERROR"}, args...)
	return &output{pipe: command.Command{Path: s.Program, Args: args, Env: s.Environ}.Pipe(ctx), cancel: cancel}
}

// Read gives what it prints; at the end, how it ended.
func (o *output) Read(p []byte) (int, error) {
	n, err := o.pipe.Read(p)
	if failed := o.pipe.Error(); err == io.EOF && failed != nil {
		return n, failed
	}
	return n, err
}

// end ends it if it still runs, and waits for that.
func (o *output) end() {
	o.cancel()
	_, _ = io.Copy(io.Discard, o.pipe)
	_ = o.pipe.Close()
}

// run runs rclone to its end.
func (s *Store) run(ctx context.Context, doing string, args ...string) error {
	out := s.start(ctx, args...)
	defer out.end()
	if _, err := io.Copy(io.Discard, out); err != nil {
		return s.told(doing, err)
	}
	return nil
}

// missing tells whether rclone said that there is no such file or folder.
func missing(err error) bool {
	var exit *command.ExitError
	return errors.As(err, &exit) && (exit.Status == noFolder || exit.Status == noFile)
}

// What rclone says, in its own words or those of a server, of the two things
// that have a code of their own.
var (
	refusedWords = regexp.MustCompile(`(?i)access ?denied|forbidden|unauthori[sz]ed|permission denied|invalid ?access ?key|signature ?does ?not ?match|no such host in config|didn't find section|couldn't find.*(credentials|token)|\b40[13]\b|unable to decrypt`)
	fullWords    = regexp.MustCompile(`(?i)no space left|quota ?exceeded|storage ?quota|insufficient ?storage|disk full`)
)

// told gives the error of a run.
func (s *Store) told(doing string, err error) error {
	var exit *command.ExitError
	switch {
	case fault.Interrupted(err):
		return err
	case errors.Is(err, exec.ErrNotFound):
		return fault.New(fault.Unable, "rclone-missing", "%s: %s: there is no program %s here: %w", s.url, doing, s.Program, err).
			WithHint("install rclone (https://rclone.org/install/), or take another store")
	case !errors.As(err, &exit):
		return fault.New(fault.Unable, "store-unreachable", "%s: %s: %w", s.url, doing, err)
	}
	said := lastLine(exit.Stderr)
	switch {
	case fullWords.MatchString(said):
		return fault.New(fault.Unable, "store-full", "%s: %s: rclone ended with status %d%s", s.url, doing, exit.Status, said)
	case refusedWords.MatchString(said):
		return fault.New(fault.Unable, "store-refused", "%s: %s: rclone ended with status %d%s", s.url, doing, exit.Status, said).
			WithHint("credentials are rclone's own: look with `rclone config`, or at the variables of its backend")
	}
	return fault.New(fault.Unable, "store-unreachable", "%s: %s: rclone ended with status %d%s", s.url, doing, exit.Status, said).
		WithHint("does `rclone lsf %s` work?", s.remote)
}

func (s *Store) misunderstood(doing string) error {
	return fault.New(fault.Unable, "store-unreachable", "%s: %s: what rclone prints is not understood", s.url, doing).
		WithHint("is it rclone 1.56 or later? `rclone version` tells")
}

// query is that of an address: it may be signed.
var query = regexp.MustCompile(`(https?://[^\s?"'<>]*)\?[^\s"'<>]*`)

// lastLine gives the last of what rclone said, for the end of a message.
func lastLine(text string) string {
	const most = 300
	text = strings.TrimSpace(text)
	text = query.ReplaceAllString(text[strings.LastIndexAny(text, "\r\n")+1:], "$1")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	if text == "" {
		return ""
	}
	return ": " + text
}
