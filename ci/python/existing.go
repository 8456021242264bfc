package python

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// OpenVenv gives the venv of somebody's that lies in a folder. there is false
// where NewVenv would make one: the folder is absent or empty, or holds one that
// NewVenv made and nobody settled. Anything else is refused. Code: venv-exists
// (usage).
func OpenVenv(dir string) (v Venv, there bool, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return Venv{}, false, fault.New(fault.Unable, "no-venv", "looking for the virtual environment: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Venv{}, false, nil
	}
	if err == nil && (len(entries) == 0 || ours(dir)) {
		return Venv{}, false, nil
	}
	v = Venv{Dir: dir, Python: venvPython(dir)}
	for _, path := range []string{filepath.Join(dir, "pyvenv.cfg"), v.Python} {
		if err == nil {
			_, err = os.Stat(path)
		}
	}
	if err != nil {
		return Venv{}, false, fault.New(fault.Usage, "venv-exists", "%s is there and no virtual environment: it is left as it is: %w", dir, err).
			WithHint("name a virtual environment, or a folder that is absent or empty")
	}
	return v, true, nil
}

// Settle makes a venv of NewVenv's its user's own: it is never erased to be made
// again from now on.
func (v Venv) Settle() error { return os.Remove(filepath.Join(v.Dir, venvMarker)) }

// installedScript tells what a venv holds itself, whatever else it sees.
//
//go:embed installed.py
var installedScript string

const (
	// installedMark begins the line that counts.
	installedMark = "wheelhouse-installed:"
	// installedBytes is the most that the list of all may take.
	installedBytes = 4 << 20
)

// Installed gives the versions of what is installed in a venv by the projects'
// normalised names. Code: python-broken.
func (in Installer) Installed(ctx context.Context, v Venv) (map[string]string, error) {
	limited, cancel := context.WithTimeout(ctx, venvTime)
	defer cancel()
	out, err := capture(limited, in.Interpreter.command(command.Command{
		Path: v.Python,
		Args: []string{"-I", "-c", installedScript},
		Env:  in.Interpreter.cleanEnviron(),
	}), installedBytes)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("asking %s what is installed: %w", v.Python, ctx.Err())
	}
	found := map[string]string{}
	if err == nil {
		_, line, ok := strings.Cut(string(out), "\n"+installedMark)
		line, _, _ = strings.Cut(line, "\n")
		if !ok {
			err = errors.New("it does not answer as Python does")
		} else {
			err = json.Unmarshal([]byte(line), &found)
		}
	}
	if err != nil {
		return nil, fault.New(fault.Unable, "python-broken", "asking %s what is installed: %s", v.Python, why(err))
	}
	all := make(map[string]string, len(found))
	for name, version := range found {
		all[wheel.Normalize(name)] = version
	}
	return all, nil
}

// Editable installs the project in a folder so that its sources are run where
// they lie: without what it requires, and built by what is in the venv already.
// Code: editable-failed, no-pip, disk-full.
func (in Installer) Editable(ctx context.Context, v Venv, dir string) error {
	args := []string{"install", "--isolated", "--no-index", "--no-deps", "--no-build-isolation", "--no-compile",
		"--no-cache-dir", "--no-warn-script-location", "--progress-bar", "off", "--disable-pip-version-check",
		"--no-input", "-e", dir}
	if in.UV != nil {
		args = in.uvArgs("pip", "install", "--python", v.Python, "--no-index", "--no-deps", "--no-build-isolation", "-e", dir)
	}
	lines, err := in.run(ctx, v, args)
	if err == nil || ctx.Err() != nil || fault.Code(err) != "" {
		return err
	}
	doing := "installing " + dir + " in editable mode"
	if e := in.unable(doing, lines, err); e != nil {
		return e
	}
	return fault.New(fault.Refused, "editable-failed", "%s: %s failed: %s", doing, in.tool(), shorten(in.errorLines(lines), 2000)).
		WithHint("its build must do with what the wheelhouse brings: add what it misses to [build-system] requires, and to the requirements")
}
