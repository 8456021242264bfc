package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// some gives n bytes that do not repeat.
func some(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// answers gives one answer after the other, and the last for ever.
func answers(all ...func(offset int64) (*http.Response, error)) Source {
	next := 0
	return func(_ context.Context, offset int64) (*http.Response, error) {
		f := all[min(next, len(all)-1)]
		next++
		return f(offset)
	}
}

type answer = func(offset int64) (*http.Response, error)

// reply is an answer with a header of "Name: value" lines.
func reply(status int, body io.Reader, length int64, headers ...string) *http.Response {
	h := http.Header{}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(body), ContentLength: length}
}

// whole ignores the offset.
func whole(data []byte, headers ...string) answer {
	return func(int64) (*http.Response, error) {
		return reply(200, bytes.NewReader(data), int64(len(data)), headers...), nil
	}
}

// rest answers a Range, and breaks off after most bytes.
func rest(data []byte, most int, headers ...string) answer {
	return func(offset int64) (*http.Response, error) {
		body := data[offset:]
		var r io.Reader = bytes.NewReader(body)
		if most < len(body) {
			r = io.MultiReader(bytes.NewReader(body[:most]), iotest.ErrReader(io.ErrUnexpectedEOF))
		}
		if offset == 0 {
			return reply(200, r, int64(len(body)), headers...), nil
		}
		span := fmt.Sprintf("Content-Range: bytes %d-%d/%d", offset, len(data)-1, len(data))
		return reply(206, r, int64(len(body)), append(headers, span)...), nil
	}
}

func status(code int, headers ...string) answer {
	return func(int64) (*http.Response, error) { return reply(code, strings.NewReader("no"), 2, headers...), nil }
}

func breaks(err error) answer {
	return func(int64) (*http.Response, error) { return nil, err }
}

// fetched is what a run of Download left.
type fetched struct {
	Result
	err   error
	data  []byte // at Path
	waits []time.Duration
}

// fetch downloads into a fresh folder and holds that nothing but the file is
// left in it.
func fetch(t *testing.T, source Source, o Options) fetched {
	t.Helper()
	dir := t.TempDir()
	o.Path = filepath.Join(dir, "artifact.zip")
	var f fetched
	o.Wait = func(ctx context.Context, d time.Duration) error {
		f.waits = append(f.waits, d)
		return ctx.Err()
	}
	f.Result, f.err = Download(t.Context(), source, o)
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if f.err != nil && len(names) > 0 || f.err == nil && len(names) != 1 {
		t.Errorf("left %v after %v", names, f.err)
	}
	f.data, _ = os.ReadFile(o.Path)
	return f
}

