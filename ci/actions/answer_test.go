package actions

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// clientOf makes a client whose requests that function answers.
func clientOf(clock *clock, token string, maxWait time.Duration, answer func(*http.Request) *http.Response) *Client {
	return New(Place{Repository{"api.example.org", "o", "r"}, &url.URL{Scheme: "https", Host: "api.example.org", Path: "/"}, ""}, Options{
		Token: token, Clock: clock, MaxWait: maxWait, Transport: transport(answer),
	})
}

// with answers with a status and a text.
func with(status int, text string) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: r}
	}
}

// TestTokenMissing speaks of no token where there is none.
func TestTokenMissing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status      int
		token, code string
	}{
		{401, "", "token-missing"}, {403, "", "token-missing"}, {404, "", "token-missing"},
		{401, secretToken, "token-refused"}, {403, secretToken, "token-refused"}, {404, secretToken, "not-found"},
	} {
		_, err := clientOf(newClock(), test.token, 0, with(test.status, "{}")).DefaultBranch(t.Context())
		e, ok := fault.As(err)
		if !ok || e.Code != test.code || !strings.Contains(e.Hint, "GH_TOKEN") {
			t.Errorf("%d with the token %q: %v", test.status, test.token, err)
		}
	}
}

// broken is a network on which nothing is reached.
type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }

// TestUnreachableHint names what may be wrong, however little it may wait.
func TestUnreachableHint(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{0, 2 * time.Second} {
		c := clientOf(newClock(), "", wait, nil)
		c.http.Transport = broken{}
		_, err := c.DefaultBranch(t.Context())
		if e, ok := fault.As(err); !ok || e.Code != "api-unreachable" || !strings.Contains(e.Hint, "the proxy") {
			t.Errorf("waiting %s: %v", wait, err)
		}
	}
}

// TestPatience asks a broken server again however long a run was waited for
// before, and waits no longer than it may in all.
func TestPatience(t *testing.T) {
	t.Parallel()
	clock, bad := newClock(), 1
	c := clientOf(clock, "", time.Minute, func(r *http.Request) *http.Response {
		if bad--; bad >= 0 {
			return with(502, "")(r)
		}
		return with(200, `{"default_branch":"main"}`)(r)
	})
	_ = clock.Sleep(t.Context(), time.Hour)
	if _, err := c.DefaultBranch(t.Context()); err != nil {
		t.Error(err)
	}
	for range 10 {
		bad = 4 // 15 s
		_, _ = c.DefaultBranch(t.Context())
	}
	if waited := clock.now.Sub(newClock().now) - time.Hour; waited > time.Minute || waited < 30*time.Second {
		t.Errorf("it waited %s", waited)
	}
}
