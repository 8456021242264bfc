package actions

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// What lies beside a tarball is small: what is larger is none of it, but
// somebody's copy, or what a build left.
const (
	maxBeside = 16 << 20
	// maxRequirements bounds the files of its requirements.
	maxRequirements = 1000
)

// FromTarball makes the folder of a tarball at hand, with what lies beside it
// under its name. The run is its record's, else local- and the start of its
// sha256. Codes: tar-missing, folder-taken, meta-mismatch (refused);
// fetch-failed (unable); and those of reading a tarball.
func (f Folder) FromTarball(ctx context.Context, tarball string, now time.Time) (Made, error) {
	if info, err := os.Stat(tarball); err != nil || !info.Mode().IsRegular() {
		return Made{}, fault.New(fault.Refused, "tar-missing", "no such tarball: %s", tarball)
	}
	staging, remove, err := f.stage(ctx)
	if err != nil {
		return Made{}, err
	}
	defer remove()
	content := filepath.Join(staging, contentDir)
	if err := os.Mkdir(content, 0o755); err != nil {
		return Made{}, failed("making "+content, err)
	}
	name := filepath.Base(tarball)
	if err := copyFile(ctx, tarball, filepath.Join(content, name)); err != nil {
		return Made{}, failed("copying "+tarball, err)
	}
	if err := copyBeside(ctx, tarball, content); err != nil {
		return Made{}, failed("copying what lies beside "+tarball, err)
	}
	f.Tarball = name
	return f.finish(ctx, content, staging, Record{}, now)
}

// copyBeside copies what lies beside a tarball under its name: its record,
// verdict, lock, and whatever else there is of such files; of folders, that of
// its requirements. Links are none of it.
func copyBeside(ctx context.Context, tarball, to string) error {
	dir, name := filepath.Split(tarball)
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), name+".") && e.Name() != lock.FileName(name) {
			continue
		}
		from, to := filepath.Join(dir, e.Name()), filepath.Join(to, e.Name())
		switch {
		case e.IsDir() && e.Name() == entry.RequirementsDir(name):
			err = copyFolder(ctx, from, to)
		case e.Type().IsRegular():
			err = copySmall(ctx, e, from, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyFolder copies a folder's files, at most maxRequirements of them.
func copyFolder(ctx context.Context, from, to string) error {
	count := 0
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if count++; count > maxRequirements {
			return fmt.Errorf("%s has more than %d files", from, maxRequirements)
		}
		switch {
		case d.IsDir():
			return os.Mkdir(filepath.Join(to, rel), 0o755)
		case d.Type().IsRegular():
			return copySmall(ctx, d, path, filepath.Join(to, rel))
		}
		return nil
	})
}

// copySmall copies a file that is small enough. It is not yet synced.
func copySmall(ctx context.Context, e fs.DirEntry, from, to string) error {
	info, err := e.Info()
	if err != nil || info.Size() > maxBeside {
		return err
	}
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(reader{ctx, file}, maxBeside))
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// copyFile copies a file, synced.
func copyFile(ctx context.Context, from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	return atomicfile.WriteFrom(to, io.Reader(reader{ctx, source}), 0o644)
}
