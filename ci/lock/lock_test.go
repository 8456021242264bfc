package lock

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

const (
	sumA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	sumB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// golden is a lock as it lies on disk.
const golden = `lock-version = "1.0"
requires-python = "==3.11.*"
created-by = "wheelhouse"

[[packages]]
name = "demo-b"
version = "1.0+cpu"
wheels = [
    {url = "https://example.org/p/demo_b-1.0%2Bcpu-cp311-cp311-win32.whl", path = "demo_b-1.0+cpu-cp311-cp311-win32.whl", size = 5, hashes = {sha256 = "` + sumB + `"}},
    {path = "demo_b-1.0+cpu-cp311-cp311-win_amd64.whl", size = 7, hashes = {sha256 = "` + sumA + `"}},
]

[[packages]]
name = "demo-x"
version = "2"
wheels = [
    {path = "Demo_X-2-py3-none-any.whl", size = 0, hashes = {sha256 = "` + sumA + `"}},
]

[packages.tool.wheelhouse]
sdists = [
    {wheel = "Demo_X-2-py3-none-any.whl", name = "Demo.X-2.tar.bz2", url = "https://example.org/Demo.X-2.tar.bz2", hashes = {sha256 = "` + sumB + `"}},
]

[tool.wheelhouse]
format = "wheelhouse-1"
tarball = "wheelhouse-3.11.tgz"
sha256 = "` + sumB + `"
size = 1234
python = "3.11"
`

func sample() Lock {
	return Lock{
		Tarball: "wheelhouse-3.11.tgz", Format: wheelhouse.Format, SHA256: sumB, Size: 1234, Python: "3.11",
		Wheels: []Wheel{
			{File: "Demo_X-2-py3-none-any.whl", SHA256: sumA, Sdist: &Sdist{File: "Demo.X-2.tar.bz2", URL: "https://example.org/Demo.X-2.tar.bz2", SHA256: sumB}},
			{File: "demo_b-1.0+cpu-cp311-cp311-win32.whl", Size: 5, SHA256: sumB, URL: "https://example.org/p/demo_b-1.0%2Bcpu-cp311-cp311-win32.whl"},
			{File: "demo_b-1.0+cpu-cp311-cp311-win_amd64.whl", Size: 7, SHA256: sumA},
		},
	}
}

func TestEncodeAndParse(t *testing.T) {
	t.Parallel()
	l := sample()
	l.Wheels[0], l.Wheels[2] = l.Wheels[2], l.Wheels[0] // the order does not matter
	text, err := l.Encode()
	if err != nil || string(text) != golden {
		t.Fatalf("got %v\n%s", err, text)
	}
	if l.Wheels[0].File != sample().Wheels[2].File {
		t.Error("Encode sorted the caller's wheels")
	}
	back, err := Parse(text, "x")
	if err != nil || !reflect.DeepEqual(back, sample()) {
		t.Errorf("got %+v, %v", back, err)
	}
}

func TestEncodeWithoutExtras(t *testing.T) {
	t.Parallel()
	l := Lock{Tarball: "x.tgz", SHA256: sumA, Python: "3.13t", Wheels: []Wheel{
		{File: "a-1-py3-none-any.whl", SHA256: sumA, Sdist: &Sdist{File: "a-1.tar.gz"}},
	}}
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`requires-python = "==3.13.*"`, `python = "3.13t"`, `{wheel = "a-1-py3-none-any.whl", name = "a-1.tar.gz"},`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if back, err := Parse(text, "x"); err != nil || !reflect.DeepEqual(back, l) {
		t.Errorf("got %+v, %v", back, err)
	}
	l.Python = ""
	if text, err := l.Encode(); err != nil || bytes.Contains(text, []byte("python =")) {
		t.Errorf("got %v\n%s", err, text)
	}
}

// No credentials of a URL get into a lock, or into what is said about it.
func TestNoSecrets(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://user:SECRET@example.org/a.whl", "https://SECRET@example.org/a.whl?x#y", "https://example.org/a.whl?sig=SECRET",
		"https://example.org/a.whl#SECRET", "file:///home/SECRET/a.whl", "https://example.org:SECRET/a.whl", "SECRET", "https:SECRET@x",
		"https:///SECRET", "https://é.example.org/SECRET",
	} {
		if clean := CleanURL(url); strings.Contains(clean, "SECRET") {
			t.Errorf("%s gives %s", url, clean)
		}
		l := sample()
		l.Wheels[1].URL, l.Wheels[0].Sdist.URL = url, url
		text, err := l.Encode()
		if err != nil || bytes.Contains(text, []byte("SECRET")) {
			t.Errorf("%s: got %v\n%s", url, err, text)
		}
		if l.Wheels[0].Sdist.URL != url {
			t.Error("Encode changed the caller's lock")
		}
		for _, old := range []string{"https://example.org/p/demo_b-1.0%2Bcpu-cp311-cp311-win32.whl", "https://example.org/Demo.X-2.tar.bz2"} {
			_, err := Parse([]byte(strings.Replace(golden, old, url, 1)), "x")
			if fault.Code(err) != "bad-lock" || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%s: got %v", url, err)
			}
		}
	}
}

func TestCleanURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                     "",
		"https://example.org/a%2Bb.whl":        "https://example.org/a%2Bb.whl",
		"http://u:p@example.org:80/a.whl?b#c":  "http://example.org:80/a.whl",
		"HTTPS://example.org/a b?":             "https://example.org/a%20b",
		"ftp://example.org/a.whl":              "",
		"//example.org/a.whl":                  "",
		"https://example.org/\x00":             "",
		"git+https://example.org/a.git@v1#egg": "",
	} {
		if got := CleanURL(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestFileName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"wheelhouse-3.11.tgz":         "pylock.wheelhouse-311.toml",
		"wheelhouse-3.13t.tgz":        "pylock.wheelhouse-313t.toml",
		"wheelhouse-3.11-run-42.tgz":  "pylock.wheelhouse-311-run-42.toml",
		"my.app-v1.2-3.11.tar.gz":     "pylock.myapp-v12-311.toml",
		"plain":                       "pylock.plain.toml",
		".tgz":                        "pylock.toml",
		"wheelhouse-3.11.tgz.tgz":     "pylock.wheelhouse-311tgz.toml",
		"wheelhouse-3.11-x86_64.tgz":  "pylock.wheelhouse-311-x86_64.toml",
		"wheelhouse-3.11.tar.gz.part": "pylock.wheelhouse-311targzpart.toml",
	} {
		if got := FileName(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Lock)
		code   string
	}{
		"two versions":       {func(l *Lock) { l.Wheels = append(l.Wheels, Wheel{File: "demo.x-3-py3-none-any.whl", SHA256: sumA}) }, "duplicate-project"},
		"twice":              {func(l *Lock) { l.Wheels = append(l.Wheels, l.Wheels[0]) }, "bad-lock"},
		"no wheels":          {func(l *Lock) { l.Wheels = nil }, "bad-lock"},
		"not a wheel":        {func(l *Lock) { l.Wheels[0].File = "x.whl" }, "bad-lock"},
		"path":               {func(l *Lock) { l.Wheels[0].File = "../Demo_X-2-py3-none-any.whl" }, "bad-lock"},
		"sha256":             {func(l *Lock) { l.Wheels[0].SHA256 = strings.ToUpper(sumA) }, "bad-lock"},
		"size":               {func(l *Lock) { l.Wheels[0].Size = -1 }, "bad-lock"},
		"sdist's name":       {func(l *Lock) { l.Wheels[0].Sdist.File = "a/b" }, "bad-lock"},
		"sdist's sha256":     {func(l *Lock) { l.Wheels[0].Sdist.SHA256 = "x" }, "bad-lock"},
		"tarball":            {func(l *Lock) { l.Tarball = "" }, "bad-lock"},
		"tarball, control":   {func(l *Lock) { l.Tarball = "a\nb" }, "bad-lock"},
		"tarball's sha256":   {func(l *Lock) { l.SHA256 = "" }, "bad-lock"},
		"tarball's size":     {func(l *Lock) { l.Size = -1 }, "bad-lock"},
		"python":             {func(l *Lock) { l.Python = "3" }, "bad-lock"},
		"python's rest":      {func(l *Lock) { l.Python = "3.11.7" }, "bad-lock"},
		"format, control":    {func(l *Lock) { l.Format = "\x1b" }, "bad-lock"},
		"sdist, line feed":   {func(l *Lock) { l.Wheels[0].Sdist.File = "a\n" }, "bad-lock"},
		"sdist, not UTF-8":   {func(l *Lock) { l.Wheels[0].Sdist.File = "\xff" }, "bad-lock"},
		"more than 16 MiB":   {func(l *Lock) { l.Tarball = strings.Repeat("x", MaxBytes) }, "bad-lock"},
		"a tarball's folder": {func(l *Lock) { l.Tarball = "a/b.tgz" }, "bad-lock"},
	} {
		l := sample()
		c.change(&l)
		if text, err := l.Encode(); fault.Code(err) != c.code {
			t.Errorf("%s: got %d bytes, %v, want %s", name, len(text), err, c.code)
		}
	}
	l := sample()
	l.Wheels = append(l.Wheels, Wheel{File: "Demo_X-2.0-py2-none-any.whl", SHA256: sumA})
	if _, err := l.Encode(); err != nil {
		t.Errorf("one version in two spellings: %v", err)
	}
	l.Tarball = `a "quoted".tgz`
	if text, err := l.Encode(); err != nil || !bytes.Contains(text, []byte(`tarball = "a \"quoted\".tgz"`)) {
		t.Errorf("quotes: %v", err)
	}
}

