package validate

import (
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
)

func TestSdists(t *testing.T) {
	t.Parallel()
	members := []string{
		".wheelhouse/", ".wheelhouse/demo-1.0.tar.gz", "./a-b-2.zip", "old-0.1.tar.bz2", "demo-1.0-py3-none-any.whl",
		"notes.zip", "notes.tar.gz", "-1.0.zip", "demo-one.zip", "demo-.zip", "demo-1.0.txt", strings.Repeat("a", 300) + "-1.0.zip",
	}
	want := []string{"demo-1.0.tar.gz", "a-b-2.zip", "old-0.1.tar.bz2"}
	if got := sdists(members); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for file, want := range map[string][]release{
		"demo-1.0.tar.gz":               {{"demo", "1.0"}},
		"Zope.Interface-6.zip":          {{"zope-interface", "6"}},
		"charset-normalizer-3.1.tar.gz": {{"charset-normalizer", "3.1"}},
		"a-1-2.tar.gz":                  {{"a", "1-2"}, {"a-1", "2"}}, // 1-2 is a post-release
	} {
		if got := sources(file); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", file, got, want)
		}
	}
}

// What a source distribution alone satisfies is told apart from what nothing
// does.
func TestSdistOnly(t *testing.T) {
	t.Parallel()
	const app, lib = "app-1.0-py3-none-any.whl", "lib-1.0-py3-none-any.whl"
	for _, c := range []struct {
		name   string
		wheels wheels
		sdists []string
		roots  []string
		found  string
	}{
		{"a root", wheels{app: {}}, []string{"lib-1.0.tar.gz"}, []string{"app", "lib"}, "FAIL sdist-only lib"},
		{"a dependency", wheels{app: requires("lib<2")}, []string{"lib-1.0.tar.gz"}, []string{"app"}, "FAIL sdist-only app -> lib<2"},
		{"with a wheel", wheels{app: requires("lib<2"), lib: {}}, []string{"lib-1.0.tar.gz"}, []string{"app"}, ""},
		{"with a wheel of another version", wheels{app: requires("lib>=2"), lib: {}}, []string{"lib-2.0.tar.gz"}, []string{"app"}, "FAIL sdist-only app -> lib>=2"},
		{"of another version", wheels{app: requires("lib>=2")}, []string{"lib-1.0.tar.gz"}, []string{"app"}, "FAIL missing-dependency app -> lib>=2"},
		{"of another project", wheels{app: requires("lib")}, []string{"lib-extra-1.0.tar.gz"}, []string{"app"}, "FAIL missing-dependency app -> lib"},
		{"that nobody needs", wheels{app: {}}, []string{"lib-1.0.tar.gz"}, []string{"app"}, ""},
	} {
		w := world(t, c.wheels, c.roots...)
		w.Sdists = c.sdists
		w.ask()
		if _, found := Closure(w); brief(found) != c.found {
			t.Errorf("%s: got %q, want %q", c.name, brief(found), c.found)
		}
	}
}

// A critical package, and pytest, of which there is a source distribution alone
// are left to the walk.
func TestSdistRoots(t *testing.T) {
	t.Parallel()
	o := Options{Packages: []requirements.Requirement{{Project: "lib"}}}
	roots, _, found := rootsOf(o, nil, []string{"lib-1.0.tar.gz"})
	if len(roots) != 1 || found != nil {
		t.Errorf("got %v, %v", roots, found)
	}
	if _, _, found := rootsOf(o, nil, []string{"libs-1.0.tar.gz"}); brief(found) != "FAIL critical-missing lib" {
		t.Errorf("got %v", found)
	}
	if _, found := testRoot(nil, []string{"pytest-8.0.tar.gz"}); found != nil {
		t.Errorf("got %v", found)
	}
}
