//go:build e2e

package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/ocistore"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/s3store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// TestStores proves each driver against real servers.
func TestStores(t *testing.T) {
	for _, test := range []struct {
		name  string
		serve func(t *testing.T) string
	}{
		{"versitygw", versitygw},
		{"rclone", rcloneS3},
		{"registry", registryOCI},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := test.serve(t)
			t.Run("Conformance", func(t *testing.T) { conforms(t, url) })
			t.Run("Wheelhouse", func(t *testing.T) { keepsWheelhouses(t, openStore(t, url)) })
			if strings.HasPrefix(url, "s3:") {
				t.Run("Credentials", func(t *testing.T) { refusesStrangers(t, url) })
			}
		})
	}
}

// openStore opens a store as its URL says.
func openStore(t *testing.T, url string) store.Store {
	t.Helper()
	var st store.Store
	var err error
	if strings.HasPrefix(url, "oci:") {
		st, err = ocistore.Open(url, ocistore.Options{})
	} else {
		st, err = s3store.Open(url, s3store.Options{Getenv: func(name string) string {
			return map[string]string{"AWS_ACCESS_KEY_ID": serverKey, "AWS_SECRET_ACCESS_KEY": serverSecret}[name]
		}})
	}
	if err != nil {
		t.Fatal(err)
	}
	if st.URL() != url {
		t.Errorf("the store is %s, opened as %s", st.URL(), url)
	}
	return st
}

// conforms runs what every driver must pass, each test in a place of its own.
func conforms(t *testing.T, url string) {
	var places atomic.Int32
	front, query, _ := strings.Cut(url, "?")
	d := storetest.Driver{New: func(t *testing.T) store.Store {
		place := fmt.Sprintf("%s-%d", front, places.Add(1))
		if query != "" {
			place += "?" + query
		}
		return openStore(t, place)
	}}
	if strings.HasPrefix(url, "oci:") {
		d.Many, d.NamedAlone, d.Shared = 150, true, true
	}
	storetest.Run(t, d)
}

// wheelsOf makes wheels that no compression makes smaller, one of them larger
// than any part of an upload. A wheel's bytes hang on its number and its
// version.
func wheelsOf(t *testing.T, dir string, versions []int) []string {
	t.Helper()
	var paths []string
	for i, version := range versions {
		size := 100_000
		if i == 0 {
			size = 20 << 20
		}
		data := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{byte(i), byte(version)}).Read(data) // it never fails
		name := fmt.Sprintf("p%d-1.%d", i, version)
		metadata := fmt.Sprintf("Metadata-Version: 2.1\nName: p%d\nVersion: 1.%d\n", i, version)
		path := filepath.Join(dir, name+"-py3-none-any.whl")
		writeWheel(t, path, map[string]string{"data": string(data), name + ".dist-info/METADATA": metadata})
		paths = append(paths, path)
	}
	return paths
}

