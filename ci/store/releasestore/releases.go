package releasestore

import (
	"context"
	"io"

	"github.com/wheelhouse-ci/wheelhouse/ci/release"
)

// Releases is what the store needs of GitHub's API. What is not there is an
// error that wraps fs.ErrNotExist; a name that is taken, fs.ErrExist; a release
// that cannot be changed any more, fs.ErrPermission.
type Releases interface {
	// Releases lists all, drafts too. Each names release.Listed assets at
	// least, or all it has.
	Releases(ctx context.Context) ([]release.Release, error)
	// Release looks one up.
	Release(ctx context.Context, id int64) (release.Release, error)
	// Assets lists all assets of a release.
	Assets(ctx context.Context, releaseID int64) ([]release.Asset, error)
	// Asset looks one up.
	Asset(ctx context.Context, id int64) (release.Asset, error)
	// CreateDraft makes a draft with that tag as its name, for a commit; empty:
	// the head of the default branch.
	CreateDraft(ctx context.Context, tag, commit, body string) (release.Release, error)
	// Publish publishes a draft with that tag.
	Publish(ctx context.Context, releaseID int64, tag, body string) (release.Release, error)
	// Upload sends size bytes, at least one, as an asset. What is left of an
	// upload that broke off is deleted first; an asset of that name with the
	// same bytes is as good as a new one.
	Upload(ctx context.Context, to release.Release, name string, size int64, open func() (io.ReadCloser, error)) (release.Asset, error)
	// OpenAsset opens an asset's bytes, for any goroutine.
	OpenAsset(ctx context.Context, id int64) (io.ReadCloser, error)
	// DeleteAsset and DeleteRelease delete; what is not there is no error.
	DeleteAsset(ctx context.Context, id int64) error
	DeleteRelease(ctx context.Context, id int64) error
}
