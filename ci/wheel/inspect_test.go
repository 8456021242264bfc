package wheel

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

// member is one member of an archive made for a test.
type member struct{ name, content string }

// archive gives a zip with these members, deflated or stored.
func archive(t testing.TB, method uint16, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range members {
		dst, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(dst, m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read inspects an archive, and gives its METADATA and the first trouble but a
// missing WHEEL, which most of these archives do without.
func read(data []byte, limits Limits) (Metadata, error) {
	c := Inspect(bytes.NewReader(data), int64(len(data)), limits)
	for _, err := range c.Troubles {
		if fault.Code(err) != "wheel-missing" {
			return c.Metadata, err
		}
	}
	return c.Metadata, nil
}

func TestReadMetadata(t *testing.T) {
	t.Parallel()
	for _, deflate := range []bool{false, true} {
		data := wheeltest.Wheel{
			Project: "demo-x", Version: "2.0", RequiresPython: ">=3.8, <4", ProvidesExtra: []string{"A_b", "c"},
			RequiresDist: []string{"numpy>=1; python_version >= '3.8'", "pillow[x]"}, Deflate: deflate,
		}.Bytes()
		got, err := read(data, Limits{})
		want := Metadata{
			Name: "demo-x", Version: "2.0", RequiresPython: ">=3.8, <4", ProvidesExtra: []string{"A_b", "c"},
			RequiresDist: []string{"numpy>=1; python_version >= '3.8'", "pillow[x]"},
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

// What is below the headers, or what Python's parser ends them at, counts not.
func TestHeaders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, python string
		dist         []string
	}{
		"body":            {text: "Name: a\nVersion: 1\n\nRequires-Dist: no\n"},
		"binary body":     {text: "Name: a\nVersion: 1\n\n\x00\xff"},
		"no header":       {text: "Name: a\nVersion: 1\nPermission is granted\nRequires-Dist: no\n"},
		"carriage return": {text: "Name: a\r\nVersion: 1\r\nRequires-Dist: b\r\n\r\nRequires-Dist: no\r\n", dist: []string{"b"}},
		"case":            {text: "NAME: a\nversion:1\nrequires-DIST:b", dist: []string{"b"}},
		"continuation":    {text: "Name: a\nVersion: 1\nRequires-Dist: b\n ;python_version\n\t> '3'\nRequires-Dist:\n c\n", dist: []string{"b ;python_version > '3'", "c"}},
		"other's":         {text: "Name: a\nVersion: 1\nLicense: x\n  Requires-Dist: no\n"},
		"python":          {text: "Name: a\nVersion: 1\nRequires-Python:  >=3.8 \n", python: ">=3.8"},
	} {
		m, err := read(archive(t, zip.Store, member{"a-1.dist-info/METADATA", c.text}), Limits{})
		if err != nil || m.Name != "a" || m.Version != "1" || m.RequiresPython != c.python || !reflect.DeepEqual(m.RequiresDist, c.dist) {
			t.Errorf("%s: got %+v, %v", name, m, err)
		}
	}
}

func TestReadMetadataRefuses(t *testing.T) {
	t.Parallel()
	const path, sound = "a-1.dist-info/METADATA", "Name: a\nVersion: 1\n"
	one := func(text string) []byte { return archive(t, zip.Store, member{path, text}) }
	whole := one(sound)
	broken := bytes.Replace(whole, []byte("Version: 1\n"), []byte("Version: 2\n"), 1)
	for name, c := range map[string]struct {
		data   []byte
		limits Limits
		code   string
	}{
		"empty":                 {data: nil, code: "not-a-zip"},
		"text":                  {data: []byte("hello"), code: "not-a-zip"},
		"cut short":             {data: whole[:len(whole)-30], code: "not-a-zip"},
		"checksum":              {data: broken, code: "bad-metadata"},
		"none":                  {data: archive(t, zip.Store, member{"a/__init__.py", ""}), code: "metadata-missing"},
		"in a folder":           {data: archive(t, zip.Store, member{"x/" + path, sound}), code: "metadata-missing"},
		"two folders":           {data: archive(t, zip.Store, member{path, sound}, member{"b-1.dist-info/RECORD", ""}), code: "metadata-missing"},
		"twice":                 {data: archive(t, zip.Store, member{path, sound}, member{path, sound}), code: "metadata-missing"},
		"members":               {data: archive(t, zip.Store, member{path, sound}, member{"x", ""}), limits: Limits{Members: 1}, code: "zip-bomb"},
		"directory":             {data: manyMembers(t), limits: Limits{Members: 1}, code: "zip-bomb"},
		"bytes":                 {data: one(sound), limits: Limits{MetadataBytes: 5}, code: "zip-bomb"},
		"bomb":                  {data: archive(t, zip.Deflate, member{path, sound + strings.Repeat("A: b\n", 4<<20)}), code: "zip-bomb"},
		"headers":               {data: one(sound + strings.Repeat("A: b\n", maxHeaders)), code: "zip-bomb"},
		"empty METADATA":        {data: one(""), code: "bad-metadata"},
		"no name":               {data: one("Version: 1\n"), code: "bad-metadata"},
		"no version":            {data: one("Name: a\n"), code: "bad-metadata"},
		"long version":          {data: one("Name: a\nVersion: " + strings.Repeat("1", 300)), code: "bad-metadata"},
		"bad name":              {data: one("Name: a b\nVersion: 1\n"), code: "bad-metadata"},
		"name twice":            {data: one(sound + "name: b\n"), code: "bad-metadata"},
		"version twice":         {data: one(sound + "Version: 1\n"), code: "bad-metadata"},
		"requires-python twice": {data: one(sound + "Requires-Python: >3\nRequires-Python: >2\n"), code: "bad-metadata"},
		"byte order mark":       {data: one("\ufeff" + sound), code: "bad-metadata"},
		"binary":                {data: one("Name: a\nVersion: 1\nX: \x00\n"), code: "bad-metadata"},
		"escape":                {data: one("Name: a\nVersion: 1\nRequires-Dist: \x1b[31m\n"), code: "bad-metadata"},
		"lone carriage return":  {data: one("Name: a\nVersion: 1\nX: a\rRequires-Dist: b\n"), code: "bad-metadata"},
		"not UTF-8":             {data: one("Name: a\nVersion: 1\nX: \xff\n"), code: "bad-metadata"},
		"continues nothing":     {data: one(" x\nName: a\nVersion: 1\n"), code: "bad-metadata"},
	} {
		if m, err := read(c.data, c.limits); fault.Code(err) != c.code {
			t.Errorf("%s: got %+v, %v, want %s", name, m, err, c.code)
		}
	}
}

// manyMembers gives an archive whose directory alone is 2 MB.
func manyMembers(t testing.TB) []byte {
	members := make([]member, 20_000)
	for i := range members {
		members[i].name = fmt.Sprintf("%s/%d", strings.Repeat("x", 60), i)
	}
	return archive(t, zip.Store, members...)
}

// Only the directory, METADATA and WHEEL are read of a large wheel.
func TestInspectReadsLittle(t *testing.T) {
	t.Parallel()
	data := wheeltest.Wheel{Project: "demo", Files: map[string]string{"demo/big.bin": strings.Repeat("x", 4<<20)}}.Bytes()
	counter := &counting{r: bytes.NewReader(data)}
	if c := Inspect(counter, int64(len(data)), Limits{}); c.Troubles != nil {
		t.Fatal(c.Troubles)
	}
	if counter.n > 256<<10 {
		t.Errorf("%d bytes were read", counter.n)
	}
}

// The bound on the directory is none on METADATA.
func TestReadMetadataBeyondTheDirectory(t *testing.T) {
	t.Parallel()
	text := "Name: a\nVersion: 1\n\n" + strings.Repeat("long description\n", 200_000)
	if m, err := read(archive(t, zip.Store, member{"a-1.dist-info/METADATA", text}), Limits{Members: 1}); err != nil || m.Name != "a" {
		t.Errorf("got %+v, %v", m, err)
	}
}

type counting struct {
	r io.ReaderAt
	n int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.n += len(p)
	return c.r.ReadAt(p, off)
}

func FuzzReadMetadata(f *testing.F) {
	f.Add(true, []byte("Name: a\nVersion: 1\nRequires-Dist: b\n ; x\n\nbody"))
	f.Add(true, []byte("Name: a\r\nVersion: 1\r\nRequires-Python: >=3\r\n"))
	f.Add(true, []byte("\ufeffName: a\nVersion 1\n:\n"))
	f.Add(false, wheeltest.Wheel{Project: "demo", RequiresDist: []string{"x"}}.Bytes())
	f.Add(false, wheeltest.Wheel{Project: "demo", Deflate: true}.Bytes())
	f.Add(false, archive(f, zip.Store, member{"a.dist-info/METADATA", ""}, member{"b.dist-info/", ""}))
	f.Fuzz(func(t *testing.T, headers bool, data []byte) {
		if headers {
			data = archive(t, zip.Store, member{"a-1.dist-info/METADATA", string(data)})
		}
		m, err := read(data, Limits{MetadataBytes: 1 << 20})
		if err != nil {
			if fault.Code(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		if m.Name == "" || m.Version == "" || strings.ContainsFunc(m.Name+m.RequiresPython+strings.Join(m.RequiresDist, ""), isControl) {
			t.Fatalf("%q gives %+v", data, m)
		}
	})
}

// TestLicence: a whole licence's text in the header is cut, not refused.
func TestLicence(t *testing.T) {
	t.Parallel()
	m, err := parseMetadata([]byte("Name: a\nVersion: 1\nLicense-Expression: MIT\nLicense: " + strings.Repeat("ä", maxLicense) +
		"\n" + strings.Repeat("Classifier: License :: X\n", maxLicenses+1) + "Classifier: Topic :: Y\n\n"))
	if err != nil || m.LicenseExpression != "MIT" || len(m.License) > maxLicense || len(m.License) < maxLicense-1 || len(m.LicenseClassifiers) != maxLicenses {
		t.Errorf("%+v, %v", m, err)
	}
}
