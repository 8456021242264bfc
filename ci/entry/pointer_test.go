package entry

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// frozen gives the pointers of version 1 that are kept as files, by name.
func frozen(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "pointers", "*.pointer"))
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d pointers: %v", len(files), err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), pointerSuffix)] = data
	}
	return all
}

// The files in testdata/pointers were written once and are never changed: every
// later version must read them, and write them to the same bytes.
func TestFrozenPointers(t *testing.T) {
	t.Parallel()
	read := map[string]Pointer{}
	for name, data := range frozen(t) {
		p, err := ParsePointer(data, name)
		if err != nil {
			t.Error(err)
			continue
		}
		if back, err := p.Encode(); err != nil || !bytes.Equal(back, data) {
			t.Errorf("%s: written again: %v\n%s", name, err, back)
		}
		read[name] = p
	}
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for name, want := range map[string]Pointer{
		"ours": {
			Name: tgz, SHA256: sum, Size: 48211968, Recipe: "wheelhouse-1", PrunedAt: at.Add(5 * time.Second), Rule: "no rule keeps it",
			Locations: []Location{{URL: "file:.wheelhouse-store", Method: Rebuilt, VerifiedAt: at, LocalOnly: true}},
		},
		"several": {
			Name: "wheelhouse-3.11-run-7.tgz", SHA256: sum, Size: 1, Recipe: "gzip-6", Frame: strings.Repeat("fedcba9876543210", 4),
			PrunedAt: at.Add(5 * time.Second), Rule: "over max-size 5 GB: oldest first",
			Locations: []Location{
				{URL: "s3://bucket/prefix?endpoint=https://s3.example.org&region=eu-1", Method: Rebuilt, VerifiedAt: at},
				{URL: "git:0123456789abcdef0123456789abcdef01234567/89abcdef0123456789abcdef0123456789abcdef", Method: GitBlob, VerifiedAt: at.Add(time.Second), LocalOnly: true},
				{URL: "index:", Method: Index, VerifiedAt: at.Add(2 * time.Second)},
			},
		},
	} {
		if !reflect.DeepEqual(read[name], want) {
			t.Errorf("%s: got %+v", name, read[name])
		}
	}
	later := read["later"]
	if later.Unknown["attestation"] != "what a later version writes" || len(later.Unknown) != 3 || later.Size != 1<<53+1 ||
		later.Where() != "oci:registry.example.org/team/wheels" {
		t.Errorf("got %+v", later)
	}
	if got := read["several"].Where(); strings.Count(got, ", ") != 2 || !strings.Contains(got, "(local only), index:") {
		t.Errorf("got %q", got)
	}
}

