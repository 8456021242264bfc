package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// asking answers each request for a part by the next of its answers, the last
// of them for ever, and notes what it was asked.
type asking struct {
	answers []partAnswer
	asked   []string
}

type partAnswer func(first, last int64) (*http.Response, error)

func (a *asking) source(_ context.Context, first, last int64, fresh bool) (*http.Response, error) {
	a.asked = append(a.asked, fmt.Sprint(first, last, fresh))
	next := a.answers[0]
	if len(a.answers) > 1 {
		a.answers = a.answers[1:]
	}
	return next(first, last)
}

// served answers a part of data, and breaks off after most bytes.
func served(data []byte, most int, headers ...string) partAnswer {
	return func(first, last int64) (*http.Response, error) {
		body := data[first : last+1]
		var r io.Reader = bytes.NewReader(body)
		if most < len(body) {
			r = io.MultiReader(bytes.NewReader(body[:most]), iotest.ErrReader(io.ErrUnexpectedEOF))
		}
		span := fmt.Sprintf("Content-Range: bytes %d-%d/%d", first, last, len(data))
		return reply(206, r, int64(len(body)), append(headers, span)...), nil
	}
}

// said answers with a status and a head, and a body that nobody is to read.
func said(code int, headers ...string) partAnswer {
	return func(int64, int64) (*http.Response, error) {
		return reply(code, iotest.ErrReader(errors.New("the body was read")), -1, headers...), nil
	}
}

// ranges reads from a source, and notes waits.
func ranges(a *asking, size int, waits *[]time.Duration) *Ranges {
	return NewRanges(a.source, Options{Path: "x/artifact", Size: int64(size), Wait: func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}})
}

