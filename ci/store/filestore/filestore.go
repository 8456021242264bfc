package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Scheme is what the store's URLs begin with.
const Scheme = "file:"

// Store is a folder. It is made with the first object.
type Store struct {
	dir string
	url string
	// inside tells that the folder is below the checkout.
	inside bool
}

var _ store.Store = (*Store)(nil)

// Open gives the store at a URL, "file:PATH"; a relative path is below root,
// the checkout. Code: bad-store-url.
func Open(url, root string) (*Store, error) {
	dir, ok := strings.CutPrefix(url, Scheme)
	if after, long := strings.CutPrefix(dir, "//"); long { // file:///PATH
		dir = after
	}
	if !ok || dir == "" || strings.ContainsAny(dir, "\x00\n\r?#") {
		return nil, fault.New(fault.Usage, "bad-store-url", "%q names no folder", url).
			WithHint("write it as file:.wheelhouse-store or file:/mnt/wheelhouses")
	}
	abs := filepath.FromSlash(dir)
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(root, abs)
	}
	abs = filepath.Clean(abs)
	rel, err := filepath.Rel(root, abs)
	inside := err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
	shown := filepath.ToSlash(abs)
	if inside {
		shown = filepath.ToSlash(rel) // the same for everybody who has the checkout
	}
	return &Store{dir: abs, url: Scheme + shown, inside: inside}, nil
}

// URL implements store.Store: relative to the checkout for a folder inside.
func (s *Store) URL() string { return s.url }

// Inside tells that the folder lies in the checkout, and so is this one's
// alone.
func (s *Store) Inside() bool { return s.inside }

// fan is how many digits of a blob's name are a folder's.
const fan = 2

// path gives an object's file.
func (s *Store) path(key string) (string, error) {
	if err := store.CheckKey(key); err != nil {
		return "", err
	}
	if sum, ok := store.BlobSHA256(key); ok {
		key = path.Join(path.Dir(key), sum[:fan], sum[fan:])
	}
	return filepath.Join(s.dir, filepath.FromSlash(key)), nil
}

// key gives the key of a file below the folder.
func key(rel string) string {
	rel = filepath.ToSlash(rel)
	if dir, name := path.Split(rel); strings.HasPrefix(rel, "blobs/") {
		return "blobs/" + path.Base(dir) + name
	}
	return rel
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	file, err := s.path(key)
	if err != nil {
		return false, err
	}
	if _, err := os.Lstat(file); err == nil {
		return false, nil
	}
	if err := makeFolder(filepath.Dir(file)); err != nil {
		return false, s.failed("storing", key, err)
	}
	f, err := atomicfile.Create(file, 0o644)
	if err != nil {
		return false, s.failed("storing", key, err)
	}
	defer f.Cleanup()
	body, err := open()
	if err != nil {
		return false, err
	}
	_, err = io.Copy(f, contextReader{ctx, store.Exactly(body, size)})
	if err = errors.Join(err, body.Close()); err != nil {
		return false, s.failed("storing", key, err)
	}
	switch err := f.CommitNew(); {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil:
		return false, s.failed("storing", key, err)
	}
	return true, nil
}

// makeFolder makes a folder and those above it, each fsynced into its own.
func makeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return atomicfile.SyncDir(parent)
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// Open implements store.Store.
func (s *Store) Open(_ context.Context, key string) (io.ReadCloser, error) {
	file, err := s.path(key)
	if err != nil {
		return nil, err
	}
	if _, err := s.regular(file, key); err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, s.failed("reading", key, err)
	}
	return f, nil
}

// regular looks at an object's file.
func (s *Store) regular(file, key string) (fs.FileInfo, error) {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, store.Absent(s.url, key)
	case err != nil:
		return nil, s.failed("reading", key, err)
	case !info.Mode().IsRegular():
		return nil, fault.New(fault.Refused, "store-corrupt", "reading %s of %s: %s is no plain file", key, s.url, file)
	}
	return info, nil
}

// Stat implements store.Store.
func (s *Store) Stat(_ context.Context, key string) (store.Object, error) {
	file, err := s.path(key)
	if err != nil {
		return store.Object{}, err
	}
	info, err := s.regular(file, key)
	if err != nil {
		return store.Object{}, err
	}
	return store.Object{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil
}

// List implements store.Store. What is no object, such as the half file of a
// process that was killed, is left out.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		top := filepath.Join(s.dir, filepath.FromSlash(path.Dir(prefix+"x")))
		if prefix == "" {
			top = s.dir
		}
		err := filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
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
			rel, err := filepath.Rel(s.dir, file)
			if err != nil {
				return err
			}
			k := key(rel)
			if !strings.HasPrefix(k, prefix) || store.CheckKey(k) != nil {
				return nil
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !yield(store.Object{Key: k, Size: info.Size(), Modified: info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(store.Object{}, s.failed("listing", prefix, err))
		}
	}
}

// Delete implements store.Store.
func (s *Store) Delete(_ context.Context, key string) error {
	file, err := s.path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.failed("removing", key, err)
	}
	return nil
}

// failed is the error of the file system.
func (s *Store) failed(doing, key string, err error) error {
	if _, coded := fault.As(err); coded || fault.Interrupted(err) {
		return fmt.Errorf("%s %s in %s: %w", doing, key, s.url, err)
	}
	if full(err) {
		return fault.New(fault.Unable, "store-full", "%s %s in %s: %w", doing, key, s.url, err).
			WithHint("free some room on that disk, or name another store: -store=URL")
	}
	return fault.New(fault.Unable, "store-unreachable", "%s %s in %s: %w", doing, key, s.url, err).
		WithHint("look whether the folder is there and can be written to")
}
