package actions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// location is the signed address of an artifact's bytes.
type location struct {
	artifact int64
	address  *url.URL // nil when there is none
	at       time.Time
}

const (
	downloading = "downloading the artifact"
	// locationLife is how long a signed address is taken again: it lives for
	// a minute.
	locationLife = 30 * time.Second
)

// Open asks for an artifact's bytes, from offset on, at a fresh address. The
// answer is whoever's that the API redirects to, and may be an error that is
// worth another try; one that is not comes as an error.
func (c *Client) Open(ctx context.Context, a Artifact, offset int64) (*http.Response, error) {
	return c.open(ctx, a, from(offset))
}

// from gives the Range from offset on; empty for all.
func from(offset int64) string {
	if offset <= 0 {
		return ""
	}
	return fmt.Sprintf("bytes=%d-", offset)
}

// Part is Open for the bytes first to last, both included. The address is
// taken again while it is young and served well, unless fresh tells that it
// did not.
func (c *Client) Part(ctx context.Context, a Artifact, first, last int64, fresh bool) (*http.Response, error) {
	span := fmt.Sprintf("bytes=%d-%d", first, last)
	if known := c.located; !fresh && known.address != nil && known.artifact == a.ID && c.Clock.Now().Sub(known.at) < locationLife {
		request, err := http.NewRequest(http.MethodGet, known.address.String(), nil)
		if err == nil {
			request.Header.Set("User-Agent", c.builder.UserAgent)
			response, err := c.judge(c.follow(ctx, downloading, request, ask{span: span}))
			if response != nil || ctx.Err() != nil {
				return response, err
			}
		}
		// Refused or gone: a new address may do.
	}
	c.located = location{}
	begun := c.Clock.Now()
	response, err := c.open(ctx, a, span)
	if err == nil && response.StatusCode == http.StatusPartialContent && response.Request != nil && !strings.HasSuffix(response.Request.URL.Path, artifactPath(a)) { // it was redirected
		c.located = location{a.ID, response.Request.URL, begun}
	}
	return response, err
}

func (c *Client) open(ctx context.Context, a Artifact, span string) (*http.Response, error) {
	return c.judge(c.send(ctx, downloading, ask{path: c.path("%s", artifactPath(a)), span: span}))
}

// artifactPath is that of an artifact's bytes below its repository's.
func artifactPath(a Artifact) string { return fmt.Sprintf("/actions/artifacts/%d/zip", a.ID) }

// judge gives the answer where it brings bytes or is worth another try.
func (c *Client) judge(response *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, plain(err)
	}
	if s := response.StatusCode; s == http.StatusRequestedRangeNotSatisfiable || s >= 200 && s < 300 {
		return response, nil
	}
	if s := response.StatusCode; (s == http.StatusUnauthorized || s == http.StatusForbidden) && !c.own(response.Request.URL) {
		// No token went there; an address that ran out is mended by a fresh one.
		_ = response.Body.Close()
		return nil, fmt.Errorf("the host that stores it refused the address that the API gave (%d)", s)
	}
	if response.StatusCode == http.StatusNotFound && !c.own(response.Request.URL) {
		_ = response.Body.Close()
		return nil, fault.New(fault.Refused, "not-found", "%s of %s: the host that stores it does not have it (404)", downloading, c.place.Repository).
			WithHint("fetch an older run that still has one, -run=ID, or start a new run")
	}
	err = c.check(downloading, response)
	if _, again := as[*retry](err); again || err == nil {
		return response, nil
	}
	_ = response.Body.Close()
	return nil, err
}

// plain takes the code off an error that is worth another try: to the transfer,
// a code says that none is.
func plain(err error) error {
	if r, ok := as[*retry](err); ok {
		return errors.New(r.fault.Message)
	}
	return err
}
