package actions

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/release"
)

// releasesOf is a client whose requests the transport answers.
func releasesOf(api string, answer func(*http.Request) (status int, header http.Header, body string)) *Client {
	to, err := url.Parse(api)
	if err != nil {
		panic(err)
	}
	return New(Place{Repository{to.Host, "o", "r"}, to, ""}, Options{
		Token: secretToken, Clock: newClock(), Tries: 2,
		Transport: transport(func(r *http.Request) *http.Response {
			if r.Body != nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
			}
			status, header, body := answer(r)
			if header == nil {
				header = http.Header{}
			}
			return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}
		}),
	})
}

// TestUploadsHost holds where bytes and token may go: the host of the API, and
// uploads. beside api., over the same scheme.
func TestUploadsHost(t *testing.T) {
	t.Parallel()
	const path = "/repos/o/r/releases/1/assets{?name,label}"
	for _, test := range []struct {
		api, to string
		ok      bool
	}{
		{"https://api.example.org/", "https://uploads.example.org" + path, true},
		{"https://api.example.org/", "https://UPLOADS.example.org" + path, true},
		{"https://api.o.example.org/", "https://uploads.o.example.org" + path, true},
		{"https://git.example.org/api/v3/", "https://git.example.org/api/uploads" + path, true},
		{"http://127.0.0.1:8080/", "http://127.0.0.1:8080" + path, true},
		{"https://api.example.org/", "https://api.example.org" + path, true},
		{"https://api.example.org/", "http://uploads.example.org" + path, false},
		{"https://api.example.org/", "https://uploads.example.net" + path, false},
		{"https://api.example.org/", "https://uploads.example.org.example.net" + path, false},
		{"https://api.example.org/", "https://pages.example.org" + path, false},
		{"https://api.example.org/", "https://uploads.api.example.org" + path, false},
		{"https://api.example.org/", "https://uploads.example.org:444" + path, false},
		{"https://api.example.org/", "https://user@uploads.example.org" + path, false},
		{"https://api.example.org/", "https://uploads.example.org/?to=x", false},
		{"https://git.example.org/", "https://uploads.git.example.org" + path, false},
		{"https://git.example.org/", "https://uploads.example.org" + path, false},
		{"https://api.example.org/", "//uploads.example.org" + path, false},
		{"https://api.example.org/", "", false},
		{"https://api.example.org/", "https://%zz", false},
	} {
		sent := ""
		c := releasesOf(test.api, func(r *http.Request) (int, http.Header, string) {
			sent = r.URL.Host + " " + r.Header.Get("Authorization") + " " + r.URL.Query().Get("name")
			return 201, nil, `{"id": 5, "name": "a+b c", "size": 1, "state": "uploaded"}`
		})
		_, err := c.Upload(t.Context(), release.Release{ID: 1, UploadURL: test.to}, "a+b c", 1, func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("x")), nil
		})
		switch {
		case test.ok && (err != nil || !strings.HasSuffix(sent, " Bearer "+secretToken+" a+b c")):
			t.Errorf("%s to %s: %q, %v", test.api, test.to, sent, err)
		case !test.ok && (sent != "" || fault.Code(err) != "api-answer"):
			t.Errorf("%s to %s: sent to %q, %v", test.api, test.to, sent, err)
		}
	}
}

// TestWritesAreNotRedirected changes nothing at another address than the one
// that was meant.
func TestWritesAreNotRedirected(t *testing.T) {
	t.Parallel()
	asked := 0
	c := releasesOf("https://api.example.org/", func(*http.Request) (int, http.Header, string) {
		asked++
		return 307, http.Header{"Location": {"https://api.example.org/repositories/7/releases"}}, ""
	})
	_, draft := c.CreateDraft(t.Context(), "t", "", "")
	_, published := c.Publish(t.Context(), 1, "t", "")
	for i, err := range []error{draft, published, c.DeleteAsset(t.Context(), 1), c.DeleteRelease(t.Context(), 1)} {
		if fault.Code(err) != "api-answer" || asked != 4 {
			t.Errorf("%d: %v after %d requests", i, err, asked)
		}
	}
}

// TestReleaseErrors tells what a store must know apart.
func TestReleaseErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
		code   string
		is     error
	}{
		{404, `{"message":"Not Found"}`, "not-found", fs.ErrNotExist},
		{422, `{"message":"Validation Failed","errors":[{"resource":"Release","code":"already_exists","field":"tag_name"}]}`, "release-refused", fs.ErrExist},
		{422, `{"message":"Validation Failed","errors":[{"code":"custom","message":"tag_name was used by an immutable release"}]}`, "release-immutable", fs.ErrPermission},
		{422, `{"message":"Cannot upload assets to an immutable release."}`, "release-immutable", fs.ErrPermission},
		{422, `{"message":"Validation Failed"}`, "release-refused", nil},
		{422, `<html>`, "release-refused", nil},
		{403, `{"message":"Resource not accessible by integration"}`, "token-refused", nil},
		{503, ``, "api-failed", nil},
	} {
		c := releasesOf("https://api.example.org/", func(*http.Request) (int, http.Header, string) { return test.status, nil, test.body })
		_, err := c.Publish(t.Context(), 1, "t", "")
		if fault.Code(err) != test.code {
			t.Errorf("%d %s: %v", test.status, test.body, err)
		}
		for _, kind := range []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission} {
			if errors.Is(err, kind) != (kind == test.is) {
				t.Errorf("%d %s: is it %v? %v", test.status, test.body, kind, err)
			}
		}
		if e, _ := fault.As(err); test.status == 403 && !strings.Contains(e.Hint, "Contents, write") {
			t.Error(e.Hint)
		}
	}
}

// TestLongLists bounds lists, and asks for less at once where an answer is too
// long.
func TestLongLists(t *testing.T) {
	t.Parallel()
	asked := 0
	endless := releasesOf("https://api.example.org/", func(*http.Request) (int, http.Header, string) {
		asked++
		return 200, http.Header{"Link": {`<https://api.example.org/x>; rel="next"`}}, "[" + strings.Repeat(`{"id":1},`, 99) + `{"id":1}]`
	})
	if _, err := endless.Releases(t.Context()); err == nil || asked != maxReleases/perPage {
		t.Errorf("%v after %d requests", err, asked)
	}
	asked = 0
	if _, err := endless.Assets(t.Context(), 1); err == nil || asked > 11 {
		t.Errorf("%v after %d requests", err, asked)
	}
	long := releasesOf("https://api.example.org/", func(r *http.Request) (int, http.Header, string) {
		if r.URL.Query().Get("per_page") == "100" {
			return 200, nil, "[" + strings.Repeat(" ", maxAnswer) + "]"
		}
		return 200, nil, `[{"id":1,"draft":true,"tag_name":"t","immutable":true,"assets":[{"id":2,"name":"a","size":3,"state":"starter"}]}]`
	})
	all, err := long.Releases(t.Context())
	if want := "[{1 t true true 0001-01-01 00:00:00 +0000 UTC   [{2 a 3  false 0001-01-01 00:00:00 +0000 UTC}]}]"; err != nil || fmt.Sprint(all) != want {
		t.Errorf("%v, %v", all, err)
	}
}
