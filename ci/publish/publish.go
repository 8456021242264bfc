package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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
	// CreateDraft makes a draft with that tag as its name. The tag will be made
	// at commit; empty: at the head of the default branch.
	CreateDraft(ctx context.Context, tag, commit, body string) (release.Release, error)
	// Upload sends size bytes as an asset, after what is left of an upload that
	// broke off was deleted. SHA256 of what it gives is that of the bytes sent.
	Upload(ctx context.Context, to release.Release, name string, size int64, open func() (io.ReadCloser, error)) (release.Asset, error)
	// OpenAsset opens an asset's bytes.
	OpenAsset(ctx context.Context, id int64) (io.ReadCloser, error)
	// DeleteAsset deletes an asset.
	DeleteAsset(ctx context.Context, id int64) error
	// Publish publishes a draft with that tag. An error that wraps fs.ErrExist
	// says that another release has it.
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
}

// Run brings the files to the release, and publishes it. Codes: asset-exists,
// release-immutable, release-taken, digest-mismatch, changed-meanwhile (all
// refused), file-unreadable (unable), and the client's own.
func Run(ctx context.Context, server Releases, o Options) (Result, error) {
	r := &run{Releases: server, Options: o}
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
	plan, err := r.open(ctx)
	if err != nil {
		return err
	}
	for _, f := range plan.Send {
		if err := r.send(ctx, f); err != nil {
			return err
		}
	}
	if err := r.readBack(ctx); err != nil {
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
	assets, err := r.Assets(ctx, chosen.ID)
	if err != nil {
		return Plan{}, err
	}
	return Decide(chosen, assets, r.Files)
}

// send sends a file. Bytes that are not those that were checked do not stay.
func (r *run) send(ctx context.Context, f File) error {
	defer r.Step("sending " + f.Name)()
	a, err := r.Upload(ctx, r.release, f.Name, f.Size, func() (io.ReadCloser, error) { return open(f) })
	if err != nil {
		return err
	}
	if a.SHA256 != f.SHA256 {
		if err := r.DeleteAsset(ctx, a.ID); err != nil {
			return err
		}
		return changed(f)
	}
	r.result.Sent = append(r.result.Sent, f.Name)
	return nil
}

func open(f File) (io.ReadCloser, error) {
	from, err := os.Open(f.Path)
	if err != nil {
		return nil, fault.New(fault.Unable, "file-unreadable", "publishing %s: %w", f.Name, err)
	}
	info, err := from.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Size() != f.Size) {
		err = changed(f)
	}
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	return from, nil
}

func changed(f File) error {
	return fault.New(fault.Refused, "changed-meanwhile", "publishing %s: it is not any more what was checked", f.Name).
		WithHint("somebody writes to that folder: wait for it, and publish again")
}

// readBack holds every file against what the server has now.
func (r *run) readBack(ctx context.Context) error {
	defer r.Step("reading the digests back")()
	assets, err := r.Assets(ctx, r.release.ID)
	if err != nil {
		return err
	}
	for _, f := range r.Files {
		i := slices.IndexFunc(assets, func(a release.Asset) bool { return a.Name == f.Name })
		if i < 0 {
			return mismatch(f, "it is not there")
		}
		a := assets[i]
		if a.SHA256 == "" && a.Uploaded && a.Size == f.Size {
			if a.SHA256, err = r.download(ctx, a); err != nil {
				return err
			}
		}
		if !a.Uploaded || a.Size != f.Size || a.SHA256 != f.SHA256 {
			return mismatch(f, fmt.Sprintf("it has %d bytes with sha256 %.64s", a.Size, a.SHA256))
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

func mismatch(f File, what string) error {
	return fault.New(fault.Refused, "digest-mismatch", "reading %s of the release back: %s", f.Name, what).
		WithHint("it is not published; delete that asset by hand, and publish again")
}

// publish makes the draft a release that everybody sees.
func (r *run) publish(ctx context.Context) error {
	defer r.Step("publishing the release " + r.Tag)()
	published, err := r.Publish(ctx, r.release.ID, r.Tag, r.Body)
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
