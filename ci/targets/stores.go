package targets

import (
	"context"
	"io"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/filestore"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/ocistore"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/rclonestore"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/releasestore"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/s3store"
)

// openStore gives the store at a URL; nothing is asked of it yet. Code:
// bad-store-url, and those of the drivers.
func (s *session) openStore(ctx context.Context, url string) (store.Store, error) {
	getenv := func(name string) string { v, _ := s.getenv(name); return v }
	scheme, _, _ := strings.Cut(url, ":")
	switch scheme + ":" {
	case filestore.Scheme:
		return filestore.Open(url, s.Root)
	case s3store.Scheme:
		return s3store.Open(url, s3store.Options{Getenv: getenv})
	case ocistore.Scheme:
		return ocistore.Open(url, ocistore.Options{Getenv: getenv, Now: s.now})
	case rclonestore.Scheme:
		return rclonestore.Open(url, rclonestore.Options{Environ: s.environ})
	case releasestore.Scheme:
		return s.openReleases(ctx, url)
	}
	return nil, fault.New(fault.Usage, "bad-store-url", "%q is no store", url).
		WithHint("it is file:FOLDER, s3://BUCKET/PREFIX, oci://HOST/NAME, release:OWNER/REPO or rclone:REMOTE:PATH")
}

// openReleases gives the store over a repository's releases, with the client
// and the token that fetch uses.
func (s *session) openReleases(ctx context.Context, url string) (store.Store, error) {
	repository, err := releasestore.Repository(url)
	if err != nil {
		return nil, err
	}
	client, _, err := s.releases(ctx, repository, "the store's URL")
	if err != nil {
		return nil, err
	}
	return releasestore.New(client, repository, s.now), nil
}

// localOnly tells that a store is this checkout's alone.
func localOnly(st store.Store) bool {
	inside, ok := st.(interface{ Inside() bool })
	return ok && inside.Inside()
}

// locationOf is how a pointer names a store.
func (s *session) locationOf(st store.Store, recipe string) entry.Location {
	method := entry.Rebuilt
	if recipe == rebuild.Whole {
		method = entry.ReadBack
	}
	return entry.Location{URL: st.URL(), Method: method, VerifiedAt: s.now().UTC(), LocalOnly: localOnly(st)}
}

// blobsOf opens a store's blobs for a proof.
func blobsOf(st store.Store) func(context.Context, string, int64) (io.ReadCloser, error) {
	return func(ctx context.Context, sum string, size int64) (io.ReadCloser, error) {
		return store.OpenBlob(ctx, st, sum, size)
	}
}
