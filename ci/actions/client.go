package actions

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Options say how a client works; the zero value is the default.
type Options struct {
	// Token for the API's host; empty for none.
	Token string
	// Clock is what waiting goes by; nil for the machine's own.
	Clock Clock
	// Tries is how often one call is asked for in all; default 5.
	Tries int
	// MaxWait is the longest that all waiting for a limit or a broken server
	// may last; default 10 min. Waiting for a run to end is none of it.
	MaxWait time.Duration
	// Transport carries the requests; nil for net/http's own, with its
	// proxies.
	Transport http.RoundTripper
	// Note is told of every wait, in a line; nil for nobody.
	Note func(string)
}

// Client speaks with the API of one repository's host. One goroutine at a time
// uses it.
type Client struct {
	Options
	place Place
	// builder makes requests as go-github does; it never sends one.
	builder *github.Client
	http    *http.Client
	// waited is how long it waited for limits and broken servers so far.
	waited time.Duration
	// seen are the last answers that had an ETag, by address.
	seen map[string]seen
	// located is where an artifact's bytes are, for a short while.
	located location
	// served is the server's time at its last answer; zero when it gave none.
	served time.Time
}

type seen struct {
	etag string
	body []byte
}

const (
	// maxAnswer bounds an answer of the API.
	maxAnswer = 16 << 20
	// maxHops bounds the redirects of one call.
	maxHops = 5
	// maxSeen bounds the answers that are kept for their ETag.
	maxSeen = 20
	// limitWait is how long a limit lasts that does not say when it ends.
	limitWait = time.Minute
	// answerWait is how long an answer may take to begin.
	answerWait = 30 * time.Second
)

