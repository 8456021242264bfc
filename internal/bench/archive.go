package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// A year of nights, as RunArchive makes it. Real wheelhouses of 33 wheels have
// 247 MB: the year's are scaled to a ninth of that, so that it fits on a disk.
const (
	yearRuns   = 365
	yearWheels = 40
	yearMean   = 700_000     // bytes of a wheel, on average
	yearSeed   = 20301122    // of everything that is random
	speedBytes = 100_000_000 // of the wheelhouses whose push and restore are timed
)

// year says what is archived and measured.
type year struct {
	runs    int   // nights
	gzipped int   // nights of the series made by GNU tar and gzip
	mean    int64 // bytes of a wheel, on average
	speed   int64 // bytes of the wheelhouses whose push and restore are timed
	entries int   // of the long archive
}

// RunArchive measures the archive, its stores and its restoring over so many
// nights, 0 being a year of 365, prints the tables to w and, of a whole year,
// writes them into docs/benchmarks.md. A goal that is missed is no error. Codes:
// bench-failed, no-cache-folder.
func RunArchive(ctx context.Context, w io.Writer, root string, runs int) error {
	if runtime.GOOS == "windows" {
		return fault.New(fault.Unable, "bench-failed", "measuring: tar and gzip are needed, which this system lacks")
	}
	if runs <= 0 {
		runs = yearRuns
	}
	b, err := compiled(ctx, w, root)
	if err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(cache, "work-*")
	if err != nil {
		return fault.New(fault.Unable, "no-cache-folder", "making a folder to work in: %w", err)
	}
	defer os.RemoveAll(work)
	_, err = exec.LookPath("restic")
	m := &meter{progress: w, binary: b, work: work, withRestic: err == nil}
	y := year{runs: runs, gzipped: max(runs/12, 2), mean: yearMean, speed: speedBytes, entries: entries}
	r, err := m.archive(ctx, y)
	if err != nil {
		return err
	}
	r.machine = archiveMachine(ctx)
	if runs != yearRuns {
		return nil
	}
	return writeSection(filepath.Join(root, "docs", "benchmarks.md"), archiveSection, r.archiveMarkdown())
}

// archive measures all of the archive's tables.
func (m *meter) archive(ctx context.Context, y year) (*report, error) {
	r := &report{}
	for _, each := range []struct {
		title   string
		measure func() ([]line, error)
	}{
		{fmt.Sprintf("Archive: %d nights of %d wheels", y.runs, yearWheels), func() ([]line, error) { return m.ownYear(ctx, y) }},
		{fmt.Sprintf("Archive: %d nights made by GNU tar and gzip", y.gzipped), func() ([]line, error) { return m.gzippedYear(ctx, y) }},
		{fmt.Sprintf("Push and restore, of %d wheels with %s", yearWheels, megabytes(y.speed)), func() ([]line, error) { return m.speed(ctx, y) }},
		{fmt.Sprintf("A long archive: %d entries, pruned but the newest 100", y.entries), func() ([]line, error) { return m.long(ctx, y.entries) }},
	} {
		fmt.Fprintln(m.progress, "bench: "+each.title)
		lines, err := each.measure()
		if err != nil {
			return nil, err
		}
		done := table{each.title, lines}
		fmt.Fprint(m.progress, (&report{tables: []table{done}}).tablesText()) // the next may take minutes
		r.tables = append(r.tables, done)
	}
	return r, nil
}

// archiveMachine describes what the archive's figures were taken on.
func archiveMachine(ctx context.Context) []fact {
	facts := system(ctx)
	return append(facts, known([]fact{
		{"tar", word(ctx, "tar", "--version")}, {"gzip", word(ctx, "gzip", "--version")}, {"restic", word(ctx, "restic", "version")},
	})...)
}

// restic is a run of restic on a repository of ours.
func (m *meter) restic(repository string, args ...string) process {
	env := append(append([]string(nil), m.binary.env...),
		"RESTIC_PASSWORD=bench", "RESTIC_REPOSITORY="+repository, "RESTIC_CACHE_DIR="+filepath.Join(m.work, "restic-cache"))
	return process{args: append([]string{"restic", "--quiet"}, args...), dir: m.work, env: env}
}
