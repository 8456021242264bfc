package actions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Started is what a server answered when a workflow was to be started.
type Started struct {
	// Run is the id of its run; 0 where the server does not say.
	Run int64
	// Unsure is why it is not known whether it was started; nil when it was.
	Unsure error
}

// giveWriter is what to do where a token may not start a workflow.
const giveWriter = "set GH_TOKEN to one that may start workflows (classic: scope repo; fine-grained: Actions, write; in a workflow: permissions, actions: write), or type `gh auth login`"

// starting is the request; go-github's lacks ReturnRunDetails.
type starting struct {
	Ref    string            `json:"ref"`
	Inputs map[string]string `json:"inputs,omitempty"`
	// ReturnRunDetails asks for the id of the run.
	ReturnRunDetails bool `json:"return_run_details,omitempty"`
}

// Dispatch starts a workflow on a branch or tag. The request is sent again only
// when it surely did nothing: no connection was made, a limit was reached, or
// an older server does not know the question for the run's id. Codes: no-trigger,
// no-such-ref, bad-inputs, dispatch-refused, not-found (refused); token-missing,
// token-refused, rate-limited, api-failed, api-answer, api-unreachable (unable).
func (c *Client) Dispatch(ctx context.Context, workflow, ref string, inputs map[string]string) (Started, error) {
	ask := starting{ref, inputs, true}
	for try := 1; ; try++ {
		started, err := c.dispatch(ctx, workflow, ask)
		if errors.Is(err, errUnknownKey) {
			ask.ReturnRunDetails = false
			started, err = c.dispatch(ctx, workflow, ask)
		}
		again, ok := as[*retry](err)
		if !ok {
			return started, err
		}
		if try >= c.Tries {
			return Started{}, again.fault
		}
		if err := c.pause(ctx, again, try); err != nil {
			return Started{}, err
		}
	}
}

// errUnknownKey is the answer of a server that does not know return_run_details
// and started nothing.
var errUnknownKey = errors.New("return_run_details is not known")

// dispatch sends the request once. What surely did nothing and is worth another
// try comes as a *retry.
func (c *Client) dispatch(ctx context.Context, workflow string, ask starting) (Started, error) {
	doing := "starting " + workflow
	path := c.path("/actions/workflows/%s/dispatches", url.PathEscape(workflow))
	if ask.ReturnRunDetails {
		path += "?return_run_details=true" // where Gitea looks for it
	}
	response, err := c.post(ctx, doing, path, ask)
	if lost, ok := as[*unsure](err); ok {
		return Started{Unsure: lost.fault}, nil
	}
	if err != nil {
		return Started{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if s := response.StatusCode; s >= 200 && s < 300 {
		var answer struct {
			Run int64 `json:"workflow_run_id"`
		}
		// An answer without an id says nonetheless that it was started.
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		if json.Unmarshal(body, &answer) != nil || answer.Run < 0 {
			answer.Run = 0
		}
		return Started{Run: answer.Run}, nil
	}
	return c.notStarted(doing, workflow, ask, response)
}

// notStarted tells what an answer that is an error means.
func (c *Client) notStarted(doing, workflow string, ask starting, response *http.Response) (Started, error) {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20)) // half of it still says something
	response.Body = io.NopCloser(bytes.NewReader(body))
	said := message(github.CheckResponse(response))
	response.Body = io.NopCloser(bytes.NewReader(body))
	err := c.check(doing, response)
	switch s := response.StatusCode; {
	case s >= 500, s == http.StatusRequestTimeout:
		// Whatever stands before the server may have given up on an answer.
		if again, ok := as[*retry](err); ok {
			return Started{Unsure: again.fault}, nil
		}
		return Started{Unsure: err}, nil
	case s == http.StatusUnprocessableEntity && ask.ReturnRunDetails && strings.Contains(said, "return_run_details"):
		return Started{}, errUnknownKey
	}
	e, ok := err.(*fault.Error)
	if !ok {
		return Started{}, err // a limit
	}
	if code, hint := refusal(said, workflow, ask.Ref); code != "" && e.Code != "token-missing" {
		return Started{}, fault.New(fault.Refused, code, "%s of %s on %s: it was not started (%d)%s", doing, c.place.Repository, ask.Ref, response.StatusCode, c.said(said)).WithHint("%s", hint)
	}
	switch {
	case response.StatusCode == http.StatusUnprocessableEntity, response.StatusCode == http.StatusBadRequest:
		return Started{}, fault.New(fault.Refused, "dispatch-refused", "%s of %s on %s: it was not started (%d)%s", doing, c.place.Repository, ask.Ref, response.StatusCode, c.said(said)).
			WithHint("look at the workflow's inputs and at its trigger workflow_dispatch")
	case e.Code == "token-missing", e.Code == "token-refused":
		return Started{}, e.WithHint("%s", giveWriter)
	case e.Code == "not-found":
		return Started{}, e.WithHint("look at the names of repository and workflow, whose file must be on the default branch; else %s", giveWriter)
	}
	return Started{}, e
}

