package validate

import (
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// The tags of some interpreters, cut short.
var (
	free313 = []string{
		"cp313-cp313t-manylinux_2_36_x86_64", "cp313-cp313t-manylinux_2_17_x86_64", "cp313-cp313t-linux_x86_64",
		"cp313-none-manylinux_2_17_x86_64", "py313-none-manylinux_2_17_x86_64", "py3-none-manylinux_2_17_x86_64",
		"cp313-none-any", "py313-none-any", "py3-none-any",
	}
	free315 = append([]string{"cp315-cp315t-manylinux_2_36_x86_64", "cp315-abi3t-manylinux_2_36_x86_64"}, free313[3:]...)
	musl312 = []string{"cp312-cp312-musllinux_1_2_x86_64", "cp312-cp312-linux_x86_64", "cp312-abi3-musllinux_1_2_x86_64", "py3-none-any"}
	mac312  = []string{"cp312-cp312-macosx_14_0_arm64", "cp312-cp312-macosx_11_0_universal2", "cp312-abi3-macosx_11_0_arm64", "py3-none-any"}
	win312  = []string{"cp312-cp312-win_amd64", "cp312-abi3-win_amd64", "cp311-abi3-win_amd64", "py3-none-win_amd64", "py3-none-any"}
)

func TestTagsThatFit(t *testing.T) {
	t.Parallel()
	for file, tags := range map[string][]string{
		"a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl": linux,
		"a-1-cp39-abi3-manylinux_2_17_x86_64.whl":                        linux,
		"a-1-CP311-CP311-linux_x86_64.whl":                               linux,
		"a-1-py2.py3-none-any.whl":                                       linux,
		"a-1-py310-none-any.whl":                                         linux,
		"b-1-py3-none-any.whl":                                           free313,
		"a-1-cp313-cp313t-manylinux_2_17_x86_64.whl":                     free313,
		"a-1-cp315-abi3.abi3t-manylinux_2_36_x86_64.whl":                 free315,
		"a-1-cp312-abi3-musllinux_1_2_x86_64.whl":                        musl312,
		"a-1-cp312-cp312-macosx_11_0_universal2.whl":                     mac312,
		"a-1-cp311-abi3-win_amd64.whl":                                   win312,
	} {
		name, err := wheel.ParseName(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := newTagList(tags).rank(name); !ok {
			t.Errorf("%s does not fit", file)
		}
	}
}

// A wheel that does not fit is told by what of it fails, in the words of tags
// and of people, and by what would fit.
func TestTagMismatch(t *testing.T) {
	t.Parallel()
	const takes = "; the nearest tag that it takes is "
	for _, c := range []struct {
		file string
		tags []string
		want string
	}{
		// Python
		{"a-1-cp312-abi3-manylinux_2_17_x86_64.whl", linux, "Python cp312: it is for Python 3.12 and later" + takes + "cp311-abi3-manylinux_2_17_x86_64"},
		{"a-1-py312-none-any.whl", linux, "Python py312: it is for Python 3.12 and later" + takes + "cp311-none-any"},
		{"a-1-py2-none-any.whl", linux, "Python py2" + takes + "cp311-none-any"},
		{"a-1-cp310-none-any.whl", append([]string{"cp311-cp310-x", "cp310-abi3-manylinux_2_17_x86_64"}, linux...), "Python cp310" + takes + "cp311-none-any"},
		// ABI
		{"a-1-cp311-cp311d-manylinux2014_x86_64.whl", linux, "ABI cp311d" + takes + "cp311-cp311-manylinux2014_x86_64"},
		{"a-1-cp39-cp39-manylinux_2_17_x86_64.whl", linux, "ABI cp39" + takes + "cp311-cp311-manylinux_2_17_x86_64"},
		{"a-1-cp313-cp313-manylinux_2_17_x86_64.whl", free313, "ABI cp313: it needs the GIL, and this Python is free-threaded" + takes + "cp313-cp313t-manylinux_2_17_x86_64"},
		{"a-1-cp313-abi3-manylinux_2_17_x86_64.whl", free313, "ABI abi3: it needs the GIL, and this Python is free-threaded" + takes + "cp313-cp313t-manylinux_2_17_x86_64"},
		{"a-1-cp313-abi3t-manylinux_2_17_x86_64.whl", free313, "ABI abi3t" + takes + "cp313-cp313t-manylinux_2_17_x86_64"},
		{"a-1-cp311-cp311t-manylinux_2_17_x86_64.whl", linux, "ABI cp311t: it is for free-threaded Python" + takes + "cp311-cp311-manylinux_2_17_x86_64"},
		// Platform
		{"a-1-cp311-cp311-manylinux_2_39_x86_64.whl", linux, "platform manylinux_2_39_x86_64: it needs glibc 2.39, and here is 2.36" + takes + "cp311-cp311-manylinux_2_36_x86_64"},
		{"a-1-cp311-cp311-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", linux, "platform manylinux2014_aarch64.manylinux_2_17_aarch64: it is for another machine" + takes + "cp311-cp311-manylinux_2_36_x86_64"},
		{"a-1-cp311-cp311-musllinux_1_2_x86_64.whl", linux, "platform musllinux_1_2_x86_64: it needs musl, and this Python is for glibc" + takes + "cp311-cp311-manylinux_2_36_x86_64"},
		{"a-1-cp312-cp312-manylinux_2_17_x86_64.whl", musl312, "platform manylinux_2_17_x86_64: it needs glibc, and this Python is for musl" + takes + "cp312-cp312-musllinux_1_2_x86_64"},
		{"a-1-cp311-cp311-win_amd64.whl", linux, "platform win_amd64: it is for another system" + takes + "cp311-cp311-manylinux_2_36_x86_64"},
		{"a-1-cp312-cp312-macosx_15_0_arm64.whl", mac312, "platform macosx_15_0_arm64" + takes + "cp312-cp312-macosx_14_0_arm64"},
		{"a-1-py3-none-win32.whl", win312, "platform win32" + takes + "py3-none-win_amd64"},
		// several
		{"a-1-cp312-cp312-manylinux_2_17_x86_64.whl", linux, "Python cp312 and ABI cp312" + takes + "cp311-cp311-manylinux_2_17_x86_64"},
		{"a-1-cp27-cp27mu-macosx_10_9_x86_64.whl", linux, "Python cp27 and ABI cp27mu and platform macosx_10_9_x86_64: it is for another system" + takes + "cp311-cp311-manylinux_2_36_x86_64"},
		{"a-1-py3-none-any.whl", nil, "Python py3 and ABI none and platform any"},
	} {
		name, err := wheel.ParseName(c.file)
		if err != nil {
			t.Fatal(err)
		}
		l := newTagList(c.tags)
		if _, ok := l.rank(name); ok {
			t.Errorf("%s fits", c.file)
		}
		f := l.mismatch(c.file, name, "Python 3.x", finding.Fail)
		if f.Code != "tag-mismatch" || f.Subject != c.file || f.Message != "Python 3.x does not take its "+c.want {
			t.Errorf("%s\n got %s\nwant %s", c.file, f.Message, c.want)
		}
	}
}

// An interpreter has hundreds of tags, of which one is enough.
func TestTagMismatchIsShort(t *testing.T) {
	t.Parallel()
	var tags []string
	for range 900 {
		tags = append(tags, linux...)
	}
	name, err := wheel.ParseName("a-1-" + strings.Repeat("cp27.", 40) + "cp27-none-any.whl")
	if err != nil {
		t.Fatal(err)
	}
	if f := newTagList(tags).mismatch("a", name, "Python", finding.Fail); len(f.Message)+len(f.Hint) > 600 {
		t.Errorf("%d bytes: %s", len(f.Message)+len(f.Hint), f.Message)
	}
}

// A wheel that does not fit is no failure where another one of its version does
// or where nothing needs it.
func TestTagMismatchSeverity(t *testing.T) {
	t.Parallel()
	const app, bad, good = "app-1.0-py3-none-any.whl", "lib-1.0-cp312-cp312-win_amd64.whl", "lib-1.0-py3-none-any.whl"
	for _, c := range []struct {
		name   string
		wheels wheels
		root   string
		want   string
	}{
		{"needed", wheels{bad: {}}, "lib", "FAIL tag-mismatch " + bad},
		{"a sibling", wheels{bad: {}, good: {}}, "lib", "WARN tag-mismatch " + bad},
		{"not needed", wheels{app: {}, bad: {}}, "app", "WARN tag-mismatch " + bad},
		{"a Python", wheels{good: {RequiresPython: ">=4"}}, "lib", "FAIL requires-python " + good},
		{"a Python not needed", wheels{app: {}, good: {RequiresPython: ">=4"}}, "app", "WARN requires-python " + good},
		{"a Python and a sibling", wheels{good: {RequiresPython: ">=4"}, "lib-1.0-py310-none-any.whl": {}}, "lib", "WARN requires-python " + good},
		{"both fit", wheels{app: {RequiresPython: ">=3"}}, "app", ""},
	} {
		w := world(t, c.wheels, c.root)
		w.Answer.RequiresPython = map[string]bool{">=4": false, ">=3": true}
		if _, found := Closure(w); brief(found) != c.want {
			t.Errorf("%s: got %q, want %q", c.name, brief(found), c.want)
		}
	}
}
