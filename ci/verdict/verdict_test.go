package verdict

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
)

const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

const golden = `{
  "version": 1,
  "tarball": "wheelhouse-3.11.tgz",
  "sha256": "` + sum + `",
  "proven_at": "2026-03-01T12:00:00Z",
  "proofs": [
    {
      "python": "3.11.7",
      "installer": "pip 23.2.1",
      "isolation": "network-namespace",
      "platform": "linux_x86_64",
      "result": "PASS",
      "installed": 13,
      "tests": {
        "passed": 4,
        "failed": 0,
        "skipped": 1
      },
      "findings": [
        {
          "code": "requirements-differ",
          "severity": "WARN",
          "subject": "requirements.txt",
          "message": "a <b> & c"
        }
      ],
      "duration_ms": 5200
    }
  ]
}
`

func at(day int) time.Time { return time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC) }

func sample() Verdict {
	return Verdict{
		Version: 1, Tarball: "wheelhouse-3.11.tgz", SHA256: sum, ProvenAt: at(1),
		Proofs: []Proof{{
			Python: "3.11.7", Installer: "pip 23.2.1", Isolation: "network-namespace", Platform: "linux_x86_64",
			Result: Pass, Installed: 13, Tests: Tests{Passed: 4, Skipped: 1}, DurationMillis: 5200,
			Findings: []finding.Finding{{Code: "requirements-differ", Severity: finding.Warn, Subject: "requirements.txt", Message: "a <b> & c"}},
		}},
	}
}

func TestEncodeAndParse(t *testing.T) {
	t.Parallel()
	text, err := sample().Encode()
	if err != nil || string(text) != golden {
		t.Fatalf("got %v\n%s", err, text)
	}
	back, err := Parse(text, "x")
	if err != nil || !reflect.DeepEqual(back, sample()) {
		t.Errorf("got %+v, %v", back, err)
	}
	if _, err := Parse([]byte(strings.Replace(golden, `"version": 1,`, `"version": 1, "new": [{}],`, 1)), "x"); err != nil {
		t.Errorf("an unknown field: %v", err)
	}
}

// Lists are never null, times are UTC in whole seconds, the version is filled.
func TestEncodeFillsIn(t *testing.T) {
	t.Parallel()
	v := Verdict{Tarball: "x.tgz", SHA256: sum}.With(Proof{Python: "3.11.7", Result: Pass}, at(1).In(time.FixedZone("", 3600)).Add(5))
	text, err := v.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"version": 1`, `"findings": []`, `"2026-03-01T12:00:00Z"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if v.Proofs[0].Findings != nil {
		t.Error("Encode changed the verdict")
	}
}

func TestProven(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		results []string
		want    bool
	}{
		{nil, false}, {[]string{Pass}, true}, {[]string{Pass, Pass}, true}, {[]string{Pass, Fail}, false}, {[]string{""}, false},
	} {
		var v Verdict
		for _, result := range c.results {
			v.Proofs = append(v.Proofs, Proof{Result: result})
		}
		if got := v.Proven(); got != c.want {
			t.Errorf("%v gives %t", c.results, got)
		}
	}
}

