package releasestore

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/release"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Scheme is what the URL of such a store begins with.
const Scheme = "release:"

// limit is the size that every asset is below.
const limit = release.Limit

// Store keeps objects as assets of releases. Any number of goroutines may use
// it; they take turns.
type Store struct {
	releases Releases
	url      string
	now      func() time.Time

	mu sync.Mutex
	// index is nil until it is needed, and was read at that time.
	index *index
	read  time.Time
	// draft is the id of the draft that is being filled; 0 for none.
	draft int64
	// held is how many assets the draft has.
	held int
	// made are the releases that this process made or took over, deleted the
	// assets that it deleted: lists may be older than that.
	made    map[int64]held
	deleted map[int64]bool
}

// repositoryForm is OWNER/REPO, or HOST/OWNER/REPO.
var repositoryForm = regexp.MustCompile(`^([A-Za-z0-9.-]+(:[0-9]+)?/)?[A-Za-z0-9_][A-Za-z0-9._-]*/[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// Repository gives the OWNER/REPO or HOST/OWNER/REPO of a store's URL. Code:
// bad-store-url.
func Repository(url string) (string, error) {
	name, ok := strings.CutPrefix(url, Scheme)
	if !ok || len(name) > 500 || !repositoryForm.MatchString(name) {
		return "", fault.New(fault.Usage, "bad-store-url", "the store %q is no repository", url).
			WithHint("write release:OWNER/REPO, or release:HOST/OWNER/REPO")
	}
	return name, nil
}

// New makes the store over the releases of a repository; repository is as
// [Repository] gives it, now tells the time. Nothing is asked for yet.
func New(releases Releases, repository string, now func() time.Time) *Store {
	return &Store{releases: releases, url: Scheme + repository, now: now, made: map[int64]held{}, deleted: map[int64]bool{}}
}

// URL gives release:OWNER/REPO.
func (s *Store) URL() string { return s.url }

// Stat tells of an object; fs.ErrNotExist is wrapped where there is none.
func (s *Store) Stat(ctx context.Context, key string) (store.Object, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Object{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, found, err := s.look(ctx, key)
	if err != nil {
		return store.Object{}, told(err)
	}
	if !found {
		return store.Object{}, store.Absent(s.url, key)
	}
	return store.Object{Key: key, Size: c.size(), Modified: c.asset.ModifiedAt}, nil
}

// Open opens an object; fs.ErrNotExist is wrapped where there is none.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := store.CheckKey(key); err != nil {
		return nil, err
	}
	s.mu.Lock()
	c, found, err := s.look(ctx, key)
	s.mu.Unlock()
	switch {
	case err != nil:
		return nil, told(err)
	case !found:
		return nil, store.Absent(s.url, key)
	case c.size() == 0:
		return io.NopCloser(strings.NewReader("")), nil
	}
	from, err := s.releases.OpenAsset(ctx, c.asset.ID)
	return s.opened(key, from, err)
}

// List gives the objects whose keys begin with prefix, sorted by key.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		objects, err := s.list(ctx, prefix)
		if err != nil {
			yield(store.Object{}, told(err))
			return
		}
		for _, o := range objects {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func (s *Store) list(ctx context.Context, prefix string) ([]store.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	var objects []store.Object
	for _, key := range slices.Sorted(maps.Keys(s.index.objects)) {
		copies := s.index.objects[key]
		if strings.HasPrefix(key, prefix) {
			objects = append(objects, store.Object{Key: key, Size: copies[0].size(), Modified: modified(copies)})
		}
	}
	return objects, nil
}

// Delete deletes an object, in all its copies, and releases that have no asset
// any more. Code release-immutable: it lies in a release that cannot be
// changed.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return told(s.remove(ctx, key))
}

func (s *Store) remove(ctx context.Context, key string) error {
	if s.index == nil || s.index.objects[key] == nil {
		if err := s.load(ctx); err != nil {
			return err
		}
	}
	for _, c := range slices.Clone(s.index.objects[key]) {
		if c.in.Immutable {
			return s.immutable(key, c.in.Tag, fs.ErrPermission)
		}
		if err := s.drop(ctx, key, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) immutable(key, tag string, err error) error {
	return fault.New(fault.Refused, "release-immutable", "%s: deleting the object %s: the release %s is immutable: %w", s.url, key, tag, err).
		WithHint("delete the whole release by hand when nothing needs it, or leave it")
}

// drop deletes one copy, and its release when that was the last asset.
func (s *Store) drop(ctx context.Context, key string, c copied) error {
	err := s.releases.DeleteAsset(ctx, c.asset.ID)
	if errors.Is(err, fs.ErrPermission) {
		return s.immutable(key, c.in.Tag, err)
	}
	if err != nil {
		return err
	}
	s.deleted[c.asset.ID] = true
	s.forget(key, c.asset.ID)
	if c.in.ID == s.draft {
		s.held--
	}
	left, err := s.releases.Assets(ctx, c.in.ID)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(left) > 0 || c.in.ID == s.draft {
		return nil
	}
	if err == nil {
		err = s.releases.DeleteRelease(ctx, c.in.ID)
	}
	if err == nil {
		delete(s.made, c.in.ID)
	}
	return err
}