func TestDownload(t *testing.T) {
	t.Parallel()
	data := some(1 << 20)
	cut := 300 << 10
	quarter := len(data) / 4
	reset := errors.New("connection reset")
	for _, test := range []struct {
		name        string
		size        int64
		source      Source
		transferred int
		waits       string
	}{
		{"at once", int64(len(data)), answers(whole(data)), len(data), "[]"},
		{"size unknown", -1, answers(whole(data)), len(data), "[]"},
		{"identity said", -1, answers(whole(data, "Content-Encoding: identity")), len(data), "[]"},
		{"resumed", int64(len(data)), answers(rest(data, cut)), len(data), "[0s 0s 0s]"},
		{"resumed, size unknown", -1, answers(rest(data, cut)), len(data), "[0s 0s 0s]"},
		{"no Range there", -1, answers(rest(data, cut), whole(data)), len(data) + cut, "[0s]"},
		{"refused, then taken", -1, answers(breaks(reset), status(500), status(503), status(429), whole(data)), len(data), "[1s 2s 4s 8s]"},
		{"asked to wait", -1, answers(status(429, "Retry-After: 7"), status(403, "Retry-After: 60"), whole(data)), len(data), "[7s 1m0s]"},
		{"asked to wait less than we do", -1, answers(breaks(reset), breaks(reset), status(503, "Retry-After: 1"), whole(data)), len(data), "[1s 2s 4s]"},
		{"asked to wait until", -1, answers(status(503, "Date: Sun, 06 Nov 1994 08:49:37 GMT", "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT"), whole(data)), len(data), "[1m0s]"},
		{"out of requests", -1, answers(status(403, "Date: Sun, 06 Nov 1994 08:49:37 GMT", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 784111807"), whole(data)), len(data), "[30s]"},
		{"another range", -1, answers(rest(data, quarter), func(int64) (*http.Response, error) {
			return reply(206, bytes.NewReader(data), 1, fmt.Sprintf("Content-Range: bytes 5-%d/%d", len(data)-1, len(data))), nil
		}, rest(data, len(data))), len(data), "[0s 1s]"},
		{"no Content-Range", -1, answers(rest(data, quarter), status(206), rest(data, len(data))), len(data), "[0s 1s]"},
		{"another ETag", -1, answers(rest(data, cut, "ETag: a"), rest(data, cut, "ETag: b")), len(data) + cut, "[0s 1s 2s 0s 0s]"},
		{"another length", -1, answers(rest(data[:500<<10], cut), rest(data, len(data))), len(data) + cut, "[0s 1s]"},
		{"shorter when it starts over", -1, answers(rest(some(2<<20), len(data)+cut), whole(data)), 2*len(data) + cut, "[0s]"},
		{"416 amid it", int64(len(data)), answers(rest(data, cut), status(416), whole(data)), len(data) + cut, "[0s 1s]"},
		{"416 at its end", -1, answers(func(int64) (*http.Response, error) {
			return reply(200, io.MultiReader(bytes.NewReader(data), iotest.ErrReader(reset)), -1), nil
		}, status(416, fmt.Sprintf("Content-Range: bytes */%d", len(data)))), len(data), "[0s]"},
		{"broken after the last byte", int64(len(data)), answers(func(int64) (*http.Response, error) {
			return reply(200, io.MultiReader(bytes.NewReader(data), iotest.ErrReader(reset)), -1), nil
		}), len(data), "[]"},
		{"cut silently", int64(len(data)), answers(func(int64) (*http.Response, error) {
			return reply(200, bytes.NewReader(data[:quarter]), -1), nil
		}, rest(data, len(data))), len(data), "[0s]"},
		{"byte by byte at first", -1, answers(rest(data, 1), rest(data, 1), rest(data, 1), rest(data, 1), rest(data, len(data))), len(data), "[1s 2s 4s 8s]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			last := int64(-1)
			f := fetch(t, test.source, Options{Size: test.size, SHA256: digest(data), Progress: func(done, _ int64) { last = done }})
			switch {
			case f.err != nil:
				t.Fatal(f.err)
			case !bytes.Equal(f.data, data) || f.Size != int64(len(data)) || f.SHA256 != digest(data) || !f.Verified:
				t.Errorf("other bytes: %+v", f.Result)
			case f.Transferred != int64(test.transferred):
				t.Errorf("transferred %d, want %d", f.Transferred, test.transferred)
			case fmt.Sprint(f.waits) != test.waits:
				t.Errorf("waited %v, want %s", f.waits, test.waits)
			case f.Tries != len(f.waits)+1:
				t.Errorf("%d tries after %d waits", f.Tries, len(f.waits))
			case last != f.Size:
				t.Errorf("progress ended at %d", last)
			}
		})
	}
}

func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	data := some(40)
	for at := range data {
		f := fetch(t, answers(rest(data, at), rest(data, len(data))), Options{Size: -1})
		if f.err != nil || !bytes.Equal(f.data, data) || f.Transferred != 40 || f.Verified {
			t.Errorf("cut at %d: %+v", at, f)
		}
	}
	if f := fetch(t, answers(whole(nil)), Options{SHA256: digest(nil)}); f.err != nil || !f.Verified {
		t.Errorf("nothing at all: %v", f.err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	data := some(300 << 10)
	n := int64(len(data))
	reset := errors.New("connection reset")
	for _, test := range []struct {
		name   string
		o      Options
		source Source
		code   string
		status int // that the error tells, 0 for none
		exit   int
		waits  int
	}{
		{"digest", Options{Size: n, SHA256: digest(nil)}, answers(whole(data)), "digest-mismatch", 0, fault.Refused, 0},
		{"told another size", Options{Size: n + 1}, answers(whole(data)), "size-mismatch", 0, fault.Refused, 0},
		{"told another size later", Options{Size: n + 1}, answers(func(int64) (*http.Response, error) {
			return reply(200, bytes.NewReader(data[:100<<10]), -1), nil
		}, rest(data, 1)), "size-mismatch", 0, fault.Refused, 1},
		{"told another size by a 416", Options{Size: n + 1}, answers(func(int64) (*http.Response, error) {
			return reply(200, bytes.NewReader(data), -1), nil
		}, status(416, fmt.Sprintf("Content-Range: bytes */%d", n))), "size-mismatch", 0, fault.Refused, 1},
		{"more than it should", Options{Size: n - 1}, answers(func(int64) (*http.Response, error) {
			return reply(200, bytes.NewReader(data), -1), nil
		}), "size-mismatch", 0, fault.Refused, 0},
		{"size over the limit", Options{Size: n, MaxBytes: n - 1}, answers(status(500)), "too-large", 0, fault.Refused, 0},
		{"told a size over the limit", Options{Size: -1, MaxBytes: n - 1}, answers(func(int64) (*http.Response, error) {
			return reply(200, iotest.ErrReader(reset), n), nil
		}), "too-large", 0, fault.Refused, 0},
		{"came over the limit", Options{Size: -1, MaxBytes: n - 1}, answers(func(int64) (*http.Response, error) {
			return reply(200, bytes.NewReader(data), -1), nil
		}), "too-large", 0, fault.Refused, 0},
		{"compressed", Options{Size: -1}, answers(whole(data, "Content-Encoding: gzip")), "transfer-failed", 0, fault.Unable, 0},
		{"401", Options{}, answers(status(401)), "transfer-failed", 401, fault.Unable, 0},
		{"403", Options{}, answers(status(403)), "transfer-failed", 403, fault.Unable, 0},
		{"404", Options{}, answers(status(404)), "transfer-failed", 404, fault.Unable, 0},
		{"410", Options{}, answers(status(410)), "transfer-failed", 410, fault.Unable, 0},
		{"302", Options{}, answers(status(302)), "transfer-failed", 302, fault.Unable, 0},
		{"500 for ever", Options{}, answers(status(500)), "transfer-failed", 500, fault.Unable, 4},
		{"two tries", Options{Tries: 2}, answers(status(500)), "transfer-failed", 500, fault.Unable, 1},
		{"a wait too long", Options{}, answers(status(429, "Retry-After: 3600")), "transfer-failed", 429, fault.Unable, 0},
		{"reset for ever", Options{}, answers(breaks(reset)), "transfer-failed", 0, fault.Unable, 4},
		{"the same part for ever", Options{Size: n}, answers(func(int64) (*http.Response, error) {
			return reply(200, bytes.NewReader(data[:200<<10]), n), nil
		}), "transfer-failed", 0, fault.Unable, 5},
		{"a byte a time", Options{Size: n}, answers(rest(data, 1)), "transfer-failed", 0, fault.Unable, 4},
		{"no total", Options{Size: -1}, answers(func(int64) (*http.Response, error) {
			return reply(206, bytes.NewReader(data), n, "Content-Range: bytes 0-9/*"), nil
		}), "transfer-failed", 0, fault.Unable, 4},
		{"416 for ever", Options{Size: -1}, answers(status(416, "Content-Range: bytes */0")), "transfer-failed", 0, fault.Unable, 4},
		{"the source's own", Options{}, answers(breaks(fault.New(fault.Usage, "no-token", "asking"))), "no-token", 0, fault.Usage, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := fetch(t, test.source, test.o)
			var told *StatusError
			errors.As(f.err, &told)
			coded, ok := f.err.(*fault.Error)
			switch {
			case !ok || coded.Code != test.code || coded.ExitStatus() != test.exit:
				t.Errorf("error %v, want %s", f.err, test.code)
			case (told == nil) != (test.status == 0) || told != nil && told.Status != test.status:
				t.Errorf("status %v, want %d", told, test.status)
			case len(f.waits) != test.waits:
				t.Errorf("waited %v, want %d waits", f.waits, test.waits)
			}
		})
	}
}
