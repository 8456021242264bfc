package s3store

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
	"testing/iotest"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// bytesOf gives size bytes that no shift of theirs equals.
func bytesOf(size int) []byte {
	data := make([]byte, size)
	state := uint32(size) + 1
	for i := range data {
		state = state*1664525 + 1013904223
		data[i] = byte(state >> 24)
	}
	return data
}

func from(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

func put(t *testing.T, s *Store, key string, data []byte) bool {
	t.Helper()
	created, err := s.Put(t.Context(), key, int64(len(data)), from(data))
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func get(t *testing.T, s *Store, key string) []byte {
	t.Helper()
	body, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSizes stores what needs one request, and what needs several, to a byte.
func TestSizes(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	for _, size := range []int{0, 1, partSize - 1, partSize, partSize + 1, 5*partSize + 7} {
		key, data := fmt.Sprintf("blobs/%d", size), bytesOf(size)
		if !put(t, s, key, data) || put(t, s, key, bytesOf(size)) {
			t.Errorf("%s: not created, or created twice", key)
		}
		if !bytes.Equal(get(t, s, key), data) {
			t.Errorf("%s: other bytes", key)
		}
		o, err := s.Stat(t.Context(), key)
		if err != nil || o.Key != key || o.Size != int64(size) || !o.Modified.Equal(fakeTime) {
			t.Errorf("%s: stat gives %+v, %v", key, o, err)
		}
	}
	if f.began != 2 || len(f.uploads) != 0 {
		t.Errorf("%d uploads in parts, %d unfinished", f.began, len(f.uploads))
	}
	if _, ok := f.objects["some/where/blobs/1"]; !ok {
		t.Error("the object is not below the prefix")
	}
}

func TestListAndDelete(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	f.objects["some/whereelse/blobs/x"] = nil
	f.objects["blobs/y"] = nil
	for i := range 5 {
		put(t, s, fmt.Sprintf("blobs/%d", i), bytesOf(i))
	}
	put(t, s, "entries/a/b@0", bytesOf(1))
	f.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		// A server may give more than it was asked for.
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "prefix=some%2Fwhere%2Fblobs%2F", "prefix=some", 1)
		return false
	}
	var keys []string
	for o, err := range s.List(t.Context(), "blobs/") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, fmt.Sprintf("%s:%d", o.Key, o.Size))
	}
	if got := strings.Join(keys, " "); got != "blobs/0:0 blobs/1:1 blobs/2:2 blobs/3:3 blobs/4:4" {
		t.Errorf("listed %s", got)
	}
	for range 2 {
		if err := s.Delete(t.Context(), "blobs/3"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Stat(t.Context(), "blobs/3")
	if _, read := s.Open(t.Context(), "blobs/3"); !errors.Is(err, fs.ErrNotExist) || !errors.Is(read, fs.ErrNotExist) || fault.Code(read) != "store-object-missing" {
		t.Errorf("the deleted object: %v, %v", err, read)
	}
	for range s.List(t.Context(), "") {
		break // a list that is left is no error
	}
}

// TestPartFails has the server fail in the middle of an upload in parts: nothing
// appears, and nothing stays begun.
func TestPartFails(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"uploads=", "partNumber=1&", "partNumber=3", "complete"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			s := f.open(t)
			f.fault = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.RawQuery, at) || at == "complete" && r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
					answer(w, http.StatusServiceUnavailable, "SlowDown")
					return true
				}
				return false
			}
			data := bytesOf(4 * partSize)
			created, err := s.Put(t.Context(), "blobs/x", int64(len(data)), from(data))
			if created || fault.Code(err) != "store-unreachable" {
				t.Errorf("created %t, %v", created, err)
			}
			if len(f.objects) != 0 || len(f.uploads) != 0 {
				t.Errorf("%d objects, %d unfinished uploads", len(f.objects), len(f.uploads))
			}
			f.fault = nil
			if !put(t, s, "blobs/x", data) || !bytes.Equal(get(t, s, "blobs/x"), data) {
				t.Error("it does not work afterwards")
			}
		})
	}
}

// TestInterrupted aborts what was begun although the context is done.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.RawQuery, "partNumber=2") {
			cancel()
		}
		return false
	}
	data := bytesOf(4 * partSize)
	created, err := s.Put(ctx, "blobs/x", int64(len(data)), from(data))
	if created || !errors.Is(err, context.Canceled) {
		t.Errorf("created %t, %v", created, err)
	}
	if len(f.objects) != 0 || len(f.uploads) != 0 || f.began != 1 {
		t.Errorf("%d objects, %d unfinished uploads of %d", len(f.objects), len(f.uploads), f.began)
	}
}

