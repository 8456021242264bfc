package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
)

var (
	garbageData = []byte("what nothing needs")
	garbageKey  = store.BlobKey(storetest.Sum(garbageData))
	// old is long before any grace period.
	old = noon.AddDate(0, -2, 0)
)

func bytesOf(t *testing.T, st store.Store, key string) []byte {
	t.Helper()
	body, err := st.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(data)
}

// age makes everything in a store as old as that.
func age(t *testing.T, st *storetest.Memory, at time.Time) {
	t.Helper()
	for _, key := range st.Keys("") {
		st.Set(key, bytesOf(t, st, key), at)
	}
}

func collect(t *testing.T, st store.Store, o store.CollectOptions) store.Collected {
	t.Helper()
	if o.Clock.Now == nil {
		o.Clock = still
	}
	c, err := store.Collect(t.Context(), st, store.Live{}, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func keysOf(objects []store.Object) []string {
	var keys []string
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	return keys
}

// Only blobs go that nothing names, and only old ones.
func TestCollect(t *testing.T) {
	t.Parallel()
	st := storetest.NewMemory(now)
	for n := range 3 {
		if _, err := push(t, st, storetest.Ours(t, n)); err != nil {
			t.Fatal(err)
		}
	}
	age(t, st, old)
	needed := st.Keys("")
	const grace = 14 * 24 * time.Hour
	keys := map[string]time.Time{
		garbageKey: old,
		store.BlobKey(storetest.Sum([]byte("just old enough"))): noon.Add(-grace - time.Second),
		store.BlobKey(storetest.Sum([]byte("just too young"))):  noon.Add(-grace),
		store.BlobKey(storetest.Sum([]byte("of the future"))):   noon.AddDate(1, 0, 0),
		store.BlobKey(storetest.Sum([]byte("of no known age"))): {},
		"blobs/README": old,
	}
	for key, at := range keys {
		st.Set(key, garbageData, at)
	}
	want := []string{garbageKey, store.BlobKey(storetest.Sum([]byte("just old enough")))}
	slices.Sort(want)
	dry := collect(t, st, store.CollectOptions{DryRun: true})
	if got := keysOf(dry.Garbage); !slices.Equal(got, want) || dry.Young != 3 || dry.Kept != len(needed) {
		t.Errorf("%+v", dry)
	}
	if got := len(st.Keys("")); got != len(needed)+len(keys) {
		t.Errorf("the dry run left %d objects", got)
	}
	wet := collect(t, st, store.CollectOptions{})
	if !slices.Equal(keysOf(wet.Garbage), want) || wet.Young != dry.Young || wet.Kept != dry.Kept || wet.Unfinished {
		t.Errorf("%+v; the dry run said %+v", wet, dry)
	}
	if got := len(st.Keys("")); got != len(needed)+len(keys)-len(want) {
		t.Errorf("%d objects are left", got)
	}
	for _, key := range needed {
		if !slices.Contains(st.Keys(""), key) {
			t.Errorf("%s is gone", key)
		}
	}
	if again := collect(t, st, store.CollectOptions{Grace: grace - time.Hour}); len(again.Garbage) != 1 {
		t.Errorf("with less grace: %+v", again)
	}
}

// Of two records of one tarball the newer counts; of two tarballs of one name
// both do.
func TestCollectReplaced(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(t *testing.T, w *storetest.Tarball)
		gone   int
	}{
		{"another verdict", func(_ *testing.T, w *storetest.Tarball) {
			w.Set.Files = append(w.Set.Files[1:], store.File{Path: "wheelhouse-3.11.tgz.meta", Data: []byte("name=another\n")})
		}, 2}, // the manifest and the file that it alone names
		{"another tarball", func(t *testing.T, w *storetest.Tarball) { w.Set.Rehearsal = storetest.Ours(t, 5).Set.Rehearsal }, 0},
		{"another recipe", func(t *testing.T, w *storetest.Tarball) {
			w.Set.Rehearsal = storetest.Gzipped(t, 0, true).Set.Rehearsal
		}, 0},
		{"another entry", func(_ *testing.T, w *storetest.Tarball) { w.Set.Entry = "20260101-99" }, 0},
	} {
		at := old
		st := storetest.NewMemory(func() time.Time { return at })
		w := storetest.Ours(t, 0)
		if _, err := store.Push(t.Context(), st, w.Set, store.Clock{Now: func() time.Time { return at }}); err != nil {
			t.Fatal(err)
		}
		first := st.Keys("entries/")
		at = at.Add(time.Hour)
		c.change(t, &w)
		if _, err := store.Push(t.Context(), st, w.Set, store.Clock{Now: func() time.Time { return at }}); err != nil {
			t.Fatal(err)
		}
		at = noon
		got := collect(t, st, store.CollectOptions{})
		if len(got.Garbage) != c.gone || c.gone > 0 && !slices.Contains(keysOf(got.Garbage), first[0]) {
			t.Errorf("%s: %+v", c.name, got)
		}
		if m := manifests(t, st, ""); c.gone > 0 && (len(m) != 1 || m[0].Tarball.Name != "wheelhouse-3.11.tgz") {
			t.Errorf("%s: %+v", c.name, m)
		}
	}
}

func manifests(t *testing.T, st store.Store, entry string) []store.Manifest {
	t.Helper()
	var all []store.Manifest
	for m, err := range store.Manifests(t.Context(), st, entry) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// Of one tarball a manifest of each recipe counts, and of each frame: a pointer
// names them.
func TestCollectKeepsEveryRecipe(t *testing.T) {
	t.Parallel()
	st := storetest.NewMemory(now)
	other, whole := sample(), sample()
	other.Frame = &store.Part{Name: "frame", SHA256: sumOf("9"), Size: 10}
	whole.Recipe = "whole"
	for n, m := range []store.Manifest{sample(), other, whole} {
		stored(t, st, m, old.Add(time.Duration(n)*time.Hour))
		for _, p := range m.Parts() {
			st.Set(store.BlobKey(p.SHA256), []byte("x"), old)
		}
	}
	if c := collect(t, st, store.CollectOptions{}); len(c.Garbage) > 0 {
		t.Errorf("%+v", c.Garbage)
	}
}

// An object among the manifests that is none, or of a later version, stops it.
func TestCollectForeignManifests(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"entries/x", "entries/20260101-1/x.tgz", "entries/20260101-1/x.tgz@0123456789abcdef", "entries/20260101-1/x.tgz@0123456789abcdef0", "entries/a/b/c@0123456789abcdef"} {
		st := storetest.NewMemory(now)
		st.Set(key, []byte(`{"version":2}`+"\n"), old)
		st.Set(garbageKey, garbageData, old)
		c, err := store.Collect(t.Context(), st, store.Live{}, store.CollectOptions{Clock: still})
		if _, coded := fault.As(err); !coded || len(c.Garbage) > 0 || len(st.Keys("")) != 2 {
			t.Errorf("%s: %+v, %v; left %v", key, c, err, st.Keys(""))
		}
	}
}

// Of two collections at once one says that it is busy; a key that was left
// behind counts for an hour.
func TestCollectAlone(t *testing.T) {
	t.Parallel()
	for at, busy := range map[time.Duration]bool{0: true, time.Minute: true, -time.Minute: true, time.Hour: true, time.Hour + time.Second: false, 48 * time.Hour: false} {
		st := storetest.NewMemory(now)
		st.Set("gc", []byte("somebody's\n"), noon.Add(-at))
		_, err := store.Collect(t.Context(), st, store.Live{}, store.CollectOptions{Clock: still})
		if busy != (fault.Code(err) == "store-busy") || busy != slices.Contains(st.Keys(""), "gc") {
			t.Errorf("put %s ago: %v, left %v", at, err, st.Keys(""))
		}
	}
}

// sniped is a store into which somebody else puts the key just before us.
type sniped struct{ *storetest.Memory }

func (s sniped) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	s.Set("gc", []byte("somebody's\n"), noon)
	return s.Memory.Put(ctx, key, size, open)
}

