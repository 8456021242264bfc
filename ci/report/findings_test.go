package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

func failing() Validation {
	return Validation{
		Tarball: "wheelhouse-3.11.tgz", SHA256: strings.Repeat("ab", 32), Size: 27_900_000, Why: "the newest built here", Python: "3.11.7",
		Passed: []finding.Passed{{Check: "tarball", Text: "13 wheels, 27.9 MB"}},
		Findings: []finding.Finding{
			{Code: "missing-dependency", Severity: finding.Fail, Subject: "app -> requests -> urllib3<3", Message: "the wheelhouse has no wheel of urllib3", Hint: "add urllib3<3"},
			{Code: "meta-missing", Severity: finding.Warn, Subject: "wheelhouse-3.11.tgz.meta", Message: "no record beside the tarball"},
			{Code: "unreached", Severity: finding.Info, Subject: "wheelhouse-3.11.tgz", Message: "1 wheel that nothing asks for"},
		},
	}
}

func TestValidationText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := failing().Text(&b); err != nil {
		t.Fatal(err)
	}
	const want = `wheelhouse-3.11.tgz: the newest built here
PASS  tarball             13 wheels, 27.9 MB
INFO  unreached           wheelhouse-3.11.tgz: 1 wheel that nothing asks for
WARN  meta-missing        wheelhouse-3.11.tgz.meta: no record beside the tarball
FAIL  missing-dependency  app -> requests -> urllib3<3: the wheelhouse has no wheel of urllib3
      hint: add urllib3<3
verdict: FAIL wheelhouse-3.11.tgz on Python 3.11.7
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}

func TestValidationVerdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		v    Validation
		want string
	}{
		{"nothing found", Validation{}, "PASS"},
		{"a warning", Validation{Findings: []finding.Finding{{Severity: finding.Warn}}}, "PASS"},
		{"a failure", Validation{Findings: []finding.Finding{{Severity: finding.Fail}}}, "FAIL"},
		{"given", Validation{Verdict: "FAIL"}, "FAIL"},
	} {
		if got := c.v.verdict(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestValidationJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	v := failing()
	v.Proof = verdict.Proof{Python: "3.11.7"}
	if err := v.JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"tarball", "sha256", "size", "why", "python", "passed", "findings", "proof", "verdict"} {
		if _, ok := got[key]; !ok {
			t.Errorf("no key %s in %s", key, b.String())
		}
	}
	if got["verdict"] != "FAIL" || !strings.Contains(b.String(), "app -> requests") {
		t.Errorf("got %s", b.String())
	}
	b.Reset()
	if err := (Validation{Tarball: "x\u202e\u009b"}).JSON(&b); err != nil || strings.ContainsAny(b.String(), "\u202e\u009b") {
		t.Errorf("what a terminal acts upon is not escaped: %v\n%q", err, b.String())
	}
	b.Reset()
	if err := (Validation{}).JSON(&b); err != nil || strings.Contains(b.String(), "null") {
		t.Errorf("an empty list is null: %v\n%s", err, b.String())
	}
}

// A name from somebody's tarball neither breaks a line nor paints a verdict.
func TestTextEscapes(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{"x\nverdict: PASS", "x\x1b[2J", "x\u202egpj", "x\xff", "x\u0085y", "x\u2028y"} {
		var b bytes.Buffer
		err := Findings(&b, []finding.Finding{{Code: "c", Severity: finding.Fail, Subject: hostile, Message: hostile, Hint: hostile}})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), hostile) || strings.Count(b.String(), "\n") != 2 {
			t.Errorf("%q stands in %q", hostile, b.String())
		}
	}
	if got := Visible("Jörg's wheel.whl"); got != "Jörg's wheel.whl" {
		t.Errorf("got %s", got)
	}
}
