// Command run compiles the targets of the repository in the current folder for
// scripts/wheelhouse, which calls it with three paths: the binary, the list of
// its sources as written, and the list's final name. When it is done, the list
// has that name and the binary's time, by which the two are known as a pair.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/wheelhouse-ci/wheelhouse/internal/compile"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: run BINARY LIST FINAL-LIST")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out, list, final string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	start, err := compile.Binary(ctx, root, out, os.Stderr)
	if err != nil {
		return err
	}
	if err := os.Chtimes(list, start, start); err != nil {
		return err
	}
	return os.Rename(list, final)
}
