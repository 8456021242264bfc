package python

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// realPython gives a Python of this machine that has pip. Without one the test
// fails in CI, and is skipped elsewhere.
func realPython(t *testing.T) Interpreter {
	t.Helper()
	for _, want := range []string{"3.11", "3.12", "3.13", "3.14", "3.10", "3.9"} {
		i, err := Find(context.Background(), Search{Want: want, Environ: os.Environ()})
		if err == nil {
			return i
		}
	}
	lacking(t, "no Python 3.9 to 3.14 in PATH: this test needs one")
	return Interpreter{}
}

// lacking skips the test for want of something, and fails it under CI=true,
// where nothing is passed over.
func lacking(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// fake writes a shell script that stands in for a program, and gives its path.
func fake(t *testing.T, dir, name, body string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in is a shell script")
	}
	path := filepath.Join(dir, name)
	// A child forked while the script is open for writing would keep it from
	// being run ("text file busy").
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// says is the body of a fake that is the given version.
func says(version string) string {
	return `printf '\n` + probeMark + `\n` + version + `\n0\n/opt/python/bin/python\n'`
}

// wantCode fails the test unless err has the code and the status.
func wantCode(t *testing.T, err error, code string, status int) *fault.Error {
	t.Helper()
	e, ok := err.(*fault.Error)
	if !ok || e.Code != code || e.ExitStatus() != status {
		t.Fatalf("got error %v, want the code %s and the status %d", err, code, status)
	}
	return e
}

// write writes a file below dir and gives its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
