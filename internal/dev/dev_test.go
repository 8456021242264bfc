package dev

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// repository is an empty checkout and what is printed there.
func repository(t *testing.T) (r Repository, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return Repository{Root: t.TempDir(), Stdout: stdout, Stderr: stderr}, stdout, stderr
}

func TestRunTool(t *testing.T) {
	t.Parallel()
	r, stdout, _ := repository(t)
	if err := r.run(t.Context(), []string{"GOOS=plan9"}, "go", "env", "GOOS"); err != nil || stdout.String() != "plan9\n" {
		t.Errorf("printed %q, %v", stdout, err)
	}
	for _, test := range []struct {
		tool, arg, code string
		status          int
	}{
		{"go", "no-such-command", "check-failed", fault.Refused},
		{"no-such-tool", "x", "no-tool", fault.Unable},
	} {
		err := r.run(t.Context(), nil, test.tool, test.arg)
		coded, ok := fault.As(err)
		if !ok || coded.Code != test.code || coded.ExitStatus() != test.status {
			t.Errorf("%s: %v", test.tool, err)
		}
	}
}

func TestCancelledWorkIsNeverDone(t *testing.T) {
	t.Setenv("WHEELHOUSE_ROOT", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Run(ctx, func(context.Context, Repository) error { return nil })
	if coded, ok := fault.As(err); !ok || coded.ExitStatus() != 130 {
		t.Errorf("error %v", err)
	}
}

// TestRunGivesTheCodeOutermost, since mage reads the status by type assertion.
func TestRunGivesTheCodeOutermost(t *testing.T) {
	root := t.TempDir()
	t.Setenv("WHEELHOUSE_ROOT", root)
	err := Run(t.Context(), func(_ context.Context, r Repository) error {
		if r.Root != root {
			t.Errorf("root %q", r.Root)
		}
		return errors.Join(fault.New(fault.Unable, "no-tool", "no tool").WithHint("get one"))
	})
	if coded, ok := err.(interface{ ExitStatus() int }); !ok || coded.ExitStatus() != fault.Unable {
		t.Errorf("error %#v", err)
	}
	if want := "no tool [no-tool]\nhint: get one"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if err := Run(t.Context(), func(context.Context, Repository) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	r, _, _ := repository(t)
	for name, text := range map[string]string{
		"ci/good.go":                    "package ci\n",
		"bin/bad.go":                    "package  bin\n",
		".wheelhouse-build.1/bad.go":    "package  main\n",
		"doc_processor/tests/readme.md": "#",
	} {
		path := filepath.Join(r.Root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.format(t.Context()); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(r.Root, "ci", "bad.go"), []byte("package  ci\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.format(t.Context()); err == nil || !strings.Contains(err.Error(), filepath.Join("ci", "bad.go")) {
		t.Errorf("error %v", err)
	}
}

// TestChecks wants the magefiles, the proofs and the other systems looked at.
func TestChecks(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, c := range checks() {
		lines = append(lines, strings.Join(slices.Concat(c.env, c.args), " "))
	}
	for _, want := range []string{
		"vet ./...", "vet -tags mage ./...", "GOOS=darwin vet ./...", "GOOS=windows vet ./...",
		"tool -modfile=tools/lint/go.mod staticcheck ./...",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("%q is not among %q", want, lines)
		}
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	const said = `{"Package":"example.org/wheelhouse/ci/a","Test":"TestA","Output":"    a_test.go:7: cases 8, entries lost 0\n"}
{"Package":"example.org/wheelhouse/ci/a","Test":"TestA","Output":"--- PASS: TestA\n"}
{"Package":"example.org/wheelhouse/ci/a","Output":"ok\n"}
words
`
	got := counted(strings.NewReader(said))
	if want := [][2]string{{"`ci/a TestA`", "cases 8, entries lost 0"}}; !slices.Equal(got, want) {
		t.Errorf("counted %q", got)
	}
}
