package targets_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

// bin is the folder of the one compiled binary, python the short version of
// the Python that the proofs run on: any will do, since the wheels are ours.
var bin, python string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "wheelhouse-proof-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		bin = dir
		if err := compile(filepath.Join(dir, "wheelhouse")); err != nil {
			fmt.Fprintln(os.Stderr, "compiling the targets:", err)
			return 1
		}
		python = shortPython()
		return m.Run()
	}())
}

// compile compiles the targets as mage does, in a private copy of magefiles/,
// since mage writes beside what it compiles.
func compile(out string) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	private, err := os.MkdirTemp(root, ".wheelhouse-build.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(private)
	sources, err := filepath.Glob(filepath.Join(root, "magefiles", "*.go"))
	if err != nil {
		return err
	}
	for _, source := range sources {
		if filepath.Base(source) == "mage_output_file.go" {
			continue
		}
		data, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(private, filepath.Base(source)), data, 0o644); err != nil {
			return err
		}
	}
	cmd := exec.Command("go", "tool", "mage", "-d", private, "-compile", out)
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	return nil
}

// shortPython asks python3 for its version; "" where there is none.
func shortPython() string {
	out, err := exec.Command("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// TestProofs runs testdata/*.txtar, which are the command line's manual in
// examples. Their commands beside testscript's own:
//
//	wheel DIR NAME VERSION [key=value ...]   tag, requires, python, extra, file:PATH
//	pytest-wheel DIR                         a stand-in for pytest
//	tarball FILE [KIND:]NAME[=SOURCE] ...    a tarball as GNU tar makes it; KIND is
//	                                         link, symlink, fifo, char, dir
//	bomb DIR NAME KIND                       a wheel with a member of 3 GiB (zeros; lies: its
//	                                         directory says less), METADATA of 100 MiB, or a
//	                                         RECORD that leaves the folder
//	thousand DIR NAME                        a wheel of a thousand requirements, on demo
//	hub FILE ...                             a server with run 9 of heavy-deps.yml, whose
//	                                         artifact holds these; sets GITHUB_API_URL
//	releases [lies] [silent] [immutable]     a server for the releases of o/r; what is published lies
//	                                         in released/TAG; lies: it keeps other bytes; silent:
//	                                         it tells no digests
//	exits STATUS COMMAND ...                 the command ends with just that status
//	key NAME [expired|revoked|locked:WORD]   an OpenPGP key, see cmdKey
//	seal NAME DAYS FILE ...                  signatures by that key, DAYS from now
//	bundle OUT SUMS                          what looks like a Sigstore bundle
//	flip FILE ...                            the byte in its middle is another
//	program PATH SOURCE                      a script that can be run
//	attack ROW COMMAND ...                   exits 1, and docs/reliability.md counts it under ROW
//	dsse NAME                                an ed25519 key: NAME.pem, NAME.pub
//
// What stands behind [all], and what follows `[!all] stop`, runs with
// TEST_CASES=all alone, as `mage e2e` sets it.
func TestProofs(t *testing.T) {
	t.Parallel()
	if python == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no python3: the proofs need one")
		}
		t.Skip("no python3 on this machine: the command line's proofs need one")
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("PYENV_ROOT", os.Getenv("PYENV_ROOT"))
			env.Setenv("PY", python)
			env.Setenv("PYDOTLESS", strings.ReplaceAll(python, ".", ""))
			return os.MkdirAll(filepath.Join(env.WorkDir, ".tmp"), 0o755)
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Geteuid() == 0, nil
			case "all": // mage e2e sets it; mage test is to be short
				return os.Getenv("TEST_CASES") == "all", nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"wheel":        cmdWheel,
			"pytest-wheel": cmdPytestWheel,
			"tarball":      cmdTarball,
			"exits":        cmdExits,
			"bomb":         cmdBomb,
			"thousand":     cmdThousand,
			"truncate":     cmdTruncate,
			"damage":       cmdDamage,
			"same":         cmdSame,
			"replace":      cmdReplace,
			"stdout2env":   cmdStdoutToEnv,
			"hub":          cmdHub,
			"releases":     cmdReleases,
			"key":          cmdKey,
			"seal":         cmdSeal,
			"file2env":     cmdFileToEnv,
			"flip":         cmdFlip,
			"bundle":       cmdBundle,
			"program":      cmdProgram,
			"attack":       cmdAttack,
			"dsse":         cmdDSSE,
		},
	})
}

