package validate

import (
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
