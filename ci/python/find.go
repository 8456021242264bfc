package python

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

const (
	// probeTime is the most that one candidate may take to say its version.
	probeTime = 10 * time.Second
	// searchTime is the most that all candidates may take together.
	searchTime = 60 * time.Second
	// probeBytes is the most that a candidate may print.
	probeBytes = 64 << 10
	// maxCandidates bounds a PATH that names one program very often.
	maxCandidates = 64
)

// Interpreter is a Python found on this machine.
type Interpreter struct {
	// Path is sys.executable, absolute: not a shim that starts it, which
	// would cost its time again with every use.
	Path string
	// Version is whole: "3.11.7".
	Version string
	// FreeThreaded tells of 3.13t and its like.
	FreeThreaded bool
	// Through makes of a command for the interpreter's machine one for this
	// machine, such as one that enters a container; nil: it is this machine.
	// The command's Stdin and Stderr are the result's as well. Files lie at
	// the same absolute paths in both.
	Through func(command.Command) command.Command

	// environ is the environment that it was found in; nil means the
	// process's own.
	environ []string
}

// Short gives "3.11" or "3.13t".
func (i Interpreter) Short() string {
	parts := strings.SplitN(i.Version, ".", 3)
	if len(parts) < 2 {
		return i.Version
	}
	short := parts[0] + "." + leadingDigits(parts[1])
	if i.FreeThreaded {
		short += "t"
	}
	return short
}

// leadingDigits gives "14" of "14rc1".
func leadingDigits(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return s
	}
	return s[:end]
}

// command gives the command as it is started here.
func (i Interpreter) command(c command.Command) command.Command {
	if i.Through == nil {
		return c
	}
	return i.Through(c)
}

// cleanEnviron is what the interpreter runs in when it proves something.
func (i Interpreter) cleanEnviron() []string {
	if i.environ == nil {
		return CleanEnviron(os.Environ())
	}
	return CleanEnviron(i.environ)
}

// Search says where and for what Find looks.
type Search struct {
	// Want is "3.11", "3.13t" or a path (it has a separator in it); with
	// Through also "python3", which is looked up there.
	Want string
	// Environ is the environment looked in (PATH); nil means an empty one.
	Environ []string
	// Through is the Interpreter's. Where it is set, the names are tried
	// there, whatever PATH is here, and a path is one there.
	Through func(command.Command) command.Command
	// Typed is how the user names the target for the hint: "build". Empty
	// leaves the command out of the hint.
	Typed string
}

// version matches what a wanted version may look like.
var version = regexp.MustCompile(`^3\.(0|[1-9][0-9]{0,2})t?$`)

// Find gives the first of python<X.Y>, python3, python in PATH that runs and
// is the wanted version, or the interpreter at the wanted path. Each candidate
// is started once, for at most ten seconds. Codes: no-python, which names what
// was looked for and what was found instead, and bad-version (usage).
func Find(ctx context.Context, s Search) (Interpreter, error) {
	isPath := strings.ContainsRune(s.Want, '/') || strings.ContainsRune(s.Want, filepath.Separator) ||
		s.Through != nil && s.Want == "python3"
	if !isPath && !version.MatchString(s.Want) {
		return Interpreter{}, fault.New(fault.Usage, "bad-version", "not a version of Python, such as 3.11 or 3.13t, nor a path: %q", s.Want).
			WithHint("a version has two numbers and starts with 3; write ./%s for a program in this folder", printable(s.Want))
	}
	if isPath {
		return findPath(ctx, s)
	}
	return findVersion(ctx, s)
}

// findPath probes the one interpreter that was named.
func findPath(ctx context.Context, s Search) (Interpreter, error) {
	path := s.Want
	if s.Through == nil {
		var err error
		if path, err = filepath.Abs(path); err != nil {
			return Interpreter{}, fault.New(fault.Unable, "no-python", "looking for the Python %s: %w", s.Want, err)
		}
	}
	i, err := probe(ctx, path, s, probeTime)
	if ctx.Err() != nil {
		return Interpreter{}, fmt.Errorf("asking %s for its version: %w", s.Want, ctx.Err())
	}
	if err != nil {
		return Interpreter{}, fault.New(fault.Unable, "no-python", "no Python 3 at %s: %s", s.Want, why(err)).
			WithHint("name a Python 3 by its path, or a version of one in PATH%s", typed(s, "3.11"))
	}
	return i, nil
}

// attempt is one candidate that was not it.
type attempt struct {
	path  string
	found Interpreter // zero when it did not run
	err   error
}

