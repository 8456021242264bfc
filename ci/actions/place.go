package actions

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
)

// place gives the made folder its final name. An older one of ours is replaced,
// and files that somebody put there since are kept.
func (f Folder) place(ctx context.Context, content, staging string, what Record) (unchanged bool, err error) {
	final := f.path(what.Run)
	// Two that fetch the same run take turns; where there are no locks, the
	// rename fails for the later one.
	unlock, err := f.lockOutdir(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	old, err := f.ours(what.Run)
	if err != nil {
		return false, err
	}
	if old == nil {
		if err := os.Rename(content, final); err != nil {
			return false, failed("making "+final, err)
		}
		return false, orNil("making "+final, atomicfile.SyncDir(f.Outdir))
	}
	if old.SHA256 == what.SHA256 && old.artifactID() == what.artifactID() && (what.partial() || !old.partial()) {
		if whole, err := old.verify(ctx, final); err != nil || whole {
			return whole, orNil("reading "+final, err)
		}
	}
	if err := adopt(ctx, final, content, *old); err != nil {
		return false, failed("keeping the other files of "+final, err)
	}
	aside := filepath.Join(staging, filepath.Base(final)) // discard knows it by its name
	if err := os.Rename(final, aside); err != nil {
		return false, failed("replacing "+final, err)
	}
	if err := os.Rename(content, final); err != nil {
		return false, failed("replacing "+final, errors.Join(err, os.Rename(aside, final)))
	}
	return false, orNil("making "+final, atomicfile.SyncDir(f.Outdir))
}

// orNil is failed, and nil for nil.
func orNil(doing string, err error) error {
	if err == nil {
		return nil
	}
	return failed(doing, err)
}

func (r Record) artifactID() int64 {
	if r.Artifact == nil {
		return 0
	}
	return r.Artifact.ID
}

// partial tells that not all of the artifact was transferred.
func (r Record) partial() bool { return r.Artifact != nil && r.Artifact.SHA256 == "" }

// adopt brings the files that are in the old folder and not of its record into
// the new one, where it has none of that name.
func adopt(ctx context.Context, old, fresh string, record Record) error {
	ours := map[string]bool{RecordName: true}
	for _, file := range record.Files {
		ours[file.Path] = true
	}
	return filepath.WalkDir(old, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(old, path)
		if err != nil {
			return err
		}
		if ours[filepath.ToSlash(rel)] {
			return nil
		}
		to := filepath.Join(fresh, rel)
		if _, err := os.Lstat(to); err == nil {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Link(path, to); err == nil {
			return nil
		}
		return copyFile(ctx, path, to) // not every file system has links
	})
}
