package releasestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/release"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// most is how many blobs a draft takes: GitHub allows 1,000 assets, and the
// manifest is one.
const most = 999

const (
	uploadBody = "Wheels on their way into a wheelhouse store. The next push goes on with this draft."
	storeBody  = "Part of a wheelhouse store: its assets are wheels and records by their sha256. See docs/formats.md of wheelhouse-ci/wheelhouse."
)

// Put uploads an object unless there is one. Codes, besides those of the API:
// asset-too-large, bad-store-key.
func (s *Store) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	if err := store.CheckKey(key); err != nil {
		return false, err
	}
	if alone(key) == uploads {
		return false, fault.New(fault.Usage, "bad-store-key", "%s: %q is a draft's name", s.url, key)
	}
	if size >= limit {
		return false, fault.New(fault.Refused, "asset-too-large", "%s: storing %s: %d bytes, and a release takes assets under 2 GiB", s.url, key, size).
			WithHint("take another store for this one")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	created, err := s.put(ctx, key, size, open)
	return created, told(err)
}

func (s *Store) put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	if s.index == nil {
		if err := s.load(ctx); err != nil {
			return false, err
		}
	}
	if _, found, err := s.find(ctx, key); found || err != nil {
		return false, err
	}
	switch {
	case isBlob(key):
		err := s.putBlob(ctx, key, size, open)
		return err == nil, err
	case isManifest(key):
		return s.putManifest(ctx, key, size, open)
	}
	return s.putAlone(ctx, key, size, open)
}

// upload uploads an object to a release.
func (s *Store) upload(ctx context.Context, to release.Release, key string, size int64, open func() (io.ReadCloser, error)) (release.Asset, error) {
	exact := func() (io.ReadCloser, error) {
		from, err := open()
		if err != nil {
			return nil, err
		}
		return store.Exactly(from, size), nil
	}
	if size > 0 {
		return s.releases.Upload(ctx, to, assetName(key, size), size, exact)
	}
	return s.releases.Upload(ctx, to, assetName(key, size), 1, func() (io.ReadCloser, error) {
		from, err := exact()
		if err == nil {
			_, err = io.Copy(io.Discard, from)
			err = errors.Join(err, from.Close())
		}
		return io.NopCloser(strings.NewReader("\n")), err
	})
}

// putBlob uploads a blob to the draft. Where another push published that in
// the meantime, it takes another one.
func (s *Store) putBlob(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) error {
	for try := 1; ; try++ {
		draft, err := s.own(ctx)
		if err != nil {
			return err
		}
		asset, err := s.upload(ctx, draft, key, size, open)
		if err == nil {
			s.note(key, asset, draft)
			s.held++
			return nil
		}
		gone := errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) && fault.Code(err) == "not-found"
		if !gone || try == 2 {
			return err
		}
		s.draft = 0
		if err := s.load(ctx); err != nil {
			return err
		}
	}
}

// own gives the draft that is being filled: the one at hand, one that was left
// behind, or a new one.
func (s *Store) own(ctx context.Context) (release.Release, error) {
	if s.draft != 0 && s.held >= most {
		id := s.draft
		if err := s.publish(ctx, id, fmt.Sprintf("%spart-%d", prefix, id)); err != nil {
			return release.Release{}, err
		}
	}
	if s.draft != 0 {
		return s.made[s.draft].Release, nil
	}
	for len(s.index.drafts) > 0 {
		id := s.index.drafts[0]
		s.index.drafts = s.index.drafts[1:]
		adopted, err := s.adopt(ctx, id)
		if err != nil {
			return release.Release{}, err
		}
		if adopted {
			return s.own(ctx)
		}
	}
	made, err := s.releases.CreateDraft(ctx, uploads, "", uploadBody)
	if err != nil {
		return release.Release{}, err
	}
	s.made[made.ID], s.draft, s.held = held{made, 0}, made.ID, 0
	return made, nil
}