// TestBuffers counts the parts that are on their way at once, for two objects
// that are put together.
func TestBuffers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	done := make(chan error)
	for _, key := range []string{"blobs/a", "blobs/b"} {
		data := bytesOf(4 * partSize)
		go func() {
			_, err := s.Put(t.Context(), key, int64(len(data)), from(data))
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if len(s.buffers) != buffers || cap(s.buffers) != buffers {
		t.Errorf("%d of %d buffers came back", len(s.buffers), cap(s.buffers))
	}
	if n := f.most.Load(); n > buffers || buffers*partSize > 32<<20 {
		t.Errorf("%d parts of %d bytes were on their way at once", n, partSize)
	}
}

// TestSource refuses a source that has other than the bytes that were said.
func TestSource(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	for _, test := range []struct {
		name string
		code string
		size int64
		open func() (io.ReadCloser, error)
	}{
		{"shorter", "wrong-size", 10, from(bytesOf(9))},
		{"empty", "wrong-size", 10, from(nil)},
		{"longer", "wrong-size", 10, from(bytesOf(11))},
		{"longer than nothing", "wrong-size", 0, from(bytesOf(1))},
		{"shorter in parts", "wrong-size", 2*partSize + 5, from(bytesOf(2 * partSize))},
		{"longer in parts", "wrong-size", 2*partSize + 5, from(bytesOf(2*partSize + 6))},
		{"not opened", "store-source", 10, func() (io.ReadCloser, error) { return nil, broken }},
		{"not read", "store-source", 10, func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(broken)), nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			created, err := f.open(t).Put(t.Context(), "blobs/x", test.size, test.open)
			if created || fault.Code(err) != test.code {
				t.Errorf("created %t, %v", created, err)
			}
			if len(f.objects) != 0 || len(f.uploads) != 0 {
				t.Errorf("%d objects, %d unfinished uploads", len(f.objects), len(f.uploads))
			}
		})
	}
}

// TestRaces has somebody else put the object after it was looked for.
func TestRaces(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, partSize + 1} {
		for _, status := range []int{http.StatusPreconditionFailed, http.StatusConflict} {
			f := newFake(t)
			s := f.open(t)
			f.fault = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("If-None-Match") != "*" {
					return false
				}
				f.mu.Lock()
				defer f.mu.Unlock()
				f.objects["some/where/blobs/x"] = []byte("theirs")
				code := map[int]string{http.StatusPreconditionFailed: "PreconditionFailed", http.StatusConflict: "ConditionalRequestConflict"}[status]
				answer(w, status, code)
				return true
			}
			if put(t, s, "blobs/x", bytesOf(size)) {
				t.Errorf("%d bytes, %d: created", size, status)
			}
			if string(f.objects["some/where/blobs/x"]) != "theirs" || len(f.uploads) != 0 {
				t.Errorf("%d bytes, %d: theirs is gone, or an upload stays", size, status)
			}
		}
	}
}

// TestNoCondition puts where the server does not know If-None-Match.
func TestNoCondition(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	f.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("If-None-Match") == "" {
			return false
		}
		answer(w, http.StatusNotImplemented, "NotImplemented")
		return true
	}
	for _, size := range []int{10, partSize + 1} {
		key := fmt.Sprintf("blobs/%d", size)
		if !put(t, s, key, bytesOf(size)) || !bytes.Equal(get(t, s, key), bytesOf(size)) {
			t.Errorf("%s was not stored", key)
		}
	}
}

// TestWrongAnswers reads what was cut, and what a server says it wrote and did
// not.
func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.open(t)
	put(t, s, "blobs/x", bytesOf(1000))
	f.fault = func(w http.ResponseWriter, r *http.Request) bool {
		switch r.Method {
		case http.MethodGet:
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("Last-Modified", fakeTime.Format(http.TimeFormat))
			_, _ = w.Write(bytesOf(1000)[:500])
			return true
		case http.MethodPut:
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("ETag", `"opaque"`)
			return true
		}
		return false
	}
	body, err := s.Open(t.Context(), "blobs/x")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(body); fault.Code(err) != "store-unreachable" || len(data) > 500 {
		t.Errorf("a cut body gave %d bytes, %v", len(data), err)
	}
	put(t, s, "blobs/y", bytesOf(10))
	if _, err := s.Stat(t.Context(), "blobs/y"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an object that was never written: %v", err)
	}
}
