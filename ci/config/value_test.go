package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestSplitList(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		"":                        nil,
		" , ,":                    nil,
		"numpy":                   {"numpy"},
		"numpy,Pillow":            {"numpy", "Pillow"},
		"numpy Pillow\tx\n":       {"numpy", "Pillow", "x"},
		"a[x, y],b":               {"a[x, y]", "b"},
		"numpy>=1,<2,Pillow":      {"numpy>=1,<2", "Pillow"},
		"numpy >= 1 , < 2 Pillow": {"numpy>=1,<2", "Pillow"},
		"a (>=1, <2) b":           {"a", "(>=1, <2)", "b"},
		"a]b,c":                   {"a]b", "c"},
		">=1":                     {">=1"},
		"a!=1,!=2,~=3 b===4":      {"a!=1,!=2,~=3", "b===4"},
	} {
		if got := SplitList(value); !reflect.DeepEqual(got, want) {
			t.Errorf("SplitList(%q) = %q, want %q", value, got, want)
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int64{
		"1": 1, "500000": 500000, "1B": 1, "1kB": 1000, "2KiB": 2048, "4GiB": 4 << 30, "4 gib": 4 << 30, "1.5GB": 1_500_000_000, "0.5KiB": 512, "7TiB": 7 << 40, "9223372036854774784": 9223372036854774784,
	} {
		got, err := parseSize(value)
		if err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", value, got, err, want)
		}
		if again, err := parseSize(formatSize(want)); err != nil || again != want {
			t.Errorf("formatSize(%d) = %s", want, formatSize(want))
		}
	}
	for value, says := range map[string]string{
		"": "no size", "x": "no size", "-1": "no size", "1e3": "no size", "0": "at least one", "0.1B": "at least one", "4GiBs": "no unit", "9223372036854775807": "too large",
		"99999999TiB": "too large", "99999999999999999999": "no size", "1.5.5": "no size", "1,5GB": "no size",
	} {
		if got, err := parseSize(value); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("parseSize(%q) = %d, %v; want %q", value, got, err, says)
		}
	}
}

func TestCheckRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		check func(string) error
		value string
		says  string // empty: right
	}{
		{checkWarn, "record-mismatch", ""},
		{checkWarn, "record-mismatch:sentry-cli", ""},
		{checkWarn, "record-mismach", "these can: bad-file-name"},
		{checkWarn, "zip-bomb", "cannot be a warning"},
		{checkGLIBC, "2.28", ""},
		{checkGLIBC, "2", "such as 2.28"},
		{checkGLIBC, "2.28.1", "such as 2.28"},
		{checkGLIBC, "manylinux_2_28", "such as 2.28"},
	} {
		err := c.check(c.value)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.value, err)
		}
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"wheelhouse-{python}", "x", "w_{python}.linux", "{python}+x"} {
		if err := checkName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for name, says := range map[string]string{
		"a/b": "bare", `a\b`: "bare", "..": "dot", ".x": "dot", "-x": "hyphen", "x.": "dot", "x ": "blank", "_x": "underscore", "x.tgz": ".tgz", "x.TGZ": ".tgz", "a:b": "bare",
		"{pyton}": `"{pyton}" stands for nothing`, "{": "stands for nothing", "}": "stands for nothing", strings.Repeat("x", 141): "140",
		"a,b": "other characters", "ä-{python}": "other characters", "a b": "other characters",
	} {
		if err := checkName(name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", name, err, says)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := keys(settings())
	for word, want := range map[string]string{
		"pyhton": "python", "validate.package": "validate.packages", "limits.menbers": "limits.members", "archive.owners": "archive.owner", "": "name",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest(%q) = %s, want %s", word, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"abc", "abc", 0}, {"ab", "ba", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// FuzzFile reads anything as a settings file: it must not panic, and what it
// accepts must be settings that hold.
func FuzzFile(f *testing.F) {
	f.Add(Template())
	for _, seed := range []string{
		"python = 3.10", "[build]\nout = \"x\"", "limits = { members = 1, ratio = 0x2 }", "[[build]]", "[a.b.c]\nd.e = [[[1]]]", "validate.packages = [\n# c\n\"a\",\n]",
		"python = 1979-05-27T07:32:00Z", "x = inf", "name = '''\n'''", "[build", "\"\" = 1", "build.\"\" = 1", "limits.members = 1_0",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		table := settings()
		c := &Config{Root: "/r", Values: make([]Value, len(table))}
		for i, st := range table {
			if err := c.put(i, st, st.fallback, "default", c.Root); err != nil {
				t.Fatal(err)
			}
		}
		problems := c.applyFile(table, []byte(file))
		for _, p := range problems {
			if !strings.HasPrefix(p, fileName+":") {
				t.Errorf("problem without its place: %s", p)
			}
		}
		if c.Python == "" || c.Limits.Members < 1 || c.Limits.MemberBytes < 1 || checkName(c.Name) != nil {
			t.Errorf("%q gives %+v", file, c.Settings)
		}
	})
}

func TestSpans(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"0": 0, "0d": 0, "1d": 1, "8w": 56, "6m": 180, "2y": 730, "100y": 36500} {
		if got, err := parseSpan(text); got != want || err != nil {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1", "d", "-1d", "01d", "1.5d", "1h", "36501d", "99999999999999999999d", "1d "} {
		if got, err := parseSpan(text); err == nil {
			t.Errorf("%q is %d days", text, got)
		}
	}
}
