package targets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/config"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// session is one target's run: the settings and the world around it.
type session struct {
	*config.Config
	// target is the verb's plain name, "build".
	target string
	cwd    string
	// environ is the process's environment, "KEY=value", without the secrets:
	// children get it.
	environ []string
	// secrets are what it left out.
	secrets []string
	stdout  io.Writer
	stderr  io.Writer
	steps   *report.Steps
	now     func() time.Time
}

// The statuses of an interrupted target, as shells give them.
const (
	statusInterrupted = 128 + int(syscall.SIGINT)
	statusTerminated  = 128 + int(syscall.SIGTERM)
)

// begin does what every target starts and ends with: it loads the settings,
// ends the work on a signal, and gives mage an error that carries the exit
// status and the hint. mage itself turns SIGINT into ctx's end.
func begin(ctx context.Context, target string, work func(context.Context, *session) error) error {
	inner, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	s, err := open(target)
	if err == nil {
		reveal := s.conceal()
		err = work(inner, s)
		reveal()
		s.steps.Stop()
	}
	switch {
	case ctx.Err() != nil:
		return interrupted(target, statusInterrupted, err)
	case inner.Err() != nil:
		return interrupted(target, statusTerminated, err)
	case err == nil:
		return nil
	}
	return ending(target, err)
}

// open loads the settings of the repository that the person stands in.
func open(target string) (*session, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, fault.New(fault.Unable, "no-folder", "finding the current folder: %w", err)
	}
	environ := os.Environ()
	root, err := config.Root(cwd, environ)
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load(root, cwd, environ)
	if err != nil {
		return nil, err
	}
	environ, secrets := parted(environ)
	s := &session{
		Config: cfg, target: target, cwd: cwd, environ: environ, secrets: secrets,
		stdout: os.Stdout, stderr: os.Stderr,
		now: time.Now,
	}
	s.steps = report.NewSteps(os.Stderr, report.IsTerminal(os.Stderr, s.getenv))
	return s, nil
}

// parted takes the secrets out of an environment.
func parted(environ []string) (rest, secrets []string) {
	for _, pair := range environ {
		if name, _, _ := strings.Cut(pair, "="); slices.Contains(config.Secrets(), name) {
			secrets = append(secrets, pair)
		} else {
			rest = append(rest, pair)
		}
	}
	return rest, secrets
}

// conceal takes the secrets out of the process's own environment as well, which
// libraries hand on to what they start. reveal puts them back: the next target
// of the same line may need them, and targets run one after the other.
func (s *session) conceal() (reveal func()) {
	for _, pair := range s.secrets {
		name, _, _ := strings.Cut(pair, "=")
		_ = os.Unsetenv(name) // fails for what is no name
	}
	return func() {
		for _, pair := range s.secrets {
			name, value, _ := strings.Cut(pair, "=")
			_ = os.Setenv(name, value)
		}
	}
}

// secret gives one of the secrets; nil where it is not set.
func (s *session) secret(name string) []byte {
	for _, pair := range s.secrets {
		if key, value, _ := strings.Cut(pair, "="); key == name && value != "" {
			return []byte(value)
		}
	}
	return nil
}

// interrupted is how a cancelled target ends: never with nil, so that mage
// does not go on to the next target.
func interrupted(target string, status int, err error) error {
	e := &fault.Error{Code: "interrupted", Status: status, Message: target + ": interrupted; nothing half-done is left"}
	if err != nil && !fault.Interrupted(err) {
		// Said after the signal, so most likely because of it; kept for who looks.
		e.Err = err
	}
	return fault.Printed{Fault: e}
}

// ending gives err as mage is to print it. What has no code of its own comes
// from the operating system, and could not be done here.
func ending(target string, err error) error {
	e, ok := fault.As(err)
	if !ok {
		return fault.Printed{Fault: fault.New(osStatus(err), "failed", "%s: %w", target, err)}
	}
	// The outermost text may say more than the coded error inside it.
	shown := &fault.Error{Code: e.Code, Status: e.Status, Message: strings.TrimSuffix(err.Error(), " ["+e.Code+"]"), Hint: e.Hint, Err: err}
	return fault.Printed{Fault: shown}
}

