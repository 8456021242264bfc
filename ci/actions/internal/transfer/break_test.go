package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestSecrets holds that neither an address's query nor a password in it gets
// into an error.
func TestSecrets(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: failing{errors.New("dial https://u:hunter2@example.org/x?sig=hunter2 refused")}}
	for name, source := range map[string]Source{
		"net/http's": func(ctx context.Context, _ int64) (*http.Response, error) {
			request, err := http.NewRequestWithContext(ctx, "GET", "https://example.org/blob?sig=hunter2", nil)
			if err != nil {
				return nil, err
			}
			response, err := client.Do(request)
			if err != nil {
				return nil, fmt.Errorf("getting %s: %w", request.URL, err)
			}
			return response, nil
		},
		"not to be parsed": func(ctx context.Context, _ int64) (*http.Response, error) {
			_, err := http.NewRequestWithContext(ctx, "GET", "https://example.org\x00?sig=hunter2", nil)
			return nil, err
		},
	} {
		f := fetch(t, source, Options{Size: -1})
		for err := f.err; err != nil; err = errors.Unwrap(err) {
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: told %q", name, err)
			}
		}
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// stalling gives data and then nothing until its context ends.
type stalling struct {
	ctx  context.Context
	data io.Reader
}

func (s *stalling) Read(p []byte) (int, error) {
	if n, err := s.data.Read(p); err == nil {
		return n, nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// TestIdle runs on a clock of its own: nothing waits for real.
func TestIdle(t *testing.T) {
	t.Parallel()
	data := some(200 << 10)
	for _, test := range []struct {
		name string
		idle time.Duration
		head bool // no answer at all, instead of no body
		want time.Duration
	}{
		{"the body", 0, false, 10 * time.Second},
		{"the body, another patience", 3 * time.Second, false, 3 * time.Second},
		{"the answer", 3 * time.Second, true, 10 * time.Second}, // 9 s and a pause of 1 s
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x")
			synctest.Test(t, func(t *testing.T) {
				start, tries := time.Now(), 0
				source := func(ctx context.Context, offset int64) (*http.Response, error) {
					if tries++; tries > 1 {
						return rest(data, len(data))(offset)
					}
					if test.head {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					return reply(200, &stalling{ctx, bytes.NewReader(data[:100<<10])}, int64(len(data))), nil
				}
				result, err := Download(t.Context(), source, Options{Path: path, Size: -1, Idle: test.idle, SHA256: digest(data)})
				if err != nil || result.Transferred != int64(len(data)) {
					t.Error(result, err)
				}
				if took := time.Since(start); took != test.want {
					t.Errorf("resumed after %s, want %s", took, test.want)
				}
			})
		})
	}
	t.Run("slow is not idle", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "x")
		synctest.Test(t, func(t *testing.T) {
			source := func(ctx context.Context, _ int64) (*http.Response, error) {
				return reply(200, slow{ctx, bytes.NewReader(data[:50])}, 50), nil
			}
			if result, err := Download(t.Context(), source, Options{Path: path, Size: -1}); err != nil || result.Tries != 1 {
				t.Error(result, err)
			}
		})
	})
	t.Run("a body that gives nothing, again and again", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		source := func(context.Context, int64) (*http.Response, error) {
			cancel()
			return reply(200, nothing{}, 50), nil
		}
		_, err := Download(ctx, source, Options{Path: filepath.Join(t.TempDir(), "x"), Size: -1})
		if !fault.Interrupted(err) {
			t.Error(err)
		}
	})
}

type slow struct {
	ctx context.Context
	r   io.Reader
}

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(9 * time.Second) // on synctest's clock
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p[:10])
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

func TestCancelled(t *testing.T) {
	t.Parallel()
	data := some(100 << 10)
	for _, at := range []string{"source", "body", "wait"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "x")
		if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		o := Options{Path: path, Size: -1, Wait: func(ctx context.Context, _ time.Duration) error { cancel(); return wait(ctx, time.Hour) }}
		if at == "body" {
			o.Progress = func(int64, int64) { cancel() }
		}
		_, err := Download(ctx, func(ctx context.Context, _ int64) (*http.Response, error) {
			switch at {
			case "source":
				cancel()
				return nil, ctx.Err()
			case "body":
				return reply(200, &stalling{ctx, bytes.NewReader(data)}, 1<<20), nil
			}
			return nil, io.ErrUnexpectedEOF
		}, o)
		if !fault.Interrupted(err) || fault.Code(err) != "transfer-failed" {
			t.Errorf("cancelled in %s: %v", at, err)
		}
		names, _ := os.ReadDir(dir)
		if kept, _ := os.ReadFile(path); string(kept) != "before" || len(names) != 1 {
			t.Errorf("cancelled in %s: left %v, %q", at, names, kept)
		}
	}
}

func TestNowhere(t *testing.T) {
	t.Parallel()
	_, err := Download(t.Context(), answers(status(500)), Options{Path: filepath.Join(t.TempDir(), "no", "x")})
	if !errors.Is(err, os.ErrNotExist) || fault.Code(err) != "transfer-failed" {
		t.Error(err)
	}
}

// TestServer has a real connection cut again and again, and holds how much is
// sent twice.
func TestServer(t *testing.T) {
	t.Parallel()
	const cut = 2 << 20
	data := some(25<<20 + 17)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(&cutting{w, cut}, r, "artifact.zip", time.Unix(0, 0), bytes.NewReader(data))
	}))
	defer server.Close()
	source := func(ctx context.Context, offset int64) (*http.Response, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/x?sig=secret", nil)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Accept-Encoding", "identity")
		if offset > 0 {
			request.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
		}
		return server.Client().Do(request)
	}
	f := fetch(t, source, Options{Size: int64(len(data)), SHA256: digest(data)})
	if f.err != nil || !bytes.Equal(f.data, data) {
		t.Fatal(f.err)
	}
	if most := int64(len(data)) * 105 / 100; f.Transferred > most {
		t.Errorf("transferred %d, over %d", f.Transferred, most)
	}
	if f.Tries < len(data)/cut {
		t.Errorf("%d tries: it was not cut", f.Tries)
	}
}

// cutting breaks the connection after left bytes of the body.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	c.left -= n
	if c.left == 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func TestParseSpan(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]span{
		"bytes 0-9/10": {0, 9, 10},
		"bytes 5-5/*":  {5, 5, -1},
		"bytes */10":   {-1, -1, 10},
		"bytes */*":    {-1, -1, -1},
	} {
		if got, err := parseSpan(header); err != nil || got != want {
			t.Errorf("%q: %v, %v", header, got, err)
		}
	}
	for _, header := range []string{
		"", "bytes", "bytes 1-2", "items 1-2/3", "bytes 2-1/3", "bytes 0-3/3", "bytes -1-2/3", "bytes 1/3",
		"bytes +1-2/3", "bytes 1-/3", "bytes 1-2/x", "bytes 1-99999999999999999999/*",
	} {
		if got, err := parseSpan(header); err == nil {
			t.Errorf("%q was taken as %v", header, got)
		}
	}
}
