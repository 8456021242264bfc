package actions

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestDispatchElsewhere sends nothing to another host, nor in the open.
func TestDispatchElsewhere(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host got %s %s with the authorization %q", r.Method, r.URL.Path, r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := newStage(t)
		s.answer = says(status, "", "Location", other.URL+"/api/v3/moved?"+secretQuery)
		dir := t.TempDir()
		_, err := s.dispatcher(dir).Dispatch(t.Context())
		if fault.Code(err) != "api-answer" || len(s.posts) != 1 {
			t.Errorf("%d: %v, %d posts", status, err, len(s.posts))
		}
		s.noSecrets(err, dir)
	}
	s := newStage(t)
	s.answer = first(says(303, "", "Location", "/api/v3/moved"), told)
	if _, err := s.dispatcher(t.TempDir()).Dispatch(t.Context()); fault.Code(err) != "api-answer" || len(s.posts) != 1 {
		t.Errorf("303: %v, %d posts", err, len(s.posts))
	}
	s = newStage(t)
	s.answer = says(307, "", "Location", "/api/v3/moved")
	if _, err := s.dispatcher(t.TempDir()).Dispatch(t.Context()); fault.Code(err) != "api-answer" || len(s.posts) != maxHops {
		t.Errorf("%v, %d posts", err, len(s.posts))
	}
}

// TestDispatchUnsent tries again where no connection was made: nothing arrived.
func TestDispatchUnsent(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.answer = told
	c := s.dispatcher(t.TempDir()).Server.(*Client)
	dialed := 0
	c.http.Transport = &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dialed++; dialed <= 2 {
			return nil, errors.New("connection refused")
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	started, err := c.Dispatch(t.Context(), "heavy-deps.yml", "main", nil)
	if err != nil || started != (Started{Run: 12}) || len(s.posts) != 1 || dialed != 3 {
		t.Errorf("%+v, %v, %d posts, %d dialed", started, err, len(s.posts), dialed)
	}
	c.http.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		dialed++
		return nil, errors.New("connection refused")
	}}
	if _, err := c.Dispatch(t.Context(), "heavy-deps.yml", "main", nil); fault.Code(err) != "api-unreachable" || len(s.posts) != 1 || dialed != 3+c.Tries {
		t.Errorf("%v, %d posts, %d dialed", err, len(s.posts), dialed)
	}
}

// TestDispatchInterrupted says that a request was under way.
func TestDispatchInterrupted(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.answer = func(_ http.ResponseWriter, r *http.Request, _ int) {
		cancel()
		<-r.Context().Done()
	}
	_, err := s.dispatcher(t.TempDir()).Dispatch(ctx)
	if !errors.Is(err, context.Canceled) || !strings.Contains(s.notes.String(), "look whether a run was started") {
		t.Errorf("%v\n%s", err, s.notes.String())
	}
}
