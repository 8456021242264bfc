package store_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
)

var sum = strings.Repeat("0123456789abcdef", 4)

// sumOf gives a made-up sha256 that begins with that digit.
func sumOf(digit string) string { return digit + sum[1:] }

func sample() store.Manifest {
	return store.Manifest{
		Entry: "20260301-7", Tarball: store.Part{Name: "wheelhouse-3.11.tgz", SHA256: sumOf("a"), Size: 300}, Recipe: "gzip-6",
		Frame: &store.Part{Name: "frame", SHA256: sumOf("b"), Size: 10},
		Wheels: []store.Part{
			{Name: "b-1.0-py3-none-any.whl", SHA256: sumOf("c"), Size: 200},
			{Name: "a-1.0-py3-none-any.whl", SHA256: sumOf("d"), Size: 100},
		},
		Files: []store.Part{
			{Name: "wheelhouse-3.11.tgz.meta", SHA256: sumOf("e"), Size: 50},
			{Name: "requirements/<é>.txt", SHA256: sumOf("f"), Size: 0},
		},
	}
}

// The file in testdata was written once and is never changed: every later
// version reads it, and writes it to the same bytes and under the same key.
func TestFrozenManifest(t *testing.T) {
	t.Parallel()
	text, key, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) || key != "entries/20260301-7/wheelhouse-3.11.tgz@"+storetest.Sum(want)[:16] {
		t.Errorf("%s is\n%s", key, text)
	}
	m, err := store.ParseManifest(want, "testdata")
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := m.Encode()
	if err != nil || !bytes.Equal(again, want) {
		t.Errorf("read and written again: %v\n%s", err, again)
	}
	if names := []string{m.Wheels[0].Name, m.Files[0].Name}; !reflect.DeepEqual(names, []string{"a-1.0-py3-none-any.whl", "requirements/<é>.txt"}) {
		t.Errorf("not sorted: %q", names)
	}
	if w := m.WheelFiles(); len(w) != 2 || w[1].Name != "b-1.0-py3-none-any.whl" || w[1].Size != 200 || w[1].SHA256 != sumOf("c") {
		t.Errorf("%+v", w)
	}
}

// Parts are what has to be there: each sha256 once.
func TestParts(t *testing.T) {
	t.Parallel()
	m := sample()
	m.Files = append(m.Files, store.Part{Name: "again", SHA256: sumOf("e"), Size: 50})
	if got := len(m.Parts()); got != 5 {
		t.Errorf("%d parts", got)
	}
	m.Recipe, m.Frame = "whole", nil
	var sums string
	for _, p := range m.Parts() {
		sums += p.SHA256[:1]
	}
	if sums != "efa" {
		t.Errorf("of a whole one: %q", sums)
	}
}

