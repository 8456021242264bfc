package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// A blob is read to its end only where it is the one wanted.
func TestOpenBlob(t *testing.T) {
	t.Parallel()
	data := storetest.Noise(1, 1000)
	key := store.BlobKey(storetest.Sum(data))
	other := bytes.Clone(data)
	other[999] ^= 1
	for name, c := range map[string]struct {
		data      []byte
		code, why string
	}{
		"right":   {data, "", ""},
		"shorter": {data[:999], "store-corrupt", "it is shorter"},
		"empty":   {nil, "store-corrupt", "it is shorter"},
		"longer":  {append(bytes.Clone(data), 0), "store-corrupt", "it is longer"},
		"other":   {other, "store-corrupt", "it has other bytes"},
	} {
		st := storetest.NewMemory(now)
		st.Set(key, c.data, noon)
		body, err := store.OpenBlob(t.Context(), st, storetest.Sum(data), 1000)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(iotest.OneByteReader(body))
		if fault.Code(err) != c.code || c.code == "" && !bytes.Equal(got, data) || c.code != "" && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if len(got) > 1000 {
			t.Errorf("%s: %d bytes were given", name, len(got))
		}
		if n, again := body.Read(make([]byte, 1)); n != 0 || again == nil || c.code != "" && !errors.Is(again, err) {
			t.Errorf("%s: read on: %d, %v", name, n, again)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	}
	st := storetest.NewMemory(now)
	if _, err := store.OpenBlob(t.Context(), st, storetest.Sum(data), 1000); fault.Code(err) != "store-object-missing" || !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	st.Set(key, data, noon)
	body, err := store.OpenBlob(t.Context(), storetest.Lie{Store: st, Broken: one(key)}, storetest.Sum(data), 1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(body); fault.Code(err) != "store-unreachable" {
		t.Error(err)
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	st := storetest.NewMemory(now)
	data := []byte("name=x\n")
	p := store.Part{Name: "x.meta", SHA256: storetest.Sum(data), Size: int64(len(data))}
	if _, err := store.ReadFile(t.Context(), st, p); fault.Code(err) != "store-object-missing" {
		t.Error(err)
	}
	st.Set(store.BlobKey(p.SHA256), data, noon)
	if got, err := store.ReadFile(t.Context(), st, p); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%q, %v", got, err)
	}
	p.Size = 16<<20 + 1
	if _, err := store.ReadFile(t.Context(), st, p); fault.Code(err) != "bad-manifest" {
		t.Error(err)
	}
}

func TestWheels(t *testing.T) {
	t.Parallel()
	st := storetest.NewMemory(now)
	w := wheelhouse.File{Name: "a-1.0-py3-none-any.whl", SHA256: storetest.Sum([]byte("x")), Size: 1}
	if _, err := store.Wheels(st).OpenWheel(t.Context(), w); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), w.Name) {
		t.Error(err)
	}
	st.Set(store.BlobKey(w.SHA256), []byte("x"), noon)
	body, err := store.Wheels(st).OpenWheel(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(body); string(got) != "x" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// A body that is not as long as was said never ends well.
func TestExactly(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{"": false, "123": false, "1234": true, "12345": false} {
		for _, body := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
			got, err := io.ReadAll(store.Exactly(io.NopCloser(body), 4))
			if (err == nil) != ok || !ok && fault.Code(err) != "wrong-size" || len(got) > 4 {
				t.Errorf("%q: %q, %v", text, got, err)
			}
		}
	}
	if _, err := io.ReadAll(store.Exactly(io.NopCloser(iotest.ErrReader(io.ErrClosedPipe)), 0)); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

// stored puts a manifest as of a time.
func stored(t *testing.T, st *storetest.Memory, m store.Manifest, at time.Time) (key string) {
	t.Helper()
	text, key, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	st.Set(key, text, at)
	return key
}

// The newest of each tarball counts; names that look the same in a key are
// still two.
func TestManifests(t *testing.T) {
	t.Parallel()
	st := storetest.NewMemory(now)
	named := func(entry, tarball, recipe string) store.Manifest {
		m := sample()
		m.Entry, m.Tarball.Name, m.Recipe = entry, tarball, recipe
		return m
	}
	stored(t, st, named("20260301-7", "a.tgz", "gzip-1"), noon)
	newest := stored(t, st, named("20260301-7", "a.tgz", "gzip-2"), noon.Add(time.Second))
	stored(t, st, named("20260301-7", "a.tgz", "gzip-3"), noon)
	stored(t, st, named("20260301-7", "a b.tgz", "gzip-4"), noon)
	stored(t, st, named("20260301-7", "a_b.tgz", "gzip-5"), noon.Add(time.Hour))
	for n := range 20 {
		stored(t, st, named("20260302-"+strings.Repeat("1", n+1), "a.tgz", "gzip-9"), noon)
	}
	stored(t, st, named("wheel_house-3.11-run-9", "a.tgz", "gzip-6"), noon)
	stored(t, st, named("wheel house-3.11-run-9", "a.tgz", "gzip-7"), noon)
	st.Set("entries/README", []byte("somebody's"), noon)
	of := func(st store.Store, entry string) (recipes string, errs int) {
		for m, err := range store.Manifests(t.Context(), st, entry) {
			if err != nil {
				errs++
				continue
			}
			recipes += strings.TrimPrefix(m.Recipe, "gzip-")
		}
		return recipes, errs
	}
	sorted := func(s string) string {
		digits := strings.Split(s, "")
		for i := range digits {
			for j := range i {
				if digits[i] < digits[j] {
					digits[i], digits[j] = digits[j], digits[i]
				}
			}
		}
		return strings.Join(digits, "")
	}
	for entry, want := range map[string]string{"": "24567" + strings.Repeat("9", 20), "20260301-7": "245", "wheel house-3.11-run-9": "7", "20260302-1": "9", "20260303-1": ""} {
		if got, errs := of(st, entry); sorted(got) != want || errs != 0 {
			t.Errorf("%q: %s, %d errors; want %s", entry, got, errs, want)
		}
	}
	// The newest is damaged: it is told, and the one before it serves.
	st.Set(newest, []byte("{}"), noon.Add(time.Second))
	if got, errs := of(st, "20260301-7"); !strings.ContainsAny(got, "13") || strings.Contains(got, "2") || errs != 1 {
		t.Errorf("%s, %d errors", got, errs)
	}
	// It is another's text, of another key.
	text, _, err := named("20260301-7", "a.tgz", "gzip-8").Encode()
	if err != nil {
		t.Fatal(err)
	}
	st.Set(newest, text, noon.Add(time.Second))
	if got, errs := of(st, "20260301-7"); strings.Contains(got, "8") || errs != 1 {
		t.Errorf("%s, %d errors", got, errs)
	}
	for range store.Manifests(t.Context(), st, "") {
		break
	}
}

// However many manifests a tarball has, and wherever its newest stands among
// them, that one comes.
func TestManifestsOfOneTarball(t *testing.T) {
	t.Parallel()
	for place := range 20 {
		st := storetest.NewMemory(now)
		var all []string
		recipes := map[string]string{}
		for n := range 20 {
			m := sample()
			m.Recipe = fmt.Sprintf("gzip-%d", n)
			key := stored(t, st, m, noon)
			all, recipes[key] = append(all, key), m.Recipe
		}
		slices.Sort(all)
		newest := all[place]
		st.Set(newest, bytesOf(t, st, newest), noon.Add(time.Second))
		if m := manifests(t, st, ""); len(m) != 1 || m[0].Recipe != recipes[newest] {
			t.Errorf("place %d: %d manifests, %+v", place, len(m), m)
		}
	}
}
