package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/config"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/internal/bench"
	"github.com/wheelhouse-ci/wheelhouse/internal/compile"
)

// Repository is a checkout that is worked on, and where messages go.
type Repository struct {
	// Root is its folder, absolute.
	Root string
	// Stdout gets what the tools print as their result, Stderr the rest.
	Stdout, Stderr io.Writer
}

// Run does work on the repository that the person stands in. A signal ends it
// and its children, and never gives nil, so that mage runs no later target.
func Run(ctx context.Context, work func(context.Context, Repository) error) error {
	inner, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	cwd, err := os.Getwd()
	if err != nil {
		return fault.New(fault.Unable, "no-folder", "finding the current folder: %w", err)
	}
	root, err := config.Root(cwd, os.Environ())
	if err != nil {
		return err
	}
	err = work(inner, Repository{Root: root, Stdout: os.Stdout, Stderr: os.Stderr})
	switch {
	case ctx.Err() != nil:
		return fault.New(128+int(syscall.SIGINT), "interrupted", "interrupted")
	case inner.Err() != nil:
		return fault.New(128+int(syscall.SIGTERM), "interrupted", "ended by a signal")
	}
	if coded, ok := fault.As(err); ok {
		return fault.Printed{Fault: coded}
	}
	return err
}

// run runs a tool in the repository, with lines of env over the caller's
// environment, its lines passed on as they come.
func (r Repository) run(ctx context.Context, env []string, tool string, args ...string) error {
	_, err := command.Command{
		Path: tool, Args: args, Dir: r.Root, Env: append(os.Environ(), env...), Stderr: r.Stderr,
	}.Pipe(ctx).WithStdout(r.Stdout).Stdout()
	line := strings.Join(append(append(env, filepath.Base(tool)), args...), " ")
	var exit *command.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return fault.New(fault.Refused, "check-failed", "%s: exit status %d", line, exit.Status)
	}
	return fault.New(fault.Unable, "no-tool", "running %s: %w", line, err)
}

// everyCase is what makes the tests that try a part of their cases try them all.
var everyCase = []string{"TEST_CASES=all"}

// Test runs the tests that need no network, with go test's own lines.
func Test(ctx context.Context, r Repository) error {
	return r.run(ctx, nil, "go", "test", "./...")
}

// E2e runs the proofs on the package index, and first every case of the tests
// of which Test runs some: faults, encoders, installs by pip again and again.
func E2e(ctx context.Context, r Repository) error {
	if err := r.run(ctx, everyCase, "go", "test", "-timeout", "20m", "./ci/archive", "./ci/deflate", "./ci/install", "./ci/python", "./ci/targets"); err != nil {
		return err
	}
	return r.run(ctx, nil, "go", "test", "-tags", "e2e", "-count=1", "-timeout", "24m", "-v", "./e2e/...")
}

// Bench measures and writes docs/benchmarks.md.
func Bench(ctx context.Context, r Repository) error {
	return bench.Run(ctx, r.Stdout, r.Root)
}

// BenchArchive measures the archive over so many nights, 0 being a year, and
// writes its part of docs/benchmarks.md.
func BenchArchive(ctx context.Context, r Repository, runs int) error {
	return bench.RunArchive(ctx, r.Stdout, r.Root, runs)
}

// Compile makes bin/wheelhouse, as scripts/wheelhouse does.
func Compile(ctx context.Context, r Repository) error {
	if _, err := compile.Binary(ctx, r.Root, filepath.Join(r.Root, compile.Name()), r.Stderr); err != nil {
		return fault.New(fault.Unable, "compile-failed", "compiling the targets: %w", err)
	}
	fmt.Fprintln(r.Stdout, compile.Name())
	return nil
}
