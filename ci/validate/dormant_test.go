package validate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

func TestPlainForm(t *testing.T) {
	t.Parallel()
	form := newPlainForm()
	for text, want := range map[string]string{
		`sphinx; extra == "docs"`:                                          "sphinx [] docs",
		`Sphinx>=4,!=4.2.*,~=4.1 ;extra=='Dev_Docs'`:                       "sphinx [] >=4,!=4.2.*,~=4.1 dev-docs",
		`sphinx (>=4, <5) ; extra == 'docs'`:                               "sphinx [] >=4,<5 docs",
		`a.b[X, y_z]; extra == "docs"`:                                     "a-b [x y-z] docs",
		`a; extra == "docs" and python_version < '3.9'`:                    "a [] docs",
		`a; sys_platform != "win32" and extra == "docs" and os_name=='nt'`: "a [] docs",
		`a; extra == "docs" and extra == "all"`:                            "a [] docs all",
		`a`:                                                                "",
		`a; python_version < "3.9"`:                                        "",
		`a; extra == "docs" or os_name == 'nt'`:                            "",
		`a; (extra == "docs")`:                                             "",
		`a; "docs" == extra`:                                               "",
		`a; extra != "docs"`:                                               "",
		`a; extra == "docs'`:                                               "",
		`a; extra == docs`:                                                 "",
		`a; extra in "docs"`:                                               "",
		`a; nothing == 'x' and extra == 'y'`:                               "",
		`a; python_version < 'x' and extra == 'y'`:                         "",
		`a>=x; extra == "docs"`:                                            "",
		`a>=1.*; extra == "docs"`:                                          "",
		`a~=1; extra == "docs"`:                                            "",
		`a==1,; extra == "docs"`:                                           "",
		`a @ https://example.org/a.zip ; extra == "docs"`:                  "",
		`-a; extra == "docs"`:                                              "",
		`a[]; extra == "docs"`:                                             "",
		"a; extra == \"docs\"\n":                                           "",
		strings.Repeat("a", 1000) + `; extra == "docs"`:                    "",
	} {
		got := ""
		if p, ok := form.parse(text); ok {
			j := p.judgement
			got = strings.Join(slices.DeleteFunc([]string{j.Project, "[" + strings.Join(j.Extras, " ") + "]", j.Specifier, strings.Join(p.wants, " ")}, func(s string) bool { return s == "" }), " ")
			if j.Applies[""] || len(j.Applies) != 1 {
				t.Errorf("%q applies", text)
			}
		}
		if got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func TestDormant(t *testing.T) {
	t.Parallel()
	line := func(owner, text string) python.Line { return python.Line{Owner: owner, Text: text} }
	for _, c := range []struct {
		name  string
		lines []python.Line
		known string // the places of what is judged here
	}{
		{"nobody asks", []python.Line{line("", "app"), line("app", "lib"), line("app", `doc; extra == "docs"`)}, "2"},
		{"a root asks", []python.Line{line("", "app[Docs]"), line("app", `doc; extra == "docs"`), line("app", `x; extra == "all"`)}, "2"},
		{"a wheel asks", []python.Line{line("", "app"), line("app", "lib [docs]>=1"), line("lib", `doc; extra == "docs"`)}, ""},
		{"an extra asks", []python.Line{line("", "app[all]"), line("app", `app[docs]; extra == "all"`), line("app", `doc; extra == "docs"`)}, ""},
		{"an extra would ask", []python.Line{line("", "app"), line("app", `app[docs]; extra == "all"`), line("app", `doc; extra == "docs"`)}, "1 2"},
		{"in a circle", []python.Line{line("", "app"), line("app", `app[a]; extra == "b"`), line("app", `app[b]; extra == "a"`)}, "1 2"},
		{"of another project", []python.Line{line("", "other[docs]"), line("app", `doc; extra == "docs"`)}, "1"},
		{"both are wanted", []python.Line{line("", "app[a]"), line("app", `x; extra == "a" and extra == "b"`)}, "1"},
		{"both are asked", []python.Line{line("", "app[a,b]"), line("app", `x; extra == "a" and extra == "b"`)}, ""},
		{"not the form", []python.Line{line("", "app"), line("app", `doc; (extra == "docs")`)}, ""},
		{"a root with an extra", []python.Line{line("", `doc; extra == "docs"`)}, ""},
		{"extras that are not seen", []python.Line{line("", "app"), line("lib", "%[docs]"), line("app", `doc; extra == "docs"`)}, ""},
	} {
		left, known := dormant(python.Question{Lines: c.lines})
		var places []string
		for _, i := range sortedKeys(known) {
			places = append(places, string(rune('0'+i)))
		}
		if got := strings.Join(places, " "); got != c.known || len(left.Lines)+len(known) != len(c.lines) {
			t.Errorf("%s: got %q and %d lines left, want %q", c.name, got, len(left.Lines), c.known)
		}
		a := python.Answer{}
		for _, l := range left.Lines {
			a.Judgements = append(a.Judgements, python.Judgement{Project: l.Text})
		}
		for i, j := range complete(python.Question{Lines: c.lines}, a, known).Judgements {
			if _, ours := known[i]; !ours && j.Project != c.lines[i].Text {
				t.Errorf("%s: line %d has the answer to %q", c.name, i, j.Project)
			}
		}
	}
}

// What is judged here is what the interpreter's packaging says of it.
func TestDormantAgrees(t *testing.T) {
	t.Parallel()
	lines := []python.Line{{Text: "app"}}
	for _, text := range []string{
		`sphinx; extra == "docs"`, `Sphinx>=4,!=4.2.*,~=4.1 ;extra=='Dev_Docs'`, `sphinx (>=4, <5) ; extra == 'docs'`, `a.b[X, y_z]; extra == "docs"`,
		`a; extra == "docs" and python_version < '3.9'`, `a; sys_platform != "win32" and extra == "docs" and os_name=='nt'`,
		`a== 1.0; extra=="1.x"`, `a!=1,>2; python_full_version >= '3' and extra == "x"`, `a==1.0; platform_machine == "x86_64" and extra == "x"`,
	} {
		lines = append(lines, python.Line{Owner: "app", Text: text})
	}
	q := python.Question{Lines: lines, Versions: map[string][]string{"sphinx": {"4.1"}}}
	_, known := dormant(q)
	if len(known) != len(lines)-1 {
		t.Fatalf("%d of %d", len(known), len(lines)-1)
	}
	i, err := python.Find(t.Context(), python.Search{Want: pythonPath(t), Environ: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	oracle := python.Start(t.Context(), i)
	defer oracle.Close()
	a, err := oracle.Ask(q)
	if err != nil {
		t.Fatal(err)
	}
	for i, ours := range known {
		theirs := a.Judgements[i]
		theirs.Satisfied = nil // nobody looks for what does not apply
		theirs.Specifier, ours.Specifier = sortedClauses(theirs.Specifier), sortedClauses(ours.Specifier)
		theirs.Extras, ours.Extras = append([]string{}, theirs.Extras...), append([]string{}, ours.Extras...)
		x, _ := json.Marshal(ours)
		y, _ := json.Marshal(theirs)
		if string(x) != string(y) {
			t.Errorf("%s (%s)\nours   %s\ntheirs %s", lines[i].Text, filepath.Base(pythonPath(t)), x, y)
		}
	}
}

func sortedClauses(specifier string) string {
	clauses := strings.Split(specifier, ",")
	slices.Sort(clauses)
	return strings.Join(clauses, ",")
}
