package requirements

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// pipCase is a file and what pip itself made of it: pip 23.2.1 and 26.3, both,
// one or none of them.
type pipCase struct {
	Name, Text string
	Pip        string // both, newest, oldest, none
	Roots      []pipRoot
}

type pipRoot struct {
	Line      int
	Editable  bool
	Project   string
	Extras    []string
	Specifier []string
	Marker    string
	Direct    bool
	SHA256    []string
}

// stricter are lines that pip takes and this package refuses, by choice.
var stricter = map[string]string{
	"env lower": "not PEP 440", "env empty": "not PEP 440", "env dollar": "not PEP 440",
	"bad wheel url": "not a wheel's name", "url percent": "not a wheel's name",
}

// sdistNames are direct references that pip leaves unnamed until it has built
// them; the file's name tells the project here.
var sdistNames = map[string]string{"bare sdist url": "foo", "sdist path": "foo", "zip": "foo"}

func pipCases(t testing.TB) []pipCase {
	t.Helper()
	data, err := os.ReadFile("testdata/pip.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []pipCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func pipEnv(name string) (string, bool) {
	env := map[string]string{
		"PIN": "1.26.4", "EMPTY": "", "OPTS": "--hash=sha256:" + strings.Repeat("a", 64), "lower": "x", "A_1": "numpy",
	}
	value, ok := env[name]
	return value, ok
}

// loadText loads files that exist in memory alone; the first is r.txt.
func loadText(t testing.TB, files map[string]string, getenv func(string) (string, bool)) (*Set, error) {
	t.Helper()
	return load("r.txt", getenv, func(path string) ([]byte, error) {
		if text, ok := files[strings.ReplaceAll(path, `\`, "/")]; ok {
			return []byte(text), nil
		}
		return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
	})
}

func TestLoadReadsWhatPipReads(t *testing.T) {
	t.Parallel()
	cases := pipCases(t)
	if len(cases) < 100 {
		t.Fatalf("%d cases, want at least 100", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			set, err := loadText(t, map[string]string{"r.txt": c.Text}, pipEnv)
			if _, ok := stricter[c.Name]; ok || c.Pip == "none" {
				if err == nil {
					t.Fatalf("%q: no error, roots %+v", c.Text, set.Roots)
				}
				return
			}
			if err != nil {
				t.Fatalf("%q: %v", c.Text, err)
			}
			if len(set.Roots) != len(c.Roots) {
				t.Fatalf("%q: %d roots, pip has %d: %+v", c.Text, len(set.Roots), len(c.Roots), set.Roots)
			}
			for i, want := range c.Roots {
				compareRoot(t, c, set.Roots[i], want)
			}
		})
	}
}

func compareRoot(t *testing.T, c pipCase, got Requirement, want pipRoot) {
	t.Helper()
	if name, ok := sdistNames[c.Name]; ok {
		want.Project = name
	}
	if c.Name == "bare wheel url hash" {
		want.SHA256 = got.SHA256 // pip takes it from the URL when it downloads
	}
	have := pipRoot{
		Line: got.Line, Editable: got.Editable, Project: got.Project, Extras: got.Extras,
		Marker: spaceless(got.Marker), Direct: got.URL != "", SHA256: slices.Sorted(slices.Values(got.SHA256)),
	}
	if got.Specifier != "" {
		for s := range strings.SplitSeq(spaceless(got.Specifier), ",") {
			have.Specifier = append(have.Specifier, s)
		}
	}
	slices.Sort(have.Specifier)
	want.Marker = spaceless(strings.ReplaceAll(want.Marker, `"`, "'"))
	slices.Sort(want.Specifier)
	for _, list := range []*[]string{&have.Extras, &have.Specifier, &have.SHA256, &want.Extras, &want.Specifier, &want.SHA256} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("%q\nhave %+v\npip  %+v", c.Text, have, want)
	}
}

func spaceless(s string) string { return strings.Join(strings.Fields(s), "") }
