package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Store is a folder. It is made with the first object.
type Store struct {
	dir string
	url string
	// inside tells that the folder is below the checkout.
	inside bool
	// syncDir fsyncs a folder; tests watch it.
	syncDir func(dir string) error
	// synced are the folders whose names this process has fsynced.
	synced sync.Map
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Sweeper = (*Store)(nil)
)

// Open gives the store at a URL, "file:PATH" or "file:///PATH"; a relative path
// is below root, the checkout. Nothing is made yet. Code: bad-store-url.
func Open(url, root string) (*Store, error) {
	dir, shown, inside, err := locate(url, root)
	if err != nil {
		return nil, err
	}
	return &Store{dir: dir, url: shown, inside: inside, syncDir: atomicfile.SyncDir}, nil
}

// URL implements store.Store: relative to the checkout for a folder inside.
func (s *Store) URL() string { return s.url }

// Inside tells that the folder lies in the checkout, and so is this one's
// alone.
func (s *Store) Inside() bool { return s.inside }

// path gives an object's file.
func (s *Store) path(key string) (string, error) {
	if err := store.CheckKey(key); err != nil {
		return "", err
	}
	return filepath.Join(s.dir, filepath.FromSlash(fileOf(key))), nil
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	file, err := s.path(key)
	if err != nil {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		return false, s.failed("storing", key, err)
	}
	if err := s.folder(filepath.Dir(file)); err != nil {
		return false, s.failed("storing", key, err)
	}
	created, err := s.put(ctx, file, key, size, open)
	if err == nil && !created {
		// Whoever put it may have been killed before its folder was fsynced.
		err = s.syncDir(filepath.Dir(file))
	}
	if err != nil {
		return false, s.failed("storing", key, err)
	}
	return created, nil
}

// put writes a file unless it is there.
func (s *Store) put(ctx context.Context, file, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	if _, err := s.regular(file, key); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	f, err := atomicfile.Create(file, 0o644)
	if err != nil {
		return false, err
	}
	defer f.Cleanup()
	body, err := open()
	if err != nil {
		return false, err
	}
	_, err = io.Copy(f, contextReader{ctx, store.Exactly(body, size)})
	if err = errors.Join(err, body.Close()); err != nil {
		return false, err
	}
	if err := f.CommitNew(); !errors.Is(err, fs.ErrExist) {
		return err == nil, err
	}
	_, err = s.regular(file, key)
	return false, err
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// Open implements store.Store.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	file, err := s.path(key)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, s.failed("reading", key, err)
	}
	if _, err := s.regular(file, key); err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, store.Absent(s.url, key)
	}
	if err != nil {
		return nil, s.failed("reading", key, err)
	}
	return f, nil
}

// regular looks at an object's file, and first at the folders that it lies in,
// from the store's own downwards.
func (s *Store) regular(file, key string) (fs.FileInfo, error) {
	rel, err := filepath.Rel(s.dir, file)
	if err != nil {
		return nil, s.failed("reading", key, err)
	}
	parts := strings.Split(rel, string(filepath.Separator))
	for i := range parts {
		path := filepath.Join(s.dir, filepath.Join(parts[:i+1]...))
		info, err := os.Lstat(path)
		last := i == len(parts)-1
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, store.Absent(s.url, key)
		case err != nil:
			return nil, s.failed("reading", key, err)
		case !last && !info.IsDir():
			return nil, s.notPlain(key, path, "folder")
		case last && !info.Mode().IsRegular():
			return nil, s.notPlain(key, path, "file")
		case last:
			return info, nil
		}
	}
	return nil, store.Absent(s.url, key)
}

func (s *Store) notPlain(key, file, what string) error {
	return fault.New(fault.Refused, "store-corrupt", "looking for %s in %s: %s is no plain %s", key, s.url, file, what).
		WithHint("links and special files are not followed: remove it")
}

// Stat implements store.Store.
func (s *Store) Stat(ctx context.Context, key string) (store.Object, error) {
	file, err := s.path(key)
	if err != nil {
		return store.Object{}, err
	}
	if err := ctx.Err(); err != nil {
		return store.Object{}, s.failed("reading", key, err)
	}
	info, err := s.regular(file, key)
	if err != nil {
		return store.Object{}, err
	}
	return store.Object{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	file, err := s.path(key)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return s.failed("removing", key, err)
	}
	switch _, err := s.regular(file, key); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.failed("removing", key, err)
	}
	return nil
}

// List implements store.Store. What is no object, such as the half file of a
// process that was killed, is left out.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		err := s.walk(ctx, prefix, func(file string, d fs.DirEntry) error {
			key, ok := keyOf(file)
			if !ok || !strings.HasPrefix(key, prefix) {
				return nil
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // removed meanwhile
			}
			if err != nil {
				return err
			}
			if !yield(store.Object{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(store.Object{}, s.failed("listing", prefix, err))
		}
	}
}

// walk visits the plain files below the store's folder that objects with this
// prefix may be, named with slashes.
func (s *Store) walk(ctx context.Context, prefix string, visit func(file string, d fs.DirEntry) error) error {
	top, err := filepath.EvalSymlinks(s.dir) // the store's own folder may be a link
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	begin := top
	if end := strings.LastIndex(prefix, "/"); end > 0 && store.CheckKey(prefix[:end]) == nil {
		begin = filepath.Join(top, filepath.FromSlash(fileOf(prefix[:end])))
	}
	for dir := begin; len(dir) > len(top); dir = filepath.Dir(dir) {
		if info, err := os.Lstat(dir); err == nil && !info.IsDir() {
			return nil // a link: what lies there is none of ours
		}
	}
	return filepath.WalkDir(begin, func(file string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed meanwhile, or never there
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case !d.Type().IsRegular():
			return nil
		}
		rel, err := filepath.Rel(top, file)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(rel), d)
	})
}

// failed is the error of the file system.
func (s *Store) failed(doing, key string, err error) error {
	if _, coded := fault.As(err); coded || fault.Interrupted(err) {
		return fmt.Errorf("%s %s in %s: %w", doing, key, s.url, err)
	}
	switch {
	case full(err):
		return fault.New(fault.Unable, "store-full", "%s %s in %s: %w", doing, key, s.url, err).
			WithHint("free some room on that disk, or name another store: -store=URL")
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Unable, "store-refused", "%s %s in %s: %w", doing, key, s.url, err).
			WithHint("whoever runs this must be allowed to write to %s", s.dir)
	}
	return fault.New(fault.Unable, "store-unreachable", "%s %s in %s: %w", doing, key, s.url, err).
		WithHint("look whether %s is there", s.dir)
}
