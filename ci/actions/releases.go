package actions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/release"
)

const (
	// maxReleases is how many GitHub lists.
	maxReleases = 10_000
	// maxAssets is how many a release may have.
	maxAssets = 1000
)

// giveWrite is what to do where a token may not write releases.
const giveWrite = "set GH_TOKEN to one that may write releases (classic: scope repo; fine-grained: Contents, write; a workflow: permissions, contents: write), or type `gh auth login`"

// wireRelease is a release with what go-github does not have.
type wireRelease struct {
	github.RepositoryRelease
	Immutable bool        `json:"immutable"`
	Assets    []wireAsset `json:"assets"`
}

func (w wireRelease) value() release.Release {
	r := release.Release{
		ID: w.GetID(), Tag: w.GetTagName(), Draft: w.GetDraft(), Immutable: w.Immutable,
		CreatedAt: w.GetCreatedAt().Time, UploadURL: w.GetUploadURL(), Page: w.GetHTMLURL(),
	}
	for _, a := range w.Assets {
		r.Assets = append(r.Assets, a.value())
	}
	return r
}

// wireAsset is an asset with its digest, which go-github does not have.
type wireAsset struct {
	github.ReleaseAsset
	Digest string `json:"digest"`
}

func (w wireAsset) value() release.Asset {
	a := release.Asset{
		ID: w.GetID(), Name: w.GetName(), Size: int64(w.GetSize()), SHA256: artifact{Digest: w.Digest}.sha256(),
		Uploaded: w.GetState() == "uploaded", ModifiedAt: w.GetUpdatedAt().Time,
	}
	if a.ModifiedAt.IsZero() {
		a.ModifiedAt = w.GetCreatedAt().Time
	}
	return a
}

// Releases gives the releases of the repository, the newest first: drafts too,
// where the token may see them. Each names release.Listed assets at least, or
// all it has.
func (c *Client) Releases(ctx context.Context) ([]release.Release, error) {
	all, err := c.releases(ctx, perPage)
	if fault.Code(err) == "api-answer" {
		// With a thousand assets each, the answer is too long.
		const few = 5
		all, err = c.releases(ctx, few)
	}
	return all, writing(err)
}

func (c *Client) releases(ctx context.Context, perPage int) ([]release.Release, error) {
	const doing = "listing the releases"
	var all []release.Release
	for n := 1; ; n++ {
		var answer []wireRelease
		next, known, err := c.get(ctx, doing, c.path("/releases?per_page=%d&limit=%d&page=%d", perPage, perPage, n), &answer)
		if err != nil {
			return nil, err
		}
		for _, w := range answer {
			all = append(all, w.value())
		}
		switch {
		case len(answer) == 0, known && !next, !known && len(answer) < perPage:
			return all, nil
		case len(all) >= maxReleases:
			return nil, fault.New(fault.Unable, "api-failed", "%s of %s: there are more than %d", doing, c.place.Repository, maxReleases)
		}
	}
}

// Assets gives all assets of a release.
func (c *Client) Assets(ctx context.Context, releaseID int64) ([]release.Asset, error) {
	doing := fmt.Sprintf("listing the assets of release %d", releaseID)
	var all []release.Asset
	for n := 1; ; n++ {
		var answer []wireAsset
		next, known, err := c.get(ctx, doing, c.path("/releases/%d/assets", releaseID)+page(n), &answer)
		if err != nil {
			return nil, writing(err)
		}
		for _, w := range answer {
			all = append(all, w.value())
		}
		if len(answer) == 0 || known && !next || !known && len(answer) < perPage {
			return all, nil
		}
		if len(all) > maxAssets {
			return nil, fault.New(fault.Unable, "api-answer", "%s of %s: there are more than %d", doing, c.place.Repository, maxAssets)
		}
	}
}

// Release gives one release as it is now. An error that wraps fs.ErrNotExist
// says that there is none.
func (c *Client) Release(ctx context.Context, id int64) (release.Release, error) {
	var answer wireRelease
	_, _, err := c.get(ctx, fmt.Sprintf("looking up release %d", id), c.path("/releases/%d", id), &answer)
	return answer.value(), writing(err)
}

