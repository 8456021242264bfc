//go:build mage

package main

import (
	"context"

	"github.com/wheelhouse-ci/wheelhouse/internal/dev"
)

// Lint checks format, vet, staticcheck and the workflows.
//
// vet looks at three systems; staticcheck and actionlint are those pinned in
// tools/lint/go.mod.
func Lint(ctx context.Context) error { return dev.Run(ctx, dev.Lint) }

// Test runs the tests that need no network.
func Test(ctx context.Context) error { return dev.Run(ctx, dev.Test) }

// E2e proves it on the package index, with real tools.
//
// It fetches pip, uv and pytest, pinned. With CI=true nothing may be skipped.
func E2e(ctx context.Context) error { return dev.Run(ctx, dev.E2e) }

// Bench measures ours beside tar, sha256sum, pip and find.
//
// It takes some minutes and writes docs/benchmarks.md.
func Bench(ctx context.Context) error { return dev.Run(ctx, dev.Bench) }

// BenchArchive measures a year of archiving beside restic and plain copies.
//
// It takes some minutes and writes its part of docs/benchmarks.md.
func BenchArchive(ctx context.Context,
	runs *int, // nights; but for a year's, nothing is written (default: 365)
) error {
	return dev.Run(ctx, func(ctx context.Context, r dev.Repository) error {
		if runs == nil {
			runs = new(int)
		}
		return dev.BenchArchive(ctx, r, *runs)
	})
}

// Reliability lets everything go wrong and counts what is lost.
//
// It takes some minutes; docs/reliability.md tells what it prints.
func Reliability(ctx context.Context) error { return dev.Run(ctx, dev.Reliability) }

// Compile makes bin/wheelhouse, static and stamped with its version.
func Compile(ctx context.Context) error { return dev.Run(ctx, dev.Compile) }
