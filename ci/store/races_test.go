package store_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
)

// gate is a store at whose nth call everybody waits until it is opened.
type gate struct {
	store.Store
	stop int

	mu      sync.Mutex
	calls   int
	reached chan struct{} // closed when the nth call has come
	open    chan struct{} // closed to go on
}

func newGate(st store.Store, stop int) *gate {
	return &gate{Store: st, stop: stop, reached: make(chan struct{}), open: make(chan struct{})}
}

// pass waits at the gate. Others wait for the lock meanwhile.
func (g *gate) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls == g.stop {
		close(g.reached)
		<-g.open
	}
	g.calls++
}

func (g *gate) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	g.pass()
	return g.Store.Put(ctx, key, size, open)
}

func (g *gate) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	g.pass()
	return g.Store.Open(ctx, key)
}

func (g *gate) Stat(ctx context.Context, key string) (store.Object, error) {
	g.pass()
	return g.Store.Stat(ctx, key)
}

func (g *gate) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	g.pass()
	return g.Store.List(ctx, prefix)
}

func (g *gate) Delete(ctx context.Context, key string) error {
	g.pass()
	return g.Store.Delete(ctx, key)
}

// cut gives what of a push and a collection lies before the other goes on.
type cut struct{ push, collect int }

// race begins a push up to its nth call, then a collection up to its mth, then
// lets the push go on to its end or until it waits, then the collection, then
// the push. It gives how many calls each made.
func race(t *testing.T, st store.Store, w storetest.Tarball, at cut) (calls cut) {
	t.Helper()
	collected, waits := make(chan struct{}), make(chan struct{})
	var once sync.Once
	clock := store.Clock{Now: now, Sleep: func(context.Context, time.Duration) error {
		once.Do(func() { close(waits) })
		<-collected
		return nil
	}}
	pushing, collecting := newGate(st, at.push), newGate(st, at.collect)
	pushed := make(chan struct{})
	go func() {
		defer close(pushed)
		if _, err := store.Push(t.Context(), pushing, w.Set, clock); err != nil {
			t.Errorf("%+v: push: %v", at, err)
		}
	}()
	wait(pushing.reached, pushed)
	go func() {
		defer close(collected)
		if _, err := store.Collect(t.Context(), collecting, store.Live{}, store.CollectOptions{Clock: still}); err != nil {
			t.Errorf("%+v: collect: %v", at, err)
		}
	}()
	wait(collecting.reached, collected)
	close(pushing.open)
	wait(pushed, waits)
	close(collecting.open)
	<-collected
	<-pushed
	return cut{pushing.calls, collecting.calls}
}

func wait(a, b chan struct{}) {
	select {
	case <-a:
	case <-b:
	}
}

// Wherever a push and a collection cut in on each other, all that the push has
// said is stored is there in the end, though all of it lay there as garbage.
func TestPushAndCollectAtOnce(t *testing.T) {
	t.Parallel()
	w := storetest.Ours(t, 0)
	full := storetest.NewMemory(now)
	p, err := store.Push(t.Context(), full, w.Set, still)
	if err != nil {
		t.Fatal(err)
	}
	garbage := func() *storetest.Memory {
		st := storetest.NewMemory(now)
		for _, key := range full.Keys("blobs/") {
			st.Set(key, bytesOf(t, full, key), old)
		}
		st.Set(garbageKey, garbageData, old)
		return st
	}
	const most = 40 // calls of either, and more than either makes
	cases := 0
	for push := range most {
		for collect := range most {
			st := garbage()
			if calls := race(t, st, w, cut{push, collect}); max(calls.push, calls.collect) >= most {
				t.Fatalf("they make %+v calls", calls)
			}
			for _, part := range p.Manifest.Parts() {
				if _, err := st.Stat(t.Context(), store.BlobKey(part.SHA256)); err != nil {
					t.Fatalf("push stopped before call %d, collect before %d: %s is lost: %v", push, collect, part.Name, err)
				}
			}
			if _, err := storetest.Prove(t.Context(), st, w); err != nil {
				t.Fatal(err)
			}
			if keys := st.Keys("gc"); len(keys) > 0 {
				t.Fatal("the key of the collection is left")
			}
			if _, err := st.Stat(t.Context(), garbageKey); err == nil {
				t.Fatal("garbage is left")
			}
			cases++
		}
	}
	t.Logf("%d ways to cut in on each other, nothing lost", cases)
}

// A push waits for a collection by the store's clock, whatever its own says;
// one that was killed an hour ago keeps nobody.
func TestPushWaits(t *testing.T) {
	t.Parallel()
	w := storetest.Ours(t, 0)
	for _, c := range []struct {
		name string
		ago  time.Duration // when the key was put, by the store's clock
		skew time.Duration // by which the pusher's clock is ahead of it
		wait bool
	}{
		{"young", time.Minute, 0, true},
		{"just young", time.Hour, 0, true},
		{"old", time.Hour + time.Second, 0, false},
		{"of the future", -time.Minute, 0, true},
		{"young, and our clock is ahead", time.Minute, 5 * time.Hour, true},
		{"young, and our clock is behind", time.Minute, -5 * time.Hour, true},
		{"old, and our clock is ahead", 2 * time.Hour, 5 * time.Hour, false},
		{"old, and our clock is behind", 2 * time.Hour, -5 * time.Hour, false},
	} {
		st := storetest.NewMemory(now)
		st.Set("gc", []byte("somebody's\n"), noon.Add(-c.ago))
		waited := 0
		clock := store.Clock{Now: func() time.Time { return noon.Add(c.skew) }, Sleep: func(ctx context.Context, _ time.Duration) error {
			if waited++; waited == 3 {
				return st.Delete(ctx, "gc")
			}
			return nil
		}}
		if _, err := store.Push(t.Context(), st, w.Set, clock); err != nil || (waited == 3) != c.wait {
			t.Errorf("%s: waited %d times, %v", c.name, waited, err)
		}
	}
}

// A collection that does not end in an hour of waiting is not waited for.
func TestPushWaitsNotForEver(t *testing.T) {
	t.Parallel()
	st := storetest.NewMemory(now)
	at := noon
	st.Set("gc", []byte("somebody's\n"), noon.AddDate(1, 0, 0))
	waits := 0
	clock := store.Clock{Now: func() time.Time { return at }, Sleep: func(_ context.Context, d time.Duration) error {
		waits++
		at = at.Add(d)
		return nil
	}}
	if _, err := store.Push(t.Context(), st, storetest.Ours(t, 0).Set, clock); fault.Code(err) != "store-busy" || waits != 721 {
		t.Errorf("waited %d times: %v", waits, err)
	}
	clock.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
	if _, err := store.Push(t.Context(), st, storetest.Ours(t, 0).Set, clock); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
