package python

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

const (
	passedCase  = `<testcase classname="test_a" name="test_one" time="0.1"/>`
	skippedCase = `<testcase classname="test_a" name="test_two"><skipped message="x">y</skipped></testcase>`
	failedCase  = `<testcase classname="test_a" name="test_three"><failure message="assert 0">E &lt;x&gt;</failure><error message="teardown"/></testcase>`
	erredCase   = `<testcase classname="" name="test_b.py"><error message="collection failure">x</error></testcase>`
)

func suite(cases ...string) string {
	return `<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="0" tests="9"><properties><property name="a" value="b"/></properties>` +
		strings.Join(cases, "") + `</testsuite></testsuites>`
}

func TestReadJUnit(t *testing.T) {
	t.Parallel()
	j, err := readJUnit(strings.NewReader(suite(passedCase, skippedCase, failedCase, erredCase, passedCase)))
	if err != nil {
		t.Fatal(err)
	}
	if want := (verdict.Tests{Passed: 2, Failed: 2, Skipped: 1}); j.Tests != want {
		t.Errorf("got %+v, want %+v", j.Tests, want)
	}
	if got := strings.Join(j.failing, " "); got != "test_a.test_three test_b.py" {
		t.Errorf("failing: %s", got)
	}
	for _, bad := range []string{"<testsuites><testcase", "<a>&x;</a>"} {
		if _, err := readJUnit(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestJudgeTests(t *testing.T) {
	t.Parallel()
	missing := "/venv/bin/python: No module named pytest"
	for name, c := range map[string]struct {
		report string
		status int
		last   string
		code   string
	}{
		"passed":                      {suite(passedCase), 0, "1 passed", ""},
		"passed and skipped":          {suite(passedCase, skippedCase), 0, "1 passed, 1 skipped", ""},
		"all skipped":                 {suite(skippedCase), 0, "1 skipped", "no-tests"},
		"none collected":              {suite(), 5, "no tests ran", "no-tests"},
		"none collected, no report":   {"", 5, "no tests ran", "no-tests"},
		"an empty report and success": {suite(), 0, "collected", "no-tests"},
		"failed":                      {suite(passedCase, failedCase), 1, "1 failed", "tests-failed"},
		"failed, yet status 0":        {suite(failedCase), 0, "", "tests-failed"},
		"passed, yet status 1":        {suite(passedCase), 1, "coverage too low", "tests-failed"},
		"interrupted":                 {suite(passedCase), 2, "Interrupted", "tests-failed"},
		"ended by a test, no report":  {"", 0, "", "tests-failed"},
		"not XML":                     {"rubbish <", 0, "", "tests-failed"},
		"no pytest":                   {"", 1, missing, "pytest-missing"},
		"the same words of a test":    {suite(passedCase), 0, missing, ""},
	} {
		report := filepath.Join(t.TempDir(), "junit.xml")
		if c.report != "" {
			if err := os.WriteFile(report, []byte(c.report), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, err := judgeTests("tests", report, c.status, []string{"...", c.last})
		if c.code == "" && err != nil || c.code != "" && fault.Code(err) != c.code {
			t.Errorf("%s: got %v, want the code %q", name, err, c.code)
		}
	}
}

func FuzzReadJUnit(f *testing.F) {
	f.Add(suite(passedCase, skippedCase, failedCase, erredCase))
	f.Add("<testcase><testcase></testcase>")
	f.Add("</testcase>")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		j, err := readJUnit(strings.NewReader(text))
		if err == nil && len(j.failing) > j.Failed {
			t.Errorf("%d failures and %d names", j.Failed, len(j.failing))
		}
	})
}
