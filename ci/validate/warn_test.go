package validate

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
)

func TestDowngrade(t *testing.T) {
	t.Parallel()
	all := []finding.Finding{
		{Code: "record-mismatch", Severity: finding.Fail, Subject: "sentry_cli-3.8.0-py3-none-any.whl"},
		{Code: "record-mismatch", Severity: finding.Fail, Subject: "other-1.0-py3-none-any.whl"},
		{Code: "missing-dependency", Severity: finding.Fail, Subject: "app -> requests -> urllib3[socks]<3"},
		{Code: "duplicate-project", Severity: finding.Fail, Subject: "zope-interface"},
		{Code: "unsafe-member", Severity: finding.Fail, Subject: "other-1.0-py3-none-any.whl"},
		{Code: "unreached", Severity: finding.Info, Subject: "x.tgz"},
	}
	for name, c := range map[string]struct {
		warn []string
		want []int
	}{
		"nothing":            {},
		"a code":             {[]string{"record-mismatch"}, []int{0, 1}},
		"one wheel":          {[]string{"record-mismatch:Sentry_CLI"}, []int{0}},
		"another wheel":      {[]string{"record-mismatch:sentry"}, nil},
		"another code":       {[]string{"name-mismatch:sentry-cli"}, nil},
		"a chain":            {[]string{"missing-dependency:urllib3"}, []int{2}},
		"a chain's start":    {[]string{"missing-dependency:app"}, nil},
		"a project":          {[]string{"duplicate-project:zope.interface"}, []int{3}},
		"several":            {[]string{"record-mismatch:other", "duplicate-project"}, []int{1, 3}},
		"what guards":        {[]string{"unsafe-member", "unsafe-member:other"}, nil},
		"what is no failure": {[]string{"unreached"}, nil},
	} {
		var got []int
		for i, f := range Downgrade(all, c.warn) {
			if f.Severity != all[i].Severity {
				got = append(got, i)
			}
			if f.Severity == finding.Fail != (all[i].Severity == finding.Fail && !slices.Contains(c.want, i)) {
				t.Errorf("%s: %v", name, f)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if all[0].Severity != finding.Fail {
		t.Error("the findings were changed")
	}
}

// Every rule that may fail is one that can be made a warning, or one of those
// that must not, each of which has its reason.
func TestDowngradableIsWhole(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, row := range regexp.MustCompile(`(?m)^//\t([a-z-]+) +(?:FAIL|INFO {7}the glibc)`).FindAllStringSubmatch(string(manual), -1) {
		rules = append(rules, row[1])
	}
	kept := []string{
		// Safety hangs on them.
		"hash-not-listed", "lock-mismatch", "meta-mismatch", "unsafe-member", "zip-bomb",
		// There is nothing that could be judged, or proved.
		"bad-lock", "bad-meta", "bad-requirement", "no-roots", "pytest-missing", "too-many-requirements",
	}
	if len(rules) < 25 {
		t.Fatalf("found %v alone", rules)
	}
	for _, code := range rules {
		_, err := finding.ParseDowngrade(code)
		if slices.Contains(kept, code) == (err == nil) {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, code := range finding.Downgradable() {
		if !slices.Contains(rules, code) {
			t.Errorf("%s is no rule of the manual", code)
		}
	}
}
