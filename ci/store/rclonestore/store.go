package rclonestore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Options say how rclone is run; the zero value is the default.
type Options struct {
	// Program is rclone's name or path; empty for "rclone", looked up in PATH.
	Program string
	// Environ is its environment; nil for this process's.
	Environ []string
	// TempDir is where an object lies while it is sent; empty for the
	// system's.
	TempDir string
}

// Store is a folder on a remote of rclone's. Any number of goroutines may use
// it.
type Store struct {
	Options
	url    string
	remote string
}

var _ store.Store = (*Store)(nil)

// Open gives the store at a URL, "rclone:REMOTE:PATH". Nothing is run yet.
// Code: bad-store-url.
func Open(url string, o Options) (*Store, error) {
	remote, err := remoteOf(url)
	if err != nil {
		return nil, err
	}
	if o.Program == "" {
		o.Program = "rclone"
	}
	return &Store{Options: o, url: Scheme + written.Replace(remote), remote: remote}, nil
}

// URL gives rclone:REMOTE:PATH, with a space as %20 and a percent sign as %25.
func (s *Store) URL() string { return s.url }

// at gives what rclone calls an object, or a folder of them.
func (s *Store) at(key string) string {
	if key == "" || strings.HasSuffix(s.remote, ":") {
		return s.remote + key
	}
	return s.remote + "/" + key
}

// Put copies an object to the remote unless there is one.
func (s *Store) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	dir, err := os.MkdirTemp(s.TempDir, "wheelhouse-rclone-*")
	if err != nil {
		return false, fault.New(fault.Unable, "store-source", "storing %s: %w", key, err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // it says nothing of the store
	file := filepath.Join(dir, path.Base(key))
	if err := save(ctx, file, size, open); err != nil {
		return false, fmt.Errorf("storing %s: %w", key, err)
	}
	// Without times: an equal file is equal whenever it was made.
	err = s.run(ctx, "storing "+key, "copyto", "--immutable", "--no-update-modtime", file, s.at(key))
	if err == nil {
		return true, nil
	}
	if there, failed := s.Stat(ctx, key); failed == nil && there.Size == size {
		return false, nil // another was faster
	}
	return false, err
}

// save writes what is to be sent.
func save(ctx context.Context, file string, size int64, open func() (io.ReadCloser, error)) error {
	body, err := open()
	if err != nil {
		return err
	}
	from := store.Exactly(body, size)
	out, err := os.Create(file)
	if err == nil {
		_, err = io.Copy(out, ending{ctx, from})
		err = errors.Join(err, out.Close())
	}
	return errors.Join(err, from.Close())
}

// ending is a reader that ends with its context.
type ending struct {
	ctx context.Context
	io.Reader
}

func (e ending) Read(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.Reader.Read(p)
}

// item is what rclone says of a file.
type item struct {
	Path    string
	Size    int64
	ModTime time.Time
	IsDir   bool
}

// Stat tells of an object; fs.ErrNotExist is wrapped where there is none.
func (s *Store) Stat(ctx context.Context, key string) (store.Object, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Object{}, err
	}
	const most = 1 << 20
	doing := "looking for " + key
	out := s.start(ctx, "lsjson", "--stat", "--no-mimetype", "--use-server-modtime", s.at(key))
	defer out.end()
	text, err := io.ReadAll(io.LimitReader(out, most))
	if missing(err) {
		return store.Object{}, store.Absent(s.url, key)
	}
	if err != nil {
		return store.Object{}, s.told(doing, err)
	}
	var found *item
	if err := json.Unmarshal(text, &found); err != nil {
		return store.Object{}, s.misunderstood(doing)
	}
	if found == nil || found.IsDir {
		return store.Object{}, store.Absent(s.url, key)
	}
	return store.Object{Key: key, Size: found.Size, Modified: found.ModTime}, nil
}

// Open opens an object; fs.ErrNotExist is wrapped where there is none. Close
// ends rclone.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	// Of a folder, cat gives all files at once; of nothing, on some remotes,
	// nothing.
	if _, err := s.Stat(ctx, key); err != nil {
		return nil, err
	}
	return &body{s.start(ctx, "cat", s.at(key)), s, "reading " + key}, nil
}

// body is an object's bytes.
type body struct {
	out   *output
	store *Store
	doing string
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.out.Read(p)
	if err != nil && err != io.EOF {
		err = b.store.told(b.doing, err)
	}
	return n, err
}

// Close ends rclone, and waits for that.
func (b *body) Close() error {
	b.out.end()
	return nil
}

// List gives the objects whose keys begin with prefix, in rclone's order.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		dir := prefix[:strings.LastIndex(prefix, "/")+1]
		out := s.start(ctx, "lsjson", "--recursive", "--files-only", "--no-mimetype", "--use-server-modtime", s.at(strings.TrimSuffix(dir, "/")))
		defer out.end()
		some := false
		err := items(out, func(i item) bool {
			some = true
			key := dir + i.Path
			if i.IsDir || !strings.HasPrefix(key, prefix) || store.CheckKey(key) != nil {
				return true
			}
			return yield(store.Object{Key: key, Size: i.Size, Modified: i.ModTime}, nil)
		})
		switch {
		case err == nil, err == errEnough:
		case missing(err) && !some && s.empty(ctx, dir):
		case errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
			yield(store.Object{}, s.misunderstood("listing"))
		default:
			yield(store.Object{}, s.told("listing", err))
		}
	}
}

// empty tells whether there is no such folder. That a list ended with "not
// found" may also say that it is not all: a folder in it went away meanwhile.
func (s *Store) empty(ctx context.Context, dir string) bool {
	out := s.start(ctx, "lsjson", "--stat", "--no-mimetype", s.at(strings.TrimSuffix(dir, "/")))
	defer out.end()
	_, err := io.Copy(io.Discard, out)
	return missing(err)
}

// errEnough: whoever lists wants no more.
var errEnough = errors.New("enough")

// items reads a list, one file after the other.
func items(out *output, each func(item) bool) error {
	const most = 4 << 30 // some ten million files
	bounded := &io.LimitedReader{R: out, N: most}
	decoder := json.NewDecoder(bounded)
	start, err := decoder.Token()
	if err == io.EOF {
		return nil // a folder that is not there, on some remotes
	}
	if err != nil {
		return err
	}
	if start != json.Delim('[') {
		return &json.SyntaxError{}
	}
	for decoder.More() {
		var i item
		if err := decoder.Decode(&i); err != nil {
			return err
		}
		if !each(i) {
			return errEnough
		}
	}
	if _, err := decoder.Token(); err != nil {
		return err
	}
	// The end says how rclone ended.
	_, err = io.Copy(io.Discard, bounded)
	return err
}

// Delete deletes an object.
func (s *Store) Delete(ctx context.Context, key string) error {
	if _, err := s.Stat(ctx, key); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return s.run(ctx, "deleting "+key, "deletefile", s.at(key))
}