// Every way in which a pointer is not of its form is refused and named.
func TestBadPointers(t *testing.T) {
	t.Parallel()
	whole := string(frozen(t)["several"])
	replace := func(old, with string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(whole, old, with, 1)
	}
	const url = "location.1.url=s3://bucket/prefix?endpoint=https://s3.example.org&region=eu-1"
	for name, c := range map[string]struct{ text, why string }{
		"empty":              {"", "it is empty"},
		"large":              {replace("rule=", "a="+strings.Repeat("x", MaxPointer)+"\nrule="), "more than 1024 bytes"},
		"not UTF-8":          {replace("oldest", "\xff"), "not UTF-8"},
		"cut":                {whole[:len(whole)-1], "cut short"},
		"cut at a line":      {whole[:strings.Index(whole, "sha256=")], `the key "sha256" is missing`},
		"another version":    {replace("version=1", "version=2"), "line 1"},
		"no version":         {replace("version=1\n", ""), "line 1"},
		"version twice":      {whole + "version=1\n", "version is there twice"},
		"no line":            {replace("rule=", "rule "), "key=value"},
		"empty line":         {replace("rule=", "\nrule="), "key=value"},
		"carriage return":    {strings.ReplaceAll(whole, "\n", "\r\n"), "line 1"},
		"control character":  {replace("oldest", "old\x1best"), "cannot be printed"},
		"bidi":               {replace("oldest", "old\u202eest"), "cannot be printed"},
		"order":              {replace("size=1\n", "") + "a=1\n", "is not after"},
		"twice":              {replace("size=1\n", "size=1\nsize=1\n"), "is not after"},
		"key":                {replace("rule=", "Rule="), "line"},
		"unknown key's form": {replace("size=1\n", "size=1\nz z=1\n"), "is no key"},
		"name a path":        {replace("name=wheelhouse", "name=../wheelhouse"), "base name"},
		"name hidden":        {replace("name=wheelhouse", "name=.wheelhouse"), "base name"},
		"name of no tarball": {replace("-run-7.tgz", "-run-7.zip"), "base name"},
		"no name":            {replace("name=wheelhouse-3.11-run-7.tgz\n", ""), `"name" is missing`},
		"sum":                {replace("sha256=0123", "sha256=012X"), "64 lower-case"},
		"frame":              {replace("frame=fedc", "frame=FEDC"), "64 lower-case"},
		"size negative":      {replace("size=1", "size=-1"), "number of bytes"},
		"size zero":          {replace("size=1", "size=0"), "number of bytes"},
		"size padded":        {replace("size=1", "size=01"), "number of bytes"},
		"size huge":          {replace("size=1", "size=99999999999999999999"), "number of bytes"},
		"no size":            {replace("size=1\n", ""), `"size" is missing`},
		"time":               {replace("pruned_at=2026-11-22T10:00:05Z", "pruned_at=2026-11-22"), "is not a time"},
		"time zone":          {replace("pruned_at=2026-11-22T10:00:05Z", "pruned_at=2026-11-22T10:00:05+01:00"), "is not a time"},
		"no time":            {replace("pruned_at=2026-11-22T10:00:05Z\n", ""), `"pruned_at" is missing`},
		"recipe":             {replace("recipe=gzip-6", "recipe=gzip 6"), "is not a word"},
		"no recipe":          {replace("recipe=gzip-6\n", ""), `"recipe" is missing`},
		"rule":               {replace("rule=over", "rule="+strings.Repeat("x", MaxRule)), "1 to 200 bytes"},
		"no rule":            {replace("rule=over max-size 5 GB: oldest first\n", ""), `"rule" is missing`},
		"no location":        {replace(whole[strings.Index(whole, "location.1"):strings.Index(whole, "name=")], ""), `"location.1.url" is missing`},
		"location 5":         {replace("location.3.url=index:", "location.3.url=index:\nlocation.5.url=index:"), "line"},
		"location left out":  {replace("location.3.method=index\nlocation.3.url=index:\nlocation.3.verified_at", "location.4.method=index\nlocation.4.url=index:\nlocation.4.verified_at"), "without location 3"},
		"location 0":         {replace("location.1.method", "location.0.method"), "none of the locations"},
		"location's method":  {replace("location.1.method=rebuilt\n", ""), `"location.1.method" is missing`},
		"location's time":    {replace("location.1.verified_at=2026-11-22T10:00:00Z\n", ""), `"location.1.verified_at" is missing`},
		"location's URL":     {replace(url+"\n", ""), `"location.1.url" is missing`},
		"local_only=false":   {replace("local_only=true", "local_only=false"), "is not true"},
		"password":           {replace(url, "location.1.url=s3://me:secret@bucket/prefix"), "a user or a password"},
		"user":               {replace(url, "location.1.url=https://ghp0123@example.org/x"), "a user or a password"},
		"opaque user":        {replace(url, "location.1.url=oci:me:secret@example.org/x"), "a user or a password"},
		"token":              {replace(url, "location.1.url=s3://bucket?X-Amz-Security-Token=x"), "X-Amz-Security-Token"},
		"encoded token":      {replace(url, "location.1.url=s3://bucket?to%6Ben=x"), "to%6Ben"},
		"badly encoded":      {replace(url, "location.1.url=s3://bucket?to%zz=x"), "to%zz"},
		"sas":                {replace(url, "location.1.url=https://example.org/c?sv=1&sig=abc"), "sig"},
		"account key":        {replace(url, "location.1.url=rclone:,account_key=abc:bucket"), "account_key"},
		"no scheme":          {replace(url, "location.1.url=/tmp/store"), "is not a URL"},
		"space":              {replace(url, "location.1.url=file:my store"), "%20"},
	} {
		_, err := ParsePointer([]byte(c.text), "x.pointer")
		f, ok := err.(*fault.Error)
		if !ok || f.Code != "bad-pointer" || f.ExitStatus() != fault.Refused || !strings.Contains(f.Message, "x.pointer: ") || !strings.Contains(f.Message, c.why) {
			t.Errorf("%s: got %v, want %q", name, err, c.why)
		}
	}
}

// A URL that has no secret in it is taken.
func TestURLsOfStores(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"index:", "file:.wheelhouse-store", "file:///srv/my%20wheels", "oci:ghcr.example.org/a/b", "release:github.com/a/b",
		"s3://bucket/prefix?endpoint=http://127.0.0.1:9000&path-style=true", "rclone:remote:bucket/a@b", "s3://b?region=eu&token=",
	} {
		if why := checkURL(url); why != "" {
			t.Errorf("%s: %s", url, why)
		}
	}
}

// What cannot be read is not written.
func TestPointerNotEncoded(t *testing.T) {
	t.Parallel()
	good, err := ParsePointer(frozen(t)["ours"], "ours")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(p *Pointer){
		"zero":           func(p *Pointer) { *p = Pointer{} },
		"line feed":      func(p *Pointer) { p.Rule = "a\nrulf=b" },
		"line in a key":  func(p *Pointer) { p.Unknown = map[string]string{"a=b\nc": ""} },
		"known key":      func(p *Pointer) { p.Unknown = map[string]string{"version": "1"} },
		"no location":    func(p *Pointer) { p.Locations = nil },
		"five locations": func(p *Pointer) { p.Locations = append(p.Locations, make([]Location, 4)...) },
		"a password":     func(p *Pointer) { p.Locations[0].URL = "s3://a:b@c" },
		"too large":      func(p *Pointer) { p.Locations[0].URL = "file:" + strings.Repeat("x", MaxPointer) },
	} {
		p := good
		p.Locations = append([]Location{}, good.Locations...)
		change(&p)
		if text, err := p.Encode(); fault.Code(err) != "bad-pointer" {
			t.Errorf("%s: got %q, %v", name, text, err)
		}
	}
}

// Whatever is read is written to the same bytes, and nothing else is read.
func FuzzParsePointer(f *testing.F) {
	for _, data := range frozen(f) {
		f.Add(data)
	}
	f.Add([]byte("version=1\nlocation.1.url=s3://a:b@c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePointer(data, "x")
		if err != nil {
			if fault.Code(err) != "bad-pointer" {
				t.Errorf("got %v", err)
			}
			return
		}
		if back, err := p.Encode(); err != nil || !bytes.Equal(back, data) {
			t.Errorf("%v, %q became %q", err, data, back)
		}
	})
}
