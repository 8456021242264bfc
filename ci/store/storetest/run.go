package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Driver is what a driver's store is like.
type Driver struct {
	// New gives an empty store, for a test of its own.
	New func(t *testing.T) store.Store
	// Many is how many objects the list over several pages has; 0: 1,500.
	Many int
	// Big is the size of the big object; 0: 20 MiB.
	Big int
	// NamedAlone: List gives those blobs alone that a manifest names.
	NamedAlone bool
	// Shared: two puts of one key at once may both tell that they wrote.
	Shared bool
}

// Run tests a driver. The tests are parallel.
func Run(t *testing.T, d Driver) {
	if d.Many == 0 {
		d.Many = 1500
	}
	if d.Big == 0 {
		d.Big = 20 << 20
	}
	for name, test := range map[string]func(*testing.T, Driver){
		"PutAndRead": putAndRead, "Absent": absent, "Delete": deleteAndPut, "List": list, "Sizes": sizes, "Cancelled": cancelled,
		"AtOnce": atOnce, "HostileKeys": hostileKeys, "Big": big, "URL": urlIsRecorded, "RoundTrip": roundTrip, "Lock": lock,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, d)
		})
	}
}

// Body opens data, as Put asks for it.
func Body(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// Sum gives the sha256 of data.
func Sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Noise gives bytes that follow from the seed and cannot be compressed.
func Noise(seed uint64, size int) []byte {
	data := make([]byte, size)
	for i := range data {
		seed = seed*6364136223846793005 + 1442695040888963407
		data[i] = byte(seed >> 56)
	}
	return data
}

// put puts data as a blob.
func put(t *testing.T, st store.Store, data []byte) (key string, created bool) {
	t.Helper()
	key = store.BlobKey(Sum(data))
	created, err := st.Put(t.Context(), key, int64(len(data)), Body(data))
	if err != nil {
		t.Fatalf("putting %s: %v", key, err)
	}
	return key, created
}

// read reads an object whole.
func read(t *testing.T, st store.Store, key string) []byte {
	t.Helper()
	body, err := st.Open(t.Context(), key)
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

// gone fails when anything is under the key.
func gone(t *testing.T, st store.Store, key string) {
	t.Helper()
	if _, err := st.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) || fault.Code(err) != "store-object-missing" {
		t.Errorf("asking for %s: %v", key, err)
	}
	if body, err := st.Open(t.Context(), key); !errors.Is(err, fs.ErrNotExist) || fault.Code(err) != "store-object-missing" {
		if err == nil {
			_ = body.Close()
		}
		t.Errorf("opening %s: %v", key, err)
	}
}

func putAndRead(t *testing.T, d Driver) {
	st := d.New(t)
	var last time.Time
	for _, data := range [][]byte{{}, []byte("x"), Noise(1, 100_000)} {
		key, created := put(t, st, data)
		if !created {
			t.Errorf("%s: not stored", key)
		}
		if got := read(t, st, key); !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes come back of %d", key, len(got), len(data))
		}
		o, err := st.Stat(t.Context(), key)
		if err != nil || o.Key != key || o.Size != int64(len(data)) {
			t.Errorf("%+v, %v", o, err)
		}
		// Two puts in a row are not far apart, and no time goes backwards.
		if !d.NamedAlone && (o.Modified.IsZero() || !last.IsZero() && (o.Modified.Sub(last) > 10*time.Minute || o.Modified.Sub(last) < -time.Minute)) {
			t.Errorf("%s was put at %s, the one before at %s", key, o.Modified, last)
		}
		last = o.Modified
		if _, again := put(t, st, data); again {
			t.Errorf("%s: stored twice", key)
		}
		if after, err := st.Stat(t.Context(), key); err != nil || !after.Modified.Equal(o.Modified) {
			t.Errorf("the second put left %+v, %v; it was %+v", after, err, o)
		}
	}
}

func absent(t *testing.T, d Driver) {
	st := d.New(t)
	m := manifest(t, 0, nil)
	for _, key := range []string{store.BlobKey(Sum(nil)), m.key, "gc"} {
		gone(t, st, key)
		if err := st.Delete(t.Context(), key); err != nil {
			t.Errorf("deleting %s, which is not there: %v", key, err)
		}
	}
	for _, prefix := range []string{"", "blobs/", "entries/", "entries/20260101-1/", "gc"} {
		for o, err := range st.List(t.Context(), prefix) {
			t.Errorf("an empty store lists %+v, %v", o, err)
		}
	}
}

