package actions

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// transport answers requests without a network.
type transport func(*http.Request) *http.Response

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r), nil }

// TestRedirects holds who sees the token: the API's scheme, host and port.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, to string
		token    bool
		code     string
	}{
		{"another path", "/other", true, ""},
		{"the same host in other letters", "https://API.example.org/other", true, ""},
		{"another host", "https://blob.example.org/x?sig=1", false, ""},
		{"a host that ends alike", "https://api.example.org.example.net/", false, ""},
		{"another port", "https://api.example.org:444/", false, ""},
		{"in the open", "http://blob.example.org/", false, "api-answer"},
		{"the same host in the open", "http://api.example.org/", false, "api-answer"},
		{"no host", "https:///x", false, "api-answer"},
	} {
		asked := 0
		c := New(Place{Repository{"api.example.org", "o", "r"}, &url.URL{Scheme: "https", Host: "api.example.org", Path: "/"}, ""}, Options{
			Token: secretToken, Clock: newClock(), Tries: 1,
			Transport: transport(func(r *http.Request) *http.Response {
				asked++
				response := &http.Response{StatusCode: 302, Header: http.Header{"Location": {test.to}}, Body: http.NoBody, Request: r}
				if asked > 1 {
					response.StatusCode, response.Body = 200, io.NopCloser(strings.NewReader("{}"))
					if got := r.Header.Get("Authorization") != ""; got != test.token {
						t.Errorf("%s: the token went along: %v", test.name, got)
					}
				}
				return response
			}),
		})
		response, err := c.Open(t.Context(), Artifact{ID: 1}, 0)
		if fault.Code(err) != test.code || test.code != "" && asked != 1 {
			t.Errorf("%s: %v after %d requests", test.name, err, asked)
		}
		if err == nil {
			_ = response.Body.Close()
		}
	}
}
