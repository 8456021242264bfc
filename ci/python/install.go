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

// Installer installs into a venv: the interpreter's pip, or uv.
type Installer struct {
	// Interpreter runs pip; Environment is its.
	Interpreter Interpreter
	Environment Environment
	// UV installs in pip's place; nil: pip does.
	UV *UV
	// Cache is a folder that nothing but this proof's uv uses; it need not be
	// there yet. Required with UV.
	Cache string
	// NoNetwork runs it in a network namespace; the default runs it outside
	// of one. Where there can be none, see command.Isolation, it fails.
	NoNetwork bool
	// Progress receives the installer's lines; nil means nowhere.
	Progress io.Writer
}

// Name gives the installer's name and version, as verdicts have it: "pip
// 23.2.1", "uv 0.13.9".
func (in Installer) Name() string {
	switch {
	case in.UV != nil:
		return "uv " + in.UV.Version
	case in.Environment.PipRunner != "":
		return "pip " + in.Environment.Pip
	}
	return "pip " + wheelVersion(in.Environment.Ensurepip)
}

// tool gives the installer's name.
func (in Installer) tool() string {
	if in.UV != nil {
		return "uv"
	}
	return "pip"
}

// NewVenv makes the venv with what will install into it; Environment is not
// needed yet. See the function NewVenv.
func (in Installer) NewVenv(ctx context.Context, dir string) (Venv, error) {
	if in.UV != nil {
		return newVenv(ctx, in.Interpreter, dir, venvTime, in.uvVenv)
	}
	return NewVenv(ctx, in.Interpreter, dir)
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
// offline, hashes required, wheels only, resolved by the installer itself,
// without compiling bytecode. Nothing of the user's settings is read. Codes:
// install-failed, no-pip, disk-full.
func (in Installer) Install(ctx context.Context, v Venv, requirements, wheels string) error {
	args := []string{"install", "--isolated", "--no-index", "--find-links", wheels, "--only-binary", ":all:",
		"--require-hashes", "--no-compile", "--no-cache-dir", "--no-warn-script-location", "--no-warn-conflicts",
		"--progress-bar", "off", "--disable-pip-version-check", "--no-input", "-r", requirements}
	if in.UV != nil {
		args = in.uvInstall(v, requirements, wheels)
	}
	lines, err := in.run(ctx, v, args)
	if err == nil || ctx.Err() != nil || fault.Code(err) != "" {
		return err
	}
	doing := "installing into " + v.Dir
	if e := in.unable(doing, lines, err); e != nil {
		return e
	}
	return fault.New(fault.Refused, "install-failed", "%s: %s failed: %s", doing, in.tool(), shorten(in.errorLines(lines), 2000))
}

// Check runs `pip check` or `uv pip check`: every installed distribution has
// what it requires. Codes: pip-check-failed, no-pip, disk-full.
func (in Installer) Check(ctx context.Context, v Venv) error {
	args := []string{"check", "--isolated", "--disable-pip-version-check"}
	if in.UV != nil {
		args = in.uvCheck(v)
	}
	lines, err := in.run(ctx, v, args)
	if err == nil || ctx.Err() != nil || fault.Code(err) != "" {
		return err
	}
	if e := in.unable("checking what was installed", lines, err); e != nil {
		return e
	}
	said := strings.Join(lines, "; ")
	if in.UV != nil {
		said = uvErrors(lines)
	}
	if said == "" {
		said = why(err)
	}
	return fault.New(fault.Refused, "pip-check-failed", "what was installed does not fit together: %s", shorten(said, 2000))
}

// unable is the error for an installer that did not run, or that could not do
// its work; nil when it refused.
func (in Installer) unable(doing string, lines []string, err error) error {
	if e := unable(err); e != nil {
		return e
	}
	printed := strings.Join(lines, "\n")
	if e := diskFull(doing, printed); e != nil {
		return e
	}
	if in.UV != nil && strings.Contains(printed, "error: unexpected argument") {
		return fault.New(fault.Unable, "no-uv", "%s: %s (%s) is too old or too new: %s", doing, in.Name(), in.UV.Path, shorten(uvErrors(lines), 500)).
			WithHint("install another uv, or install with pip: -installer=pip")
	}
	return nil
}

// errorLines gives the installer's own errors out of what it printed.
func (in Installer) errorLines(lines []string) string {
	if in.UV != nil {
		return uvErrors(lines)
	}
	return errorLines(lines)
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

// run runs one command of the installer on the venv and gives its last lines.
func (in Installer) run(ctx context.Context, v Venv, args []string) ([]string, error) {
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
		return nil, fmt.Errorf("running %s: %w", in.tool(), ctx.Err())
	}
	return kept.lines(), err
}

// command is uv, which needs no loopback; else pip's.
func (in Installer) command(v Venv, args []string) (command.Command, error) {
	if in.UV == nil {
		return in.pip(v, args)
	}
	return command.Command{Path: in.UV.Path, Args: args, Env: in.Interpreter.cleanEnviron(), NoNetwork: in.NoNetwork}, nil
}

// pip is the interpreter's own pip where it works on other interpreters,
// else the wheel that ensurepip carries, run by the venv's interpreter: both
// were made for this Python, which a newer pip need not serve.
//
// `pip --python` starts the other interpreter on its __pip-runner__.py, which
// shows it pip and nothing else of the packages beside pip. That is done here
// directly: pip would take half a second to get there.
func (in Installer) pip(v Venv, args []string) (command.Command, error) {
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