func TestRanges(t *testing.T) {
	t.Parallel()
	data := some(1 << 20)
	broken := func(err error) partAnswer { return func(int64, int64) (*http.Response, error) { return nil, err } }
	for _, test := range []struct {
		name        string
		offset, n   int64
		answers     []partAnswer
		asked       string
		waits       string
		transferred int64
	}{
		{"at once", 5, 1000, []partAnswer{served(data, len(data))}, "[5 1004 false]", "[]", 1000},
		{"the last bytes", 1<<20 - 9, 9, []partAnswer{served(data, len(data))}, "[1048567 1048575 false]", "[]", 9},
		{"nothing", 7, 0, nil, "[]", "[]", 0},
		{"cut, at a new address", 100, 300 << 10, []partAnswer{served(data, 200<<10), served(data, len(data))},
			"[100 307299 false 204900 307299 true]", "[0s]", 300 << 10},
		{"cut with little to show", 0, 100, []partAnswer{served(data, 10), served(data, 10), served(data, len(data))},
			"[0 99 false 10 99 true 20 99 true]", "[1s 2s]", 100},
		{"cut silently", 0, 200 << 10, []partAnswer{func(first, last int64) (*http.Response, error) {
			return reply(206, bytes.NewReader(data[:100<<10]), -1, fmt.Sprintf("Content-Range: bytes 0-%d/%d", last, len(data))), nil
		}, served(data, len(data))}, "[0 204799 false 102400 204799 true]", "[0s]", 200 << 10},
		{"more than was asked for", 0, 100, []partAnswer{func(int64, int64) (*http.Response, error) {
			return reply(206, bytes.NewReader(data), -1, fmt.Sprintf("Content-Range: bytes 0-%d/%d", len(data)-1, len(data))), nil
		}}, "[0 99 false]", "[]", 100},
		{"answers worth another try", 0, 9, []partAnswer{broken(errors.New("reset")), said(503), said(429, "Retry-After: 7"), served(data, 9)},
			"[0 8 false 0 8 true 0 8 true 0 8 true]", "[1s 2s 7s]", 9},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, waits := &asking{answers: test.answers}, []time.Duration{}
			r := ranges(a, len(data), &waits)
			part := r.Open(t.Context(), test.offset, test.n)
			got, err := io.ReadAll(part)
			if err != nil || !bytes.Equal(got, data[test.offset:test.offset+test.n]) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if fmt.Sprint(a.asked) != test.asked || fmt.Sprint(waits) != test.waits || r.Requests() != len(a.asked) || r.Received() != test.transferred {
				t.Errorf("asked %v and waited %v, %d requests, %d bytes", a.asked, waits, r.Requests(), r.Received())
			}
			if err := part.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRangesRefused(t *testing.T) {
	t.Parallel()
	data := some(300 << 10)
	ours := fmt.Sprintf("Content-Range: bytes 0-9/%d", len(data))
	for _, test := range []struct {
		name    string
		answers []partAnswer
		code    string // "" for a *PartError
		waits   int
	}{
		{"the whole", []partAnswer{said(200)}, "", 0},
		{"no such part", []partAnswer{said(416)}, "", 0},
		{"no Content-Range", []partAnswer{said(206)}, "", 0},
		{"another part", []partAnswer{said(206, fmt.Sprintf("Content-Range: bytes 5-14/%d", len(data)))}, "", 0},
		{"of another length", []partAnswer{said(206, "Content-Range: bytes 0-9/99")}, "", 0},
		{"of a length that is not told", []partAnswer{said(206, "Content-Range: bytes 0-9/*")}, "", 0},
		{"compressed", []partAnswer{said(206, ours, "Content-Encoding: gzip")}, "", 0},
		{"another file later", []partAnswer{served(data, 100<<10, `ETag: "a"`), served(data, 100<<10, `ETag: "b"`)}, "", 1},
		{"the whole later", []partAnswer{served(data, 100<<10), said(200)}, "", 1},
		{"404", []partAnswer{said(404)}, "transfer-failed", 0},
		{"500 for ever", []partAnswer{said(500)}, "transfer-failed", 4},
		{"a byte a time", []partAnswer{served(data, 1)}, "transfer-failed", 4},
		{"a wait too long", []partAnswer{said(429, "Retry-After: 3600")}, "transfer-failed", 0},
		{"the source's own", []partAnswer{func(int64, int64) (*http.Response, error) {
			return nil, fault.New(fault.Usage, "no-token", "asking")
		}}, "no-token", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, waits := &asking{answers: test.answers}, []time.Duration{}
			_, err := io.ReadAll(ranges(a, len(data), &waits).Open(t.Context(), 0, int64(len(data))))
			var part *PartError
			if errors.As(err, &part) != (test.code == "") || fault.Code(err) != test.code || err == nil || len(waits) != test.waits {
				t.Errorf("%v after %v, want %q", err, waits, test.code)
			}
		})
	}
}

// TestRangesETag holds that parts of two files are not put together.
func TestRangesETag(t *testing.T) {
	t.Parallel()
	data := some(100)
	a, waits := &asking{answers: []partAnswer{served(data, 100, `ETag: "a"`), served(data, 100), served(data, 100, `ETag: "b"`)}}, []time.Duration{}
	r := ranges(a, len(data), &waits)
	for i, want := range []bool{true, true, false} {
		_, err := io.ReadAll(r.Open(t.Context(), 10, 10))
		if (err == nil) != want {
			t.Errorf("part %d: %v", i, err)
		}
	}
}

// TestRangesIdle runs on a clock of its own.
func TestRangesIdle(t *testing.T) {
	t.Parallel()
	data := some(200 << 10)
	synctest.Test(t, func(t *testing.T) {
		start, tries := time.Now(), 0
		r := NewRanges(func(ctx context.Context, first, last int64, _ bool) (*http.Response, error) {
			if tries++; tries > 1 {
				return served(data, len(data))(first, last)
			}
			body := &stalling{ctx, bytes.NewReader(data[:100<<10])}
			return reply(206, body, -1, fmt.Sprintf("Content-Range: bytes 0-%d/%d", last, len(data))), nil
		}, Options{Path: "artifact", Size: int64(len(data))})
		got, err := io.ReadAll(r.Open(t.Context(), 0, int64(len(data))))
		if err != nil || !bytes.Equal(got, data) || time.Since(start) != 10*time.Second {
			t.Errorf("%d bytes, %v, after %s", len(got), err, time.Since(start))
		}
	})
}

func TestRangesCancelled(t *testing.T) {
	t.Parallel()
	data := some(200 << 10)
	ctx, cancel := context.WithCancel(t.Context())
	r := NewRanges(func(ctx context.Context, _, last int64, _ bool) (*http.Response, error) {
		body := &stalling{ctx, bytes.NewReader(data[:10])}
		return reply(206, body, -1, fmt.Sprintf("Content-Range: bytes 0-%d/%d", last, len(data))), nil
	}, Options{Path: "artifact", Size: int64(len(data)), Progress: func(int64, int64) { cancel() }})
	if _, err := io.ReadAll(r.Open(ctx, 0, int64(len(data)))); !fault.Interrupted(err) {
		t.Error(err)
	}
}