// adopt takes over a draft that was left behind: blobs that arrived whole stay.
// It tells whether it did; what another has published, or is about to, it leaves
// alone.
func (s *Store) adopt(ctx context.Context, id int64) (bool, error) {
	left, err := s.releases.Release(ctx, id)
	if err == nil && !left.Draft {
		return false, nil
	}
	var assets []release.Asset
	if err == nil {
		assets, err = s.releases.Assets(ctx, id)
	}
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil // gone meanwhile
		}
		return false, err
	}
	if slices.ContainsFunc(assets, s.fresh) {
		return false, nil
	}
	left.Assets = nil
	count := 0
	for _, a := range assets {
		key, isEmpty, ok := keyOf(a.Name)
		if ok && isBlob(key) && a.Uploaded && (isEmpty || a.SHA256 == "" || !hashed(key) || strings.HasSuffix(key, a.SHA256)) {
			s.note(key, a, left)
			count++
			continue
		}
		if err := s.releases.DeleteAsset(ctx, a.ID); err != nil {
			return false, err
		}
		s.deleted[a.ID] = true
	}
	s.made[id], s.draft, s.held = held{left, count}, id, count
	return true, nil
}

// fresh tells whether an asset is a manifest that may be published any moment
// by who uploaded it. One that is a day old was left behind.
func (s *Store) fresh(a release.Asset) bool {
	const day = 24 * time.Hour
	key, _, ok := keyOf(a.Name)
	return ok && isManifest(key) && s.now().Sub(a.ModifiedAt) < day
}

// hashed tells whether a blob's key ends with a sha256.
func hashed(key string) bool { return len(key) == len("blobs/")+64 }

// putManifest uploads a manifest to the draft and publishes it.
func (s *Store) putManifest(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	for try := 1; ; try++ {
		if err := s.putBlob(ctx, key, size, open); err != nil {
			return false, err
		}
		id := s.draft
		created, err := s.publishAs(ctx, key)
		if err != nil {
			delete(s.index.objects, key) // it lies in a draft, which is not stored
			return false, err
		}
		there, found, err := s.find(ctx, key)
		switch {
		case err != nil:
			return false, err
		case found:
			return created && there.in.ID == id, nil
		case try == 2:
			return false, fault.New(fault.Unable, "store-object-missing", "%s: the manifest %s is gone as soon as it is stored: %w", s.url, key, fs.ErrNotExist).
				WithHint("does another push go on? push again when it is over")
		}
	}
}

// publishAs publishes the draft under the manifest's tag. Where that is taken,
// another has pushed the same, which is as good; created says that it is ours.
func (s *Store) publishAs(ctx context.Context, key string) (created bool, err error) {
	id, tag := s.draft, tagOf(key)
	err = s.publish(ctx, id, tag)
	if !errors.Is(err, fs.ErrExist) {
		return err == nil, err
	}
	s.draft = 0 // its blobs wait for the next push, which takes it over
	if err := s.load(ctx); err != nil {
		return false, err
	}
	if _, found, err := s.find(ctx, key); found || err != nil {
		return false, err
	}
	// That release has lost its manifest, or never had it.
	err = s.publish(ctx, id, fmt.Sprintf("%s-%d", tag, id))
	if err == nil {
		err = s.load(ctx)
	}
	return err == nil, err
}

// publish publishes a draft, unless another has it done; then it is not the one
// being filled any more.
func (s *Store) publish(ctx context.Context, id int64, tag string) error {
	r, err := s.releases.Release(ctx, id)
	if err == nil && r.Draft {
		r, err = s.releases.Publish(ctx, id, tag, storeBody)
	}
	if err != nil {
		return err
	}
	r.Assets = nil
	count := s.made[id].assets
	if s.draft == id {
		s.draft, s.held, count = 0, 0, s.held
	}
	s.made[id] = held{r, count}
	for key, copies := range s.index.objects {
		for i, c := range copies {
			if c.in.ID == id {
				s.index.objects[key][i].in = r
			}
		}
	}
	return nil
}

// putAlone puts an object into a draft of its own. Of several that do so at
// once the one with the lowest id wins.
func (s *Store) putAlone(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	draft, err := s.releases.CreateDraft(ctx, alone(key), "", storeBody)
	if err != nil {
		return false, err
	}
	s.made[draft.ID] = held{draft, 1}
	if _, err := s.upload(ctx, draft, key, size, open); err != nil {
		return false, errors.Join(err, s.releases.DeleteRelease(context.WithoutCancel(ctx), draft.ID))
	}
	if err := s.load(ctx); err != nil {
		return false, err
	}
	first, found, err := s.find(ctx, key)
	if err != nil || found && first.in.ID == draft.ID {
		return err == nil, err
	}
	delete(s.made, draft.ID)
	return false, errors.Join(s.releases.DeleteRelease(ctx, draft.ID), s.load(ctx))
}
