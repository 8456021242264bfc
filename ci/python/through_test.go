package python

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestThrough: with a way to another machine set, every command takes it.
func TestThrough(t *testing.T) {
	t.Parallel()
	real := realPython(t)
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real.Path, filepath.Join(bin, "python"+real.Short())); err != nil {
		t.Fatal(err)
	}
	enter := fake(t, dir, "enter", `printf '%s ' "$@" >> '`+log+`'; echo >> '`+log+`'; PATH='`+bin+`' exec "$@"`)
	search := Search{Want: real.Short(), Through: func(c command.Command) command.Command {
		c.Path, c.Args = enter, append([]string{c.Path}, c.Args...)
		return c
	}}
	entered := func(what string) {
		t.Helper()
		said, err := os.ReadFile(log)
		if err != nil || !strings.Contains(string(said), what) {
			t.Errorf("%q was not run there: %v\n%s", what, err, said)
		}
		os.Remove(log)
	}
	ctx := context.Background()
	i, err := Find(ctx, search) // PATH of here is empty
	if err != nil {
		t.Fatal(err)
	}
	entered("python" + real.Short() + " -I -c")
	o := Start(ctx, i)
	defer o.Close()
	env, err := o.Environment()
	if err != nil {
		t.Fatal(err)
	}
	entered(i.Path + " -I -c")
	v, err := NewVenv(ctx, i, filepath.Join(dir, "venv"))
	if err != nil {
		t.Fatal(err)
	}
	entered("-m venv")
	if err := (Installer{Interpreter: i, Environment: env}).Check(ctx, v); err != nil {
		t.Error(err)
	}
	entered(" check ")
	_, err = Pytest(ctx, v, dir, nil, false, nil)
	wantCode(t, err, "pytest-missing", fault.Refused)
	entered("-m pytest")

	search.Want = i.Path
	if _, err := Find(ctx, search); err != nil {
		t.Error(err)
	}
	entered(i.Path + " -I -c")
}

// TestThroughNothing tells what was tried where nothing answers.
func TestThroughNothing(t *testing.T) {
	t.Parallel()
	enter := fake(t, t.TempDir(), "enter", `echo "$1: not there" >&2; exit 127`)
	_, err := Find(context.Background(), Search{Want: "3.11", Through: func(c command.Command) command.Command {
		c.Path, c.Args = enter, []string{c.Path}
		return c
	}})
	e := wantCode(t, err, "no-python", fault.Unable)
	for _, name := range []string{"python3.11", "python3", "python"} {
		if !strings.Contains(e.Message, name+" exited 127: "+name+": not there") {
			t.Errorf("%s is not told: %s", name, e.Message)
		}
	}
}
