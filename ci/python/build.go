package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Built is what `pip wheel` made.
type Built struct {
	// Wheels are the paths of the wheels in the folder, sorted.
	Wheels []string
	// Others are the paths of all else in it, such as an sdist left over.
	Others []string
	// Links maps a file name to the candidates that pip's log saw for it, the
	// one that pip fetched first. One with a SHA256 that is not the wheel's
	// own is another file.
	Links map[string][]Link
	// Sdists maps a wheel's file name to the sdist that it was built from,
	// for wheels that were built here, by this run or one before.
	Sdists map[string]Link
}

// sourceDateEpoch is 1980-01-01 00:00 UTC, the oldest time that a zip holds.
// With it an sdist builds into the same wheel twice.
const sourceDateEpoch = "315532800"

// Wheel runs `<interpreter> -m pip wheel` of the requirements into the fresh
// folder dir, which is absent or empty, with the user's own pip settings, in
// the caller's folder. Output goes to progress, without secrets; nil means
// nowhere. Codes: pip-failed, index-refused, index-unreachable, index-tls,
// no-pip, folder-not-empty.
func Wheel(ctx context.Context, i Interpreter, requirements, dir string, environ []string, progress io.Writer) (*Built, error) {
	if err := freshFolder(dir); err != nil {
		return nil, err
	}
	// The log may hold secrets: nobody else may read it, and it goes.
	private, err := os.MkdirTemp("", "wheelhouse-pip-")
	if err != nil {
		return nil, fault.New(fault.Unable, "pip-failed", "making a temporary folder for pip's log: %w", err)
	}
	defer os.RemoveAll(private)
	log := filepath.Join(private, "pip.log")
	environ = temporaryIn(environ, private)

	redact := newRedactor(environ)
	kept := &tail{}
	out := redact.writer(io.MultiWriter(writerOrDiscard(progress), kept))
	err = stream(ctx, i.command(command.Command{
		Path: i.Path,
		Args: wheelArgs(i, requirements, dir, log),
		Env:  wheelEnviron(environ),
	}), out)
	err = errors.Join(err, out.Flush())
	if ctx.Err() != nil {
		return nil, fmt.Errorf("building the wheels of %s: %w", requirements, ctx.Err())
	}
	if err != nil {
		return nil, pipEnded(i, "building the wheels of "+requirements, log, err, kept, redact)
	}
	b, l, err := built(dir, log)
	if err != nil {
		return nil, err
	}
	if err := hashSdists(ctx, i, b, l, private, environ); err != nil {
		return nil, err
	}
	return b, nil
}

// freshFolder makes dir, or finds it empty.
func freshFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fault.New(fault.Unable, "pip-failed", "making the folder for the wheels: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fault.New(fault.Unable, "pip-failed", "looking into the folder for the wheels: %w", err)
	}
	if len(entries) > 0 {
		return fault.New(fault.Refused, "folder-not-empty", "the folder for the wheels is not empty: %s", dir)
	}
	return nil
}

// wheelArgs are the arguments of the one run of pip.
func wheelArgs(i Interpreter, requirements, dir, log string) []string {
	return append(pipModule(i), "wheel", "--log", log, "--progress-bar", "off",
		"--disable-pip-version-check", "--no-input", "--wheel-dir", dir, "-r", requirements)
}

// pipModule are the arguments that run pip with the user's settings. A folder
// named pip where the user stands must not be run in its place: -P keeps it
// out (3.11 and later). -I would keep out credentials helpers of the user's own.
func pipModule(i Interpreter) []string {
	minor, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(i.Short(), "3."), "t"))
	if err == nil && minor >= 11 {
		return []string{"-P", "-m", "pip"}
	}
	return []string{"-m", "pip"}
}

// wheelEnviron is the user's own environment with what building needs.
func wheelEnviron(environ []string) []string {
	environ = setenv(environ, "PIP_REQUIRE_VIRTUALENV", "0")
	if getenv(environ, "SOURCE_DATE_EPOCH") == "" {
		environ = setenv(environ, "SOURCE_DATE_EPOCH", sourceDateEpoch)
	}
	return environ
}

// temporaryIn has Python's tempfile use dir, so that what pip and the build
// backends put there goes with it: a pip that a signal ends cleans nothing up.
func temporaryIn(environ []string, dir string) []string {
	for _, name := range []string{"TMPDIR", "TEMP", "TMP"} {
		environ = setenv(environ, name, dir)
	}
	return environ
}

// pipEnded makes the error of a run of pip that failed while it was doing that.
func pipEnded(i Interpreter, doing, log string, err error, kept *tail, r *redactor) error {
	var exit *command.ExitError
	lines := kept.lines()
	switch {
	case !errors.As(err, &exit):
		return fault.New(fault.Unable, "pip-failed", "%s: running pip: %w", doing, err)
	case len(lines) > 0 && strings.HasSuffix(lines[len(lines)-1], "No module named pip"):
		return noPip(i)
	}
	l := newPipLog(nil)
	if file, err := os.Open(log); err == nil {
		// What cannot be read of the log only makes the error less precise.
		_ = l.read(file)
		file.Close()
	}
	for _, line := range lines {
		l.line(strings.TrimLeft(line, " "))
	}
	return pipFailed(doing, lines, l.trouble, r)
}

// built reads the folder and the log of a run that succeeded.
func built(dir, log string) (*Built, *pipLog, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fault.New(fault.Unable, "pip-failed", "reading the folder of wheels: %w", err)
	}
	b := &Built{Links: map[string][]Link{}, Sdists: map[string]Link{}}
	var files []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if entry.Type().IsRegular() && strings.HasSuffix(entry.Name(), ".whl") {
			b.Wheels = append(b.Wheels, path)
			files = append(files, entry.Name())
		} else {
			b.Others = append(b.Others, path)
		}
	}
	l := newPipLog(files)
	file, err := os.Open(log)
	if err != nil {
		return nil, nil, fault.New(fault.Unable, "pip-failed", "reading pip's log: %w", err)
	}
	defer file.Close()
	if err := l.read(file); err != nil {
		return nil, nil, fault.New(fault.Unable, "pip-failed", "reading pip's log: %w", err)
	}
	for _, name := range files {
		if links := l.candidates(name); len(links) > 0 {
			b.Links[name] = links
		}
		_, wasBuilt := l.cached[name]
		if wasBuilt || len(b.Links[name]) == 0 {
			if sdist, ok := l.sdist(name); ok {
				b.Sdists[name] = sdist
			}
		}
	}
	return b, l, nil
}
