package releasestore

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/release"
)

// copied is one asset of an object. An object may have several: two pushes at
// once each upload it.
type copied struct {
	asset release.Asset
	in    release.Release // without its assets
}

// held is a release that this process made or took over, and how many assets
// it gave it: a list may be older.
type held struct {
	release.Release
	assets int
}

// index is what the releases hold, as they were when it was read.
type index struct {
	objects map[string][]copied // by key; of the oldest release first
	drafts  []int64             // for blobs, of others
}

// size gives an object's size.
func (c copied) size() int64 {
	if _, isEmpty, _ := keyOf(c.asset.Name); isEmpty {
		return 0
	}
	return c.asset.Size
}

// load reads all releases anew. A list may be older than what this process did
// last, so that is laid over it.
func (s *Store) load(ctx context.Context) error {
	all, err := s.releases.Releases(ctx)
	if err != nil {
		return err
	}
	// The oldest first, for the list has the newest first and each is one of
	// several that hold the same.
	slices.SortFunc(all, func(a, b release.Release) int { return int(min(max(a.ID-b.ID, -1), 1)) })
	read := &index{objects: map[string][]copied{}}
	listed := map[int64]bool{}
	for _, r := range all {
		if !strings.HasPrefix(r.Tag, prefix) || listed[r.ID] {
			continue
		}
		listed[r.ID] = true
		if err := s.enter(ctx, read, r); err != nil {
			return err
		}
	}
	for _, r := range s.made {
		if listed[r.ID] {
			continue
		}
		if err := s.enter(ctx, read, r.Release); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s.index, s.read = read, s.now()
	return nil
}

// enter enters a release's assets.
func (s *Store) enter(ctx context.Context, into *index, r release.Release) error {
	if made, ours := s.made[r.ID]; ours {
		r.Draft = r.Draft && made.Draft
		if r.Draft || len(r.Assets) < made.assets {
			r.Assets = nil // the list does not have what came last
		}
	}
	if s.draft == r.ID && !r.Draft {
		s.draft = 0 // another push has published it
	}
	if r.Draft && r.Tag == uploads && r.ID != s.draft {
		into.drafts = append(into.drafts, r.ID)
		return nil
	}
	assets := r.Assets
	if assets == nil || len(assets) >= release.Listed {
		var err error
		if assets, err = s.releases.Assets(ctx, r.ID); err != nil {
			return err
		}
	}
	r.Assets = nil
	for _, a := range assets {
		key, _, ok := keyOf(a.Name)
		if !ok || !a.Uploaded || s.deleted[a.ID] || !counts(key, r, s.draft) {
			continue
		}
		into.objects[key] = append(into.objects[key], copied{a, r})
	}
	return nil
}

// counts tells whether an object in a release is stored: in a draft, a blob is
// to who fills it, a manifest to nobody, and anything else to all.
func counts(key string, in release.Release, own int64) bool {
	switch {
	case !in.Draft:
		return true
	case in.ID == own:
		return !isManifest(key)
	}
	return in.Tag == alone(key)
}

// find gives an object's first copy that is there now: the index may be old.
// No error and no copy: there is none.
func (s *Store) find(ctx context.Context, key string) (copied, bool, error) {
	for _, c := range slices.Clone(s.index.objects[key]) {
		now, err := s.releases.Asset(ctx, c.asset.ID)
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && (!now.Uploaded || now.Name != c.asset.Name):
			s.forget(key, c.asset.ID)
		case err != nil:
			return copied{}, false, err
		default:
			c.asset = now
			return c, true, nil
		}
	}
	return copied{}, false, nil
}

// freshness is how long a blob that no release had is believed to be in none: a
// push asks for each of its blobs, and at worst uploads one that is there.
const freshness = time.Minute

// look is find, with the releases read anew where there is no copy.
func (s *Store) look(ctx context.Context, key string) (copied, bool, error) {
	if s.index != nil {
		c, found, err := s.find(ctx, key)
		if found || err != nil || isBlob(key) && s.now().Sub(s.read) < freshness {
			return c, found, err
		}
	}
	if err := s.load(ctx); err != nil {
		return copied{}, false, err
	}
	return s.find(ctx, key)
}

// note enters an asset that was uploaded.
func (s *Store) note(key string, a release.Asset, in release.Release) {
	in.Assets = nil
	s.index.objects[key] = append(s.index.objects[key], copied{a, in})
}

// forget takes an asset out of the index.
func (s *Store) forget(key string, id int64) {
	left := slices.DeleteFunc(s.index.objects[key], func(c copied) bool { return c.asset.ID == id })
	if len(left) == 0 {
		delete(s.index.objects, key)
		return
	}
	s.index.objects[key] = left
}

// modified is when the newest of the copies came.
func modified(copies []copied) time.Time {
	var newest time.Time
	for _, c := range copies {
		if c.asset.ModifiedAt.After(newest) {
			newest = c.asset.ModifiedAt
		}
	}
	return newest
}