func TestCollectSniped(t *testing.T) {
	t.Parallel()
	st := storetest.NewMemory(now)
	if _, err := store.Collect(t.Context(), sniped{st}, store.Live{}, store.CollectOptions{Clock: still}); fault.Code(err) != "store-busy" || len(st.Keys("gc")) != 1 {
		t.Errorf("%v, left %v", err, st.Keys(""))
	}
}

// during does something at the first removal.
type during struct {
	store.Store
	delete func()
}

func (d *during) Delete(ctx context.Context, key string) error {
	if f := d.delete; f != nil && key != "gc" {
		d.delete = nil
		f()
	}
	return d.Store.Delete(ctx, key)
}

// many puts so much garbage that the key is looked at in between.
func many(st *storetest.Memory) {
	for n := range 40 {
		st.Set(store.BlobKey(storetest.Sum([]byte{byte(n)})), []byte{byte(n)}, old)
	}
}

// A collection whose key is taken away, or another's, ends, and leaves the
// other's key there.
func TestCollectLosesItsTurn(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*storetest.Memory){
		"another's": func(st *storetest.Memory) { st.Set("gc", []byte("somebody's\n"), noon) },
		"gone":      func(st *storetest.Memory) { _ = st.Delete(context.Background(), "gc") },
	} {
		st := storetest.NewMemory(now)
		many(st)
		c, err := store.Collect(t.Context(), &during{Store: st, delete: func() { change(st) }}, store.Live{}, store.CollectOptions{Clock: still})
		if err == nil || len(c.Garbage) != 16 || len(st.Keys("blobs/")) != 24 {
			t.Errorf("%s: %v, %d removed, %d left", name, err, len(c.Garbage), len(st.Keys("blobs/")))
		}
		if left := st.Keys("gc"); (len(left) == 1) != (name == "another's") {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

// After half an hour the next collection goes on.
func TestCollectStopsInTime(t *testing.T) {
	t.Parallel()
	at := noon
	st := storetest.NewMemory(func() time.Time { return at })
	many(st)
	clock := store.Clock{Now: func() time.Time { return at }}
	d := &during{Store: st, delete: func() { at = at.Add(31 * time.Minute) }}
	if c := collect(t, d, store.CollectOptions{Clock: clock}); len(c.Garbage) != 1 || !c.Unfinished || len(st.Keys("gc")) > 0 {
		t.Errorf("%+v, left %v", c, st.Keys("gc"))
	}
	if c := collect(t, st, store.CollectOptions{Clock: clock}); len(c.Garbage) != 39 || c.Unfinished {
		t.Errorf("%+v", c)
	}
}

// An error in the middle tells what is gone by then, and takes the key away,
// also where the context has ended.
func TestCollectFailsInTheMiddle(t *testing.T) {
	t.Parallel()
	st := storetest.NewMemory(now)
	many(st)
	ctx, cancel := context.WithCancel(t.Context())
	c, err := store.Collect(ctx, &during{Store: st, delete: cancel}, store.Live{}, store.CollectOptions{Clock: still})
	if !errors.Is(err, context.Canceled) || len(c.Garbage) != 0 || len(st.Keys("gc")) > 0 || len(st.Keys("")) != 40 {
		t.Errorf("%+v, %v, left %v", c, err, st.Keys("gc"))
	}
}

// sweeping notes when it is swept.
type sweeping struct {
	store.Store
	before []time.Time
	err    error
}

func (s *sweeping) Sweep(_ context.Context, before time.Time) error {
	s.before = append(s.before, before)
	return s.err
}

func TestCollectSweeps(t *testing.T) {
	t.Parallel()
	s := &sweeping{Store: storetest.NewMemory(now)}
	collect(t, s, store.CollectOptions{DryRun: true, Grace: time.Hour})
	if len(s.before) > 0 {
		t.Error("the dry run swept")
	}
	collect(t, s, store.CollectOptions{Grace: time.Hour})
	if !slices.Equal(s.before, []time.Time{noon.Add(-time.Hour)}) {
		t.Errorf("swept %v", s.before)
	}
	if _, err := store.Collect(t.Context(), &sweeping{Store: &dying{Store: s.Store, at: 2, once: true}, err: errors.New("swept")}, store.Live{}, store.CollectOptions{Clock: still}); !errors.Is(err, errDead) {
		t.Errorf("swept in spite of %v", err)
	}
	at := noon
	st := storetest.NewMemory(func() time.Time { return at })
	many(st)
	late := &sweeping{Store: &during{Store: st, delete: func() { at = at.Add(31 * time.Minute) }}}
	if c := collect(t, late, store.CollectOptions{Clock: store.Clock{Now: func() time.Time { return at }}}); !c.Unfinished || len(late.before) > 0 {
		t.Errorf("%+v, swept %v", c, late.before)
	}
	s.err = errors.New("no")
	if _, err := store.Collect(t.Context(), s, store.Live{}, store.CollectOptions{Clock: still}); err == nil || !strings.Contains(err.Error(), "no") {
		t.Error(err)
	}
}
