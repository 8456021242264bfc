package python

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// UV is a uv that installs in pip's place.
type UV struct {
	// Path of the program, absolute, or its bare name where the interpreter is
	// reached through something.
	Path string
	// Version is whole: "0.13.9".
	Version string
}

// uvVersion matches what `uv --version` prints.
var uvVersion = regexp.MustCompile(`^uv ([0-9]{1,9}\.[0-9]{1,9}\.[0-9a-zA-Z.+-]{1,32})(?: |$)`)

// uvMark begins the line that says where the interpreter has its uv.
const uvMark = "wheelhouse-uv:"

// uvScript says where the program is that `python -m uv` would run. -I leaves
// the user's own packages out, where pip puts uv for want of permissions.
const uvScript = `import site, sys
try:
    sys.path.append(site.getusersitepackages())
except Exception:
    pass
from uv import find_uv_bin
sys.stdout.buffer.write(("\n` + uvMark + `" + find_uv_bin() + "\n").encode("utf-8", "surrogateescape"))
`

// FindUV gives the first uv in PATH of the interpreter's environment that runs,
// else the one that the interpreter can import. Each is started once, for at
// most ten seconds. Code: no-uv, which tells what was tried.
func FindUV(ctx context.Context, i Interpreter) (UV, error) {
	paths := []string{"uv"}
	if i.Through == nil {
		paths = candidates(paths, getenv(i.cleanEnviron(), "PATH"))
	}
	var tried []string
	for _, path := range paths {
		uv, err := probeUV(ctx, i, path, probeTime)
		if err == nil || ctx.Err() != nil {
			return uv, err
		}
		tried = append(tried, path+" "+why(err))
	}
	path, err := importedUV(ctx, i, probeTime)
	if err == nil {
		var uv UV
		if uv, err = probeUV(ctx, i, path, probeTime); err == nil {
			return uv, nil
		}
	}
	if ctx.Err() != nil {
		return UV{}, err
	}
	if len(tried) == 0 {
		tried = append(tried, "none is in PATH")
	}
	tried = append(tried, i.Path+" -m uv "+why(err))
	return UV{}, fault.New(fault.Unable, "no-uv", "no uv to install with: %s", strings.Join(tried, "; ")).
		WithHint("install it: %s -m pip install uv; or install with pip: -installer=pip", i.Path)
}

// probeUV asks a program whether it is uv, and for its version.
func probeUV(ctx context.Context, i Interpreter, path string, limit time.Duration) (UV, error) {
	out, err := answer(ctx, i.command(command.Command{Path: path, Args: []string{"--version"}, Env: i.cleanEnviron()}), limit)
	if err != nil {
		return UV{}, err
	}
	m := uvVersion.FindStringSubmatch(strings.TrimSpace(out))
	if m == nil {
		return UV{}, errors.New("does not answer as uv does")
	}
	return UV{Path: path, Version: m[1]}, nil
}

// importedUV asks the interpreter where its uv is.
func importedUV(ctx context.Context, i Interpreter, limit time.Duration) (string, error) {
	out, err := answer(ctx, i.command(command.Command{Path: i.Path, Args: []string{"-I", "-c", uvScript}, Env: i.cleanEnviron()}), limit)
	if err != nil {
		return "", err
	}
	_, path, _ := strings.Cut(strings.ReplaceAll(out, "\r\n", "\n"), "\n"+uvMark)
	path, _, _ = strings.Cut(path, "\n")
	if !filepath.IsAbs(path) {
		return "", errors.New("does not say where its uv is")
	}
	return path, nil
}

// answer runs a command that has little time and little to say.
func answer(ctx context.Context, c command.Command, limit time.Duration) (string, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out, err := capture(limited, c, probeBytes)
	switch {
	case err == nil:
		return string(out), nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s: %w", filepath.Base(c.Path), ctx.Err())
	case limited.Err() != nil:
		return "", fmt.Errorf("did not answer in %s", limit)
	}
	return "", err
}

// uvArgs are the arguments that every command of uv gets: nothing of the
// user's or the project's settings, no network, no other Python, and no cache
// but the proof's own, because a shared one gives old bytes for the same name.
func (in Installer) uvArgs(args ...string) []string {
	return append(args, "--no-config", "--offline", "--no-python-downloads", "--cache-dir", in.Cache,
		"--no-progress", "--color", "never")
}

// uvVenv is the command by which uv makes the venv; the folder holds our marker.
func (in Installer) uvVenv(dir string) command.Command {
	return command.Command{
		Path: in.UV.Path,
		Args: in.uvArgs("venv", "--no-project", "--allow-existing", "--python", in.Interpreter.Path, dir),
		Env:  in.Interpreter.cleanEnviron(),
	}
}

// uvInstall are uv's arguments for what pip's are in Install.
func (in Installer) uvInstall(v Venv, requirements, wheels string) []string {
	return in.uvArgs("pip", "install", "--python", v.Python, "--no-index", "--find-links", wheels,
		"--no-build", "--require-hashes", "--no-sources", "-r", requirements)
}

// uvCheck are uv's arguments for `pip check`.
func (in Installer) uvCheck(v Venv) []string {
	return in.uvArgs("pip", "check", "--python", v.Python)
}

// uvFrame is what uv draws around its errors, depending on its version.
var uvFrame = regexp.MustCompile(`^[ \t]*(?:[×│├╰─▶]+[ \t]*)*(?:(?:error|cause|Caused by): *)?`)

// uvErrors gives uv's own errors out of what it printed: all from the first one
// on, or from the count that `uv pip check` ends with; all that it printed when
// there is neither.
func uvErrors(lines []string) string {
	for n, line := range lines {
		if strings.HasPrefix(line, "error:") || strings.HasPrefix(line, "Found ") || strings.HasPrefix(strings.TrimSpace(line), "×") {
			lines = lines[n:]
			break
		}
	}
	var text strings.Builder
	for _, line := range lines {
		line = strings.TrimSpace(uvFrame.ReplaceAllString(line, ""))
		if line == "" {
			continue
		}
		if text.Len() > 0 {
			separator := "; "
			if strings.HasSuffix(text.String(), ":") {
				separator = " "
			}
			text.WriteString(separator)
		}
		text.WriteString(line)
	}
	if text.Len() == 0 {
		return "it printed nothing"
	}
	return text.String()
}
