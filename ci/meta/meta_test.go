package meta

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// golden is a whole record as it lies on disk.
const golden = `name=wheelhouse-3.11.tgz
sha256=` + sum + `
size=1234
created_at=2026-03-01T12:00:00Z
runner=Linux box 6.1.0 #1 SMP x86_64 GNU/Linux
python=3.11
requirements_hash=abc
wheels=a-1.0-py3-none-any.whl,b-2.0-cp311-cp311-manylinux2014_x86_64.whl
requirements_inputs=def
platform=manylinux_2_17_x86_64
abi=cp311
repository=example/project
workflow=heavy-deps
run_id=42
run_attempt=2
git_commit=0123abcd
`

// least is the shortest record that Encode writes.
const least = "name=x.tgz\nsha256=" + sum + "\nsize=0\ncreated_at=2026-03-01T12:00:00Z\nrunner=\npython=\nrequirements_hash=\nwheels=a-1.0-py3-none-any.whl\n"

func inventory() *wheelhouse.Inventory {
	return &wheelhouse.Inventory{
		Name: "wheelhouse-3.11.tgz", SHA256: sum, Size: 1234,
		Wheels: []wheelhouse.File{{Name: "b-2.0-cp311-cp311-manylinux2014_x86_64.whl"}, {Name: "a-1.0-py3-none-any.whl"}},
	}
}

func TestDescribeAndEncode(t *testing.T) {
	t.Parallel()
	r := Describe(inventory(), Details{
		Python: "3.11", Runner: "Linux box 6.1.0 #1 SMP x86_64 GNU/Linux\n",
		CreatedAt:        time.Date(2026, 3, 1, 13, 0, 0, 999, time.FixedZone("", 3600)),
		RequirementsHash: "abc", RequirementsInputs: "def", Repository: "example/project", Workflow: "heavy-deps",
		RunID: "42", RunAttempt: "2", GitCommit: "0123abcd",
	})
	text, err := r.Encode()
	if err != nil || string(text) != golden {
		t.Fatalf("got %v\n%s", err, text)
	}
	back, err := Parse(text, "x.meta")
	if err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("got %+v, %v, want %+v", back, err, r)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"whole":          golden,
		"least":          least,
		"unknown keys":   least + "zeta=1=2\nalpha=\n",
		"equals signs":   strings.Replace(least, "runner=", "runner=a=b: c", 1),
		"not ASCII":      strings.Replace(least, "runner=", "runner=büro\t1", 1),
		"name of colons": strings.Replace(least, "x.tgz", "x:y.tgz", 1),
	} {
		r, err := Parse([]byte(text), "x.meta")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if back, err := r.Encode(); err != nil || string(back) != text {
			t.Errorf("%s: got %v\n%s", name, err, back)
		}
	}
}

