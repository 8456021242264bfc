package bench

import (
	"context"
	"os"
	"path/filepath"
)

// The goals of what a year takes in the store.
const (
	ownTimes     = 1.02 // of the distinct wheels' bytes
	gzippedTimes = 1.05
)

// ownYear archives a year of our own tarballs.
func (m *meter) ownYear(ctx context.Context, y year) ([]line, error) {
	return m.sized(ctx, "year", false, plan(y.runs, y.mean), ownTimes)
}

// gzippedYear archives a shorter series of others' tarballs, since each is
// compressed anew four times until it is archived, pruned and restored.
func (m *meter) gzippedYear(ctx context.Context, y year) ([]line, error) {
	return m.sized(ctx, "gzipped", true, plan(y.gzipped, y.mean), gzippedTimes)
}

// sized archives and prunes the nights one by one, restores them all, and gives
// what they take.
func (m *meter) sized(ctx context.Context, name string, gzipped bool, nights [][]nightWheel, times float64) ([]line, error) {
	s, err := m.series(name, gzipped)
	if err != nil {
		return nil, err
	}
	if err := s.nights(ctx, nights); err != nil {
		return nil, err
	}
	held, err := bytesBelow(s.store())
	if err != nil {
		return nil, noArchive(err)
	}
	if err := os.RemoveAll(s.archive()); err != nil { // the store has to do alone
		return nil, noArchive(err)
	}
	restored, right, err := s.restored(ctx)
	if err != nil {
		return nil, err
	}
	lines := []line{
		larger("all that the store holds", held, "the distinct wheels", distinct(nights, s.sizes), times),
		allOf("runs restored bit for bit, from the store alone", right, int64(len(nights))),
		beside("all that the store holds", held, "a copy of each", s.bytes()),
	}
	backup, err := m.backedUp(ctx, filepath.Join(s.dir, "restic"), restored, held)
	if err != nil {
		return nil, err
	}
	return append(lines, backup), os.RemoveAll(s.dir)
}

// backedUp is the row of what restic needs for the same archive.
func (m *meter) backedUp(ctx context.Context, repository, archive string, held int64) (line, error) {
	if !m.withRestic {
		return notHere("all that the store holds", megabytes(held), "`restic backup` of all"), nil
	}
	if _, err := processes(m.restic(repository, "init"), m.restic(repository, "backup", archive))(ctx); err != nil {
		return line{}, err
	}
	bytes, err := bytesBelow(repository)
	if err != nil {
		return line{}, noArchive(err)
	}
	return beside("all that the store holds", held, "`restic backup` of all", bytes), nil
}