func cmdWheel(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: wheel DIR NAME VERSION [key=value ...]")
	}
	w := wheeltest.Wheel{Project: args[1], Version: args[2]}
	for _, arg := range args[3:] {
		key, value, _ := strings.Cut(arg, "=")
		switch {
		case key == "tag":
			w.Tag = value
		case key == "requires":
			w.RequiresDist = append(w.RequiresDist, value)
		case key == "python":
			w.RequiresPython = value
		case key == "extra":
			w.ProvidesExtra = append(w.ProvidesExtra, value)
		case strings.HasPrefix(key, "file:"):
			if w.Files == nil {
				w.Files = map[string]string{}
			}
			w.Files[strings.TrimPrefix(key, "file:")] = value
		default:
			ts.Fatalf("wheel: unknown %q", arg)
		}
	}
	writeWheel(ts, args[0], w)
}

func cmdPytestWheel(ts *testscript.TestScript, _ bool, args []string) {
	writeWheel(ts, args[0], wheeltest.Pytest())
}

func writeWheel(ts *testscript.TestScript, dir string, w wheeltest.Wheel) {
	dir = ts.MkAbs(dir)
	ts.Check(os.MkdirAll(dir, 0o755))
	w.Write(dir)
}

// kinds are the members that no wheelhouse may hold.
var kinds = map[string]byte{
	"link": tar.TypeLink, "symlink": tar.TypeSymlink, "fifo": tar.TypeFifo, "char": tar.TypeChar, "dir": tar.TypeDir,
}

func cmdTarball(ts *testscript.TestScript, _ bool, args []string) {
	var members []wheeltest.Member
	for _, arg := range args[1:] {
		m := wheeltest.Member{}
		if kind, rest, ok := strings.Cut(arg, ":"); ok && kinds[kind] != 0 {
			m.Typeflag, arg = kinds[kind], rest
		}
		name, source, ok := strings.Cut(arg, "=")
		m.Name = name
		switch {
		case m.Typeflag == tar.TypeLink || m.Typeflag == tar.TypeSymlink:
			m.Linkname = source
		case ok:
			m.Data = []byte(ts.ReadFile(source))
		case m.Typeflag == 0:
			m.Data = []byte("not a wheel\n")
		}
		unescaped, err := strconv.Unquote(`"` + m.Name + `"`)
		ts.Check(err)
		m.Name = unescaped
		members = append(members, m)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), wheeltest.Tarball(members...), 0o644))
}

func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// truncate FILE BYTES cuts a file; a negative number counts from its end.
func cmdTruncate(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	path := ts.MkAbs(args[0])
	if size < 0 {
		info, err := os.Stat(path)
		ts.Check(err)
		size += info.Size()
	}
	ts.Check(os.Truncate(path, size))
}

// damage DIR changes the last byte of each file of 500 bytes and more in it.
func cmdDamage(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || len(data) < 500 {
			return err
		}
		data[len(data)-1]++
		return errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, data, 0o644))
	}))
}

// same A B compares two files byte by byte; `! same` wants them to differ.
func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	a, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	b, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	if bytes.Equal(a, b) == neg {
		ts.Fatalf("%s and %s: same is %v", args[0], args[1], !neg)
	}
}

// replace FILE OLD NEW replaces a text in a file.
func cmdReplace(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(data, []byte(args[1])) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, bytes.ReplaceAll(data, []byte(args[1]), []byte(args[2])), 0o644))
}

// stdout2env NAME sets a variable to what the last command printed.
func cmdStdoutToEnv(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}
