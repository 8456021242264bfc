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

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
)

const (
	entries    = 10_000
	listMemory = 100e6
	entryBytes = 246_600_000 // that its record says a tarball has
	emptyList  = 20 * time.Millisecond
)

// list measures the listing of a long archive and of an empty one.
func (m *meter) list(ctx context.Context) ([]line, error) {
	long, err := m.folder("archive")
	if err != nil {
		return nil, err
	}
	empty, err := m.folder("archive-empty")
	if err != nil {
		return nil, err
	}
	if err := fillArchive(ctx, long, entries, m.python.Short()); err != nil {
		return nil, err
	}
	of := func(dir string) contender {
		return contender{name: "list", run: processes(m.ours([]string{"WHEELHOUSE_ARCHIVE_DIR=" + dir}, "list"))}
	}
	raced, err := race(ctx, of(long), contender{
		name: "find -exec cat",
		run:  processes(process{args: []string{"find", long, "-name", "*.meta", "-exec", "cat", "{}", "+"}}),
	}, of(empty))
	if err != nil {
		return nil, err
	}
	return []line{
		faster("list, 10,000 entries", raced[0], "`find … -name '*.meta' -exec cat {} +`", raced[1], 1),
		memory("list, 10,000 entries", raced[0], listMemory),
		under("list of an empty archive", raced[2], emptyList),
	}, nil
}

// fillArchive makes an archive of so many entries, one a day, whose records
// are as long as real ones of 33 wheels.
func fillArchive(ctx context.Context, dir string, count int, version string) error {
	day := time.Date(1999, 1, 1, 12, 0, 0, 0, time.UTC)
	for n := range count {
		if err := ctx.Err(); err != nil {
			return err
		}
		run := strconv.Itoa(18_000_000_000 + n)
		if err := writeEntry(dir, run, version, day.AddDate(0, 0, n)); err != nil {
			return fault.New(fault.Unable, "bench-failed", "making an archive: %w", err)
		}
	}
	return nil
}

func writeEntry(dir, run, version string, day time.Time) error {
	sum := sha256.Sum256([]byte(run))
	hash := hex.EncodeToString(sum[:])
	name := "wheelhouse-" + version + ".tgz"
	record := meta.Record{
		Name: name, SHA256: hash, Size: entryBytes, CreatedAt: day, Runner: "Linux runner 6.8.0 x86_64 GNU/Linux",
		Python: version, RequirementsHash: hash, RequirementsInputs: hash, Platform: "linux_x86_64; manylinux_2_28",
		RunID: run, RunAttempt: "1", GitCommit: hash[:40],
	}
	for n := range 33 {
		record.Wheels = append(record.Wheels, fmt.Sprintf("project_%02d-1.%d.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", n, n))
	}
	text, err := record.Encode()
	if err != nil {
		return err
	}
	entry := filepath.Join(dir, day.Format("20060102")+"-"+run)
	if err := os.Mkdir(entry, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(entry, name+".meta"), text, 0o644)
}
