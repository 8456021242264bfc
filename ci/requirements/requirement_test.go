package requirements

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseRequirement(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		want   Requirement
		string string
	}{
		{"numpy", Requirement{Project: "numpy"}, "numpy"},
		{" Foo__Bar.x [B_b, a ,a] >= 1.0 , <2 ; python_version < '4' ", Requirement{Project: "foo-bar-x", Extras: []string{"a", "b-b"}, Specifier: ">= 1.0 , <2", Marker: "python_version < '4'"}, "foo-bar-x[a,b-b]>= 1.0 , <2; python_version < '4'"},
		{"foo (>=1,<2)", Requirement{Project: "foo", Specifier: ">=1,<2"}, "foo>=1,<2"},
		{"foo ( >=1 , ) ;x", Requirement{Project: "foo", Specifier: ">=1", Marker: "x"}, "foo>=1; x"},
		{"foo ()", Requirement{Project: "foo"}, "foo"},
		{"foo[]", Requirement{Project: "foo"}, "foo"},
		{"foo>=1,", Requirement{Project: "foo", Specifier: ">=1"}, "foo>=1"},
		{"foo===1.0, any!thing;m", Requirement{Project: "foo", Specifier: "===1.0,", Marker: "m"}, ""},
		{"foo~=1.4.2,!=1.5.*", Requirement{Project: "foo", Specifier: "~=1.4.2,!=1.5.*"}, "foo~=1.4.2,!=1.5.*"},
		{"foo==1!2.0+cpu.1", Requirement{Project: "foo", Specifier: "==1!2.0+cpu.1"}, "foo==1!2.0+cpu.1"},
		{"foo[x]@https://example.org/a;b.zip ; m", Requirement{Project: "foo", Extras: []string{"x"}, URL: "https://example.org/a;b.zip", Marker: "m"}, "foo[x] @ https://example.org/a;b.zip ; m"},
		{"foo @ git+https://example.org/r.git@v1", Requirement{Project: "foo", URL: "git+https://example.org/r.git@v1"}, "foo @ git+https://example.org/r.git@v1"},
	} {
		got, err := ParseRequirement(c.text)
		if c.string == "" {
			if err == nil {
				t.Errorf("%q: %+v, want an error", c.text, got)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v, %v; want %+v", c.text, got, err, c.want)
		}
		if s := got.String(); s != c.string {
			t.Errorf("%q: String %q, want %q", c.text, s, c.string)
		}
		again, err := ParseRequirement(got.String())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%q does not come back from %q: %+v, %v", c.text, got.String(), again, err)
		}
	}
}

func TestParseRequirementRefuses(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"": "no project's name", " ; m": "no project's name", "-x": "no project's name", "./x": "no project's name",
		"foo-": "out of place", "foo bar": "out of place", "foo==": "= compares nothing", "foo=1": "= compares nothing",
		"foo>=1 2": "out of place", "foo (>=1": "not closed", "foo (>=1 2)": "not closed", "foo[a": "not closed", "foo[a,]": "no name of an extra", "foo[-a]": "no name of an extra",
		"foo;": "no marker", "foo ; ": "no marker", "foo @ ": "no URL", "foo @ u v": "out of place", "foo\x00": "control character", "foo\n": "control character", "fo\xff": "broken UTF-8",
		"https://example.org/x.zip": "out of place", "foo @ https://example.org/x#sha256=12": "64 hexadecimal", "föö": "out of place",
	} {
		_, err := ParseRequirement(text)
		wantFault(t, err, 1, "bad-requirements", says)
	}
}