// writeWheel writes a zip with members that are stored as they are.
func writeWheel(t *testing.T, path string, members map[string]string) {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(member, members[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rehearsed makes a tarball of wheels and rehearses it.
func rehearsed(t *testing.T, versions []int) *rebuild.Rehearsal {
	t.Helper()
	dir := t.TempDir()
	tarball := filepath.Join(dir, "wheelhouse-3.11.tgz")
	if _, err := wheelhouse.Pack(t.Context(), tarball, wheelsOf(t, dir, versions)); err != nil {
		t.Fatal(err)
	}
	r, err := rebuild.Rehearse(t.Context(), tarball, rebuild.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // the folder goes anyway
	return r
}

// keepsWheelhouses pushes one wheelhouse, then the next with two wheels
// changed, which sends these two alone; then it proves both, makes the first
// again from the store, and lists what is there.
func keepsWheelhouses(t *testing.T, st store.Store) {
	const wheels = 12
	versions := make([]int, wheels)
	first := rehearsed(t, versions)
	push := func(name string, r *rebuild.Rehearsal, meta string) store.Pushed {
		pushed, err := store.Push(t.Context(), st, store.Set{Entry: name, Rehearsal: r, Files: []store.File{
			{Path: "wheelhouse-3.11.tgz.meta", Data: []byte(meta)},
			{Path: "wheelhouse-3.11.tgz.requirements/requirements.txt", Data: nil},
		}}, store.Clock{})
		if err != nil {
			t.Fatal(err)
		}
		return pushed
	}
	pushed := push("20261121-1", first, "one")
	if pushed.Blobs != wheels+2 || pushed.Kept != 0 {
		t.Errorf("the first push sent %d and kept %d", pushed.Blobs, pushed.Kept)
	}
	versions[0], versions[7] = 1, 1
	second := rehearsed(t, versions)
	pushed = push("20261122-2", second, "two")
	if pushed.Blobs != 2+1 || pushed.Kept != wheels-2+1 {
		t.Errorf("the second push sent %d and kept %d; want two wheels and the record", pushed.Blobs, pushed.Kept)
	}
	t.Logf("the second push sent %d of %d bytes", pushed.Bytes, pushed.Bytes+pushed.KeptBytes)
	if again := push("20261122-2", second, "two"); again.Blobs != 0 {
		t.Errorf("the same push again sent %d", again.Blobs)
	}

	checked := new(rebuild.Checked)
	for _, r := range []*rebuild.Rehearsal{first, second} {
		proof, err := rebuild.Prove(t.Context(), r, func(ctx context.Context, sum string, size int64) (io.ReadCloser, error) {
			return store.OpenBlob(ctx, st, sum, size)
		}, entry.Location{URL: st.URL(), Method: entry.Rebuilt}, checked)
		if err != nil || proof.SHA256() != r.Inventory().SHA256 {
			t.Fatalf("proved %s, %v", proof.SHA256(), err)
		}
	}
	var entries []string
	for m, err := range store.Manifests(t.Context(), st, "") {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, m.Entry)
		restores(t, st, m)
	}
	if !slices.Equal(entries, []string{"20261121-1", "20261122-2"}) {
		t.Errorf("the store tells of %q", entries)
	}
	held := 0
	for o, err := range st.List(t.Context(), "blobs/") {
		if err != nil {
			t.Fatal(err)
		}
		if o.Size < 0 || o.Modified.IsZero() {
			t.Errorf("listed %+v", o)
		}
		held++
	}
	if held != wheels+2+2+1 {
		t.Errorf("%d blobs are listed", held)
	}
}

// restores makes a manifest's tarball and files again.
func restores(t *testing.T, st store.Store, m store.Manifest) {
	t.Helper()
	recipe, err := rebuild.ParseRecipe(m.Recipe, nil)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	if err := recipe.Write(t.Context(), hash, m.WheelFiles(), store.Wheels(st)); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != m.Tarball.SHA256 {
		t.Errorf("%s came out as %s, not %s", m.Entry, got, m.Tarball.SHA256)
	}
	for _, file := range m.Files {
		data, err := store.ReadFile(t.Context(), st, file)
		if err != nil || int64(len(data)) != file.Size {
			t.Errorf("%s: %d bytes, %v", file.Name, len(data), err)
		}
	}
}

// refusesStrangers: a server lets nobody in without the right key, and the
// driver says where keys are looked for.
func refusesStrangers(t *testing.T, url string) {
	st, err := s3store.Open(url, s3store.Options{Getenv: func(name string) string {
		return map[string]string{"AWS_ACCESS_KEY_ID": serverKey, "AWS_SECRET_ACCESS_KEY": "another"}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = st.Put(t.Context(), "blobs/x", 1, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte("x"))), nil })
	if err == nil || !strings.Contains(err.Error(), "[store-refused]") {
		t.Errorf("said %v", err)
	}
}
