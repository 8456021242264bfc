package filestore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
)

// ignore keeps a store in a checkout out of git.
const ignore = ".gitignore"

// folder makes a folder of the store and those above it. The name of each is
// fsynced, once in a process, whoever made it.
func (s *Store) folder(dir string) error {
	if _, done := s.synced.Load(dir); done {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return nil
	}
	if len(dir) > len(s.dir) || !isFolder(parent) { // else it was there before us
		if err := s.folder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := s.look(dir); err != nil {
		return err
	} else if !info.IsDir() {
		return s.notPlain("a place", dir, "folder")
	}
	if dir == s.dir && s.inside {
		if err := s.ignored(); err != nil {
			return err
		}
	}
	// Somebody else's folder above the store, which may not be opened, keeps its
	// names without us.
	if err := s.syncDir(parent); err != nil && (len(dir) > len(s.dir) || !errors.Is(err, fs.ErrPermission)) {
		return err
	}
	s.synced.Store(dir, true)
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// look looks at a folder: the store's own, and those above it, may be links.
func (s *Store) look(dir string) (fs.FileInfo, error) {
	if len(dir) <= len(s.dir) {
		return os.Stat(dir)
	}
	return os.Lstat(dir)
}

// ignored writes the file that keeps the store out of git.
func (s *Store) ignored() error {
	file := filepath.Join(s.dir, ignore)
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomicfile.Write(file, []byte("# the bytes of wheelhouses; see store.url in ci/wheelhouse.toml\n*\n"), 0o644)
}

// Sweep implements store.Sweeper: it removes the half files of puts that were
// killed before then.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	err := s.walk(ctx, "", func(file string, d fs.DirEntry) error {
		name := path.Base(file)
		if !strings.HasPrefix(name, ".") || !strings.HasSuffix(name, ".tmp") || !ours(file) {
			return nil
		}
		info, err := d.Info()
		if err == nil && info.ModTime().Before(before) {
			err = os.Remove(filepath.Join(s.dir, filepath.FromSlash(file)))
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return s.failed("sweeping", "what was left behind", err)
	}
	return nil
}

// ours tells whether a temporary file, ".<name>.<random>.tmp", is one of an
// object's.
func ours(file string) bool {
	dir, name := path.Split(file)
	name = strings.TrimSuffix(strings.TrimPrefix(name, "."), ".tmp")
	_, ok := keyOf(dir + strings.TrimSuffix(name, path.Ext(name)))
	return ok
}
