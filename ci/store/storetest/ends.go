package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// sizes are of bodies that are not as long as was said, or that fail.
func sizes(t *testing.T, d Driver) {
	st := d.New(t)
	broken := errors.New("the disk is broken")
	for i, c := range []struct {
		said int
		open func() (io.ReadCloser, error)
	}{
		{10, Body([]byte("nine byte"))},
		{10, Body([]byte("eleven byte"))},
		{10, Body(nil)},
		{0, Body([]byte("x"))},
		{10, func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader("half"), failing{broken})), nil
		}},
		{10, func() (io.ReadCloser, error) { return nil, broken }},
		{d.Big, Body(Noise(uint64(5), d.Big-1))},
		{d.Big, Body(Noise(uint64(5), d.Big+1))},
	} {
		for _, key := range []string{store.BlobKey(Sum(fmt.Append(nil, "of the wrong size ", i))), "gc"} {
			if key == "gc" && c.said == d.Big {
				continue
			}
			if created, err := st.Put(t.Context(), key, int64(c.said), c.open); err == nil || created {
				t.Errorf("case %d, %s: %v, %v", i, key, created, err)
			}
			gone(t, st, key)
		}
	}
	if all := objects(t, st, ""); len(all) > 0 {
		t.Errorf("there is %v", all)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// cancelling cancels when half of it was read.
type cancelling struct {
	data   io.Reader
	left   int
	cancel func()
}

func (c *cancelling) Read(p []byte) (int, error) {
	n, err := c.data.Read(p)
	if c.left -= n; c.left <= 0 {
		c.cancel()
	}
	return n, err
}

func (c *cancelling) Close() error { return nil }

// cancelled leaves nothing, and says so.
func cancelled(t *testing.T, d Driver) {
	st := d.New(t)
	for i, size := range []int{200_000, d.Big} {
		data := Noise(uint64(10+i), size)
		key := store.BlobKey(Sum(data))
		ctx, cancel := context.WithCancel(t.Context())
		created, err := st.Put(ctx, key, int64(size), func() (io.ReadCloser, error) {
			return &cancelling{bytes.NewReader(data), size / 2, cancel}, nil
		})
		cancel()
		if !fault.Interrupted(err) || created {
			t.Errorf("%d bytes: %v, %v", size, created, err)
		}
		gone(t, st, key)
	}
	data := []byte("x")
	key, _ := put(t, st, data)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, statErr := st.Stat(ctx, key)
	_, putErr := st.Put(ctx, store.BlobKey(Sum(nil)), 0, Body(nil))
	body, openErr := st.Open(ctx, key)
	if openErr == nil {
		_, openErr = io.ReadAll(body)
		_ = body.Close()
	}
	var listErr error
	for _, err := range st.List(ctx, "") {
		listErr = err
	}
	for doing, err := range map[string]error{"stat": statErr, "put": putErr, "open": openErr, "delete": st.Delete(ctx, key), "list": listErr} {
		if !fault.Interrupted(err) {
			t.Errorf("%s: %v", doing, err)
		}
	}
	if got := read(t, st, key); !slices.Equal(got, data) {
		t.Errorf("%q comes back", got)
	}
}
