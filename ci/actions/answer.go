package actions

import (
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/go-github/v60/github"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// check gives the error of an answer that is none; nil when it is one. What is
// worth another try comes as a *retry.
func (c *Client) check(doing string, response *http.Response) error {
	status := response.StatusCode
	if status >= 200 && status < 300 && status != http.StatusAccepted {
		return nil
	}
	body := response.Body // go-github puts another in its place
	defer func() { _ = body.Close() }()
	response.Body = http.MaxBytesReader(nil, body, 1<<20)
	err := github.CheckResponse(response)
	said := c.said(message(err))
	_, limit := as[*github.RateLimitError](err)
	_, secondary := as[*github.AbuseRateLimitError](err)
	if limit || secondary || status == http.StatusTooManyRequests ||
		status == http.StatusForbidden && response.Header.Get("Retry-After") != "" {
		return c.limited(doing, response)
	}
	where := c.place.Repository
	switch {
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusAccepted:
		e := fault.New(fault.Unable, "api-failed", "%s of %s: the server answered %d%s", doing, where, status, said).
			WithHint("the trouble is the server's: try again later")
		return &retry{e, c.after(response.Header)}
	case status == http.StatusUnauthorized && c.Token == "":
		return fault.New(fault.Unable, "token-missing", "%s of %s: it needs a token (401)%s", doing, where, said).WithHint("%s", giveToken)
	case status == http.StatusUnauthorized:
		return fault.New(fault.Unable, "token-refused", "%s of %s: the token is not valid (401)%s", doing, where, said).WithHint("%s", giveToken)
	case status == http.StatusForbidden && c.Token == "":
		return fault.New(fault.Unable, "token-missing", "%s of %s: it needs a token (403)%s", doing, where, said).WithHint("%s", giveToken)
	case status == http.StatusForbidden:
		return fault.New(fault.Unable, "token-refused", "%s of %s: the token may not (403)%s", doing, where, said).WithHint("%s", giveToken)
	case status == http.StatusNotFound && c.Token == "":
		e := fault.New(fault.Unable, "token-missing", "%s of %s: it is not there, or needs a token (404)%s", doing, where, said).
			WithHint("look at the names of repository and workflow; for a private one, %s", giveToken)
		e.Err = fs.ErrNotExist
		return e
	case status == http.StatusNotFound:
		e := fault.New(fault.Refused, "not-found", "%s of %s: there is none, or the token may not see it (404)%s", doing, where, said).
			WithHint("look at the names of repository, workflow and run; else %s", giveToken)
		e.Err = fs.ErrNotExist
		return e
	case status == http.StatusGone:
		return fault.New(fault.Refused, "artifact-expired", "%s of %s: it expired (410)%s", doing, where, said).
			WithHint("fetch an older run that still has one, -run=ID, or start a new run")
	case status == http.StatusUnprocessableEntity:
		return c.unprocessable(doing, err, said)
	}
	return fault.New(fault.Unable, "api-failed", "%s of %s: the server answered %d%s", doing, where, status, said)
}

// giveToken is what to do where a token is missing or not enough.
const giveToken = "set GH_TOKEN to one that may read Actions (classic: scope repo; fine-grained: Actions, read), or type `gh auth login`"

// limited is the error of a limit on the number of requests.
func (c *Client) limited(doing string, response *http.Response) error {
	after := c.after(response.Header)
	if after == 0 {
		after = limitWait
	}
	e := fault.New(fault.Unable, "rate-limited", "%s of %s: the server's limit of requests is reached (%d)", doing, c.place.Repository, response.StatusCode)
	if c.Token == "" {
		return &retry{e.WithHint("with a token the limit is higher: %s", giveToken), after}
	}
	return &retry{e.WithHint("try again in %s", after.Round(time.Second)), after}
}

// after is how long the server wants us to wait; 0 when it does not say.
func (c *Client) after(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(c.Clock.Now()), 0)
	}
	if h.Get("X-RateLimit-Remaining") != "0" {
		return 0
	}
	at, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		return 0
	}
	return max(time.Unix(at, 0).Sub(c.Clock.Now()), 0)
}

// unreachable is the error of a connection that failed. The address is left
// out: it may be signed.
func (c *Client) unreachable(doing string, err error) error {
	if failed, ok := as[*url.Error](err); ok {
		err = failed.Err
	}
	e := fault.New(fault.Unable, "api-unreachable", "%s of %s: no answer%s", doing, c.place.Repository, c.said(err.Error())).
		WithHint("look at the network, the proxy, and the address of the API, %s", c.place.API.Redacted())
	return &retry{fault: e}
}

// message is what an answer says of itself.
func message(err error) string {
	if e, ok := as[*github.ErrorResponse](err); ok {
		return e.Message
	}
	return ""
}

// query is that of an address in a text.
var query = regexp.MustCompile(`(https?://[^\s?"'<>]*)\?[^\s"'<>]*`)

// said gives what a server said, for the end of a message: one short line,
// without queries and without the token; "" for nothing.
func (c *Client) said(text string) string {
	const most = 200
	text = query.ReplaceAllString(text, "$1")
	if c.Token != "" {
		text = strings.ReplaceAll(text, c.Token, "***")
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if text == "" {
		return ""
	}
	if short := []rune(text); len(short) > most {
		text = string(short[:most]) + "…"
	}
	return ": " + text
}