func deleteAndPut(t *testing.T, d Driver) {
	st := d.New(t)
	data := []byte("a wheel")
	key, _ := put(t, st, data)
	for range 2 {
		if err := st.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		gone(t, st, key)
	}
	if _, created := put(t, st, data); !created {
		t.Error("not stored again")
	}
	if got := read(t, st, key); !bytes.Equal(got, data) {
		t.Errorf("%q comes back", got)
	}
}

// lock puts and deletes the key of a collection, which is no blob.
func lock(t *testing.T, d Driver) {
	st := d.New(t)
	for _, text := range []string{"one\n", "another\n"} {
		created, err := st.Put(t.Context(), "gc", int64(len(text)), Body([]byte(text)))
		if err != nil || !created {
			t.Fatalf("%v, %v", created, err)
		}
		if created, err := st.Put(t.Context(), "gc", 5, Body([]byte("third"))); err != nil || created {
			t.Errorf("put over the first: %v, %v", created, err)
		}
		if got := read(t, st, "gc"); string(got) != text {
			t.Errorf("%q comes back", got)
		}
		if o, err := st.Stat(t.Context(), "gc"); err != nil || o.Size != int64(len(text)) || o.Modified.IsZero() {
			t.Errorf("%+v, %v", o, err)
		}
		if err := st.Delete(t.Context(), "gc"); err != nil {
			t.Fatal(err)
		}
		gone(t, st, "gc")
	}
}

// hostileKeys are refused before anything is asked of a server.
func hostileKeys(t *testing.T, d Driver) {
	st := d.New(t)
	for _, key := range []string{
		"", "/", "blobs/", "/blobs/x", "blobs//x", "../x", "blobs/..", "blobs/../../x", "blobs/.x", "blobs/x/", "Blobs/x", `blobs\x`, "blobs/x y",
		"blobs/x\x00", "blobs/x\n", "blobs/x?y", "blobs/x#y", "blobs/x%2e", "blobs/é", "blobs/C:", "blobs/" + strings.Repeat("x", 600),
	} {
		opened := false
		_, err := st.Put(t.Context(), key, 1, func() (io.ReadCloser, error) {
			opened = true
			return io.NopCloser(strings.NewReader("x")), nil
		})
		_, statErr := st.Stat(t.Context(), key)
		_, openErr := st.Open(t.Context(), key)
		for doing, err := range map[string]error{"put": err, "stat": statErr, "open": openErr, "delete": st.Delete(t.Context(), key)} {
			if fault.Code(err) != "bad-store-key" {
				t.Errorf("%s of %q: %v", doing, key, err)
			}
		}
		if opened {
			t.Errorf("%q: its bytes were asked for", key)
		}
	}
}

// atOnce puts one key from many sides.
func atOnce(t *testing.T, d Driver) {
	st := d.New(t)
	data := Noise(3, 300_000)
	key := store.BlobKey(Sum(data))
	const sides = 8
	var group sync.WaitGroup
	created, errs := make([]bool, sides), make([]error, sides)
	for i := range sides {
		group.Go(func() { created[i], errs[i] = st.Put(t.Context(), key, int64(len(data)), Body(data)) })
	}
	group.Wait()
	wrote := 0
	for i := range sides {
		if errs[i] != nil {
			t.Error(errs[i])
		}
		if created[i] {
			wrote++
		}
	}
	if wrote == 0 || wrote > 1 && !d.Shared {
		t.Errorf("%d of %d say that they wrote", wrote, sides)
	}
	if got := read(t, st, key); !bytes.Equal(got, data) {
		t.Errorf("%d bytes come back", len(got))
	}
}

func big(t *testing.T, d Driver) {
	st := d.New(t)
	data := Noise(4, d.Big+1)
	key, created := put(t, st, data)
	if !created {
		t.Error("not stored")
	}
	body, err := store.OpenBlob(t.Context(), st, Sum(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Error(err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
	// A reader may stop before the end.
	body, err = st.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, body, 1000); err != nil {
		t.Error(err)
	}
	_ = body.Close()
}

// urlIsRecorded: a pointer takes the store's URL.
func urlIsRecorded(t *testing.T, d Driver) {
	st := d.New(t)
	at := time.Unix(1e9, 0).UTC()
	p := entry.Pointer{
		Name: "wheelhouse-3.11.tgz", SHA256: Sum(nil), Size: 1, Recipe: "whole", PrunedAt: at, Rule: "no rule keeps it",
		Locations: []entry.Location{{URL: st.URL(), Method: entry.ReadBack, VerifiedAt: at}},
	}
	if _, err := p.Encode(); err != nil {
		t.Error(err)
	}
}