func osStatus(err error) int {
	var path *os.PathError
	if errors.As(err, &path) || errors.Is(err, syscall.ENOSPC) {
		return fault.Unable
	}
	return fault.Refused
}

// typed gives a target's name as the person types it: importers have a prefix
// ("wheelhouse:fetch"), which is read off the words of the command line.
func (s *session) typed(target string) string {
	for _, word := range os.Args[1:] {
		prefix, name, found := cutLast(word, ":")
		if found && strings.EqualFold(name, s.target) {
			return prefix + ":" + target
		}
	}
	return target
}

func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return "", text, false
	}
	return text[:i], text[i+len(sep):], true
}

// note prints a line for the person, not for a program, to stderr.
func (s *session) note(format string, args ...any) {
	fmt.Fprintf(s.steps, format+"\n", args...) // to a terminal or a log: nothing to do when it fails
}

// printf prints a result to stdout.
func (s *session) printf(format string, args ...any) error {
	if _, err := fmt.Fprintf(s.stdout, format, args...); err != nil {
		return fault.New(fault.Unable, "output", "writing the result: %w", err)
	}
	return nil
}

// limits are the settings' bounds on what is read of a tarball.
func (s *session) limits() wheelhouse.Limits {
	l := s.Limits
	return wheelhouse.Limits{Members: l.Members, MemberBytes: l.MemberBytes, TotalBytes: l.TotalBytes, Ratio: l.Ratio}
}

// wheelLimits are the settings' bounds on what is read of a wheel.
func (s *session) wheelLimits() wheel.Limits {
	l := s.Limits
	return wheel.Limits{Members: l.WheelMembers, Bytes: l.WheelBytes, Ratio: l.WheelRatio, MetadataBytes: l.WheelMetadataBytes}
}

// show gives a path as the person would type it: relative where it lies below
// the current folder.
func (s *session) show(path string) string {
	rel, err := filepath.Rel(s.cwd, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return rel
}

// getenv gives a variable of the session's environment.
func (s *session) getenv(name string) (string, bool) {
	for i := len(s.environ) - 1; i >= 0; i-- {
		if key, value, _ := strings.Cut(s.environ[i], "="); key == name {
			return value, true
		}
	}
	return "", false
}

// option lays an option over a setting, with the setting's own checks. An
// option that was not given changes nothing.
func (s *session) option(name string, value *string, key string) error {
	if value == nil {
		return nil
	}
	return s.Set(key, *value, "-"+name, s.cwd)
}

// switchOption sets a setting that is true or false to an option's value, when
// it was given.
func (s *session) switchOption(name string, value *bool, key string) error {
	if value == nil {
		return nil
	}
	text := strconv.FormatBool(*value)
	return s.option(name, &text, key)
}

// path gives an option's path, absolute, or "" when it was not given; an
// option given empty means nothing and is refused.
func (s *session) path(name string, value *string) (string, error) {
	if value == nil {
		return "", nil
	}
	if err := s.filled(name, *value); err != nil {
		return "", err
	}
	if filepath.IsAbs(*value) {
		return filepath.Clean(*value), nil
	}
	return filepath.Join(s.cwd, *value), nil
}

// filled refuses an option that was given empty.
func (s *session) filled(name, value string) error {
	if value != "" {
		return nil
	}
	return fault.New(fault.Usage, "empty-option", "%s: option -%s is empty", s.target, name).
		WithHint("give it a value, or leave it out for the default: mage -h %s", s.typed(s.target))
}

// required refuses a required value that cannot be meant: mage hands over the
// next word whatever it is.
func (s *session) required(name, value string) error {
	if value == "" || strings.HasPrefix(value, "-") {
		return fault.New(fault.Usage, "bad-argument", "%s: %s is %q, which cannot be one", s.target, name, value).
			WithHint("options come after the required values: mage -h %s", s.typed(s.target))
	}
	return nil
}

// on tells whether a switch was given and true.
func on(value *bool) bool { return value != nil && *value }