func TestWith(t *testing.T) {
	t.Parallel()
	v := Verdict{Tarball: "x.tgz", SHA256: sum}
	for day, p := range []Proof{
		{Python: "3.11.7", Platform: "linux_x86_64", Result: Fail},
		{Python: "3.9.1", Platform: "linux_x86_64", Result: Pass},
		{Python: "3.11.7", Platform: "macosx_arm64", Result: Pass},
		{Python: "3.13.1t", Platform: "linux_x86_64", Result: Pass},
		{Python: "3.13.1", Platform: "linux_x86_64", Result: Pass},
		{Python: "3.11.9", Platform: "linux_x86_64", Result: Pass},
		{Python: "3.11.2", Platform: "linux_x86_64", Image: "python:3.11", Result: Fail},
		{Python: "3.11.3", Platform: "linux_x86_64", Image: "python:3.11", Result: Pass},
	} {
		before := len(v.Proofs)
		next := v.With(p, at(day+1))
		if len(v.Proofs) != before {
			t.Fatal("With changed the verdict")
		}
		v = next
	}
	var got []string
	for _, p := range v.Proofs {
		got = append(got, p.Python+" "+p.Platform+" "+p.Image+" "+p.Result)
	}
	want := []string{
		"3.9.1 linux_x86_64  PASS", "3.11.9 linux_x86_64  PASS", "3.11.3 linux_x86_64 python:3.11 PASS", "3.11.7 macosx_arm64  PASS",
		"3.13.1 linux_x86_64  PASS", "3.13.1t linux_x86_64  PASS",
	}
	if !reflect.DeepEqual(got, want) || !v.ProvenAt.Equal(at(8)) || !v.Proven() {
		t.Errorf("got %q at %s", got, v.ProvenAt)
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"3.11.7": "3.11", "3.11": "3.11", "3.13t": "3.13t", "3.13.0t": "3.13t", "3.14.0rc1": "3.14", "": "", "3": "3",
	} {
		if got := Short(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
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
		"empty":             {"", "empty or cut short"},
		"cut short":         {golden[:len(golden)-5], "cut short"},
		"not JSON":          {swap(`"proofs"`, "proofs"), "line 6"},
		"wrong type":        {swap("13", `"13"`), "line 13: proofs.installed is not of the right type"},
		"null":              {"null", "version is 0"},
		"trailing":          {golden + "{}", "something follows"},
		"not UTF-8":         {swap("3.11.7", "\xff"), "not UTF-8"},
		"version":           {swap(`"version": 1`, `"version": 2`), "its version is 2"},
		"path":              {swap("wheelhouse-3.11.tgz", "../x.tgz"), "not a file's base name"},
		"sha256":            {swap(sum, "x"), "sha256 is not"},
		"capitals":          {swap(sum, strings.ToUpper(sum)), "sha256 is not"},
		"time":              {swap("2026-03-01T12:00:00Z", "now"), "parsing time"},
		"zero time":         {swap("2026-03-01T12:00:00Z", "0001-01-01T00:00:00Z"), "proven_at is no time"},
		"result":            {swap(`"PASS"`, `"pass"`), `proof 1: its result is "pass"`},
		"pass and failed":   {swap(`"WARN"`, `"FAIL"`), "proof 1: its result is PASS, and a finding fails it"},
		"severity":          {swap(`"WARN"`, `"warn"`), `finding 1: no code, or the severity "warn"`},
		"no code":           {swap("requirements-differ", ""), "finding 1: no code"},
		"negative":          {swap(`"skipped": 1`, `"skipped": -1`), "a count is negative"},
		"negative wheels":   {swap(`"installed": 13`, `"installed": -1`), "a count is negative"},
		"negative time":     {swap("5200", "-1"), "a count is negative"},
		"no python":         {swap("3.11.7", ""), "python is missing"},
		"control character": {swap("pip 23.2.1", `pip\u001b[2J`), "holds control characters"},
		"proofs":            {`{"version":1,"tarball":"x","sha256":"` + sum + `","proven_at":"2026-03-01T12:00:00Z","proofs":[{}` + strings.Repeat(",{}", maxProofs) + "]}", "more than 1000 proofs"},
		"findings":          {swap(`"findings": [`, `"findings": [`+strings.Repeat(`{},`, maxFindings)), "more than 20000 findings"},
		"too large":         {golden + strings.Repeat(" ", MaxBytes), "larger than"},
	} {
		v, err := Parse([]byte(c.text), "dir/x.json")
		if fault.Code(err) != "bad-verdict" || !strings.Contains(err.Error(), "dir/x.json") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %+v, %v, want %s", name, v, err, c.want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Verdict){
		"no tarball": func(v *Verdict) { v.Tarball = "" },
		"version":    func(v *Verdict) { v.Version = 2 },
		"result":     func(v *Verdict) { v.Proofs[0].Result = "" },
		"too large":  func(v *Verdict) { v.Proofs[0].Findings[0].Message = strings.Repeat("x", MaxBytes) },
	} {
		v := sample()
		change(&v)
		if text, err := v.Encode(); fault.Code(err) != "bad-verdict" {
			t.Errorf("%s: got %d bytes, %v", name, len(text), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(golden))
	f.Add([]byte(`{"version":1,"tarball":"x","sha256":"` + sum + `","proven_at":"2026-03-01T12:00:00.5+01:00"}`))
	f.Add([]byte(`{"version":1,"proofs":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data, "x")
		if err != nil {
			if fault.Code(err) != "bad-verdict" {
				t.Fatalf("%q gives %v", data, err)
			}
			return
		}
		text, err := v.Encode()
		if err != nil {
			t.Fatalf("%q is read and not written: %v", data, err)
		}
		back, err := Parse(text, "x")
		if err != nil {
			t.Fatalf("%q is written and not read: %v", data, err)
		}
		again, err := back.Encode()
		if err != nil || string(again) != string(text) {
			t.Fatalf("%q is not stable: %v", data, err)
		}
	})
}