// Every way in which a manifest is not of its form is refused and named.
func TestBadManifests(t *testing.T) {
	t.Parallel()
	good, _, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, with string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("no %q in %s", old, good)
		}
		return strings.Replace(string(good), old, with, 1)
	}
	many := sample()
	many.Version = 1
	for range 20_001 {
		many.Wheels = append(many.Wheels, store.Part{})
	}
	tooMany, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, why string }{
		"empty":               {"", "no JSON"},
		"cut":                 {string(good[:len(good)/2]), "no JSON"},
		"an array":            {"[]\n", "no JSON"},
		"null":                {"null\n", "version is 0"},
		"two":                 {string(good) + string(good), "no JSON"},
		"too large":           {strings.Repeat(" ", 16<<20) + string(good), "more than"},
		"version":             {replace(`"version":1`, `"version":2`), "version is 2"},
		"unknown key":         {replace(`"version":1`, `"version":1,"chunks":["x"]`), "one form"},
		"key twice":           {replace(`"version":1`, `"version":1,"version":1`), "one form"},
		"key in capitals":     {replace(`"entry"`, `"Entry"`), "one form"},
		"blank":               {replace(`"version":1`, `"version": 1`), "one form"},
		"no line feed":        {string(good[:len(good)-1]), "one form"},
		"escaped":             {replace("wheelhouse", `\u0077heelhouse`), "one form"},
		"entry":               {replace("20260301-7", "../x"), "is no entry"},
		"no entry":            {replace("20260301-7", ""), "is no entry"},
		"recipe":              {replace(`"gzip-6"`, `""`), "is no recipe"},
		"recipe of blanks":    {replace(`"gzip-6"`, `"gzip 6"`), "is no recipe"},
		"recipe's length":     {replace(`"gzip-6"`, `"`+strings.Repeat("x", 41)+`"`), "is no recipe"},
		"many wheels":         {string(tooMany), "more than 20000"},
		"no wheels":           {`{"version":1,"entry":"20260301-7","tarball":{"name":"x","sha256":"` + sum + `","size":1},"recipe":"whole","wheels":null,"files":[]}` + "\n", "no list"},
		"no files":            {`{"version":1,"entry":"20260301-7","tarball":{"name":"x","sha256":"` + sum + `","size":1},"recipe":"whole","wheels":[]}` + "\n", "no list"},
		"tarball's name":      {replace(`"wheelhouse-3.11.tgz"`, `"x/wheelhouse-3.11.tgz"`), "is no file name"},
		"hidden tarball":      {replace(`"wheelhouse-3.11.tgz"`, `".wheelhouse-3.11.tgz"`), "is no file name"},
		"wheel's name":        {replace(`"a-1.0-py3`, `"../a-1.0-py3`), "is no file name"},
		"wheel of no name":    {replace(`"a-1.0-py3-none-any.whl"`, `""`), "is no name of a file"},
		"frame's name":        {replace(`"name":"frame"`, `"name":"a/frame"`), "is no file name"},
		"backslash":           {replace(`"a-1.0-py3`, `"a\\-1.0-py3`), "is no name of a file"},
		"control character":   {replace(`"a-1.0-py3`, `"a\u0007-1.0-py3`), "is no name of a file"},
		"not UTF-8":           {replace(`"a-1.0-py3`, "\"a\xff-1.0-py3"), "one form"},
		"long name":           {replace(`"a-1.0`, `"`+strings.Repeat("a", 1025)), "is no name of a file"},
		"wheels out of order": {replace(`"a-1.0`, `"c-1.0`), "is not after"},
		"wheel twice":         {replace(`"a-1.0`, `"b-1.0`), "is not after"},
		"file climbs":         {replace(`"requirements/<é>.txt"`, `"requirements/../../x"`), "is no name of a file"},
		"file is absolute":    {replace(`"requirements/<é>.txt"`, `"/x"`), "is no name of a file"},
		"file is the folder":  {replace(`"requirements/<é>.txt"`, `"."`), "is no name of a file"},
		"file twice":          {replace(`"requirements/<é>.txt"`, `"wheelhouse-3.11.tgz.meta"`), "is not after"},
		"file too large":      {replace(`"size":50`, `"size":16777217`), "more than"},
		"sha256":              {replace(sumOf("e"), "E"+sum[1:]), "no sha256"},
		"short sha256":        {replace(sumOf("e"), sum[1:]), "no sha256"},
		"size below zero":     {replace(`"size":50`, `"size":-1`), "no sha256 or no size"},
		"size of text":        {replace(`"size":50`, `"size":"50"`), "no JSON"},
		"size too large":      {replace(`"size":50`, `"size":99999999999999999999`), "no JSON"},
		"one sum, two sizes":  {replace(sumOf("e"), sumOf("d")), "another size"},
	} {
		m, err := store.ParseManifest([]byte(c.text), "x.json")
		if fault.Code(err) != "bad-manifest" || !strings.Contains(err.Error(), c.why) || !strings.Contains(err.Error(), "x.json") || !reflect.DeepEqual(m, store.Manifest{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := sample()
	bad.Entry = "x"
	if _, _, err := bad.Encode(); fault.Code(err) != "bad-manifest" {
		t.Errorf("written all the same: %v", err)
	}
}

// Names that keys cannot hold look alike there; the manifest has them.
func TestKeys(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"wheelhouse-3.11.tgz":           "wheelhouse-3.11.tgz",
		"wheel house (é).tgz":           "wheel_house____.tgz",
		"a@b:c.tgz":                     "a_b_c.tgz",
		strings.Repeat("x", 300) + ".t": strings.Repeat("x", 150),
	} {
		m := sample()
		m.Tarball.Name = name
		_, key, err := m.Encode()
		if err != nil || !strings.HasPrefix(key, "entries/20260301-7/"+want+"@") || store.CheckKey(key) != nil {
			t.Errorf("%q: %s, %v", name, key, err)
		}
	}
	for key, ok := range map[string]bool{
		"gc": true, "blobs/" + sum: true, "entries/20260301-7/w.tgz@0123456789abcdef": true, strings.Repeat("x", 512): true,
		strings.Repeat("x", 513): false, "": false, "a/": false, "a//b": false, "a/.b": false, "a/b\n": false, "A": false, "a/%2e": false,
	} {
		if got := store.CheckKey(key); (got == nil) != ok || !ok && fault.Code(got) != "bad-store-key" {
			t.Errorf("%q: %v", key, got)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	good, _, err := sample().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"version":1}`))
	f.Add(bytes.ReplaceAll(good, []byte("20260301-7"), []byte("wheelhouse-3.11-run-7")))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := store.ParseManifest(text, "fuzz")
		if err != nil {
			if fault.Code(err) != "bad-manifest" {
				t.Fatal(err)
			}
			return
		}
		again, key, err := m.Encode()
		if err != nil || !bytes.Equal(again, text) || store.CheckKey(key) != nil {
			t.Fatalf("%s: %v\n%s", key, err, again)
		}
		for _, p := range m.Parts() {
			if err := store.CheckKey(store.BlobKey(p.SHA256)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