// unsure is an error of a request that may have arrived all the same.
type unsure struct{ fault *fault.Error }

func (u *unsure) Error() string { return u.fault.Error() }

// post sends one request with a body, at most once to each address. It follows
// redirects within the API's own scheme and host, where the token goes along.
// A connection that was not made comes as a *retry, one that broke as an
// *unsure.
func (c *Client) post(ctx context.Context, doing, path string, body any) (*http.Response, error) {
	request, err := c.builder.NewRequest(http.MethodPost, path, body)
	if err != nil {
		return nil, fault.New(fault.Usage, "bad-repository", "%s: %s makes no address", doing, c.place.Repository)
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	for range maxHops {
		response, err := c.postOnce(ctx, doing, request)
		if err != nil {
			return nil, err
		}
		if !redirects(response) {
			return response, nil
		}
		_ = response.Body.Close()
		target, err := request.URL.Parse(response.Header.Get("Location"))
		if err != nil || response.StatusCode == http.StatusSeeOther || !c.own(target) {
			return nil, fault.New(fault.Unable, "api-answer", "%s of %s: the server redirects to where a request that changes something is not sent", doing, c.place.Repository).
				WithHint("was the repository renamed, or moved to another host? name it as it is now: -repo=OWNER/REPO")
		}
		moved := request.Clone(ctx)
		moved.URL, moved.Host = target, ""
		if moved.Body, err = request.GetBody(); err != nil {
			return nil, fault.New(fault.Unable, "failed", "%s: %w", doing, err)
		}
		request = moved
	}
	return nil, fault.New(fault.Unable, "api-answer", "%s of %s: the server redirects without end", doing, c.place.Repository)
}

// own tells whether an address is of the API's own scheme and host.
func (c *Client) own(u *url.URL) bool {
	return u.Scheme == c.place.API.Scheme && strings.EqualFold(u.Host, c.place.API.Host)
}

// postOnce sends a request and tells a connection that was not made from one
// that broke.
func (c *Client) postOnce(ctx context.Context, doing string, request *http.Request) (*http.Response, error) {
	var asked, made bool
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { asked = true },
		GotConn: func(httptrace.GotConnInfo) { made = true },
	}
	response, err := c.http.Do(request.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err == nil {
		return response, nil
	}
	unsent := asked && !made
	if ctx.Err() != nil {
		if !unsent {
			c.Note("the request was under way when it was ended: look whether a run was started")
		}
		return nil, fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	err = c.unreachable(doing, err)
	again, ok := as[*retry](err)
	if !ok || unsent {
		return nil, err
	}
	return nil, &unsure{again.fault}
}

// Served gives the server's time at its last answer; zero where it did not say.
func (c *Client) Served() time.Time { return c.served }

// Login gives the name of whose token it is; "" when that is not to be had.
func (c *Client) Login(ctx context.Context) string {
	var answer github.User
	if !c.glance(ctx, "asking whose token it is", "user", &answer) {
		return ""
	}
	return answer.GetLogin()
}

// Commit gives the commit of a branch or tag; "" when that is not to be had.
func (c *Client) Commit(ctx context.Context, ref string) string {
	var answer []struct {
		SHA string `json:"sha"`
	}
	path := c.path("/commits?sha=%s&per_page=1&limit=1", url.QueryEscape(shortRef(ref)))
	if !c.glance(ctx, "looking up "+ref, path, &answer) || len(answer) == 0 {
		return ""
	}
	return answer[0].SHA
}

// glance asks once for what can be done without.
func (c *Client) glance(ctx context.Context, doing, path string, answer any) bool {
	body, _, err := c.once(ctx, doing, ask{path: path})
	return err == nil && json.Unmarshal(body, answer) == nil
}