// New makes a client for the place.
func New(place Place, o Options) *Client {
	const (
		tries   = 5
		maxWait = 10 * time.Minute
	)
	if o.MaxWait <= 0 {
		o.MaxWait = maxWait
	}
	if o.Clock == nil {
		o.Clock = System{}
	}
	if o.Tries < 1 {
		o.Tries = tries
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	if o.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.ResponseHeaderTimeout = answerWait
		o.Transport = t
	}
	c := &Client{Options: o, place: place, builder: github.NewClient(nil), seen: map[string]seen{}}
	c.builder.BaseURL = place.API
	// Redirects are followed by hand: net/http would send a Referer along, and
	// the address in it may be signed.
	c.http = &http.Client{
		Transport:     o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Place gives what the client speaks to.
func (c *Client) Place() Place { return c.place }

// path gives the address of something of the repository's.
func (c *Client) path(format string, args ...any) string {
	r := c.place.Repository
	return "repos/" + url.PathEscape(r.Owner) + "/" + url.PathEscape(r.Name) + fmt.Sprintf(format, args...)
}

// get asks for an answer and decodes it, as often as helps. doing says what
// for, "listing the runs". It tells whether the server says that there is a
// next page; known is false where it does not speak of pages.
func (c *Client) get(ctx context.Context, doing, path string, answer any) (next, known bool, err error) {
	return c.call(ctx, doing, ask{path: path}, answer)
}

// call is get for any request. A nil answer says that the server's has no body
// of interest.
func (c *Client) call(ctx context.Context, doing string, a ask, answer any) (next, known bool, err error) {
	for try := 1; ; try++ {
		body, header, err := c.once(ctx, doing, a)
		if err == nil {
			if answer == nil {
				return false, false, nil
			}
			if err := json.Unmarshal(body, answer); err != nil {
				return false, false, fault.New(fault.Unable, "api-answer", "%s of %s: the answer is not understood", doing, c.place.Repository).
					WithHint("is %s the address of the API? It is set by github.api-url or GITHUB_API_URL", c.place.API.Redacted())
			}
			link := header.Get("Link")
			return strings.Contains(link, `rel="next"`), link != "", nil
		}
		again, ok := as[*retry](err)
		if !ok {
			return false, false, err
		}
		if try >= c.Tries {
			return false, false, again.fault
		}
		if err := c.pause(ctx, again, try); err != nil {
			return false, false, err
		}
	}
}

// retry is an error that asking again may mend.
type retry struct {
	fault *fault.Error
	// after is how long to wait at least; 0 when the server does not say.
	after time.Duration
}

func (r *retry) Error() string { return r.fault.Error() }

// pause waits before the next try, unless that is longer than MaxWait leaves.
func (c *Client) pause(ctx context.Context, r *retry, try int) error {
	wait := max(r.after, time.Second<<min(try-1, 5))
	if wait > c.MaxWait-c.waited {
		if r.after == 0 {
			return r.fault // whose hint says what may be wrong
		}
		return r.fault.WithHint("it would go on in %s, which is longer than it may wait: ask again then", wait.Round(time.Second))
	}
	c.Note(fmt.Sprintf("%s; asking again in %s", r.fault.Message, wait.Round(time.Second)))
	c.waited += wait
	return c.sleep(ctx, wait)
}

func (c *Client) sleep(ctx context.Context, d time.Duration) error {
	if err := c.Clock.Sleep(ctx, d); err != nil {
		return fmt.Errorf("waiting for %s: %w", c.place.API.Host, err)
	}
	return nil
}

// once asks once for an answer of the API. What is worth another try comes as
// a *retry.
func (c *Client) once(ctx context.Context, doing string, a ask) ([]byte, http.Header, error) {
	path := a.path
	if a.method == "" {
		a.etag = c.seen[path].etag
	}
	response, err := c.send(ctx, doing, a)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	c.served, _ = http.ParseTime(response.Header.Get("Date"))
	if old, ok := c.seen[path]; ok && response.StatusCode == http.StatusNotModified {
		return old.body, response.Header, nil
	}
	if err := c.check(doing, response); err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, nil, fmt.Errorf("%s: %w", doing, ctx.Err())
	case err != nil:
		return nil, nil, c.unreachable(doing, err)
	case len(body) > maxAnswer:
		return nil, nil, fault.New(fault.Unable, "api-answer", "%s of %s: the answer is longer than %d bytes", doing, c.place.Repository, maxAnswer)
	}
	if etag := response.Header.Get("ETag"); etag != "" && a.method == "" && len(c.seen) < maxSeen {
		c.seen[path] = seen{etag, body}
	}
	return body, response.Header, nil
}

// ask is one request to the API.
type ask struct {
	// method is empty for GET.
	method string
	// path is relative to the API's address.
	path string
	// body is sent as JSON; nil for none.
	body any
	// accept is the type that is wanted; empty for the API's own JSON.
	accept string
	// span is a Range, "bytes=9-"; empty for none.
	span string
	// etag is that of the answer that is here already; empty for none.
	etag string
}

// send sends one request for something of the API, and follows redirects.
func (c *Client) send(ctx context.Context, doing string, a ask) (*http.Response, error) {
	request, err := c.builder.NewRequest(cmp.Or(a.method, http.MethodGet), a.path, a.body)
	if err != nil {
		return nil, fault.New(fault.Usage, "bad-repository", "%s: %s makes no address", doing, c.place.Repository)
	}
	return c.follow(ctx, doing, request, a)
}

// follow sends the request that a stands for, and follows redirects, those of
// a GET alone. The token goes along to the API's own scheme and host, and
// nowhere else.
func (c *Client) follow(ctx context.Context, doing string, request *http.Request, a ask) (*http.Response, error) {
	for range maxHops {
		own := c.own(request.URL)
		if own && c.Token != "" {
			request.Header.Set("Authorization", "Bearer "+c.Token)
		}
		if own && a.etag != "" {
			request.Header.Set("If-None-Match", a.etag)
		}
		if a.accept != "" {
			request.Header.Set("Accept", a.accept)
		}
		if a.span != "" {
			request.Header.Set("Range", a.span)
		}
		request.Header.Set("Accept-Encoding", "identity")
		response, err := c.http.Do(request.WithContext(ctx))
		if err != nil && ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", doing, ctx.Err())
		}
		if err != nil {
			return nil, c.unreachable(doing, err)
		}
		if !redirects(response) {
			return response, nil
		}
		_ = response.Body.Close()
		if a.method != "" {
			return nil, fault.New(fault.Unable, "api-answer", "%s of %s: the server redirects what changes something, which is not followed", doing, c.place.Repository).
				WithHint("the repository may have another name now: name it")
		}
		target, err := request.URL.Parse(response.Header.Get("Location"))
		if err != nil || (target.Scheme != "https" && target.Scheme != "http") || target.Host == "" {
			break
		}
		if request.URL.Scheme == "https" && target.Scheme == "http" {
			break // what came safely so far would go on in the open
		}
		if request, err = http.NewRequest(http.MethodGet, target.String(), nil); err != nil {
			break
		}
		request.Header.Set("User-Agent", c.builder.UserAgent)
	}
	return nil, fault.New(fault.Unable, "api-answer", "%s of %s: the server redirects without end, or to nowhere", doing, c.place.Repository)
}

func redirects(r *http.Response) bool {
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return r.Header.Get("Location") != ""
	}
	return false
}