// Asset gives one asset as it is now. An error that wraps fs.ErrNotExist says
// that there is none.
func (c *Client) Asset(ctx context.Context, id int64) (release.Asset, error) {
	var answer wireAsset
	_, _, err := c.get(ctx, fmt.Sprintf("looking up asset %d", id), c.path("/releases/assets/%d", id), &answer)
	return answer.value(), writing(err)
}

// CreateDraft makes a draft, whose tag is made at commit, a whole id, when it is
// published; empty: at the head of the default branch. Asked twice, for want of
// an answer, there may be two.
func (c *Client) CreateDraft(ctx context.Context, tag, commit, body string) (release.Release, error) {
	yes, latest := true, "false"
	draft := &github.RepositoryRelease{TagName: &tag, Name: &tag, Body: &body, Draft: &yes, Prerelease: &yes, MakeLatest: &latest}
	if commit != "" {
		draft.TargetCommitish = &commit
	}
	var answer wireRelease
	_, _, err := c.call(ctx, "making the draft "+tag, ask{method: http.MethodPost, path: c.path("/releases"), body: draft}, &answer)
	return answer.value(), writing(err)
}

// Publish makes a draft a release with this tag, which is made where there is
// none, never the latest. The tag becomes its name, body its text, and it a
// pre-release; with an empty body all three stay as they are. An error that
// wraps fs.ErrExist says that another release has the tag.
func (c *Client) Publish(ctx context.Context, id int64, tag, body string) (release.Release, error) {
	no, yes, latest := false, true, "false"
	change := &github.RepositoryRelease{TagName: &tag, Draft: &no, MakeLatest: &latest}
	if body != "" {
		change.Name, change.Body, change.Prerelease = &tag, &body, &yes
	}
	var answer wireRelease
	_, _, err := c.call(ctx, "publishing the release "+tag, ask{method: http.MethodPatch, path: c.path("/releases/%d", id), body: change}, &answer)
	return answer.value(), writing(err)
}

// DeleteAsset deletes an asset; one that is not there is no error.
func (c *Client) DeleteAsset(ctx context.Context, id int64) error {
	return c.remove(ctx, fmt.Sprintf("deleting asset %d", id), c.path("/releases/assets/%d", id))
}

// DeleteRelease deletes a release with its assets; its tag stays. One that is
// not there is no error.
func (c *Client) DeleteRelease(ctx context.Context, id int64) error {
	return c.remove(ctx, fmt.Sprintf("deleting release %d", id), c.path("/releases/%d", id))
}

func (c *Client) remove(ctx context.Context, doing, path string) error {
	_, _, err := c.call(ctx, doing, ask{method: http.MethodDelete, path: path}, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return writing(err)
}

// writing turns an error of a call into what a store understands: the hint on
// the token is that for releases.
func writing(err error) error {
	e, ok := fault.As(err)
	if !ok {
		return err
	}
	switch e.Code {
	case "token-missing", "token-refused":
		return e.WithHint("%s", giveWrite)
	case "not-found":
		return e.WithHint("look at the name of the repository; else %s", giveWrite)
	}
	return e
}

// unprocessable is the error of a request that the server understood and will
// not have (422). It wraps fs.ErrExist where something of that name is there,
// fs.ErrPermission where a release cannot be changed any more.
func (c *Client) unprocessable(doing string, err error, said string) error {
	e := fault.New(fault.Refused, "release-refused", "%s of %s: the server refuses it (422)%s", doing, c.place.Repository, said)
	answer, ok := as[*github.ErrorResponse](err)
	if !ok {
		return e
	}
	immutable := strings.Contains(answer.Message, "immutable release")
	for _, detail := range answer.Errors {
		if detail.Code == "already_exists" {
			e.Err = fs.ErrExist
		}
		immutable = immutable || strings.Contains(detail.Message, "immutable release")
		e.Message += c.said(strings.Join([]string{detail.Field, detail.Code, detail.Message}, " "))
	}
	if !immutable {
		return e
	}
	e = fault.New(fault.Refused, "release-immutable", "%s of %s: the release is immutable%s", doing, c.place.Repository, said)
	e.Err = fs.ErrPermission
	return e
}
