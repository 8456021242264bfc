package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/release"
)

// Releases is what publishing needs of GitHub's API.
type Releases interface {
	// Releases lists all, drafts too.
	Releases(ctx context.Context) ([]release.Release, error)
	// Assets lists all assets of a release.
	Assets(ctx context.Context, releaseID int64) ([]release.Asset, error)
	// CreateDraft makes a draft with that tag as its name, a pre-release. The tag
	// will be made at commit; empty: at the head of the default branch.
	CreateDraft(ctx context.Context, tag, commit, body string) (release.Release, error)
	// Upload sends size bytes as an asset, after what is left of an upload that
	// broke off was deleted. SHA256 of what it gives is that of the bytes sent.
	Upload(ctx context.Context, to release.Release, name string, size int64, open func() (io.ReadCloser, error)) (release.Asset, error)
	// OpenAsset opens an asset's bytes.
	OpenAsset(ctx context.Context, id int64) (io.ReadCloser, error)
	// Publish publishes a draft with that tag; an empty body leaves its name, its
	// text and its kind as they are. An error that wraps fs.ErrExist says that
	// another release has the tag.
	Publish(ctx context.Context, releaseID int64, tag, body string) (release.Release, error)
}

// Options say what is published, and as what.
type Options struct {
	// Tag is the release's, not empty. Commit is where that tag is made if there
	// is none; empty: at the head of the default branch.
	Tag, Commit string
	// Body is the text of a release that is made here.
	Body string
	// Files are those to publish, their names all different.
	Files []File
	// Step tells that something began, and gives what tells its end; nil tells
	// nobody. Note tells what a person should know; nil: nobody.
	Step func(text string) func()
	Note func(text string)
}

// Result is what was done, also where it ended with an error.
type Result struct {
	// Release is the zero value where there is none yet.
	Release release.Release
	// Sent are the names of the files that were sent; the others were there.
	Sent []string
	// Unchanged: all was there, and published.
	Unchanged bool
}

// run is one publishing.
type run struct {
	Releases
	Options
	release release.Release
	result  Result
	// sums are the digests of what was downloaded, by the asset's id.
	sums map[int64]string
}

// Run brings the files to the release, and publishes it. A draft of that tag is
// published whoever made it. Codes: asset-exists, asset-too-large,
// release-immutable, release-taken, digest-mismatch, changed-meanwhile (all
// refused), file-unreadable (unable), and the client's own.
func Run(ctx context.Context, server Releases, o Options) (Result, error) {
	r := &run{Releases: server, Options: o, sums: map[int64]string{}}
	if r.Step == nil {
		r.Step = func(string) func() { return func() {} }
	}
	if r.Note == nil {
		r.Note = func(string) {}
	}
	err := r.all(ctx)
	r.result.Release = r.release
	return r.result, err
}

func (r *run) all(ctx context.Context) error {
	for _, f := range r.Files {
		if f.Size >= release.Limit {
			return fault.New(fault.Refused, "asset-too-large", "publishing %s: %d bytes, and a release takes assets under 2 GiB", f.Name, f.Size).
				WithHint("bring it to a store instead: -store=URL")
		}
	}
	plan, err := r.open(ctx)
	if err != nil {
		return err
	}
	for _, f := range plan.Send {
		if !r.release.Draft && last(f) > 0 {
			// Everybody sees it as soon as it has arrived.
			others := slices.DeleteFunc(slices.Clone(r.Files), func(o File) bool { return last(o) > 0 })
			if err := r.readBack(ctx, others); err != nil {
				return err
			}
		}
		if err := r.send(ctx, f); err != nil {
			return err
		}
	}
	if err := r.readBack(ctx, r.Files); err != nil {
		return err
	}
	if r.release.Draft {
		return r.publish(ctx)
	}
	r.result.Unchanged = len(r.result.Sent) == 0
	return nil
}

