//go:build unix

package scripts_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRunsFromAnywhere(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, false)
	elsewhere, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	link, second := filepath.Join(elsewhere, "link"), filepath.Join(elsewhere, "second")
	for from, to := range map[string]string{link: c.path("scripts/wheelhouse"), second: "link"} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	c.env = []string{"WHEELHOUSE_ROOT=/nowhere", "PATH=" + elsewhere + ":" + os.Getenv("PATH")}
	want := elsewhere + " " + c.root + " first true\n"
	for _, command := range []string{c.path("scripts/wheelhouse"), link, "./link", "./second"} {
		c.run(t, elsewhere, command, "where").want(t, 0, want)
	}
	c.run(t, elsewhere, "sh", "-c", "second where").want(t, 0, want)
	c.run(t, elsewhere, "sh", "link", "where", "-word=a b").want(t, 0, want+"a b\n")
	c.script(t, "refuse", "where").want(t, 7, "")
	c.env = []string{"CDPATH=" + template}
	c.run(t, c.root, "scripts/wheelhouse", "where").want(t, 0, c.root+" "+c.root+" first true\n")
}

func TestHelp(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, false)
	want := c.script(t, "-h", "where")
	if want.status != 0 || !strings.Contains(want.stdout, "-word=") {
		t.Fatalf("%+v", want)
	}
	for _, args := range [][]string{
		{"where", "-h"}, {"where", "--help"}, {"refuse", "where", "-h"}, {"where", "-word=x", "-h"},
	} {
		c.script(t, args...).want(t, 0, want.stdout)
	}
	if got := c.script(t, "nosuch", "-h"); got.status != 2 {
		t.Errorf("help of no target: %+v", got)
	}
}

func TestOptionsBeforeTheTarget(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, true) // nothing of it needs the binary
	for _, args := range [][]string{
		{"-json", "where"}, {"--json"}, {"-x=1", "where"}, {"-v=maybe", "where"}, {"-v", "-json", "where"},
		{"-t", "soon", "where"}, {"-t=90", "where"}, {"-t"}, {"-t", "5mm", "where"},
	} {
		if got := c.script(t, args...); got.status != 2 || got.stdout != "" || !strings.HasPrefix(got.stderr, "error: ") {
			t.Errorf("%v: %+v", args, got)
		}
	}
	c = newCheckout(t, false)
	want := c.root + " " + c.root + " first true\n"
	for _, args := range [][]string{{"-t", "1m30s", "where"}, {"-t=5m", "where"}, {"-l=false", "where"}, {"--", "where"}} {
		c.script(t, args...).want(t, 0, want)
	}
}

func TestRebuilds(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, false)
	before, err := os.Stat(c.path("bin/wheelhouse"))
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, "ci/targets/ignored_test.go", "package targets\n")
	c.write(t, "magefiles/mage_output_file.go", "package broken\n")
	c.script(t, "extra").want(t, 0, "")
	if after, err := os.Stat(c.path("bin/wheelhouse")); err != nil || !os.SameFile(before, after) {
		t.Errorf("compiled again for nothing: %v", err)
	}

	// A source that is gone makes nothing newer.
	if err := os.Remove(c.path("ci/targets/extra.go")); err != nil {
		t.Fatal(err)
	}
	if got := c.script(t, "extra"); got.status != 2 {
		t.Errorf("a target whose source is gone: %+v", got)
	}
	c.write(t, "ci/targets/targets.go", fmt.Sprintf(targets, "second"))
	c.script(t, "where").want(t, 0, c.root+" "+c.root+" second true\n")
}

// TestUnpairedList is what two builds at once may leave without flock: the
// binary of one and the list of the other.
func TestUnpairedList(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, false)
	info, err := os.Stat(c.path("bin/wheelhouse"))
	if err != nil {
		t.Fatal(err)
	}
	other := info.ModTime().Add(2 * time.Second)
	if err := os.Chtimes(c.path("bin/.wheelhouse.sources"), other, other); err != nil {
		t.Fatal(err)
	}
	c.script(t, "extra").want(t, 0, "")
	if after, err := os.Stat(c.path("bin/wheelhouse")); err != nil || os.SameFile(info, after) {
		t.Errorf("not compiled again: %v", err)
	}
}

