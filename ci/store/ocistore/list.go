package ocistore

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"oras.land/oras-go/v2/errdef"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

const (
	// maxPages and maxListed bound what a registry that never ends may list.
	maxPages  = 10_000
	maxListed = 1_000_000
	// atOnce is how many manifests are read at once.
	atOnce = 8
)

// List gives the objects whose keys begin with prefix: manifests by their tags,
// and the blobs that manifests name. Tags of others are left out.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		wantBlobs := strings.HasPrefix(prefix, blobs) || strings.HasPrefix(blobs, prefix)
		named := map[string]store.Object{}
		for m, err := range s.manifests(ctx, prefix, wantBlobs) {
			if err != nil {
				yield(store.Object{}, s.fail(ctx, "listing "+s.place.String(), err))
				return
			}
			if strings.HasPrefix(m.key, prefix) && !yield(store.Object{Key: m.key, Size: m.Config.Size, Modified: m.created()}, nil) {
				return
			}
			if !wantBlobs {
				continue
			}
			for key, size := range m.blobKeys() {
				if known, ok := named[key]; strings.HasPrefix(key, prefix) && (!ok || known.Modified.Before(m.created())) {
					named[key] = store.Object{Key: key, Size: size, Modified: m.created()}
				}
			}
		}
		for _, key := range slices.Sorted(maps.Keys(named)) {
			if !yield(named[key], nil) {
				return
			}
		}
	}
}

// manifests reads the manifests whose keys begin with prefix, or all of ours, a
// few at once, in the order of the tags.
func (s *Store) manifests(ctx context.Context, prefix string, all bool) iter.Seq2[manifest, error] {
	return func(yield func(manifest, error) bool) {
		tags, err := s.tags(ctx, prefix, all)
		if err != nil {
			yield(manifest{}, err)
			return
		}
		for some := range slices.Chunk(tags, atOnce) {
			found := make([]manifest, len(some))
			failed := make([]error, len(some))
			var group sync.WaitGroup
			for i, tag := range some {
				group.Go(func() { found[i], failed[i] = s.manifest(ctx, tag) })
			}
			group.Wait()
			for i, m := range found {
				var foreign errForeign
				if errors.Is(failed[i], errdef.ErrNotFound) || errors.As(failed[i], &foreign) {
					continue // deleted since, or not ours
				}
				if !yield(m, failed[i]) || failed[i] != nil {
					return
				}
			}
		}
	}
}

// tags gives the tags that may be keys of ours beginning with prefix, or, for
// all, any. A repository that is not there has none: the first push makes it.
func (s *Store) tags(ctx context.Context, prefix string, all bool) ([]string, error) {
	var tags []string
	err := s.repo.Tags(ctx, "", func(page []string) error {
		for _, tag := range page {
			key := keyOf(tag)
			if strings.HasPrefix(tag, hashed) || key != "" && (all || strings.HasPrefix(key, prefix)) {
				tags = append(tags, tag)
			}
		}
		if len(tags) > maxListed {
			return fault.New(fault.Unable, "store-corrupt", "listing %s: the list has over %d tags", s.place, maxListed)
		}
		return nil
	})
	if notFound(err) {
		return nil, nil
	}
	return tags, err
}
