package validate

import (
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

func TestFloor(t *testing.T) {
	t.Parallel()
	for tags, want := range map[string]string{
		"cp311-cp311-manylinux1_x86_64":                                       "2.5",
		"cp311-cp311-manylinux2010_i686":                                      "2.12",
		"cp311-cp311-manylinux2014_aarch64":                                   "2.17",
		"cp311-cp311-manylinux_2_28_x86_64":                                   "2.28",
		"cp311-cp311-manylinux_2_28_x86_64.manylinux_2_17_x86_64":             "2.17",
		"py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_2_x": "2.17",
		"cp311-cp311-musllinux_1_2_x86_64":                                    "",
		"cp311-cp311-linux_x86_64":                                            "",
		"cp311-cp311-linux_x86_64.manylinux_2_17_x86_64":                      "",
		"cp311-cp311-macosx_11_0_arm64":                                       "",
		"cp311-cp311-manylinux_2_x86_64":                                      "",
		"cp311-cp311-manylinux_2_28":                                          "",
		"cp311-cp311-manylinux_99999999_28_x86_64":                            "",
		"py3-none-any": "",
	} {
		name, err := wheel.ParseName("a-1-" + tags + ".whl")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if g, ok := floor(name); ok {
			got = g.String()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", tags, got, want)
		}
	}
}

func TestParseGLIBC(t *testing.T) {
	t.Parallel()
	if g, ok := parseGLIBC("2.28"); !ok || g != (glibc{2, 28}) {
		t.Errorf("got %v, %t", g, ok)
	}
	for _, text := range []string{"", "2", "2.", ".2", "2.28.1", "-2.28", "2.x", "2.999999", "999999.2"} {
		if g, ok := parseGLIBC(text); ok {
			t.Errorf("%q gives %v", text, g)
		}
	}
	if (glibc{2, 5}).compare(glibc{2, 17}) >= 0 || (glibc{3, 0}).compare(glibc{2, 99}) <= 0 || (glibc{2, 5}).compare(glibc{2, 5}) != 0 {
		t.Error("the order")
	}
}

func TestGLIBCFloor(t *testing.T) {
	t.Parallel()
	const (
		old   = "a-1-cp311-cp311-manylinux2014_x86_64.whl"
		newer = "b-1-cp311-cp311-manylinux_2_28_x86_64.whl"
		both  = "b-1-cp311-cp311-manylinux_2_17_x86_64.whl"
		other = "b-1-cp312-cp312-manylinux_2_5_x86_64.whl" // not for this interpreter
		pure  = "c-1-py3-none-any.whl"
		bare  = "b-1-cp311-cp311-linux_x86_64.whl"
	)
	tags := newTagList(append([]string{"cp311-cp311-manylinux_2_28_x86_64"}, linux...))
	for _, c := range []struct {
		name    string
		files   []string
		reached []string
		most    string
		want    string
		says    string // in the last finding
	}{
		{"nothing asks", []string{pure}, []string{pure}, "2.5", "", ""},
		{"the highest", []string{old, newer, pure}, []string{old, newer, pure}, "", "INFO glibc-floor x.tgz", "needs glibc 2.28 or later (manylinux_2_28): b"},
		{"within", []string{old, newer}, []string{old, newer}, "2.28", "INFO glibc-floor x.tgz", "2.28"},
		{"beyond", []string{old, newer}, []string{old, newer}, "2.27", "FAIL glibc-floor " + newer + "\nINFO glibc-floor x.tgz", "2.28"},
		{"all beyond", []string{old, newer}, []string{old, newer}, "2.5", "FAIL glibc-floor " + old + "\nFAIL glibc-floor " + newer + "\nINFO glibc-floor x.tgz", ""},
		{"not needed", []string{old, newer}, []string{old}, "2.17", "WARN glibc-floor " + newer + "\nINFO glibc-floor x.tgz", "needs glibc 2.17"},
		{"another file of the version does", []string{both, newer}, []string{newer}, "2.17", "INFO glibc-floor x.tgz", "needs glibc 2.17"},
		{"another file does without", []string{bare, newer}, []string{newer}, "2.17", "", ""},
		{"another Python's file does not", []string{other, newer}, []string{newer}, "2.17", "FAIL glibc-floor " + newer + "\nINFO glibc-floor x.tgz", "needs glibc 2.28"},
		{"two of one", []string{old, both}, []string{old, both}, "", "INFO glibc-floor x.tgz", "(manylinux_2_17): a, b"},
		{"no wheel's name", []string{"x.whl"}, nil, "2.5", "", ""},
	} {
		var reached []Reached
		for _, file := range c.reached {
			reached = append(reached, Reached{File: file})
		}
		found := glibcFloor("x.tgz", c.files, reached, tags, c.most)
		if brief(found) != c.want || c.says != "" && !strings.Contains(found[len(found)-1].Message, c.says) {
			t.Errorf("%s: got %v, want %q", c.name, found, c.want)
		}
	}
}

func TestNotPortable(t *testing.T) {
	t.Parallel()
	for file, bare := range map[string]bool{
		"a-1-cp311-cp311-linux_x86_64.whl":                       true,
		"a-1-cp311-cp311-linux_armv7l.linux_armv6l.whl":          true,
		"a-1-cp311-cp311-linux_x86_64.manylinux_2_17_x86_64.whl": false,
		"a-1-cp311-cp311-manylinux_2_17_x86_64.whl":              false,
		"a-1-cp311-cp311-musllinux_1_2_x86_64.whl":               false,
		"a-1-py3-none-any.whl":                                   false,
		"x.whl":                                                  false,
	} {
		want := ""
		if bare {
			want = "WARN not-portable " + file
		}
		if got := brief(notPortable([]string{file})); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCheckRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o    Options
		says string
	}{
		{Options{}, ""},
		{Options{GLIBC: "2.28", Warn: []string{"record-mismatch:demo", "tag-mismatch"}}, ""},
		{Options{GLIBC: "2"}, "no version of glibc"},
		{Options{Warn: []string{"zip-bomb"}}, "validate.warn: zip-bomb cannot be a warning"},
		{Options{Warn: []string{"record-mismatch", "nothing"}}, "these can: bad-file-name"},
	} {
		err := checkRules(c.o)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
}
