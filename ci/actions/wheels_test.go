package actions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// TestPlaces looks for wheels where they may lie, and passes over what is
// damaged.
func TestPlaces(t *testing.T) {
	t.Parallel()
	old, fresh := build(t, 6, 40<<10), build(t, 6, 40<<10, 1)
	body := zipped(t, fresh.files()...)
	for _, test := range []struct {
		name string
		set  func(t *testing.T, dir string) []Wheels
		here int
	}{
		{"laid out", func(t *testing.T, dir string) []Wheels {
			made := old.fetchedInto(t, dir)
			damage(t, filepath.Join(made.Path, houseName))
			return nil
		}, 5},
		{"in a run's tarball", func(t *testing.T, dir string) []Wheels {
			made := old.fetchedInto(t, dir)
			if err := os.RemoveAll(filepath.Join(made.Path, extractDir)); err != nil {
				t.Fatal(err)
			}
			return nil
		}, 5},
		{"one laid out is damaged", func(t *testing.T, dir string) []Wheels {
			made := old.fetchedInto(t, dir)
			damage(t, filepath.Join(made.Path, extractDir, "demo02-1.0-py3-none-any.whl"))
			return nil
		}, 5},
		{"both are damaged", func(t *testing.T, dir string) []Wheels {
			made := old.fetchedInto(t, dir)
			damage(t, filepath.Join(made.Path, extractDir, "demo02-1.0-py3-none-any.whl"))
			if err := os.Remove(filepath.Join(made.Path, lock.FileName(houseName))); err != nil {
				t.Fatal(err)
			}
			return nil
		}, 4},
		{"endless and failing ones", func(*testing.T, string) []Wheels {
			return []Wheels{place{endless{}}, place{iotest.ErrReader(errors.New("the disk is broken"))}, WheelsOf(filepath.Join(old.dir, houseName))}
		}, 5},
		{"another place", func(*testing.T, string) []Wheels {
			return []Wheels{WheelsOf(filepath.Join(t.TempDir(), "nosuch.tgz")), WheelsOf(filepath.Join(old.dir, houseName))}
		}, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			h := newHub(t, body)
			h.serve(bytes.NewReader(body), int64(len(body)), 0, nil)
			f := h.fetcher(dir)
			f.Wheels = test.set(t, dir)
			made, err := f.Fetch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("%d of 6 wheels were here already", test.here); !strings.Contains(h.notes.String(), want) {
				t.Errorf("%q is not in\n%s", want, h.notes.String())
			}
			exists(t, made.Path, "extracted/demo02-1.0-py3-none-any.whl")
		})
	}
}

// place has one and the same for every wheel.
type place struct{ r io.Reader }

func (p place) Open(context.Context, lock.Wheel) (io.ReadCloser, error) {
	return io.NopCloser(p.r), nil
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// damage changes a byte amid a file.
func damage(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestAddressesAge takes a signed address again while it is young, and another
// when it is refused.
func TestAddressesAge(t *testing.T) {
	t.Parallel()
	body := []byte(strings.Repeat("x", 100))
	h := newHub(t, body)
	client := h.fetcher(t.TempDir()).Server.(*Client)
	id := int64(90)
	part := func(fresh bool, calls int) {
		t.Helper()
		response, err := client.Part(t.Context(), Artifact{ID: id}, 5, 9, fresh)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		if data, err := io.ReadAll(response.Body); len(data) != 5 || err != nil || len(h.calls) != calls {
			t.Errorf("%d bytes, %v, %d calls, want %d", len(data), err, len(h.calls), calls)
		}
	}
	part(false, 1)
	part(false, 1)
	part(true, 2)
	_ = h.clock.Sleep(t.Context(), locationLife-time.Second)
	part(false, 2)
	_ = h.clock.Sleep(t.Context(), time.Second)
	part(false, 3)
	refused := false
	h.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Path != "/blob" || refused {
			return false
		}
		refused = true
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	part(false, 4)
	id++
	part(false, 5)
}

// TestReceivedIsWritten holds fetch.json to its form.
func TestReceivedIsWritten(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Transferred{ID: 1, Name: "w", URL: "u", Size: 9, Received: 3})
	if want := `{"id":1,"name":"w","url":"u","size":9,"received":3,"verified":false}`; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
}
