package report

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

func TestAnnotations(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Annotations(&b, []Validation{failing()}); err != nil {
		t.Fatal(err)
	}
	const want = `::error title=missing-dependency::app -> requests -> urllib3<3: the wheelhouse has no wheel of urllib3%0Aadd urllib3<3
::warning title=meta-missing::wheelhouse-3.11.tgz.meta: no record beside the tarball
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
	b.Reset()
	if err := Annotations(&b, []Validation{{Findings: []finding.Finding{{Code: "a:b,c%", Subject: "s:", Message: "m,"}}}}); err != nil || b.String() != "::error title=a%3Ab%2Cc%25::s:: m,\n" {
		t.Errorf("of marks: %q, %v", b.String(), err)
	}
	b.Reset()
	if err := Annotations(&b, []Validation{{}}); err != nil || b.Len() != 0 {
		t.Errorf("of nothing: %q, %v", b.String(), err)
	}
	b.Reset()
	if err := Annotations(&b, []Validation{failing(), {Python: "3.12.1", Findings: []finding.Finding{
		{Code: "x", Severity: finding.Fail, Subject: "s", Message: "m"},
	}}}); err != nil || !strings.Contains(b.String(), "::error title=x::Python 3.12.1: s: m\n") {
		t.Errorf("of two: %q, %v", b.String(), err)
	}
}

// TestAnnotationsAreTen wants the failures to come before the warnings, in
// their order, and no more than GitHub shows.
func TestAnnotationsAreTen(t *testing.T) {
	t.Parallel()
	var v Validation
	for i := range 8 {
		v.Findings = append(v.Findings, finding.Finding{Code: "warned", Severity: finding.Warn, Subject: fmt.Sprint("w", i)})
	}
	for i := range 8 {
		v.Findings = append(v.Findings, finding.Finding{Code: "failed", Severity: finding.Fail, Subject: fmt.Sprint("f", i)})
	}
	var b bytes.Buffer
	if err := Annotations(&b, []Validation{v}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 10 || lines[0] != "::error title=failed::f0: " || lines[7] != "::error title=failed::f7: " || lines[8] != "::warning title=warned::w0: " {
		t.Errorf("got %d:\n%s", len(lines), b.String())
	}
}

// TestAnnotationsHoldHostileTexts: whatever a wheel's metadata says, each
// finding is one command and nothing else.
func TestAnnotationsHoldHostileTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"a\n::add-mask::b", "a\r\n::set-output name=x::y", "100%0A::error::x", "a\u2028::error::b", "\x1b[2J::error::b",
		"a::b,c:d%", strings.Repeat("é", 100_000),
	} {
		var b bytes.Buffer
		v := Validation{Python: text, Findings: []finding.Finding{{Code: text, Severity: finding.Fail, Subject: text, Message: text, Hint: text}}}
		if err := Annotations(&b, []Validation{v, v}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != 2 || len(b.String()) > 80<<10 || strings.ContainsAny(b.String(), "\r\x1b\u2028") {
			t.Errorf("%.60q gives %d lines of %d bytes: %.300q", text, len(lines), b.Len(), b.String())
		}
		for _, line := range lines {
			if !regexp.MustCompile(`^::error title=([^:,%]|%25|%0A|%0D|%3A|%2C)*::`).MatchString(line) {
				t.Errorf("%.60q gives %.300q", text, line)
			}
			if rest := regexp.MustCompile(`%(25|0A|0D|3A|2C)`).ReplaceAllString(line, ""); strings.Contains(rest, "%") {
				t.Errorf("%.60q leaves a %% in %.300q", text, line)
			}
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	v := failing()
	v.Proof = verdict.Proof{Installer: "pip 23.2.1", Installed: 13, Isolation: "network-namespace", Tests: verdict.Tests{Passed: 2}}
	var b bytes.Buffer
	if err := Summary(&b, []Validation{v}); err != nil {
		t.Fatal(err)
	}
	const want = `### FAIL: wheelhouse-3.11.tgz on Python 3.11.7

13 wheels installed with pip 23.2.1; tests: 2 passed, 0 failed, 0 skipped; network: network-namespace

| | check | what |
|---|---|---|
| FAIL | missing-dependency | app -&#62; requests -&#62; urllib3&#60;3: the wheelhouse has no wheel of urllib3<br>add urllib3&#60;3 |
| WARN | meta-missing | wheelhouse-3.11.tgz.meta: no record beside the tarball |
| INFO | unreached | wheelhouse-3.11.tgz: 1 wheel that nothing asks for |
| PASS | tarball | 13 wheels, 27.9 MB |

`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}

// TestSummaryHoldsHostileTexts: nothing breaks out of its cell, and nothing
// becomes a link, code, HTML or a mention.
func TestSummaryHoldsHostileTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"a | b", "a\n| x |\n", "`code`", "<script>alert(1)</script>", "<!-- ", "[x](https://example.org)", "![x](https://example.org/x.png)",
		"https://example.org", "**x** _y_ ~z~", "@somebody #1", `\|`, "&lt;b&gt;", "$x$", "a\u202eb",
	} {
		var b bytes.Buffer
		v := Validation{Tarball: text, Python: text, Proof: verdict.Proof{Installer: text, Isolation: text},
			Passed:   []finding.Passed{{Check: text, Text: text}},
			Findings: []finding.Finding{{Code: text, Severity: finding.Severity(text), Subject: text, Message: text, Hint: text}}}
		if err := Summary(&b, []Validation{v}); err != nil {
			t.Fatal(err)
		}
		rest := regexp.MustCompile(`&#[0-9]+;|<br>|\n### |^### `).ReplaceAllString(b.String(), "")
		if strings.ContainsAny(rest, "`<>*_~[]\\$@!&#\u202e") || strings.Contains(rest, "://") {
			t.Errorf("%q gives %q", text, b.String())
		}
		if pipes, want := strings.Count(rest, "|"), 4+4+2*4; pipes != want {
			t.Errorf("%q: %d pipes, want %d: %q", text, pipes, want, b.String())
		}
		if lines := strings.Count(b.String(), "\n"); lines != 9 {
			t.Errorf("%q: %d lines: %q", text, lines, b.String())
		}
	}
}

func TestSummaryIsBounded(t *testing.T) {
	t.Parallel()
	var v Validation
	for i := range 5000 {
		v.Findings = append(v.Findings, finding.Finding{Code: fmt.Sprint("c", i), Severity: finding.Fail, Subject: strings.Repeat("|", 5000), Message: strings.Repeat("é", 5000)})
	}
	for _, all := range [][]Validation{{v}, {v, v, v}} {
		var b bytes.Buffer
		if err := Summary(&b, all); err != nil {
			t.Fatal(err)
		}
		if b.Len() > SummaryBytes || !strings.Contains(b.String(), " more lines are in the log.\n") || !strings.Contains(b.String(), "| c0 |") {
			t.Errorf("%d validations: %d bytes, ends %q", len(all), b.Len(), b.String()[b.Len()-60:])
		}
	}
	if err := Summary(broken{}, []Validation{v}); err == nil {
		t.Error("a writer that fails is no error")
	}
	if err := Annotations(broken{}, []Validation{v}); err == nil {
		t.Error("a writer that fails is no error")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no room") }
