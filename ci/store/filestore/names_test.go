package filestore

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"gc": "gc", "blobs/" + sum: "blobs/e3/" + sum, "blobs/x": "blobs/x",
		"entries/a+b@c_d-e.f/x": "entries/a+b@c_d-e.f/x", "entries/ABc/x": "entries/%41%42c/x", "entries/x./y": "entries/x%2e/y",
		"entries/con/aux.tgz": "entries/%63on/%61ux.tgz", "entries/COM1/console": "entries/%43%4f%4d1/console",
	} {
		if got := fileOf(key); got != want {
			t.Errorf("%s is in %s", key, got)
		}
		if back, ok := keyOf(fileOf(key)); !ok || back != key {
			t.Errorf("%s comes back as %q, %v", key, back, ok)
		}
	}
	for _, file := range []string{
		"", "x y", ".gitignore", "blobs/" + sum, "blobs/e4/" + sum, "entries/A", "entries/%41%", "entries/%61", "entries/%2e%2e/x", "entries/..", "entries/%2f",
	} {
		if key, ok := keyOf(file); ok {
			t.Errorf("%s is the file of %q", file, key)
		}
	}
}

// Different keys have different files, also where capitals are small letters.
func FuzzNames(f *testing.F) {
	f.Add("entries/Con/AUX.", "entries/con/aux.")
	f.Add("blobs/"+sum, "blobs/"+strings.ToUpper(sum))
	f.Fuzz(func(t *testing.T, a, b string) {
		if store.CheckKey(a) != nil || store.CheckKey(b) != nil {
			return
		}
		if back, ok := keyOf(fileOf(a)); !ok || back != a {
			t.Errorf("%q comes back as %q, %v", a, back, ok)
		}
		if a != b && strings.EqualFold(fileOf(a), fileOf(b)) {
			t.Errorf("%q and %q have one file", a, b)
		}
	})
}

func TestURLs(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("paths look otherwise")
	}
	root := filepath.Join(t.TempDir(), "check out")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(filepath.Dir(root), "link")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"file:.wheelhouse-store":          "file:.wheelhouse-store",
		"file:./a/../b/":                  "file:b",
		"file:a b":                        "file:a%20b",
		"file:a%20b":                      "file:a%20b",
		"file:a%25b":                      "file:a%25b",
		"file:/mnt/wheel house":           "file:/mnt/wheel%20house",
		"file:///mnt/wheels":              "file:/mnt/wheels",
		"file:" + root + "/store":         "file:store",
		"file:" + link + "/deep/er/store": "file:deep/er/store",
		"file:../store":                   "file:" + escapePath(filepath.Dir(root)) + "/store",
	} {
		s := open(t, url, root)
		if s.URL() != want || s.Inside() != !strings.Contains(want, ":/") {
			t.Errorf("%s: %s, inside %v", url, s.URL(), s.Inside())
		}
		if again := open(t, s.URL(), root); again.dir != s.dir && !strings.Contains(url, link) {
			t.Errorf("%s: %s, and %s again", url, s.dir, again.dir)
		}
	}
	// The checkout may be seen through a link.
	if s := open(t, "file:"+root+"/deep/store", link); s.URL() != "file:deep/store" || !s.Inside() {
		t.Errorf("through a link: %s, inside %v", s.URL(), s.Inside())
	}
	for _, url := range []string{"", "file:", "x", "s3://x", "file://host/x", "file://", "file:x?y=1", "file:x#y", "file:a\x00", "file:a%00", "file:a\nb", "file:%zz", "file:.", "file:" + root, "file://u@h/x", "file:u:p@h"} {
		if _, err := Open(url, root); fault.Code(err) != "bad-store-url" {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// No folder of a hundred thousand blobs has more than some hundreds.
func TestFan(t *testing.T) {
	t.Parallel()
	in := map[string]int{}
	for n := range 100_000 {
		in[filepath.Dir(fileOf(store.BlobKey(storetest.Sum(fmt.Append(nil, n)))))]++
	}
	for dir, n := range in {
		if n > 600 {
			t.Errorf("%s has %d", dir, n)
		}
	}
	if len(in) != 256 {
		t.Errorf("%d folders", len(in))
	}
}