// Another writer's order and time zone are read, and written canonically.
func TestParseNormalises(t *testing.T) {
	t.Parallel()
	text := "extra=1\nwheels=b.whl,a.whl\nname=x.tgz\ncreated_at=2026-03-01T13:00:00+01:00\nsize=0\nsha256=" + sum + "\n"
	r, err := Parse([]byte(text), "x.meta")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(least, "a-1.0-py3-none-any.whl", "a.whl,b.whl", 1) + "extra=1\n"
	if back, err := r.Encode(); err != nil || string(back) != want {
		t.Errorf("got %v\n%s", err, back)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	swap := func(old, text string) string {
		if !strings.Contains(least, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(least, old, text, 1)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"", "dir/x.meta: it is empty"},
		"no equals sign":     {least + "hello\n", `dir/x.meta:9: no "=" in the line`},
		"empty line":         {least + "\n", `dir/x.meta:9: no "="`},
		"first line":         {"hello\n" + least, `dir/x.meta:1: no "="`},
		"empty key":          {least + "=x\n", `dir/x.meta:9: "" is not a key`},
		"key with a space":   {least + "a b=x\n", `dir/x.meta:9: "a b" is not a key`},
		"duplicate":          {least + "size=0\n", `dir/x.meta:9: the key "size" is there twice, first in line 3`},
		"duplicate unknown":  {least + "u=0\nu=0\n", `dir/x.meta:10: the key "u" is there twice, first in line 9`},
		"carriage return":    {strings.ReplaceAll(least, "\n", "\r\n"), "dir/x.meta:1: holds a carriage return"},
		"NUL":                {swap("runner=", "runner=\x00"), "dir/x.meta:5: holds a NUL"},
		"escape":             {swap("runner=", "runner=\x1b[2J"), "dir/x.meta:5: holds a control character"},
		"not UTF-8":          {swap("runner=", "runner=\xff"), "dir/x.meta:5: is not UTF-8"},
		"byte order mark":    {"\ufeff" + least, "dir/x.meta:1: starts with a byte order mark"},
		"cut short":          {strings.TrimSuffix(least, "l\n"), "dir/x.meta:8: the last line does not end"},
		"name is a path":     {swap("x.tgz", "../x.tgz"), "dir/x.meta:1: name is not a file's base name"},
		"empty name":         {swap("x.tgz", ""), "dir/x.meta:1: name is not"},
		"sha256 in capitals": {swap(sum, strings.ToUpper(sum)), "dir/x.meta:2: sha256 is not 64"},
		"sha256 short":       {swap(sum, sum[1:]), "dir/x.meta:2: sha256 is not 64"},
		"negative size":      {swap("size=0", "size=-1"), "dir/x.meta:3: size is not a number"},
		"size with a zero":   {swap("size=0", "size=01"), "dir/x.meta:3: size is not a number"},
		"huge size":          {swap("size=0", "size=99999999999999999999"), "dir/x.meta:3: size is not a number"},
		"time":               {swap("2026-03-01T12:00:00Z", "yesterday"), "dir/x.meta:4: created_at is not a time"},
		"time of year 1":     {swap("2026-03-01", "0001-01-01"), "dir/x.meta:4: created_at is not a time"},
		"no wheels":          {swap("a-1.0-py3-none-any.whl", ""), `dir/x.meta:8: wheels lists ""`},
		"not a wheel":        {swap(".whl", ".whl,x.txt"), `dir/x.meta:8: wheels lists "x.txt"`},
		"wheel in a folder":  {swap(".whl", ".whl,../x.whl"), `dir/x.meta:8: wheels lists "../x.whl"`},
		"wheel twice":        {swap(".whl", ".whl,a-1.0-py3-none-any.whl"), `dir/x.meta:8: wheels lists "a-1.0-py3-none-any.whl" twice`},
		"missing name":       {swap("name=x.tgz\n", ""), `dir/x.meta: the key "name" is missing`},
		"missing sha256":     {swap("sha256="+sum+"\n", ""), `the key "sha256" is missing`},
		"missing size":       {swap("size=0\n", ""), `the key "size" is missing`},
		"missing created_at": {swap("created_at=2026-03-01T12:00:00Z\n", ""), `the key "created_at" is missing`},
		"missing wheels":     {swap("wheels=a-1.0-py3-none-any.whl\n", ""), `the key "wheels" is missing`},
		"too large":          {least + "u=" + strings.Repeat("x", MaxBytes) + "\n", "larger than"},
		"too many keys":      {least + numbered(maxUnknown+1), "more than 1000 unknown keys"},
		"too many lines":     {least + numbered(3*maxUnknown), "too many lines"},
	} {
		r, err := Parse([]byte(c.text), "dir/x.meta")
		if fault.Code(err) != "bad-meta" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %+v, %v, want %s", name, r, err, c.want)
		}
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("u" + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + strings.Repeat("y", i/50) + "=1\n")
	}
	return b.String()
}

