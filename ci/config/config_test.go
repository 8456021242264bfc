package config

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

var update = flag.Bool("update", false, "write ci/wheelhouse.toml from the table")

// repository makes one with that settings file.
func repository(t testing.TB, file string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "ci"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filePath(root), []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	return root
}

func mustLoad(t testing.TB, file string, environ ...string) *Config {
	t.Helper()
	c, err := Load(repository(t, file), t.TempDir(), environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantBad(t *testing.T, err error, says ...string) {
	t.Helper()
	e, ok := err.(*fault.Error)
	if !ok {
		t.Fatalf("error %v (%T), want a *fault.Error", err, err)
	}
	if e.Code != "bad-settings" || e.ExitStatus() != 2 {
		t.Errorf("code %s, status %d", e.Code, e.ExitStatus())
	}
	for _, s := range says {
		if !strings.Contains(e.Error(), s) {
			t.Errorf("error %q does not say %q", e, s)
		}
	}
}

func (c *Config) value(t *testing.T, key string) Value {
	t.Helper()
	for _, v := range c.Values {
		if v.Key == key {
			return v
		}
	}
	t.Fatalf("no value for %s", key)
	return Value{}
}

// TestCheckedInFile holds ci/wheelhouse.toml and the table in step: every
// setting, its meaning and its default.
func TestCheckedInFile(t *testing.T) {
	t.Parallel()
	const path = "../wheelhouse.toml"
	if *update {
		if err := os.WriteFile(path, []byte(Template()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(string(data), "\r\n", "\n"); got != Template() {
		t.Errorf("%s differs from the table; go test ./ci/config -update writes it. Want:\n%s", path, Template())
	}
	c := mustLoad(t, string(data))
	if err := os.Remove(filePath(c.Root)); err != nil {
		t.Fatal(err)
	}
	bare, err := Load(c.Root, c.Root, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(bare.Settings, c.Settings) {
		t.Errorf("the file says %+v, the defaults are %+v", c.Settings, bare.Settings)
	}
	for i, v := range c.Values {
		if !strings.HasPrefix(v.Origin, "ci/wheelhouse.toml:") || v.Key != bare.Values[i].Key || bare.Values[i].Origin != "default" {
			t.Errorf("%+v, without the file %+v", v, bare.Values[i])
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	c, err := Load(root, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var want Settings
	want.Python, want.Name = "3.11", "wheelhouse-{python}"
	want.Requirements = filepath.Join(root, "doc_processor", "requirements-heavy.txt")
	want.Build.Out = filepath.Join(root, "dist")
	want.Lock.URLs = "index"
	want.Validate.Packages = []string{"numpy", "Pillow", "pytesseract"}
	want.Validate.Tests, want.Validate.Network = filepath.Join(root, "doc_processor"), "prefer"
	want.Validate.Installer, want.Validate.Warn, want.Validate.Record = "pip", nil, true
	want.Fetch.Outdir, want.Fetch.Workflow, want.Fetch.Artifact = filepath.Join(root, "ci_artifacts"), "heavy-deps.yml", "wheelhouse-{python}"
	want.Archive.Dir = filepath.Join(root, "docs", "ci-archive")
	want.Retention.KeepLast, want.Retention.KeepWithin, want.Retention.KeepPinned, want.Retention.KeepProven = 3, 30, true, true
	want.Retention.GroupBy = []string{"python", "platform"}
	want.Store.URL, want.Store.Grace = "file:.wheelhouse-store", 14
	want.Limits.Members, want.Limits.MemberBytes, want.Limits.TotalBytes, want.Limits.Ratio = 10000, 4<<30, 32<<30, 100
	want.Limits.WheelMembers, want.Limits.WheelBytes, want.Limits.WheelRatio, want.Limits.WheelMetadataBytes = 100_000, 16<<30, 100, 8<<20
	if !reflect.DeepEqual(c.Settings, want) {
		t.Errorf("%+v\nwant %+v", c.Settings, want)
	}
	if c.Root != root || len(c.Values) != len(settings()) {
		t.Errorf("root %s, %d values", c.Root, len(c.Values))
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	root := repository(t, "python = \"3.12\"\n\n[build]\nout = \"o\"\n\n[validate]\npackages = [\n  # why\n  \"a\",\n  \"b[x,y]>=1\",\n]\n")
	cwd := t.TempDir()
	c, err := Load(root, cwd, []string{"PATH=x", "WHEELHOUSE_ROOT=z", "WHEELHOUSE_PYTHON=3.13t", "WHEELHOUSE_VALIDATE_TESTS=", "WHEELHOUSE_FETCH_OUTDIR=f", "WHEELHOUSE_LIMITS_MEMBER_BYTES=5kB", "WHEELHOUSE_GPG_PASSPHRASE=secret", "WHEELHOUSE_GPG_PRIVATE_KEY=secret"})
	if err == nil && strings.Contains(fmt.Sprint(c), "secret") {
		t.Error("a secret is stored")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Value{
		{"python", "3.13t", "WHEELHOUSE_PYTHON"},
		{"build.out", filepath.Join(root, "o"), "ci/wheelhouse.toml:4"},
		{"validate.packages", "a,b[x,y]>=1", "ci/wheelhouse.toml:7"},
		{"validate.tests", "", "WHEELHOUSE_VALIDATE_TESTS"},
		{"fetch.outdir", filepath.Join(cwd, "f"), "WHEELHOUSE_FETCH_OUTDIR"},
		{"limits.member-bytes", "5000", "WHEELHOUSE_LIMITS_MEMBER_BYTES"},
		{"limits.total-bytes", "32GiB", "default"},
	} {
		if got := c.value(t, want.Key); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if !reflect.DeepEqual(c.Validate.Packages, []string{"a", "b[x,y]>=1"}) {
		t.Errorf("packages %q", c.Validate.Packages)
	}
	if err := c.Set("build.out", "p", "-out", cwd); err != nil {
		t.Fatal(err)
	}
	if got := c.value(t, "build.out"); got != (Value{"build.out", filepath.Join(cwd, "p"), "-out"}) || c.Build.Out != got.Value {
		t.Errorf("%+v, %s", got, c.Build.Out)
	}
}

func TestEveryVariable(t *testing.T) {
	t.Parallel()
	samples := map[string]string{
		"python": "./py", "name": "n", "requirements": "r.txt", "build.out": "o", "lock.urls": "none", "validate.packages": "", "validate.tests": "t",
		"validate.python": "3.12,./py", "validate.installer": "uv", "validate.network": "require", "validate.warn": "name-mismatch,record-mismatch:demo", "validate.glibc": "2.28", "validate.record": "false", "fetch.outdir": "f", "fetch.repo": "o/r", "fetch.workflow": "w.yml", "fetch.artifact": "a", "github.api-url": "https://api.example.org/", "archive.dir": "a", "archive.owner": "us", "limits.members": "1", "limits.member-bytes": "2", "limits.total-bytes": "3", "limits.ratio": "4", "limits.wheel-members": "5", "limits.wheel-bytes": "6", "limits.wheel-ratio": "7", "limits.wheel-metadata-bytes": "8",
		"retention.keep-last": "0", "retention.keep-within": "8d", "retention.keep-daily": "2", "retention.keep-weekly": "3", "retention.keep-monthly": "4", "retention.keep-yearly": "5",
		"retention.keep-pinned": "false", "retention.keep-proven": "false", "retention.max-size": "7", "retention.group-by": "python", "retention.index-counts": "true", "store.url": "file:x", "store.grace": "3d",
		"trust.keyring": "k.asc", "trust.fingerprints": strings.Repeat("0a", 20), "trust.require": "checksums,signature", "trust.repository": "o/r", "trust.workflow": ".github/workflows/w.yml",
		"trust.builder": "https://example.org/builder", "trust.dsse-key": "k.pem", "trust.sigstore-root": "root.jsonl",
	}
	root, cwd := t.TempDir(), t.TempDir()
	for _, st := range settings() {
		sample, ok := samples[st.key]
		if !ok {
			t.Errorf("no sample for %s", st.key)
			continue
		}
		c, err := Load(root, cwd, []string{st.variable() + "=" + sample})
		if err != nil {
			t.Error(err)
			continue
		}
		got, want := c.value(t, st.key), sample
		if st.kind == path || st.kind == python {
			want = filepath.Join(cwd, sample)
		}
		if st.kind == pythons {
			want = "3.12," + filepath.Join(cwd, "py")
		}
		if got.Value != want || got.Origin != st.variable() {
			t.Errorf("%s: %+v, want %s", st.key, got, want)
		}
		_, err = Load(root, cwd, []string{st.variable() + "="})
		if st.optional && err != nil {
			t.Errorf("%s empty: %v", st.variable(), err)
		} else if !st.optional {
			wantBad(t, err, st.variable()+": "+st.key)
		}
	}
}

func TestFileRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, says string }{
		{"unknown key", "# x\npyton = \"3.11\"", `ci/wheelhouse.toml:2: unknown key "pyton"; the nearest known key is "python"`},
		{"unknown key in a group", "[build]\n\noutdir = \"x\"", `ci/wheelhouse.toml:3: unknown key "build.outdir"; the nearest known key is "build.out"`},
		{"unknown dotted key", "limits.member_bytes = 1", `:1: unknown key "limits.member_bytes"; the nearest known key is "limits.member-bytes"`},
		{"unknown inline key", "limits = { members = 1, ration = 2 }", `:1: unknown key "limits.ration"; the nearest known key is "limits.ratio"`},
		{"unknown group", "[buidl]\nout = \"x\"", `:1: unknown group "buidl"; the nearest known one is "build"`},
		{"empty unknown group", "[retain]", `:1: unknown group "retain"`},
		{"number for text", "python = 3.10", `ci/wheelhouse.toml:1: python = 3.10 is a number; it must be text in quotes: python = "3.10"`},
		{"integer for text", "name = 1", `name = 1 is a number; it must be text in quotes: name = "1"`},
		{"bool for path", "build.out = true", `build.out = true is true or false; it must be text in quotes`},
		{"date for text", "archive.owner = 2024-01-01", `archive.owner = 2024-01-01 is a date or time; it must be text`},
		{"list for text", "[lock]\nurls = [\n\"index\"]", `:2: lock.urls is a list; it must be text in quotes: lock.urls = "…"`},
		{"text for list", "[validate]\npackages = \"a\"", `:2: validate.packages = "a" is text; it must be a list of texts: validate.packages = ["…"]`},
		{"number in list", "[validate]\npackages = [\"a\", 1]", `:2: validate.packages: an item is a number`},
		{"empty item", "[validate]\npackages = [\"\"]", `:2: validate.packages: an item is empty`},
		{"hyphen item", "[validate]\npackages = [\"-r x\"]", `starts with a hyphen`},
		{"text for number", "[limits]\nmembers = \"10\"", `:2: limits.members = "10" is text; it must be a whole number`},
		{"float for number", "[limits]\nratio = 1.5", `limits.ratio = 1.5 is a number; it must be a whole number`},
		{"float for size", "[limits]\ntotal-bytes = 1.5", `it must be a whole number of bytes, or text with a unit`},
		{"negative count", "[retention]\nkeep-last = -1", `retention.keep-last must be a whole number from 0`},
		{"text for count", "[retention]\nkeep-last = \"3\"", `it must be a whole number`},
		{"text for boolean", "[retention]\nkeep-pinned = \"yes\"", `it must be true or false, without quotes`},
		{"number for span", "[retention]\nkeep-within = 30", `it must be text in quotes: retention.keep-within = "30"`},
		{"no unit", "[retention]\nkeep-within = \"30\"", `retention.keep-within: "30" is no span of time`},
		{"too long", "[retention]\nkeep-within = \"101y\"", `"101y" is longer than a hundred years`},
		{"a key's id", "[trust]\nfingerprints = [\"0123456789ABCDEF\"]", `is no whole fingerprint`},
		{"requiring", "[trust]\nrequire = [\"seal\"]", `"seal" is nothing to require`},
		{"whose", "[trust]\nrepository = \"example.org/o/r\"", `is not OWNER/REPO`},
		{"which workflow", "[trust]\nworkflow = \"/w.yml@main\"", `is no workflow's path`},
		{"grouping", "[retention]\ngroup-by = [\"glibc\"]", `"glibc" is nothing to group by`},
		{"no size", "[retention]\nmax-size = \"5 heaps\"", `retention.max-size: "heaps" is no unit`},
		{"zero", "[limits]\nmembers = 0", `limits.members must be a whole number from 1`},
		{"negative size", "[limits]\nmember-bytes = -1", `is no size`},
		{"huge number", "[limits]\nmembers = 3_000_000_000", `must be a whole number from 1`},
		{"group as setting", "build = \"x\"", `:1: build is a group of settings`},
		{"setting as group", "[python]\nx = 1", `:1: python is a setting, not a group`},
		{"array of groups", "[[build]]\nout = \"x\"", `:1: [[build]] is a list; write [build]`},
		{"choice", "[validate]\nnetwork = \"no\"", `:2: validate.network must be "prefer" or "require", not "no"`},
		{"empty", "requirements = \"\"", `:1: requirements must not be empty`},
		{"blank", "requirements = \"  \"", `:1: requirements must not be empty`},
		{"control character", "name = \"a\\u0007\"", `name holds a control character: "a\a"`},
		{"whole version", "python = \"3.11.7\"", `python must be a version (3.11, 3.13t) or a path`},
		{"other version", "python = \"2.7\"", `python must be a version`},
		{"bare command", "python = \"python3\"", `python must be a version`},
		{"option as python", "python = \"-m/x\"", `python must be a version`},
		{"twice", "python = \"3.11\"\npython = \"3.12\"", `ci/wheelhouse.toml:2: `},
		{"syntax", "a = 1\nb = = 2", `ci/wheelhouse.toml:2: `},
		{"not UTF-8", "python = \"\xff\"", `ci/wheelhouse.toml:1: `},
		{"NUL", "\x00", `ci/wheelhouse.toml:1: `},
		{"too long", strings.Repeat("#", maxFile+1), `longer than 65536 bytes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := repository(t, c.file)
			_, err := Load(root, root, nil)
			wantBad(t, err, c.says)
		})
	}
}

func TestEveryProblemIsNamed(t *testing.T) {
	t.Parallel()
	root := repository(t, "x = 1\npython = 3.10\n[y]\nz = 1\n")
	_, err := Load(root, root, []string{"WHEELHOUSE_LOCK_URL=none", "WHEELHOUSE_LIMITS_RATIO=many"})
	wantBad(t, err, "ci/wheelhouse.toml:1: ", "ci/wheelhouse.toml:2: ", "ci/wheelhouse.toml:3: ",
		`unknown variable "WHEELHOUSE_LOCK_URL"; the nearest known one is WHEELHOUSE_LOCK_URLS`, "WHEELHOUSE_LIMITS_RATIO: limits.ratio must be a whole number")
	if strings.Contains(err.Error(), "toml:4") {
		t.Errorf("a key of an unknown group is named again: %v", err)
	}
	_, err = Load(repository(t, strings.Repeat("[build]\n", 1)+"a=1\nb=1\nc=1\nd=1\ne=1\nf=1\ng=1\nh=1\ni=1\nj=1\nk=1\nl=1\nm=1\nn=1\no=1\np=1\nq=1\nr=1\ns=1\nt=1\nu=1\nv=1\n"), root, nil)
	wantBad(t, err, "and 2 more")
}

func TestFileMayBeOtherwiseWritten(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, "\xef\xbb\xbf\"python\" = '3.9'\r\nlock = { urls = \"none\" }\r\nlimits.members = 0x10\r\nlimits.ratio = 1_0\r\n[\"build\"]\r\nout = '''o'''\r\n")
	if c.Python != "3.9" || c.Lock.URLs != "none" || c.Limits.Members != 16 || c.Limits.Ratio != 10 || c.Build.Out != filepath.Join(c.Root, "o") {
		t.Errorf("%+v", c.Settings)
	}
	if got := c.value(t, "lock.urls").Origin; got != "ci/wheelhouse.toml:2" {
		t.Error(got)
	}
}

func TestFileThatIsNoFile(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.MkdirAll(filePath(root), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Load(root, root, nil)
	wantBad(t, err, "ci/wheelhouse.toml: no regular file")
}

func TestPaths(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	c, err := Load(root, filepath.Join(root, "sub"), []string{"WHEELHOUSE_BUILD_OUT=../x/./y", "WHEELHOUSE_ARCHIVE_DIR=" + filepath.Join(root, "abs", ".."), "WHEELHOUSE_PYTHON=.venv/bin/python"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Build.Out != filepath.Join(root, "x", "y") || c.Archive.Dir != root || c.Python != filepath.Join(root, "sub", ".venv", "bin", "python") {
		t.Errorf("%s, %s, %s", c.Build.Out, c.Archive.Dir, c.Python)
	}
}

func TestSetRefuses(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, "")
	before, values := c.Settings, append([]Value(nil), c.Values...)
	wantBad(t, c.Set("python", "", "-python", c.Root), "-python: python must not be empty")
	wantBad(t, c.Set("limits.ratio", "0", "-ratio", c.Root), "-ratio: limits.ratio")
	wantBad(t, c.Set("build.outt", "x", "-out", c.Root), `-out: unknown key "build.outt"; the nearest known key is "build.out"`)
	wantBad(t, c.Set("validate.packages", "a,-b", "-packages", c.Root), "starts with a hyphen")
	if got := c.Origin("python") + c.Origin("nope"); got != "default" {
		t.Errorf("the origin is %q", got)
	}
	if !reflect.DeepEqual(c.Settings, before) || !reflect.DeepEqual(c.Values, values) {
		t.Error("a refused value changed the settings")
	}
}

func TestRoot(t *testing.T) {
	t.Parallel()
	root := repository(t, "")
	deep := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	for _, c := range []struct {
		cwd, variable, want string
	}{
		{root, "", root},
		{deep, "", root},
		{deep, other, other},
		{deep, "..", filepath.Join(root, "a")},
		{other, "", ""},
		{root, filepath.Join(other, "no"), ""},
		{root, filePath(root), ""},
	} {
		got, err := Root(c.cwd, []string{"A=b", "WHEELHOUSE_ROOT=" + c.variable})
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %s, %v", c, got, err)
		}
		if err != nil {
			if e, ok := err.(*fault.Error); !ok || e.Code != "no-repository" || e.ExitStatus() != 2 || e.Hint == "" {
				t.Errorf("%+v: %v", c, err)
			}
		}
	}
}
