package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// check is one step of Lint.
type check struct {
	env  []string
	args []string
}

// checks are go's own over everything that is compiled: with the magefiles,
// with the proofs on the index, for the systems that are not this one, and the
// workflows. actionlint is told of no shellcheck and pyflakes, so that it says
// the same on each machine.
func checks() []check {
	staticcheck := []string{"tool", "-modfile=tools/lint/go.mod", "staticcheck"}
	actionlint := []string{"tool", "-modfile=tools/lint/go.mod", "actionlint", "-shellcheck=", "-pyflakes="}
	return []check{
		{nil, []string{"vet", "./..."}},
		{nil, []string{"vet", "-tags", "mage", "./..."}},
		{nil, []string{"vet", "-tags", "e2e", "./..."}},
		{[]string{"GOOS=darwin"}, []string{"vet", "./..."}},
		{[]string{"GOOS=windows"}, []string{"vet", "./..."}},
		{nil, slices.Concat(staticcheck, []string{"./..."})},
		{nil, slices.Concat(staticcheck, []string{"-tags", "mage,e2e", "./..."})},
		{nil, actionlint},
	}
}

// Lint runs every check, says what each is, and fails when one of them did.
func Lint(ctx context.Context, r Repository) error {
	failed := []error{r.format(ctx)}
	for _, c := range checks() {
		fmt.Fprintln(r.Stderr, strings.Join(slices.Concat(c.env, []string{"go"}, c.args), " "))
		err := r.run(ctx, c.env, "go", c.args...)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed = append(failed, err)
	}
	if err := errors.Join(failed...); err != nil {
		return fault.New(fault.Refused, "lint-failed", "lint:\n%w", err)
	}
	return nil
}

// format wants every file as gofmt writes it. The gofmt is the one beside go.
func (r Repository) format(ctx context.Context) error {
	fmt.Fprintln(r.Stderr, "gofmt -l")
	goroot, err := command.Command{Path: "go", Args: []string{"env", "GOROOT"}, Dir: r.Root}.Pipe(ctx).String()
	if err != nil {
		return fault.New(fault.Unable, "no-tool", "asking go where it is: %w", err)
	}
	folders, err := goFolders(r.Root)
	if err != nil {
		return err
	}
	gofmt := command.Command{
		Path: filepath.Join(strings.TrimSpace(goroot), "bin", "gofmt"), Args: append([]string{"-l"}, folders...), Dir: r.Root,
	}
	unformatted, err := gofmt.Pipe(ctx).String()
	if err != nil {
		return fault.New(fault.Refused, "check-failed", "gofmt -l: %w", err)
	}
	if unformatted != "" {
		return fault.New(fault.Refused, "check-failed", "gofmt -w would change:\n%s", strings.TrimSpace(unformatted))
	}
	return nil
}

// goFolders are the folders at the top that may hold Go, so that gofmt reads
// neither a virtual environment nor a private copy.
func goFolders(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, entry := range entries {
		switch name := entry.Name(); {
		case !entry.IsDir(), strings.HasPrefix(name, "."), name == "bin", name == "dist", name == "ci_artifacts", name == "docs":
		default:
			folders = append(folders, name)
		}
	}
	return folders, nil
}
