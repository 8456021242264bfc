package wheel

import (
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]Name{
		"numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl": {
			Project: "numpy", Version: "1.26.4", Python: []string{"cp311"}, ABI: []string{"cp311"},
			Platform: []string{"manylinux_2_17_x86_64", "manylinux2014_x86_64"},
		},
		"Charset_Normalizer-3.4.0-py3-none-any.whl": {
			Project: "charset-normalizer", Version: "3.4.0", Python: []string{"py3"}, ABI: []string{"none"}, Platform: []string{"any"},
		},
		"zope.interface-6.0-1a_b-PY2.py3-none-any.whl": {
			Project: "zope-interface", Version: "6.0", Build: "1a_b", Python: []string{"py2", "py3"}, ABI: []string{"none"}, Platform: []string{"any"},
		},
		"torch-1!2.1.0rc1.post2.dev3+cpu_cxx11-cp311-cp311-linux_x86_64.whl": {
			Project: "torch", Version: "1!2.1.0rc1.post2.dev3+cpu_cxx11", Python: []string{"cp311"}, ABI: []string{"cp311"}, Platform: []string{"linux_x86_64"},
		},
	} {
		got, err := ParseName(file)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if got.Project != want.Project || got.Version != want.Version || got.Build != want.Build ||
			!slices.Equal(got.Python, want.Python) || !slices.Equal(got.ABI, want.ABI) || !slices.Equal(got.Platform, want.Platform) {
			t.Errorf("%s: got %+v, want %+v", file, got, want)
		}
	}
}

func TestParseNameRefuses(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"empty":                     "",
		"no suffix":                 "demo-1.0-py3-none-any.zip",
		"suffix in capitals":        "demo-1.0-py3-none-any.WHL",
		"four parts":                "demo-1.0-none-any.whl",
		"seven parts":               "demo-1.0-1-2-py3-none-any.whl",
		"empty project":             "-1.0-py3-none-any.whl",
		"project not escaped":       "a__b-1.0-py3-none-any.whl",
		"project starts with _":     "_a-1.0-py3-none-any.whl",
		"project ends with .":       "a.-1.0-py3-none-any.whl",
		"project with a space":      "a b-1.0-py3-none-any.whl",
		"project not ASCII":         "démo-1.0-py3-none-any.whl",
		"empty version":             "demo--py3-none-any.whl",
		"version not PEP 440":       "demo-foo-py3-none-any.whl",
		"version with a space":      "demo- 1.0-py3-none-any.whl",
		"version that folds":        "demo-1.0po\u017ft1-py3-none-any.whl",
		"version too long a number": "demo-99999999999999999999999-py3-none-any.whl",
		"empty build tag":           "demo-1.0--py3-none-any.whl",
		"build tag without a digit": "demo-1.0-b1-py3-none-any.whl",
		"build tag with a plus":     "demo-1.0-1+-py3-none-any.whl",
		"empty tag":                 "demo-1.0-py3--any.whl",
		"empty tag in a set":        "demo-1.0-py2.-none-any.whl",
		"tag with a plus":           "demo-1.0-py3-none-any+.whl",
		"folder":                    "x/demo-1.0-py3-none-any.whl",
		"folder after":              "demo-1.0-py3-none-../any.whl",
		"backslash":                 `x\demo-1.0-py3-none-any.whl`,
		"control character":         "demo-1.0-py3-none-any\x00.whl",
		"comma":                     "demo-1.0-py3-none-any,x.whl",
		"too long":                  strings.Repeat("a", 240) + "-1.0-py3-none-any.whl",
	} {
		if got, err := ParseName(file); fault.Code(err) != "bad-file-name" {
			t.Errorf("%s: %q gives %+v, %v", name, file, got, err)
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	n, err := ParseName("demo-1.0-py2.py3-none.abi3-any.whl")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"py2-none-any", "py2-abi3-any", "py3-none-any", "py3-abi3-any"}
	if got := n.Tags(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "Pillow": "pillow", "a-_.b": "a-b", "A.B_c-d": "a-b-c-d", "é": "é",
	} {
		if got := Normalize(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestSameVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1.0", "1.0.0", true},
		{"1.0", "1.0.1", false},
		{"v1.0-RC.1", "1.0rc1", true},
		{"1.0.post1", "1.0-1", true},
		{"1.0+a-1", "1.0+a_1", true},
		{"1.0+a.1", "1.0+A_1", true},
		{"1.0+cpu", "1.0", false},
		{"1!1.0", "1.0", false},
		{"2024-foo", "2024-foo", true},
		{"2024-foo", "2024.0-foo", false},
		{"", "", true},
		{"", "0", false},
		{"1.0", " 1.0", false},
	} {
		if got := SameVersion(c.a, c.b); got != c.want || SameVersion(c.b, c.a) != c.want {
			t.Errorf("SameVersion(%q, %q) is %t", c.a, c.b, got)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, seed := range []string{
		"numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
		"zope.interface-6.0-1a_b-py2.py3-none-any.whl", "torch-2.1.0+cpu-cp311-cp311-linux_x86_64.whl",
		"demo--py3-none-any.whl", "demo-1.0-b1-py3-none-any.whl", "a__b-1.0-py3-none-any.whl", "../demo-1.0-py3-none-any.whl",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		n, err := ParseName(file)
		if err != nil {
			if fault.Code(err) != "bad-file-name" {
				t.Fatalf("%q: %v", file, err)
			}
			return
		}
		if n.Project == "" || n.Project != Normalize(n.Project) || len(n.Tags()) == 0 || !SameVersion(n.Version, n.Version) {
			t.Fatalf("%q gives %+v", file, n)
		}
		if strings.ContainsAny(file, "/\\,\x00 \n") {
			t.Fatalf("%q is taken", file)
		}
	})
}
