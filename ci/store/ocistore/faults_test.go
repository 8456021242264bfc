package ocistore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestAgain sends a blob again when the registry fails in the middle.
func TestAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	s.attempts = 3
	failed := 0
	f.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && failed < 2 {
			failed++
			refuse(w, http.StatusBadGateway, "UNKNOWN")
			return true
		}
		return false
	}
	blob(t, s, "", "some bytes")
	failed = -9
	if _, err := s.Put(t.Context(), "blobs/"+sha([]byte("x")), 1, from([]byte("x"))); fault.Code(err) != "store-unreachable" || failed != -6 {
		t.Errorf("after %d attempts: %v", failed+9, err)
	}
	if len(f.blobs) != 1 {
		t.Errorf("%d blobs", len(f.blobs))
	}
}

// TestWrongAnswers reads what was cut, swapped, or said to be written.
func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	key, _ := entry(t, s, sample(t, s))
	wheel := "blobs/" + sha([]byte("a"))
	f.fault = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method == http.MethodPut:
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusCreated)
			return true
		case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/"):
			w.Header().Set("Content-Length", "9")
			_, _ = w.Write([]byte("cut"))
			return true
		case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/manifests/"):
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			w.Header().Set("Docker-Content-Digest", "sha256:"+sha([]byte("other")))
			_, _ = w.Write([]byte(`{"artifactType":"application/vnd.wheelhouse.v1"}`))
			return true
		}
		return false
	}
	body, err := s.Open(t.Context(), wheel)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(body); fault.Code(err) != "store-unreachable" {
		t.Errorf("a cut body: %v", err)
	}
	if _, err := s.Open(t.Context(), key); err == nil {
		t.Error("another manifest is taken")
	}
	nothing := []byte("never written")
	put(t, s, "blobs/"+sha(nothing), nothing)
	if _, err := s.Stat(t.Context(), "blobs/"+sha(nothing)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a blob that was never written: %v", err)
	}
}

// TestForeign leaves what somebody else put under a tag like ours, and what was
// tagged as if it were another.
func TestForeign(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	key, text := entry(t, s, sample(t, s))
	ours := f.manifests[f.tags[tagOf(key)]]
	theirs := bytes.Replace(ours, []byte(artifactType), []byte("application/x"), 1)
	f.manifests["sha256:"+sha(theirs)] = theirs
	const foreign, alias = "entries/a/b@0000000000000000", "entries/a/c@0000000000000000"
	f.tags[tagOf(foreign)] = "sha256:" + sha(theirs)
	f.tags[tagOf(alias)] = "sha256:" + sha(ours)
	listed := 0
	for o, err := range s.List(t.Context(), "entries/") {
		if listed++; err != nil || o.Key != key {
			t.Errorf("listed %v, %v", o, err)
		}
	}
	if listed != 1 {
		t.Errorf("%d are listed", listed)
	}
	for _, key := range []string{foreign, alias} {
		if created, err := s.Put(t.Context(), key, int64(len(text)), from(text)); created || fault.Code(err) != "store-corrupt" {
			t.Errorf("%s: created %t, %v", key, created, err)
		}
	}
	theirs = bytes.Replace(ours, []byte(key), []byte(foreign), 1)
	theirs = bytes.Replace(theirs, []byte(artifactType), []byte("application/x"), 1)
	f.manifests["sha256:"+sha(theirs)], f.tags[tagOf(foreign)] = theirs, "sha256:"+sha(theirs)
	if _, err := s.Stat(t.Context(), foreign); fault.Code(err) != "store-corrupt" {
		t.Errorf("another artifact with our key: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status           int
		code, want, says string
		hint             string
	}{
		{401, "UNAUTHORIZED", "store-refused", "refuses", "docker login"},
		{403, "DENIED", "store-refused", "refuses", "docker login"},
		{507, "UNKNOWN", "store-full", "no room", ""},
		{413, "UNKNOWN", "store-full", "no room", ""},
		{500, "UNKNOWN", "store-unreachable", "does not answer", ""},
		{400, "NAME_INVALID", "store-unreachable", "does not answer", ""},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			s := f.open(t)
			f.fault = func(w http.ResponseWriter, r *http.Request) bool {
				refuse(w, test.status, test.code)
				return true
			}
			_, err := s.Put(t.Context(), "gc", 1, from([]byte("x")))
			e, _ := fault.As(err)
			if e == nil || e.Code != test.want || e.ExitStatus() != fault.Unable || !strings.Contains(e.Message, test.says) || !strings.Contains(e.Hint, test.hint) || strings.Contains(e.Message, "\x1b") {
				t.Errorf("said %q", err)
			}
			for _, err := range s.List(t.Context(), "") {
				if fault.Code(err) != test.want {
					t.Errorf("listing: %v", err)
				}
			}
		})
	}
}

// TestNoDelete: what the registry does not delete is an error for an entry,
// and left to the registry for a blob.
func TestNoDelete(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	key, _ := entry(t, s, sample(t, s))
	f.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete {
			return false
		}
		refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED")
		return true
	}
	if err := s.Delete(t.Context(), key); fault.Code(err) != "store-refused" {
		t.Errorf("an entry: %v", err)
	}
	if err := s.Delete(t.Context(), "blobs/"+sha([]byte("a"))); err != nil {
		t.Errorf("a blob: %v", err)
	}
}

// TestEmpty is a repository that nobody has pushed to, and one that is not
// reached.
func TestEmpty(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s, err := Open("oci://"+f.Listener.Addr().String()+"/not/yet", Options{Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	for o, err := range s.List(t.Context(), "") {
		t.Errorf("listed %v, %v", o, err)
	}
	f.Close()
	if _, err := s.Stat(t.Context(), "gc"); fault.Code(err) != "store-unreachable" {
		t.Errorf("closed: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Stat(ctx, "gc"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