func TestFailedBuildRunsNothing(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, false)
	c.write(t, "ci/targets/extra.go", "package targets\n\nfunc Extra() { undefined() }\n")
	got := c.script(t, "where")
	got.want(t, 3, "")
	if !strings.Contains(got.stderr, "undefined") || !strings.Contains(got.stderr, "[compile-failed]") {
		t.Errorf("stderr: %s", got.stderr)
	}
	left, err := filepath.Glob(c.path(".wheelhouse-build.*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestNoGo(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, true)
	c.env = []string{"PATH=" + tools(t, "go", "flock")}
	if got := c.script(t, "where"); got.status != 3 || !strings.Contains(got.stderr, "[no-go]") {
		t.Errorf("%+v", got)
	}
}

// tools gives a folder with what PATH has, without some.
func tools(t *testing.T, without ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{
		"sh", "find", "cmp", "sort", "uniq", "grep", "mkdir", "rm", "readlink", "git", "go", "flock",
	} {
		path, err := exec.LookPath(name)
		skip := err != nil
		for _, each := range without {
			skip = skip || each == name
		}
		if skip {
			continue
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEightAtOnce(t *testing.T) {
	t.Parallel()
	for _, without := range []string{"", "flock"} {
		t.Run("without "+without, func(t *testing.T) {
			t.Parallel()
			c := newCheckout(t, true)
			c.env = []string{"PATH=" + tools(t, without), "GOOS=windows", "GOARCH=386"}
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					c.script(t, "where").want(t, 0, c.root+" "+c.root+" first true\n")
				})
			}
			all.Wait()
			for _, pattern := range []string{".wheelhouse-build.*", "bin/.wheelhouse.sources.*"} {
				if left, err := filepath.Glob(c.path(pattern)); err != nil || len(left) != 0 {
					t.Errorf("left %v, %v", left, err)
				}
			}
		})
	}
}

// readOnly makes the checkout one that its user cannot write, and root an
// ordinary user, whom modes bind.
func (c *checkout) readOnly(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		c.uid = 65534
		for dir := filepath.Dir(c.root); dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	err := filepath.WalkDir(c.root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			t.Cleanup(func() { os.Chmod(path, 0o755) })
			err = os.Chmod(path, 0o555)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadOnlyCheckout(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		prepare func(*checkout) error
		says    string // empty: it runs
	}{
		{"no binary", func(c *checkout) error { return os.RemoveAll(c.path("bin")) }, "is missing and the checkout is read-only"},
		{"up to date", func(*checkout) error { return nil }, ""},
		{"binary without list", func(c *checkout) error { return os.Remove(c.path("bin/.wheelhouse.sources")) }, ""},
		{"newer source", func(c *checkout) error {
			later := time.Now().Add(time.Second)
			return os.Chtimes(c.path("ci/targets/extra.go"), later, later)
		}, "is older than a source and the checkout is read-only"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCheckout(t, false)
			if err := test.prepare(c); err != nil {
				t.Fatal(err)
			}
			c.readOnly(t)
			got := c.script(t, "where")
			switch {
			case test.says == "":
				got.want(t, 0, c.root+" "+c.root+" first true\n")
			case got.status != 3 || got.stdout != "" || !strings.Contains(got.stderr, test.says):
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestFreshBuild wants one binary of the same sources in two folders, and
// nothing left of a build that was killed long ago.
func TestFreshBuild(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, true)
	long := time.Now().Add(-48 * time.Hour)
	for _, name := range []string{".wheelhouse-build.old", ".wheelhouse-build.new"} {
		if err := os.Mkdir(c.path(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(c.path(".wheelhouse-build.old"), long, long); err != nil {
		t.Fatal(err)
	}
	c.script(t, "extra").want(t, 0, "")
	if _, err := os.Stat(c.path(".wheelhouse-build.old")); err == nil {
		t.Error("what a killed build left is there still")
	}
	if _, err := os.Stat(c.path(".wheelhouse-build.new")); err != nil {
		t.Error("another's private copy is gone")
	}
	got, err := os.ReadFile(c.path("bin/wheelhouse"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(template, "bin", "wheelhouse"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("another folder, another binary")
	}
	if bytes.Contains(got, []byte(c.root)) {
		t.Error("the binary holds the folder's name")
	}
}
