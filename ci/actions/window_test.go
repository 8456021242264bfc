package actions

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions/internal/transfer"
	"github.com/wheelhouse-ci/wheelhouse/ci/actions/internal/ziprange"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// windowOn is a window on data, and what is asked for through it.
func windowOn(t *testing.T, data []byte, asked *[]string) *window {
	size := int64(len(data))
	return &window{ctx: t.Context(), size: size, ranges: transfer.NewRanges(func(_ context.Context, first, last int64, _ bool) (*http.Response, error) {
		*asked = append(*asked, fmt.Sprintf("%d-%d", first, last))
		return &http.Response{
			StatusCode: http.StatusPartialContent, Body: io.NopCloser(bytes.NewReader(data[first : last+1])),
			Header: http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", first, last, size)}},
		}, nil
	}, transfer.Options{Path: "artifact", Size: size})}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	data := make([]byte, 100<<10)
	for i := range data {
		data[i] = byte(i * 7)
	}
	var asked []string
	w := windowOn(t, data, &asked)
	read := func(offset, n int) {
		t.Helper()
		p := make([]byte, n)
		got, err := w.ReadAt(p, int64(offset))
		want := data[min(offset, len(data)):min(offset+n, len(data))]
		if !bytes.Equal(p[:got], want) || (got < n) != (err == io.EOF) {
			t.Errorf("%d bytes at %d: %d, %v", n, offset, got, err)
		}
	}
	if err := w.hold([]extent{{90 << 10, 200 << 10}, {1000, 2000}, {500, 600}, {5000, 6000}}); err != nil {
		t.Fatal(err)
	}
	read(550, 500)       // held with what lies between
	read(95<<10, 1000)   // at the end
	read(99<<10, 5<<10)  // over the end
	read(101<<10, 9)     // behind it
	read(80<<10, 100)    // not held: more than that is read
	read(81<<10, 100)    // so this is there
	read(85<<10, 10<<10) // some of it is
	read(50<<10, 20<<10)
	want := "[500-5999 92160-102399 81920-90111 90112-92159 51200-71679]"
	if fmt.Sprint(asked) != want {
		t.Errorf("asked for %v, want %s", asked, want)
	}
}

// TestWindowEnds holds its bounds in bytes and in requests.
func TestWindowEnds(t *testing.T) {
	t.Parallel()
	var asked []string
	data := make([]byte, 4<<20)
	w := windowOn(t, data, &asked)
	w.size = 1 << 40
	var no wholly
	if err := w.hold([]extent{{0, maxWindow + 1}}); !errors.As(err, &no) || len(asked) > 0 || !errors.As(w.err, &no) {
		t.Errorf("%v after %v", err, asked)
	}
	w = windowOn(t, data, &asked)
	var err error
	for at := int64(0); err == nil && at < w.size; at += 2 * windowRead {
		_, err = w.ReadAt(make([]byte, 1), at)
	}
	if !errors.As(err, &no) || len(asked) != maxReads {
		t.Errorf("%v after %d requests", err, len(asked))
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	spans := []wheelhouse.Span{
		{Offset: 10, Size: 100, Data: 30}, {Offset: 110, Size: 50, Data: 130}, {Offset: 160, Size: 1000, Data: 180}, {Offset: 1160, Size: 40, Data: 1180},
	}
	for _, test := range []struct {
		missing []int
		want    []batch
	}{
		{nil, nil},
		{[]int{0}, []batch{{extent{30, 110}, []int{0}}}},
		{[]int{0, 1}, []batch{{extent{30, 160}, []int{0, 1}}}},
		{[]int{0, 2}, []batch{{extent{30, 1160}, []int{0, 2}}}},
		{[]int{1, 3}, []batch{{extent{130, 160}, []int{1}}, {extent{1180, 1200}, []int{3}}}},
		{[]int{0, 1, 2, 3}, []batch{{extent{30, 1200}, []int{0, 1, 2, 3}}}},
	} {
		if got := batches(spans, test.missing, 70); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%v: %v, want %v", test.missing, got, test.want)
		}
	}
}

func TestForward(t *testing.T) {
	t.Parallel()
	f := &forward{r: bufio.NewReader(strings.NewReader("0123456789")), at: 100}
	for _, test := range []struct {
		offset int64
		want   string
		ok     bool
	}{{102, "23", true}, {104, "4", true}, {103, "", false}, {108, "89", true}, {109, "", false}, {120, "", false}} {
		p := make([]byte, max(len(test.want), 1))
		n, err := f.ReadAt(p, test.offset)
		if string(p[:n]) != test.want || (err == nil) != test.ok {
			t.Errorf("at %d: %q, %v", test.offset, p[:n], err)
		}
	}
}

// TestAround holds what is read beside the tarball within bounds.
func TestAround(t *testing.T) {
	t.Parallel()
	tarball := ziprange.Member{Name: "w.tgz", Header: 1000, Packed: 5 << 30, Size: 5 << 30, Extent: 5<<30 + 100}
	for _, test := range []struct {
		name string
		m    ziprange.Member
		want string
	}{
		{"small", ziprange.Member{Name: "meta", Header: 0, Packed: 300, Size: 900, Extent: 1000}, "[{0 816} {1000 1517}]"},
		{"at its end", ziprange.Member{Name: "meta", Header: 0, Packed: 900, Size: 900, Extent: 1000}, "[{0 1000} {1000 1517}]"},
		{"with a hole behind it", ziprange.Member{Name: "meta", Header: 0, Packed: 0, Extent: 1 << 40}, "[{0 516} {1000 1517}]"},
		{"large", ziprange.Member{Name: "log", Header: 0, Packed: maxRest, Size: maxRest, Extent: maxRest + 100}, "too large"},
		{"large once unpacked", ziprange.Member{Name: "log", Header: 0, Packed: 1000, Size: maxRest + 1, Extent: maxRest + 100}, "too large"},
	} {
		got, err := around([]ziprange.Member{test.m, tarball}, tarball)
		if text := fmt.Sprint(got, err); !strings.Contains(text, test.want) {
			t.Errorf("%s: %s, want %s", test.name, text, test.want)
		}
	}
}
