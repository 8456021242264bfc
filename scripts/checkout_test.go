//go:build unix

// Package scripts_test runs scripts/wheelhouse as a person does, in copies of
// a checkout that has two small targets instead of the real ones.
package scripts_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const targets = `// Package targets stands in for the real one.
package targets

import (
	"fmt"
	"os"
)

var version string

type status int

func (s status) Error() string   { return "no" }
func (s status) ExitStatus() int { return int(s) }

// Where prints where it runs.
func Where(
	word *string, // printed as well
) error {
	cwd, err := os.Getwd()
	fmt.Println(cwd, os.Getenv("WHEELHOUSE_ROOT"), %q, version != "")
	if word != nil {
		fmt.Println(*word)
	}
	return err
}

// Refuse exits 7.
func Refuse() error { return status(7) }
`

const extra = `package targets

// Extra is in a file of its own.
func Extra() {}
`

const magefile = `//go:build mage

package main

import (
	//mage:import
	_ "github.com/wheelhouse-ci/wheelhouse/ci/targets"
)
`

// template is a checkout with its binary, made once.
var template string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "wheelhouse-script-")
		if err == nil {
			defer os.RemoveAll(dir)
			template = filepath.Join(dir, "template")
			err = makeTemplate(template)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func makeTemplate(dir string) error {
	for name, text := range map[string]string{
		"go.mod": "module github.com/wheelhouse-ci/wheelhouse\n\ngo 1.25.0\n\n" +
			"tool github.com/magefile/mage\n\nrequire github.com/magefile/mage v1.17.2 // indirect\n",
		"ci/targets/targets.go": fmt.Sprintf(targets, "first"),
		"ci/targets/extra.go":   extra,
		"magefiles/magefile.go": magefile,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, name := range []string{"go.sum", "scripts/wheelhouse", "internal/compile"} {
		if err := copyTree(filepath.Join("..", name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	out, err := exec.Command(filepath.Join(dir, "scripts", "wheelhouse"), "-l").CombinedOutput()
	if err != nil {
		return fmt.Errorf("the first build: %w\n%s", err, out)
	}
	return nil
}

// copyTree copies with modes and times, as the binary's age depends on them.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, data, info.Mode().Perm()); err != nil {
			return err
		}
		return os.Chtimes(target, info.ModTime(), info.ModTime())
	})
}

// checkout is one test's copy of the template.
type checkout struct {
	root string
	env  []string // over the test's own
	uid  uint32   // 0: the test's own user
}

// newCheckout copies the template; its sources only, when fresh.
func newCheckout(t *testing.T, fresh bool) *checkout {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &checkout{root: filepath.Join(dir, "check out")}
	if err := copyTree(template, c.root); err != nil {
		t.Fatal(err)
	}
	if fresh {
		if err := os.RemoveAll(filepath.Join(c.root, "bin")); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *checkout) path(name string) string { return filepath.Join(c.root, name) }

// write changes a source; the time is the binary's and a second, since a test
// is faster than the clock of some file systems.
func (c *checkout) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(c.path(name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(c.path(name), later, later); err != nil {
		t.Fatal(err)
	}
}

// result is what one run did.
type result struct {
	status         int
	stdout, stderr string
}

// run runs a command, in the folder dir.
func (c *checkout) run(t *testing.T, dir, command string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), command, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if c.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.uid}}
	}
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Error(err)
		return result{status: -1}
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// script runs the checkout's script in its root.
func (c *checkout) script(t *testing.T, args ...string) result {
	t.Helper()
	return c.run(t, c.root, c.path("scripts/wheelhouse"), args...)
}

func (r result) want(t *testing.T, status int, stdout string) {
	t.Helper()
	if r.status != status || r.stdout != stdout {
		t.Errorf("status %d, stdout %q, want %d, %q\nstderr: %s", r.status, r.stdout, status, stdout, r.stderr)
	}
}