// open finds the release or makes its draft, and decides what is to be sent.
func (r *run) open(ctx context.Context) (Plan, error) {
	defer r.Step("looking for the release " + r.Tag)()
	all, err := r.Releases.Releases(ctx)
	if err != nil {
		return Plan{}, err
	}
	chosen, found, others := Choose(all, r.Tag)
	if others > 0 {
		r.Note(fmt.Sprintf("%d more drafts have the tag %s, and are left alone: delete them by hand", others, r.Tag))
	}
	if !found {
		if chosen, err = r.CreateDraft(ctx, r.Tag, r.Commit, r.Body); err != nil {
			return Plan{}, err
		}
	}
	r.release = chosen
	assets, err := r.assets(ctx)
	if err != nil {
		return Plan{}, err
	}
	return Decide(chosen, assets, r.Files)
}

// assets lists what the release has, the digest with each that may be one of
// the files: where the server does not tell it, the bytes are downloaded, once.
func (r *run) assets(ctx context.Context) ([]release.Asset, error) {
	assets, err := r.Assets(ctx, r.release.ID)
	if err != nil {
		return nil, err
	}
	for i := range assets {
		a := &assets[i]
		mine := slices.ContainsFunc(r.Files, func(f File) bool { return f.Name == a.Name && f.Size == a.Size })
		if !mine || !a.Uploaded || a.SHA256 != "" {
			continue
		}
		if r.sums[a.ID] == "" {
			if r.sums[a.ID], err = r.download(ctx, *a); err != nil {
				return nil, err
			}
		}
		a.SHA256 = r.sums[a.ID]
	}
	return assets, nil
}

// send sends a file. Bytes that are not those that were checked never arrive
// whole.
func (r *run) send(ctx context.Context, f File) error {
	defer r.Step("sending " + f.Name)()
	if _, err := r.Upload(ctx, r.release, f.Name, f.Size, func() (io.ReadCloser, error) { return open(f) }); err != nil {
		return err
	}
	r.result.Sent = append(r.result.Sent, f.Name)
	return nil
}

// readBack holds files against what the server has now.
func (r *run) readBack(ctx context.Context, files []File) error {
	defer r.Step("reading the digests back")()
	assets, err := r.assets(ctx)
	if err != nil {
		return err
	}
	for _, f := range files {
		i := slices.IndexFunc(assets, func(a release.Asset) bool { return a.Name == f.Name })
		if i < 0 {
			return r.mismatch(f, "it is not there")
		}
		if a := assets[i]; !a.Uploaded || a.Size != f.Size || a.SHA256 != f.SHA256 {
			return r.mismatch(f, fmt.Sprintf("it has %d bytes with sha256 %.64s", a.Size, a.SHA256))
		}
	}
	return nil
}

// download gives the sha256 of an asset whose digest the server does not tell.
func (r *run) download(ctx context.Context, a release.Asset) (string, error) {
	body, err := r.OpenAsset(ctx, a.ID)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, io.LimitReader(body, a.Size+1))
	if err := errors.Join(err, body.Close()); err != nil {
		return "", fault.New(fault.Unable, "transfer-failed", "reading %s of the release back: %w", a.Name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (r *run) mismatch(f File, what string) error {
	seen := "it is not published"
	if !r.release.Draft {
		seen = "the release was published before, and can be seen so"
	}
	return fault.New(fault.Refused, "digest-mismatch", "reading %s of the release back: %s", f.Name, what).
		WithHint("%s; delete that asset by hand, and publish again", seen)
}

// publish makes the draft a release that everybody sees.
func (r *run) publish(ctx context.Context) error {
	defer r.Step("publishing the release " + r.Tag)()
	published, err := r.Publish(ctx, r.release.ID, r.Tag, "")
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Refused, "release-taken", "publishing the release %s: another one was published by that tag meanwhile", r.Tag).
			WithHint("publish again: what that one lacks is added; and delete the draft by hand")
	}
	if err != nil {
		return err
	}
	if published.Draft {
		return fault.New(fault.Unable, "api-answer", "publishing the release %s: the server says that it still is a draft", r.Tag)
	}
	r.release = published
	return nil
}
