package storetest

import (
	"strings"
	"sync"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// list lists over several pages.
func list(t *testing.T, d Driver) {
	st := d.New(t)
	key, _ := put(t, st, []byte("the file of every record"))
	want := map[string]int64{}
	var mu sync.Mutex
	var group sync.WaitGroup
	room := make(chan struct{}, 8)
	for i := range d.Many {
		m := manifest(t, i, []byte("the file of every record"))
		want[m.key] = int64(len(m.text))
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			if _, err := st.Put(t.Context(), m.key, int64(len(m.text)), Body(m.text)); err != nil {
				mu.Lock()
				defer mu.Unlock()
				t.Error(err)
			}
		})
	}
	group.Wait()
	got := objects(t, st, "entries/")
	for key, size := range want {
		if o, ok := got[key]; !ok || o.Size != size || o.Modified.IsZero() {
			t.Fatalf("%s: listed as %+v, %v; it has %d bytes", key, o, ok, size)
		}
	}
	if len(got) != d.Many {
		t.Errorf("%d are listed of %d", len(got), d.Many)
	}
	if got := objects(t, st, "blobs/"); len(got) != 1 || got[key].Size != 24 {
		t.Errorf("blobs: %v", got)
	}
	if got := objects(t, st, ""); len(got) != d.Many+1 {
		t.Errorf("all: %d", len(got))
	}
	if got := objects(t, st, "entries/20260101-1/"); len(got) != 1 {
		t.Errorf("one entry: %v", got)
	}
	half := 0
	for key := range want {
		if strings.HasPrefix(key, "entries/20260101-1") {
			half++
		}
	}
	if got := objects(t, st, "entries/20260101-1"); len(got) != half {
		t.Errorf("%d of %d begin so", len(got), half)
	}
	// Whoever listens may stop.
	for range st.List(t.Context(), "entries/") {
		break
	}
}

// objects lists what there is, each key once.
func objects(t *testing.T, st store.Store, prefix string) map[string]store.Object {
	t.Helper()
	all := map[string]store.Object{}
	for o, err := range st.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := all[o.Key]; twice || !strings.HasPrefix(o.Key, prefix) || store.CheckKey(o.Key) != nil {
			t.Errorf("prefix %q: lists %q (twice: %v)", prefix, o.Key, twice)
		}
		all[o.Key] = o
	}
	return all
}
