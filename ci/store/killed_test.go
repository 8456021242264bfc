package store_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
)

var errDead = fault.New(fault.Unable, "store-unreachable", "nobody answers")

// dying is a store that answers no call from the nth on; or, with once, all but
// that one. Where late, the nth call is still done, and fails then.
type dying struct {
	store.Store
	at         int
	once, late bool

	mu    sync.Mutex
	calls int
}

// dead counts a call, and tells whether it is done and whether it fails.
func (d *dying) dead() (do, fails bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.calls
	d.calls++
	switch {
	case n < d.at:
		return true, false
	case n == d.at:
		return d.late, true
	}
	return d.once, !d.once
}

func (d *dying) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (created bool, err error) {
	do, fails := d.dead()
	if do {
		created, err = d.Store.Put(ctx, key, size, open)
	}
	if fails {
		return false, errDead
	}
	return created, err
}

func (d *dying) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if _, fails := d.dead(); fails {
		return nil, errDead
	}
	return d.Store.Open(ctx, key)
}

func (d *dying) Stat(ctx context.Context, key string) (store.Object, error) {
	if _, fails := d.dead(); fails {
		return store.Object{}, errDead
	}
	return d.Store.Stat(ctx, key)
}

func (d *dying) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	_, fails := d.dead()
	return func(yield func(store.Object, error) bool) {
		for o, err := range d.Store.List(ctx, prefix) {
			if !yield(o, err) || fails {
				break // a list that breaks off
			}
		}
		if fails {
			yield(store.Object{}, errDead)
		}
	}
}

func (d *dying) Delete(ctx context.Context, key string) (err error) {
	do, fails := d.dead()
	if do {
		err = d.Store.Delete(ctx, key)
	}
	if fails {
		return errDead
	}
	return err
}

// everywhere runs something with a store that dies at each of its calls, in
// each way, and gives how many cases there were.
func everywhere(t *testing.T, fresh func() *storetest.Memory, run func(store.Store) error, after func(*storetest.Memory)) (cases int) {
	t.Helper()
	for at := 0; ; at++ {
		ended := true
		for _, d := range []*dying{{at: at}, {at: at, late: true}, {at: at, once: true}, {at: at, once: true, late: true}} {
			st := fresh()
			d.Store = st
			err := run(d)
			switch {
			case d.calls <= at:
				if err != nil {
					t.Fatal(err)
				}
				continue
			case err != nil && !errors.Is(err, errDead):
				t.Errorf("call %d: %v", at, err)
			}
			ended = false
			after(st)
			cases++
		}
		if ended || t.Failed() {
			return cases
		}
	}
}

// A push that ends at any call leaves what others have as it was, and the same
// push again finishes.
func TestPushKilledEverywhere(t *testing.T) {
	t.Parallel()
	before, w := storetest.Ours(t, 0), storetest.Ours(t, 1)
	fresh := func() *storetest.Memory {
		st := storetest.NewMemory(now)
		if _, err := push(t, st, before); err != nil {
			t.Fatal(err)
		}
		// A wheel of the new one is there by half.
		st.Set(objectsOf(t, w)["wheel"], []byte("half"), old)
		return st
	}
	cases := everywhere(t, fresh, func(st store.Store) error {
		p, err := push(t, st, w)
		if (err == nil) == (p == rebuild.Proof{}) {
			t.Errorf("%v, and the proof %+v", err, p)
		}
		return err
	}, func(st *storetest.Memory) {
		for _, w := range []storetest.Tarball{before, w} {
			if w.Set.Entry == before.Set.Entry {
				if _, err := storetest.Prove(t.Context(), st, w); err != nil {
					t.Error(err)
				}
			}
			if _, err := push(t, st, w); err != nil {
				t.Error(err)
			}
		}
	})
	t.Logf("%d cases, nothing lost", cases)
}

// A collection that ends at any call has removed nothing that is needed, and a
// later one finishes.
func TestCollectKilledEverywhere(t *testing.T) {
	t.Parallel()
	w := storetest.Ours(t, 0)
	var needed []string
	at := noon
	fresh := func() *storetest.Memory {
		at = noon
		st := storetest.NewMemory(func() time.Time { return at })
		if _, err := push(t, st, w); err != nil {
			t.Fatal(err)
		}
		age(t, st, old)
		needed = st.Keys("")
		many(st)
		st.Set("gc", []byte("somebody's, long ago\n"), old)
		return st
	}
	cases := everywhere(t, fresh, func(st store.Store) error {
		_, err := store.Collect(t.Context(), st, store.Live{}, store.CollectOptions{Clock: still})
		return err
	}, func(st *storetest.Memory) {
		at = noon.Add(2 * time.Hour)
		collect(t, st, store.CollectOptions{Clock: store.Clock{Now: func() time.Time { return at }}})
		if got := st.Keys(""); !slices.Equal(got, needed) {
			t.Errorf("left %q, needed %q", got, needed)
		}
	})
	t.Logf("%d cases, nothing lost", cases)
}