func TestParseTakes(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"short":        strings.Replace(golden, `"1.0"`, `"1"`, 1),
		"newer":        strings.Replace(golden, `"1.0"`, `"1.7"`, 1),
		"unknown keys": strings.Replace(golden, `size = 5`, `size = 5, upload-time = 2026-01-01T00:00:00Z, new = [{}]`, 1) + "\n[tool.other]\na = 1\n",
		"own name":     strings.Replace(golden, `{path = "Demo`, `{name = "Demo_X-2-py3-none-any.whl", path = "Demo`, 1),
		"no version":   strings.Replace(golden, "version = \"2\"\n", "", 1),
		"carriage":     strings.ReplaceAll(golden, "\n", "\r\n"),
	} {
		if l, err := Parse([]byte(text), "x"); err != nil || !reflect.DeepEqual(l, sample()) {
			t.Errorf("%s: got %+v, %v", name, l, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	swap := func(old, text string) string {
		if !strings.Contains(golden, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(golden, old, text, 1)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":               {"", `lock-version is ""`},
		"not TOML":            {swap("[[packages]]", "[[packages"), "line 5"},
		"wrong type":          {swap("size = 5", `size = "5"`), "line 9"},
		"duplicate key":       {golden + "size = 3\n", "size"},
		"huge number":         {swap("size = 5", "size = 99999999999999999999"), "line 9"},
		"deep":                {"a = " + strings.Repeat("[", 1<<20), "reading the lock dir/x.toml"},
		"version 2":           {swap(`"1.0"`, `"2.0"`), `lock-version is "2.0"`},
		"version 10":          {swap(`"1.0"`, `"10"`), `lock-version is "10"`},
		"too large":           {golden + strings.Repeat("#", MaxBytes), "larger than"},
		"no packages":         {"lock-version = \"1.0\"\n" + golden[strings.Index(golden, "[tool"):], "it holds no wheel"},
		"no wheels":           {golden + "[[packages]]\nname = \"y\"\n", `the project "y" has no wheels`},
		"no tool":             {golden[:strings.Index(golden, "[tool")], "the tarball's name"},
		"path in a folder":    {swap(`path = "Demo`, `path = "x/Demo`), "x/Demo_X-2-py3-none-any.whl"},
		"path upward":         {swap(`path = "Demo`, `path = "../Demo`), "../Demo"},
		"no path":             {swap(`path = "Demo_X-2-py3-none-any.whl", `, ""), `reading the file name ""`},
		"no size":             {swap("size = 5, ", ""), "has no size"},
		"negative size":       {swap("size = 5", "size = -5"), "negative"},
		"no hashes":           {swap(`, hashes = {sha256 = "`+sumA+`"}`, ""), "is not 64"},
		"md5 alone":           {swap(`hashes = {sha256 =`, `hashes = {md5 =`), "is not 64"},
		"capitals":            {swap(sumA, strings.ToUpper(sumA)), "is not 64"},
		"other project":       {swap(`name = "demo-x"`, `name = "demo-y"`), "is not a wheel of"},
		"not normalised":      {swap(`name = "demo-x"`, `name = "Demo_X"`), "is not a wheel of"},
		"other version":       {swap(`version = "2"`, `version = "3"`), "is not a wheel of"},
		"project twice":       {golden + "[[packages]]\nname = \"demo-x\"\nwheels = [{path = \"demo_x-2-py2-none-any.whl\", size = 1, hashes = {sha256 = \"" + sumA + "\"}}]\n", "is there twice"},
		"wheel twice":         {swap("win_amd64", "win32"), "is there twice"},
		"other name":          {swap(`{path = "Demo`, `{name = "a", path = "Demo`), "has another name"},
		"sdist of none":       {swap(`{wheel = "Demo`, `{wheel = "Other`), "which is not there"},
		"sdist twice":         {swap("sdists = [", `sdists = [{wheel = "Demo_X-2-py3-none-any.whl", name = "a"},`), "is there twice"},
		"sdist without name":  {swap(`name = "Demo.X-2.tar.bz2", `, ""), "the sdist of"},
		"sdist's sha256":      {swap(`.bz2", hashes = {sha256 = "`+sumB, `.bz2", hashes = {sha256 = "`+"x"), "the sha256 of the sdist"},
		"tarball":             {swap(`tarball = "`, `tarball = "../`), "the tarball's name"},
		"tarball's sha256":    {swap("sha256 = \""+sumB+"\"\nsize", "sha256 = \"x\"\nsize"), "the tarball's sha256"},
		"tarball's size":      {swap("size = 1234", "size = -1"), "the tarball's size"},
		"python":              {swap(`python = "3.11"`, `python = "three"`), "is not a version"},
		"not UTF-8":           {golden + "# \xff\n", "line "},
		"control in a string": {swap(`tarball = "`, `tarball = "\u001b`), "the tarball's name"},
	} {
		l, err := Parse([]byte(c.text), "dir/x.toml")
		if fault.Code(err) != "bad-lock" || !strings.Contains(err.Error(), "dir/x.toml") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %+v, %v, want %s", name, l, err, c.want)
		}
	}
}

// The lock alone tells where each wheel lies in the tarball.
func TestSpans(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var paths []string
	contents := map[string][]byte{}
	l := Lock{Tarball: "wheelhouse-3.11.tgz", Python: "3.11"}
	for _, w := range []wheeltest.Wheel{
		{Project: "demo", Files: map[string]string{"demo/big.bin": strings.Repeat("x", 200_000)}}, {Project: "other"},
	} {
		sum := sha256.Sum256(w.Bytes())
		paths = append(paths, w.Write(dir))
		contents[w.FileName()] = w.Bytes()
		l.Wheels = append(l.Wheels, Wheel{File: w.FileName(), Size: int64(len(w.Bytes())), SHA256: hex.EncodeToString(sum[:])})
	}
	tarball := filepath.Join(dir, l.Tarball)
	inv, err := wheelhouse.Pack(t.Context(), tarball, paths)
	if err != nil {
		t.Fatal(err)
	}
	l.Format, l.SHA256, l.Size = wheelhouse.Format, inv.SHA256, inv.Size
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse(text, "x")
	if err != nil {
		t.Fatal(err)
	}
	spans, err := back.Spans()
	if err != nil || len(spans) != 2 {
		t.Fatalf("got %v, %v", spans, err)
	}
	checkSpans(t, tarball, spans, contents)

	for name, c := range map[string]struct {
		change func(*Lock)
		code   string
	}{
		"made elsewhere": {func(l *Lock) { l.Format = "" }, "no-layout"},
		"unknown format": {func(l *Lock) { l.Format = "wheelhouse-9" }, "no-layout"},
		"other size":     {func(l *Lock) { l.Size++ }, "bad-lock"},
		"no wheels":      {func(l *Lock) { l.Wheels = nil }, "bad-lock"},
	} {
		other := back
		c.change(&other)
		if spans, err := other.Spans(); fault.Code(err) != c.code {
			t.Errorf("%s: got %v, %v, want %s", name, spans, err, c.code)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(golden))
	f.Add([]byte("lock-version = \"1.0\"\npackages = []\n[tool.wheelhouse]\ntarball = \"x\"\n"))
	f.Add([]byte(strings.Replace(golden, "https://", "https://u:p@", 1)))
	f.Add([]byte("a = [[[[[[{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Parse(data, "x")
		if err != nil {
			if fault.Code(err) != "bad-lock" {
				t.Fatalf("%q gives %v", data, err)
			}
			return
		}
		text, err := l.Encode()
		if err != nil {
			t.Fatalf("%q is read and not written: %v", data, err)
		}
		back, err := Parse(text, "x")
		if err != nil || !reflect.DeepEqual(back, l) {
			t.Fatalf("%q comes back as %+v, %v", data, back, err)
		}
	})
}

func FuzzCleanURL(f *testing.F) {
	for _, seed := range []string{"https://u:p@example.org/a%2Bb?x=y#z", "http://[::1]:8080//a b", "HTTP://x/%zz", "https:a@b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		clean := CleanURL(raw)
		if strings.ContainsAny(clean, "?# ") || CleanURL(clean) != clean {
			t.Fatalf("%q gives %q, then %q", raw, clean, CleanURL(clean))
		}
	})
}