func TestDirectReferences(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]Requirement{
		".":                                  {URL: "."},
		"./my folder/x[dev,a]":               {URL: "./my folder/x", Extras: []string{"a", "dev"}},
		"sub/x":                              {URL: "sub/x"},
		"/srv/x-1.0.tar.gz":                  {URL: "/srv/x-1.0.tar.gz", Project: "x"},
		"./foo_bar-1.0rc1.zip ; m":           {URL: "./foo_bar-1.0rc1.zip", Project: "foo-bar", Marker: "m"},
		"./foo-1.0-2.tar.gz":                 {URL: "./foo-1.0-2.tar.gz"},
		"./foo.tar.gz":                       {URL: "./foo.tar.gz"},
		"a b/x-1-py3-none-any.whl":           {URL: "a b/x-1-py3-none-any.whl", Project: "x"},
		"-e .[dev]":                          {URL: ".", Extras: []string{"dev"}, Editable: true},
		"-e name":                            {URL: "name", Editable: true},
		"-e 'a b'":                           {URL: "a b", Editable: true},
		`-e "foo @ git+ssh://example.org/r"`: {URL: "git+ssh://example.org/r", Project: "foo", Editable: true},
		"-e file:///srv/x#egg=Foo":           {URL: "file:///srv/x#egg=Foo", Project: "foo", Editable: true},
		"git+https://example.org/foo-1.0.zip@v1#subdirectory=a&egg=b_c[d]": {URL: "git+https://example.org/foo-1.0.zip@v1#subdirectory=a&egg=b_c[d]", Project: "b-c", Extras: []string{"d"}},
		"git+https://example.org/foo-1.0.zip":                              {URL: "git+https://example.org/foo-1.0.zip"},
		"https://example.org/a;b/foo-1.0.tar.gz; m":                        {URL: "https://example.org/a;b/foo-1.0.tar.gz", Project: "foo", Marker: "m"},
	} {
		set, err := loadText(t, map[string]string{"r.txt": line}, nil)
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		want.File, want.Line = "r.txt", 1
		if got := set.Roots[0]; !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	}
	for _, line := range []string{"-e ''", "./x.whl", "https://example.org/x y", "https://example.org/x.zip#egg=-", "./x[-]"} {
		if set, err := loadText(t, map[string]string{"r.txt": line}, nil); err == nil {
			t.Errorf("%q: no error, roots %+v", line, set.Roots)
		}
	}
}

func TestStringEscapesBlanksOfAPath(t *testing.T) {
	t.Parallel()
	r := Requirement{Project: "x", URL: "a b/x.whl", Marker: "m"}
	if got := r.String(); got != "x @ a%20b/x.whl ; m" {
		t.Error(got)
	}
	r = Requirement{URL: "./a b", Extras: []string{"d"}}
	if got := r.String(); got != "./a b[d]" {
		t.Error(got)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"numpy==1":                                    "numpy==1",
		"https://example.org/a":                       "https://example.org/a",
		"x @ https://tok@example.org/a ; m":           "x @ https://***@example.org/a ; m",
		"https://u:pw@example.org/a?sig=k#egg=x y":    "https://***@example.org/a?*** y",
		"https://u:p/w@example.org/a":                 "https://***@example.org/a",
		"https://u:p@w@example.org":                   "https://***@example.org",
		"https://u:p?w@example.org":                   "https://***",
		"https://u:p#w@example.org/x":                 "https://***",
		"git+https://example.org:443/r@v1":            "git+https://example.org:443/r@v1",
		"git+https://example.org/r@v1#egg=x":          "git+https://example.org/r@v1#***",
		"https://a@example.org https://b@example.org": "https://***@example.org https://***@example.org",
	} {
		if got := redact(text); got != want {
			t.Errorf("redact(%q) = %q, want %q", text, got, want)
		}
	}
	if got := quote(strings.Repeat("é", 200)); len(got) > quoteLimit+8 {
		t.Errorf("quote gives %d bytes", len(got))
	}
}

// TestNoSecretIsPrinted puts a secret wherever a requirements file may hold
// one and searches what can be printed for it.
func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	env := func(name string) (string, bool) { return secret, name == "TOKEN" }
	for _, line := range []string{
		"-i https://u:s3cr3t@example.org/simple", "--extra-index-url=https://example.org/?t=s3cr3t", "-f https://${TOKEN}@example.org/w",
		"x @ https://u:s3cr3t@example.org/x.zip", "https://example.org/x-1.zip?sig=${TOKEN}", "-e git+https://s3cr3t@example.org/r#egg=x",
		"-r https://s3cr3t@example.org/r.txt", "-c https://example.org/r.txt?k=s3cr3t", "x y @ https://s3cr3t@example.org/", "x ${TOKEN}", "x @ u ${TOKEN}", "x --${TOKEN}",
		"https://s3cr3t@example.org/x.whl", "https://${TOKEN}@example.org/x.whl", "x==1 --config-settings=token=s3cr3t", "--index-url 'https://s3cr3t@example.org", "--pre=s3cr3t",
	} {
		printed := ""
		set, err := loadText(t, map[string]string{"r.txt": line}, env)
		if err != nil {
			printed = err.Error()
		} else {
			for _, o := range set.Options {
				printed += o.String()
			}
			for _, r := range set.Roots {
				printed += r.Redacted()
			}
		}
		if strings.Contains(printed, secret) {
			t.Errorf("%q prints %q", line, printed)
		}
	}
}
