package python

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestNewVenv(t *testing.T) {
	t.Parallel()
	i := realPython(t)
	dir := filepath.Join(t.TempDir(), "a folder", "venv")
	v, err := NewVenv(context.Background(), i, dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Find(context.Background(), Search{Want: v.Python})
	if err != nil || got.Version != i.Version {
		t.Errorf("the venv's interpreter: %+v, %v", got, err)
	}
	// Made again, nothing of the first is left.
	old := write(t, dir, "old.txt", "x")
	if _, err := NewVenv(context.Background(), i, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file of the venv before is still there: %v", err)
	}
}

func TestNewVenvLeavesTheUsersFilesAlone(t *testing.T) {
	t.Parallel()
	mine := write(t, t.TempDir(), "mine.txt", "x")
	forged := write(t, t.TempDir(), venvMarker, "a file of that name")
	for _, dir := range []string{filepath.Dir(mine), filepath.Dir(forged), mine} {
		_, err := NewVenv(context.Background(), Interpreter{Path: "/no/such/python"}, dir)
		wantCode(t, err, "venv-exists", fault.Usage)
	}
	for _, file := range []string{mine, forged} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err == nil {
		_, err := NewVenv(context.Background(), Interpreter{Path: "/no/such/python"}, link)
		wantCode(t, err, "venv-exists", fault.Usage)
	}
}

func TestNewVenvFails(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	for name, body := range map[string]string{
		"no-module": "echo 'No module named venv' >&2; exit 1",
		"lies":      "exit 0",
	} {
		i := Interpreter{Path: fake(t, bin, name, body), Version: "3.11.7"}
		absent, empty := filepath.Join(t.TempDir(), "venv"), t.TempDir()
		for _, dir := range []string{absent, empty} {
			_, err := NewVenv(context.Background(), i, dir)
			e := wantCode(t, err, "no-venv", fault.Unable)
			if name == "no-module" && e.Hint == "" {
				t.Error("the package to install is not named")
			}
		}
		if _, err := os.Stat(absent); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: what it made is still there: %v", name, err)
		}
		if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
			t.Errorf("%s: left in the empty folder: %v, %v", name, left, err)
		}
	}
}

func TestNewVenvInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := filepath.Join(t.TempDir(), "venv")
	_, err := NewVenv(ctx, Interpreter{Path: "/no/such/python"}, dir)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}
