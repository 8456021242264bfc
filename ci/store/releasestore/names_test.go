package releasestore

import (
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"gc":          "gc",
		"blobs/0a1b":  "blobs-0a1b",
		"blobs/a/b-c": "blobs-a_-b-c",
		"entries/20301122-7/wheelhouse-3.11.tgz@0123456789abcdef": "entries-20301122-7_-wheelhouse-3.11.tgz_a0123456789abcdef",
		"x/a_b+c..d.":  "x-a__b_pc._dd_d",
		"x/_e":         "x-__e",
		"entries/_a/@": "entries-__a_-_a",
	} {
		if got := assetName(key, 1); got != want {
			t.Errorf("%s: %s", key, got)
		}
		if got := assetName(key, 0); got != want+"_e" {
			t.Errorf("%s, empty: %s", key, got)
		}
	}
	for _, name := range []string{"", "notes.txt", "blobs-", "blobs-a_", "blobs-a_x", "blobs-a+b", "Blobs-a", "blobs-a_eb", "wheelhouse-3.11.tgz "} {
		if key, _, ok := keyOf(name); ok {
			t.Errorf("%q is taken for %q", name, key)
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"entries/20301122-7/wheelhouse-3.11.tgz@0123456789abcdef":       "wheelhouse-20301122-7-0123456789abcdef",
		"entries/wheelhouse-3.11-run-7/wheelhouse.tgz@0123456789abcdef": "wheelhouse-wheelhouse-3.11-run-7-0123456789abcdef",
		"entries/a..b@{c/x@0123456789abcdef":                            "wheelhouse-entries-a--b-{c-x-0123456789abcdef",
		"entries/other":                                                 "wheelhouse-entries-other",
	} {
		if got := tagOf(key); store.CheckKey(key) == nil && got != want {
			t.Errorf("%s: %s", key, got)
		}
	}
}

// FuzzNames holds that a key comes back from its name, that no two keys have
// one name, and that names have nothing which GitHub changes.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"gc", "blobs/0a1b", "entries/20301122-7/wheelhouse-3.11.tgz@0123", "x/_e", "x/a.._", "notes.txt", "blobs-a_e", "a/b/c"} {
		f.Add(seed)
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	f.Fuzz(func(t *testing.T, text string) {
		if store.CheckKey(text) == nil {
			for size := range int64(2) {
				name := assetName(text, size)
				key, isEmpty, ok := keyOf(name)
				if !ok || key != text || isEmpty != (size == 0) {
					t.Errorf("%q is named %q, which is %q, %v, %v", text, name, key, isEmpty, ok)
				}
				if strings.Trim(name, letters) != "" || strings.Contains(name, "..") || strings.Trim(name, ".") != name {
					t.Errorf("%q is named %q", text, name)
				}
			}
		}
		if key, isEmpty, ok := keyOf(text); ok {
			size := int64(1)
			if isEmpty {
				size = 0
			}
			if assetName(key, size) != text {
				t.Errorf("%q is taken for %q", text, key)
			}
		}
	})
}
