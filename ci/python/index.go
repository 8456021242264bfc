package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Fetch says which wheels are fetched from the package index, and how.
type Fetch struct {
	// Wheels by name, size and sha256; at least one.
	Wheels []wheelhouse.File
	// Python that the wheels are for, "3.11" or "3.13t"; empty: the
	// interpreter's own, whatever runs pip.
	Python string
	// Environ is the caller's environment: its pip settings hold.
	Environ []string
	// Temp is the folder for a temporary folder with the wheels; empty: the
	// system's.
	Temp string
	// Progress receives pip's lines, without secrets; nil means nowhere.
	Progress io.Writer
}

// maxFetched is the most wheels that are fetched at once.
const maxFetched = 10_000

// Index are wheels that came from the package index, in a temporary folder:
// whoever fetches closes it. It is a rebuild.Wheels.
type Index struct {
	dir   string
	files map[string]string // name by sha256
}

// FetchWheels has the interpreter's pip download the very files, one run for
// all, with the user's own pip settings: mirrors, indexes and credentials. Pip
// resolves nothing, builds nothing, takes no file of another sha256, and those
// of another Python or system as well as its own. Codes: those of Wheel; also
// bad-file-name, and index-differs (refused) where a file of another name or
// size came.
func FetchWheels(ctx context.Context, i Interpreter, f Fetch) (*Index, error) {
	lines, err := f.requirements()
	if err != nil {
		return nil, err
	}
	args, err := f.targets()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(f.Temp, "index-*")
	if err != nil {
		return nil, fault.New(fault.Unable, "pip-failed", "making a temporary folder for wheels of the index: %w", err)
	}
	x := &Index{dir: dir, files: map[string]string{}}
	if err := x.fetch(ctx, i, f, lines, args); err != nil {
		x.Close()
		return nil, err
	}
	return x, nil
}

// requirements gives the lines that name the wheels and their hashes.
func (f Fetch) requirements() (string, error) {
	if len(f.Wheels) == 0 || len(f.Wheels) > maxFetched {
		return "", fault.New(fault.Refused, "pip-failed", "fetching wheels from the index: %d are asked for, 1 to %d can be", len(f.Wheels), maxFetched)
	}
	var text strings.Builder
	for _, w := range f.Wheels {
		name, err := wheel.ParseName(w.Name)
		if err != nil {
			return "", err
		}
		if len(w.SHA256) != 64 || strings.Trim(w.SHA256, "0123456789abcdef") != "" {
			return "", fault.New(fault.Refused, "index-differs", "fetching %s from the index: its sha256 is not known", w.Name)
		}
		fmt.Fprintf(&text, "%s==%s --hash=sha256:%s\n", name.Project, name.Version, w.SHA256)
	}
	return text.String(), nil
}

// targets gives pip's arguments for the Python and the systems that the wheels
// are for, as their names say: those that run pip may be others.
func (f Fetch) targets() ([]string, error) {
	var args, abis, platforms []string
	implementation := ""
	for _, w := range f.Wheels {
		name, err := wheel.ParseName(w.Name)
		if err != nil {
			return nil, err
		}
		for _, tag := range name.Python {
			if len(tag) > 2 && !strings.HasPrefix(tag, "py") {
				implementation = tag[:2]
			}
		}
		abis = append(abis, name.ABI...)
		platforms = append(platforms, name.Platform...)
	}
	if f.Python != "" {
		args = append(args, "--python-version", strings.TrimSuffix(f.Python, "t"))
	}
	if implementation != "" {
		args = append(args, "--implementation", implementation)
	}
	return append(args, append(tagArgs("--abi", "none", abis), tagArgs("--platform", "any", platforms)...)...), nil
}

// tagArgs gives an option for each tag, sorted, but for the one that pip
// always takes.
func tagArgs(option, always string, tags []string) (args []string) {
	slices.Sort(tags)
	for _, tag := range slices.Compact(tags) {
		if tag != always {
			args = append(args, option, tag)
		}
	}
	return args
}

// fetch runs pip and sees that it brought what was asked for.
func (x *Index) fetch(ctx context.Context, i Interpreter, f Fetch, requirements string, targets []string) error {
	const doing = "fetching wheels from the index"
	list, log, wheels := filepath.Join(x.dir, "wheels.txt"), filepath.Join(x.dir, "pip.log"), x.wheels()
	// The log may hold secrets: the folder is nobody else's, and it goes.
	if err := os.WriteFile(list, []byte(requirements), 0o600); err != nil {
		return fault.New(fault.Unable, "pip-failed", "%s: %w", doing, err)
	}
	environ := temporaryIn(f.Environ, x.dir)
	redact := newRedactor(environ)
	kept := &tail{}
	out := redact.writer(io.MultiWriter(writerOrDiscard(f.Progress), kept))
	args := append(pipModule(i), "download", "--log", log, "--no-deps", "--only-binary=:all:", "--require-hashes", "--progress-bar", "off",
		"--disable-pip-version-check", "--no-input", "--dest", wheels, "-r", list)
	err := stream(ctx, i.command(command.Command{Path: i.Path, Args: append(args, targets...), Env: wheelEnviron(environ)}), out)
	err = errors.Join(err, out.Flush())
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	if err != nil {
		failed := pipEnded(i, doing, log, err, kept, redact)
		if e, ok := fault.As(failed); ok {
			e.Hint = strings.TrimSuffix(e.Hint, otherWay) // there are no wheels to hand in
		}
		return failed
	}
	for _, w := range f.Wheels {
		info, err := os.Lstat(filepath.Join(wheels, w.Name))
		if err != nil || !info.Mode().IsRegular() || info.Size() != w.Size {
			return fault.New(fault.Refused, "index-differs", "%s: pip did not bring %s of %d bytes", doing, w.Name, w.Size).
				WithHint("a proxy or mirror that renames files? The wheels must come from elsewhere")
		}
		x.files[w.SHA256] = w.Name
	}
	return nil
}

// wheels is the folder that pip puts the wheels into.
func (x *Index) wheels() string { return filepath.Join(x.dir, "wheels") }

// OpenWheel opens a fetched wheel by its SHA256; the error for another wraps
// fs.ErrNotExist. Pip compared the sha256 when it came; whoever needs to be
// sure hashes the bytes again.
func (x *Index) OpenWheel(_ context.Context, w wheelhouse.File) (io.ReadCloser, error) {
	name, found := x.files[w.SHA256]
	if !found {
		return nil, fmt.Errorf("opening wheel %s of the index, of sha256 %q: %w", w.Name, w.SHA256, fs.ErrNotExist)
	}
	return os.Open(filepath.Join(x.wheels(), name))
}

// Close removes the temporary folder.
func (x *Index) Close() error { return os.RemoveAll(x.dir) }