func TestParseOld(t *testing.T) {
	t.Parallel()
	text := "run_id: 18884042880\nsource: ci_artifacts/run-18884042880/wheelhouse-3.11.tgz\narchived_at: 2025-10-28T14:03:11Z\n" +
		"git_commit: 0a1b2c3\nsha256: " + sum + "\nnotes: \"kept: for the \\\"old\\\" job\"\n"
	want := Record{
		Size: -1, SHA256: sum, RunID: "18884042880", GitCommit: "0a1b2c3",
		CreatedAt: time.Date(2025, 10, 28, 14, 3, 11, 0, time.UTC),
		Unknown:   []Pair{{"source", "ci_artifacts/run-18884042880/wheelhouse-3.11.tgz"}, {"notes", `kept: for the "old" job`}},
	}
	for _, text := range []string{text, strings.TrimSuffix(text, "\n"), text + "\n"} {
		got, err := Parse([]byte(text), "x.meta")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	if text, err := want.Encode(); fault.Code(err) != "bad-meta" {
		t.Errorf("an old record is written: %s, %v", text, err)
	}
	for name, value := range map[string]string{
		"notes: 'a b'\n": "a b", "notes: \"\n": `"`, "notes: \"a\\q\"\n": `a\q`, "notes:\n": "", "notes: a: b\n": "a: b",
	} {
		got, err := Parse([]byte("run_id: 1\n"+name), "x.meta")
		if err != nil || got.Unknown[0].Value != value {
			t.Errorf("%q gives %+v, %v", name, got, err)
		}
	}
}

func TestParseOldRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"run_id: 1\nrun_id: 2\n":            `x.meta:2: the key "run_id" is there twice`,
		"run_id: 1\r\n":                     "x.meta:1: holds a carriage return",
		"run_id: 1\nhello\n":                `x.meta:2: no ":" in the line`,
		"run_id: 1\nsha256: abc\n":          "x.meta:2: sha256 is not 64",
		"run_id: 1\narchived_at: now\n":     "x.meta:2: archived_at is not a time",
		"run_id: 1\nnotes: \"\\x1b[2J\"\n":  "x.meta:2: notes holds a control character",
		"\ufeffrun_id: 1\n":                 "x.meta:1: starts with a byte order mark",
		"run_id: 1\n" + "a b: c\n":          `x.meta:2: "a b" is not a key`,
		"run_id: 1\nnotes: \"\\u0000 x\"\n": "x.meta:2: notes holds a NUL",
	} {
		if r, err := Parse([]byte(text), "x.meta"); fault.Code(err) != "bad-meta" || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %+v, %v, want %s", text, r, err, want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Record){
		"line feed in a value":   func(r *Record) { r.Runner = "a\nnew=5" },
		"line feed in a key":     func(r *Record) { r.Unknown = []Pair{{"a\nb", "c"}} },
		"known key as unknown":   func(r *Record) { r.Unknown = []Pair{{"size", "5"}} },
		"wheel with a comma":     func(r *Record) { r.Wheels = []string{"a.whl,b.whl"} },
		"no wheels":              func(r *Record) { r.Wheels = nil },
		"no time":                func(r *Record) { r.CreatedAt = time.Time{} },
		"no name":                func(r *Record) { r.Name = "" },
		"control character":      func(r *Record) { r.GitCommit = "\x1b" },
		"name that is a path":    func(r *Record) { r.Name = "a/b" },
		"a name like the old's":  func(r *Record) { r.Name = "x\n" },
		"sha256 of another form": func(r *Record) { r.SHA256 = "x" },
	} {
		r, err := Parse([]byte(least), "x.meta")
		if err != nil {
			t.Fatal(err)
		}
		change(&r)
		if text, err := r.Encode(); fault.Code(err) != "bad-meta" {
			t.Errorf("%s: got %v\n%s", name, err, text)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Record)
		want   []string
	}{
		"same":    {func(*Record) {}, nil},
		"renamed": {func(r *Record) { r.Name = "other.tgz" }, nil},
		"old":     {func(r *Record) { r.Size, r.Wheels = -1, nil }, nil},
		"sha256":  {func(r *Record) { r.SHA256 = "x" }, []string{"the record says sha256 x, the tarball has " + sum}},
		"none":    {func(r *Record) { r.SHA256 = "" }, []string{"the record has no sha256"}},
		"size":    {func(r *Record) { r.Size = 5 }, []string{"the record says 5 bytes, the tarball has 1234"}},
		"missing": {func(r *Record) { r.Wheels = append(r.Wheels, "c.whl") }, []string{"does not hold: c.whl"}},
		"extra":   {func(r *Record) { r.Wheels = r.Wheels[1:] }, []string{"does not list: a-1.0-py3-none-any.whl"}},
		"many": {
			func(r *Record) { r.Wheels = append(r.Wheels, "7", "6", "5", "4", "3", "2", "1") },
			[]string{"does not hold: 1, 2, 3, 4, 5 and 2 more"},
		},
		"all": {func(r *Record) { *r = Record{Wheels: []string{}} }, []string{"no sha256", "says 0 bytes", "does not list"}},
	} {
		r := Describe(inventory(), Details{})
		c.change(&r)
		got := Compare(r, inventory())
		if len(got) != len(c.want) {
			t.Errorf("%s: got %+v", name, got)
			continue
		}
		for i, f := range got {
			if f.Code != "meta-mismatch" || f.Severity != "FAIL" || f.Subject != "wheelhouse-3.11.tgz" || !strings.Contains(f.Message, c.want[i]) {
				t.Errorf("%s: got %+v, want %s", name, f, c.want[i])
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		golden, least, least + "u=1\n", "run_id: 1\nnotes: \"x\"\narchived_at: 2025-10-28\n", "name=\n", "a:b=c\n", "\ufeffname=x\r\n", "wheels=a.whl,,\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse(data, "x.meta")
		if err != nil {
			if fault.Code(err) != "bad-meta" {
				t.Fatalf("%q gives %v", data, err)
			}
			return
		}
		if r.Size < 0 {
			return // the old form is never written
		}
		text, err := r.Encode()
		if err != nil {
			t.Fatalf("%q is read and not written: %v", data, err)
		}
		back, err := Parse(text, "x.meta")
		if err != nil || !reflect.DeepEqual(back, r) {
			t.Fatalf("%q comes back as %+v, %v", data, back, err)
		}
	})
}
