package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
)

// The goals of a long archive.
const (
	longTime   = time.Second
	longMemory = 100e6
	longTimes  = 2.5 // of the time for half the entries
	longFull   = 100 // tarballs that are still there
)

// long measures prune -dryRun and list over a long archive and one half as
// long.
func (m *meter) long(ctx context.Context, count int) ([]line, error) {
	var contenders []contender
	for _, each := range []int{count, count / 2} {
		dir, err := m.folder("long-" + strconv.Itoa(each))
		if err != nil {
			return nil, err
		}
		if err := fillPruned(ctx, dir, each); err != nil {
			return nil, err
		}
		settings := []string{"WHEELHOUSE_ARCHIVE_DIR=" + dir, "CI="}
		contenders = append(contenders,
			contender{name: "prune -dryRun", run: processes(m.ours(settings, "prune", "-dryRun"))},
			contender{name: "list", run: processes(m.ours(settings, "list"))},
		)
	}
	raced, err := race(ctx, contenders...)
	if err != nil {
		return nil, err
	}
	var lines []line
	for i, name := range []string{"`prune -dryRun`", "`list`"} {
		lines = append(lines,
			under(name, raced[i], longTime),
			memory(name, raced[i], longMemory),
			within(name, raced[i], "the same over half the entries", raced[i+2], longTimes),
		)
	}
	return lines, nil
}

// fillPruned makes an archive of so many entries, one a day, pruned but for the
// newest; their tarballs have their size and no blocks on the disk.
func fillPruned(ctx context.Context, dir string, count int) error {
	const first = 18_000_000_000
	day := time.Date(1995, 1, 1, 12, 0, 0, 0, time.UTC)
	for n := range count {
		if err := ctx.Err(); err != nil {
			return err
		}
		run, at := strconv.Itoa(first+n), day.AddDate(0, 0, n)
		if err := writeEntry(dir, run, "3.11", at); err != nil {
			return noArchive(err)
		}
		tarball := filepath.Join(dir, at.Format("20060102")+"-"+run, "wheelhouse-3.11.tgz")
		write := writePointer
		if n >= count-longFull {
			write = writeEmpty
		}
		if err := write(tarball, run, at); err != nil {
			return noArchive(err)
		}
	}
	return nil
}

// writePointer writes the pointer of a pruned tarball.
func writePointer(tarball, run string, at time.Time) error {
	sum := sha256.Sum256([]byte(run))
	pointer := entry.Pointer{
		Name: filepath.Base(tarball), SHA256: hex.EncodeToString(sum[:]), Size: entryBytes, Recipe: "wheelhouse-1",
		Locations: []entry.Location{{URL: "s3://bucket/wheelhouses", Method: entry.Rebuilt, VerifiedAt: at}},
		PrunedAt:  at, Rule: "no rule keeps it",
	}
	text, err := pointer.Encode()
	if err != nil {
		return fmt.Errorf("writing a pointer: %w", err)
	}
	return os.WriteFile(entry.PointerName(tarball), text, 0o644)
}

// writeEmpty makes a file of a tarball's size.
func writeEmpty(tarball, _ string, _ time.Time) error {
	if err := os.WriteFile(tarball, nil, 0o644); err != nil {
		return err
	}
	return os.Truncate(tarball, entryBytes)
}
