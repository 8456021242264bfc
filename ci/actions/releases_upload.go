package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/release"
)

// Upload sends size bytes as an asset of that name, as often as helps; open
// gives them from the start, each time. What an upload that broke off left
// behind is deleted first. An asset of that name that is whole stays: with the
// same bytes it is what Upload gives, with others the error wraps fs.ErrExist
// (code asset-exists). SHA256 of the answer is that of the bytes sent.
func (c *Client) Upload(ctx context.Context, r release.Release, name string, size int64, open func() (io.ReadCloser, error)) (release.Asset, error) {
	doing := fmt.Sprintf("uploading %s to release %d", name, r.ID)
	to, err := c.uploadTo(doing, r, name)
	if err != nil {
		return release.Asset{}, err
	}
	for try := 1; ; try++ {
		asset, err := c.uploadOnce(ctx, doing, to, size, open)
		if err == nil {
			return asset, c.uploaded(ctx, doing, name, size, asset)
		}
		again, mendable := as[*retry](err)
		if !mendable && !errors.Is(err, fs.ErrExist) {
			return release.Asset{}, writing(err)
		}
		there, whole, found := c.named(ctx, r, name)
		switch {
		case found != nil:
			return release.Asset{}, found
		case whole:
			return c.same(ctx, doing, there, size, open)
		case try >= c.Tries && mendable:
			return release.Asset{}, again.fault
		case try >= c.Tries:
			return release.Asset{}, err
		}
		if mendable {
			if err := c.pause(ctx, again, try); err != nil {
				return release.Asset{}, err
			}
		}
	}
}

// uploadTo gives the address that an asset is sent to, the token with it. The
// server names it, and so may name any: it counts when it is the API's own
// host, as on Enterprise, or that host's with uploads. for api., as GitHub has
// it.
func (c *Client) uploadTo(doing string, r release.Release, name string) (*url.URL, error) {
	api := c.place.API
	text, _, _ := strings.Cut(r.UploadURL, "{")
	to, err := url.Parse(text)
	domain, beside := strings.CutPrefix(strings.ToLower(api.Host), "api.")
	switch {
	case err != nil || to.Scheme != api.Scheme || to.User != nil || to.RawQuery != "" || to.Fragment != "",
		!strings.EqualFold(to.Host, api.Host) && (!beside || !strings.EqualFold(to.Host, "uploads."+domain)):
		return nil, fault.New(fault.Unable, "api-answer", "%s of %s: the server names an address for uploads that is not its own", doing, c.place.Repository).
			WithHint("uploads go to the host of the API, %s, or to that with uploads. in place of api.", api.Host)
	}
	to.RawQuery = url.Values{"name": {name}}.Encode()
	return to, nil
}

// uploadOnce sends the bytes once. What is worth another try comes as a *retry.
func (c *Client) uploadOnce(ctx context.Context, doing string, to *url.URL, size int64, open func() (io.ReadCloser, error)) (release.Asset, error) {
	file, err := open()
	if err != nil {
		return release.Asset{}, err
	}
	body := newSource(file, size)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), body)
	if err != nil {
		return release.Asset{}, errors.Join(err, body.Close())
	}
	request.ContentLength = size
	request.Header.Set("Content-Type", "application/octet-stream")
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("User-Agent", c.builder.UserAgent)
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		if failed := body.failure(); failed != nil {
			return release.Asset{}, fmt.Errorf("%s: %w", doing, failed)
		}
		if ctx.Err() != nil {
			return release.Asset{}, fmt.Errorf("%s: %w", doing, ctx.Err())
		}
		return release.Asset{}, c.unreachable(doing, err)
	}
	defer func() { _ = response.Body.Close() }()
	if redirects(response) {
		return release.Asset{}, fault.New(fault.Unable, "api-answer", "%s of %s: the server redirects what changes something, which is not followed", doing, c.place.Repository)
	}
	if err := c.check(doing, response); err != nil {
		return release.Asset{}, err
	}
	var answer wireAsset
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err == nil {
		err = json.Unmarshal(data, &answer)
	}
	if err != nil {
		// It may have arrived all the same: the next try looks.
		return release.Asset{}, c.unreachable(doing, err)
	}
	asset, sum := answer.value(), body.sum()
	if sum == "" || asset.SHA256 != "" && asset.SHA256 != sum {
		return release.Asset{}, c.damaged(ctx, doing, asset)
	}
	asset.SHA256 = sum
	return asset, nil
}

// damaged deletes an asset that the server says has arrived and that does not
// have the bytes that were sent.
func (c *Client) damaged(ctx context.Context, doing string, a release.Asset) error {
	e := fault.New(fault.Refused, "digest-mismatch", "%s of %s: what has arrived is not what was sent", doing, c.place.Repository)
	if err := c.DeleteAsset(ctx, a.ID); err != nil {
		return err
	}
	return &retry{fault: e}
}

// uploaded looks at what the server says of an asset that it has taken.
func (c *Client) uploaded(ctx context.Context, doing, name string, size int64, a release.Asset) error {
	if a.Name == name && a.Size == size && a.Uploaded {
		return nil
	}
	if err := c.DeleteAsset(ctx, a.ID); err != nil {
		return err
	}
	return fault.New(fault.Unable, "api-answer", "%s of %s: the server made another of it, %q of %d bytes", doing, c.place.Repository, a.Name, a.Size)
}

// named looks for the asset of that name. A half one is deleted; whole says
// that there is one with all its bytes.
func (c *Client) named(ctx context.Context, r release.Release, name string) (found release.Asset, whole bool, err error) {
	assets, err := c.Assets(ctx, r.ID)
	if err != nil {
		return found, false, err
	}
	for _, a := range assets {
		switch {
		case a.Name != name:
		case a.Uploaded:
			return a, true, nil
		default:
			if err := c.DeleteAsset(ctx, a.ID); err != nil {
				return a, false, err
			}
		}
	}
	return found, false, nil
}

// same gives the asset that is there when it has the bytes that are to be sent.
func (c *Client) same(ctx context.Context, doing string, there release.Asset, size int64, open func() (io.ReadCloser, error)) (release.Asset, error) {
	want, err := sumOf(size, open)
	if err != nil {
		return release.Asset{}, fmt.Errorf("%s: %w", doing, err)
	}
	if there.SHA256 == "" && there.Size == size {
		there.SHA256, err = sumOf(size, func() (io.ReadCloser, error) { return c.OpenAsset(ctx, there.ID) })
		if err != nil {
			return release.Asset{}, err
		}
	}
	if there.Size == size && there.SHA256 == want {
		return there, nil
	}
	return release.Asset{}, fault.New(fault.Refused, "asset-exists", "%s of %s: %w with other bytes", doing, c.place.Repository, fs.ErrExist).
		WithHint("nothing is overwritten: look at the release, and delete that asset by hand if it is not needed")
}