// findVersion probes the candidates in PATH until one is the wanted version.
func findVersion(ctx context.Context, s Search) (Interpreter, error) {
	names := []string{"python" + s.Want, "python3", "python"}
	var attempts []attempt
	limited, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	paths := names
	if s.Through == nil {
		paths = candidates(names, getenv(s.Environ, "PATH"))
	}
	for _, path := range paths {
		i, err := probe(limited, path, s, probeTime)
		if ctx.Err() != nil {
			return Interpreter{}, fmt.Errorf("looking for Python %s: %w", s.Want, ctx.Err())
		}
		if err == nil && i.Short() == s.Want {
			return i, nil
		}
		attempts = append(attempts, attempt{path: path, found: i, err: err})
	}
	return Interpreter{}, notFound(s, names, attempts)
}

// notFound tells what was looked for, what was there, and how to use it.
func notFound(s Search, names []string, attempts []attempt) error {
	looked := strings.Join(names[:2], ", ") + " and " + names[2]
	if len(attempts) == 0 {
		return fault.New(fault.Unable, "no-python", "no Python %s: none of %s is in PATH", s.Want, looked).
			WithHint("install Python %s, or name one by its path%s", s.Want, typed(s, "/path/to/python"))
	}
	var found []string
	usable := ""
	for _, a := range attempts {
		if a.err != nil {
			found = append(found, a.path+" "+why(a.err))
			continue
		}
		found = append(found, a.path+" is "+a.found.Short()+" ("+a.found.Version+")")
		if usable == "" {
			usable = a.found.Short()
		}
	}
	err := fault.New(fault.Unable, "no-python", "no Python %s: looked for %s in PATH: %s", s.Want, looked, strings.Join(found, "; "))
	if usable == "" {
		return err.WithHint("install Python %s, or name one by its path%s", s.Want, typed(s, "/path/to/python"))
	}
	if s.Typed == "" {
		return err.WithHint("install Python %s, or use Python %s, which is there", s.Want, usable)
	}
	return err.WithHint("to use the Python that is there: mage %s -python=%s", s.Typed, usable)
}

// typed gives ": mage build -python=VALUE", or nothing.
func typed(s Search, value string) string {
	if s.Typed == "" {
		return ""
	}
	return ": mage " + s.Typed + " -python=" + value
}

// candidates gives every program of these names in PATH, names first, without
// those met already. Entries that are not absolute are left out: what they
// name depends on the folder one stands in.
func candidates(names []string, path string) []string {
	var found []string
	seen := map[string]bool{}
	for _, name := range names {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		for _, dir := range filepath.SplitList(path) {
			if !filepath.IsAbs(dir) || len(found) == maxCandidates {
				continue
			}
			file := filepath.Join(dir, name)
			info, err := os.Stat(file)
			if err != nil || info.IsDir() || seen[file] || (runtime.GOOS != "windows" && info.Mode()&0o111 == 0) {
				continue
			}
			seen[file] = true
			found = append(found, file)
		}
	}
	return found
}

// probeMark begins the answer: start-up files may print something before it.
const probeMark = "wheelhouse-python:"

// probeScript is understood by every Python 3, even one without its library.
// It says what the interpreter's file is, its version, and whether it is
// free-threaded, which only 3.13 and later can be.
const probeScript = `import sys
free = False
if sys.version_info >= (3, 13):
    import sysconfig
    free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
text = "\n" + "\n".join(["` + probeMark + `", sys.version.split()[0], str(int(free)), sys.executable]) + "\n"
sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
`

// probe starts one candidate and reads what it says of itself within limit.
func probe(ctx context.Context, path string, s Search, limit time.Duration) (Interpreter, error) {
	there := Interpreter{Through: s.Through, environ: s.Environ}
	out, err := answer(ctx, there.command(command.Command{
		Path: path,
		Args: []string{"-I", "-c", probeScript},
		Env:  CleanEnviron(s.Environ),
	}), limit)
	if err != nil {
		return Interpreter{}, err
	}
	i, err := parseProbe(out)
	i.Through, i.environ = s.Through, s.Environ
	return i, err
}

// parseProbe reads what probeScript printed.
func parseProbe(out string) (Interpreter, error) {
	_, rest, ok := strings.Cut(strings.ReplaceAll(out, "\r\n", "\n"), "\n"+probeMark+"\n")
	lines := strings.Split(rest, "\n")
	if !ok || len(lines) < 3 {
		return Interpreter{}, fmt.Errorf("does not answer as Python does")
	}
	i := Interpreter{Version: lines[0], FreeThreaded: lines[1] == "1", Path: lines[2]}
	if !wholeVersion.MatchString(i.Version) || !filepath.IsAbs(i.Path) {
		return Interpreter{}, fmt.Errorf("does not answer as Python 3 does")
	}
	return i, nil
}

// wholeVersion matches "3.11.7", "3.14.0rc1" and Debian's "3.11.2+".
var wholeVersion = regexp.MustCompile(`^3\.[0-9]{1,3}\.[0-9a-zA-Z.+-]{1,32}$`)
