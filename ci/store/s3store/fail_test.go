package s3store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestRefusals says what each answer means, and what to do.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status     int
		code       string
		want, says string
		hint       string
	}{
		{403, "AccessDenied", "store-refused", "refuses", "AWS_ACCESS_KEY_ID"},
		{403, "SignatureDoesNotMatch", "store-refused", "refuses", "AWS_PROFILE"},
		{403, "RequestTimeTooSkewed", "store-refused", "clock", "set the clock"},
		{404, "NoSuchBucket", "store-unreachable", "no bucket bucket", "make it"},
		{301, "PermanentRedirect", "store-refused", "another region", "region="},
		{507, "InsufficientStorage", "store-full", "no room", ""},
		{400, "QuotaExceeded", "store-full", "no room", ""},
		{500, "InternalError", "store-unreachable", "does not answer", ""},
		{418, "Teapot", "store-unreachable", "does not answer", ""},
	} {
		t.Run(test.code, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			s := f.open(t)
			f.fault = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodHead {
					return false
				}
				answer(w, test.status, test.code)
				return true
			}
			_, err := s.Put(t.Context(), "blobs/x", 10, from(bytesOf(10)))
			e, _ := fault.As(err)
			if e == nil || e.Code != test.want || e.ExitStatus() != fault.Unable || !strings.Contains(e.Message, test.says) || !strings.Contains(e.Hint, test.hint) {
				t.Errorf("said %v", err)
			}
			if strings.Contains(fmt.Sprint(err), "not-to-be-seen") {
				t.Error("the secret is said")
			}
			for _, err := range s.List(t.Context(), "") {
				if fault.Code(err) != test.want {
					t.Errorf("listing: %v", err)
				}
			}
		})
	}
}

// TestNoBucket is found out by Stat too, whose answers do not say what is
// missing.
func TestNoBucket(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s, err := Open("s3://another?endpoint="+f.URL, Options{Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), "blobs/x"); errors.Is(err, fs.ErrNotExist) || fault.Code(err) != "store-unreachable" {
		t.Errorf("said %v", err)
	}
}

// TestUnreachable is a server that is not there.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	f.Close()
	_, err := s.Stat(t.Context(), "blobs/x")
	if fault.Code(err) != "store-unreachable" || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("said %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Stat(ctx, "blobs/x"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, err := range s.List(ctx, "") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
}
