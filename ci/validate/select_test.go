package validate

import (
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// TestSelect takes some of the roots: what they reach is derived with the
// hashes of its own wheels, and nothing else is.
func TestSelect(t *testing.T) {
	t.Parallel()
	const app, lib, pytest = "app-1.0-py3-none-any.whl", "lib-2.0-py3-none-any.whl", "pytest-8.0-py3-none-any.whl"
	all := wheels{app: requires("lib"), lib: {}, pytest: {}}
	r := &Result{World: world(t, all, "app", "lib", "pytest"), Metadata: all, Inventory: &wheelhouse.Inventory{Wheels: []wheelhouse.File{
		{Name: app, SHA256: strings.Repeat("a", 64)}, {Name: lib, SHA256: strings.Repeat("b", 64)}, {Name: pytest, SHA256: strings.Repeat("c", 64)},
	}}}
	r.World.Roots[2].Origin = TestsOrigin
	for want, counts := range map[string]func(Root) bool{
		"app lib":        func(root Root) bool { return root.Origin != TestsOrigin },
		"lib":            func(root Root) bool { return root.Project == "lib" },
		"app lib pytest": func(Root) bool { return true },
		"":               func(Root) bool { return false },
	} {
		if got := reachedText(r.Select(counts)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if len(r.World.Roots) != 3 {
		t.Errorf("the world has %d roots left", len(r.World.Roots))
	}
	text, err := r.Derive(r.Select(func(root Root) bool { return root.Project == "lib" }))
	if want := "lib==2.0 --hash=sha256:" + strings.Repeat("b", 64) + "\n"; err != nil || text != want {
		t.Errorf("derived %q, %v; want %q", text, err, want)
	}
}

// TestMoreRoots: roots that come with the options count beside the others, with
// the origin that they were given.
func TestMoreRoots(t *testing.T) {
	t.Parallel()
	more := Root{Requirement: requirements.Requirement{Project: "backend"}, Origin: "the build"}
	roots, _, found := rootsOf(Options{Packages: packages(t, "app"), Roots: []Root{more}}, []string{"app-1.0-py3-none-any.whl"}, nil)
	if len(roots) != 2 || roots[1].Origin != "the build" || len(found) != 0 {
		t.Errorf("got %+v, %v", roots, found)
	}
}
