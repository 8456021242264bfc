package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Installer is a pip that installs into a venv.
type Installer struct {
	// Interpreter runs pip; Environment is its.
	Interpreter Interpreter
	Environment Environment
	// NoNetwork runs it in a network namespace; the default runs it outside
	// of one. Where there can be none, see command.Isolation, it fails.
	NoNetwork bool
	// Progress receives pip's lines; nil means nowhere.
	Progress io.Writer
}

// Name gives the installer's name and version, as verdicts have it: "pip 23.2.1".
func (in Installer) Name() string {
	if in.Environment.PipRunner != "" {
		return "pip " + in.Environment.Pip
	}
	return "pip " + wheelVersion(in.Environment.Ensurepip)
}

// wheelVersion gives the version in a wheel's path.
func wheelVersion(path string) string {
	parts := strings.Split(filepath.Base(path), "-")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// Install installs the derived requirements file from the folder of wheels:
// offline, hashes required, wheels only, resolved by pip itself, without
// compiling bytecode. Nothing of the user's settings is read. Codes:
// install-failed, no-pip.
func (in Installer) Install(ctx context.Context, v Venv, requirements, wheels string) error {
	args := []string{"install", "--isolated", "--no-index", "--find-links", wheels, "--only-binary", ":all:",
		"--require-hashes", "--no-compile", "--no-cache-dir", "--no-warn-script-location", "--no-warn-conflicts",
		"--progress-bar", "off", "--disable-pip-version-check", "--no-input", "-r", requirements}
	lines, err := in.pip(ctx, v, args)
	if err == nil || ctx.Err() != nil || fault.Code(err) != "" {
		return err
	}
	if code := unable(err); code != nil {
		return code
	}
	return fault.New(fault.Refused, "install-failed", "installing into %s: pip failed: %s", v.Dir, shorten(errorLines(lines), 2000))
}

// Check runs `pip check`: every installed distribution has what it requires.
// Codes: pip-check-failed, no-pip.
func (in Installer) Check(ctx context.Context, v Venv) error {
	lines, err := in.pip(ctx, v, []string{"check", "--isolated", "--disable-pip-version-check"})
	if err == nil || ctx.Err() != nil || fault.Code(err) != "" {
		return err
	}
	if code := unable(err); code != nil {
		return code
	}
	said := strings.Join(lines, "; ")
	if said == "" {
		said = why(err)
	}
	return fault.New(fault.Refused, "pip-check-failed", "what was installed does not fit together: %s", shorten(said, 2000))
}

// unable is the error for a pip that did not run; nil when it ran and failed.
func unable(err error) error {
	var exit *command.ExitError
	switch {
	case errors.As(err, &exit):
		return nil
	case errors.Is(err, command.ErrNamespace):
		return fault.New(fault.Unable, "no-isolation", "running without a network: %w", err)
	}
	return fault.New(fault.Unable, "python-broken", "running Python: %w", err)
}

// pip runs one command of pip on the venv and gives its last lines.
func (in Installer) pip(ctx context.Context, v Venv, args []string) ([]string, error) {
	c, err := in.command(v, args)
	if err != nil {
		return nil, err
	}
	kept := &tail{}
	redact := newRedactor(c.Env)
	out := redact.writer(io.MultiWriter(writerOrDiscard(in.Progress), kept))
	err = stream(ctx, in.Interpreter.command(c), out)
	err = errors.Join(err, out.Flush())
	if ctx.Err() != nil {
		return nil, fmt.Errorf("pip %s: %w", args[0], ctx.Err())
	}
	return kept.lines(), err
}

// command is the interpreter's own pip where it works on other interpreters,
// else the wheel that ensurepip carries, run by the venv's interpreter: both
// were made for this Python, which a newer pip need not serve.
//
// `pip --python` starts the other interpreter on its __pip-runner__.py, which
// shows it pip and nothing else of the packages beside pip. That is done here
// directly: pip would take half a second to get there.
func (in Installer) command(v Venv, args []string) (command.Command, error) {
	start := in.Environment.PipRunner
	if start == "" {
		if in.Environment.Ensurepip == "" {
			return command.Command{}, noPip(in.Interpreter)
		}
		start = filepath.Join(in.Environment.Ensurepip, "pip")
	}
	return command.Command{
		Path:      v.Python,
		Args:      append([]string{"-I", start}, args...),
		Env:       in.Interpreter.cleanEnviron(),
		NoNetwork: in.NoNetwork,
		Python:    in.Interpreter.Path,
	}, nil
}
