package validate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// explained gives an explanation as lines: its state, each chain with its
// root's place, each demand, each file with what is against it.
func explained(e Explanation) string {
	lines := []string{e.State}
	for _, root := range e.Roots {
		for _, chain := range root.Chains {
			line := root.Origin + " " + strings.Join(chain, " -> ")
			if chain[0] != root.Root && len(chain) > 0 {
				line += " NOT FROM " + root.Root
			}
			lines = append(lines, line)
		}
		if root.More {
			lines = append(lines, root.Origin+" and more")
		}
	}
	for _, d := range e.Demands {
		lines = append(lines, d.By+" asks "+d.Text)
	}
	for _, d := range e.Dormant {
		lines = append(lines, d.By+" would ask "+d.Text)
	}
	for _, f := range e.Files {
		line := f.File
		if f.Chosen {
			line += " chosen"
		}
		for _, r := range f.Against {
			line += " | " + r.What + ": " + r.Text
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestExplain(t *testing.T) {
	t.Parallel()
	const (
		app      = "app-1.0-py3-none-any.whl"
		other    = "other-1.0-py3-none-any.whl"
		requests = "requests-2.31.0-py3-none-any.whl"
		urllib3  = "urllib3-2.0-py3-none-any.whl"
	)
	for _, c := range []struct {
		name   string
		wheels wheels
		roots  []string
		want   string
	}{
		{name: "a root itself", wheels: wheels{urllib3: {}}, roots: []string{"urllib3<3"}, want: `needed
requirements.txt:1 urllib3<3
requirements.txt:1 asks urllib3<3
` + urllib3 + " chosen"},

		{name: "two roots, the shortest chains of each", wheels: wheels{
			app: requires("requests>=2", "other"), other: requires("urllib3"), requests: requires("urllib3<3"), urllib3: {},
		}, roots: []string{"app", "requests"}, want: `needed
requirements.txt:1 app -> requests>=2 -> urllib3<3
requirements.txt:1 app -> other -> urllib3
requirements.txt:2 requests -> urllib3<3
` + other + ` asks urllib3
` + requests + ` asks urllib3<3
` + urllib3 + " chosen"},

		{name: "a longer chain is left out", wheels: wheels{
			app: requires("requests", "urllib3"), requests: requires("urllib3<3"), urllib3: {},
		}, roots: []string{"app"}, want: `needed
requirements.txt:1 app -> urllib3
` + app + ` asks urllib3
` + requests + ` asks urllib3<3
` + urllib3 + " chosen"},

		{name: "a root that does not lead there", wheels: wheels{app: {}, urllib3: {}, requests: requires("urllib3")},
			roots: []string{"app", "requests"}, want: `needed
requirements.txt:2 requests -> urllib3
` + requests + ` asks urllib3
` + urllib3 + " chosen"},

		{name: "an extra of one root is not another's", wheels: wheels{
			app: {RequiresDist: []string{`urllib3; extra == "net"`}, ProvidesExtra: []string{"net"}}, urllib3: {}, other: requires("app[net]"),
		}, roots: []string{"app", "other"}, want: `needed
requirements.txt:2 other -> app[net] -> urllib3
` + app + ` asks urllib3
` + urllib3 + " chosen"},

		{name: "an extra through an extra of itself", wheels: wheels{
			app: {RequiresDist: []string{`app[net]; extra == "all"`, `urllib3; extra == "net"`}, ProvidesExtra: []string{"net", "all"}}, urllib3: {},
		}, roots: []string{"app[all]"}, want: `needed
requirements.txt:1 app[all] -> app[net] -> urllib3
` + app + ` asks urllib3
` + urllib3 + " chosen"},

		{name: "a detour is no shortest chain", wheels: wheels{
			app: requires("requests", "a"), requests: requires("other"), other: requires("urllib3"), urllib3: {},
			"a-1.0-py3-none-any.whl": requires("b"), "b-1.0-py3-none-any.whl": requires("c"), "c-1.0-py3-none-any.whl": requires("urllib3"),
		}, roots: []string{"app"}, want: `needed
requirements.txt:1 app -> requests -> other -> urllib3
c-1.0-py3-none-any.whl asks urllib3
` + other + ` asks urllib3
` + urllib3 + " chosen"},

		{name: "an extra leads there sooner", wheels: wheels{
			app: {RequiresDist: []string{`other`, `urllib3; extra == "net"`}, ProvidesExtra: []string{"net"}}, other: requires("urllib3"), urllib3: {},
		}, roots: []string{"app[net]"}, want: `needed
requirements.txt:1 app[net] -> urllib3
` + app + ` asks urllib3
` + other + ` asks urllib3
` + urllib3 + " chosen"},

		{name: "two extras, one chain", wheels: wheels{
			app: {RequiresDist: []string{`urllib3; extra == "x"`, `urllib3; extra == "y"`}, ProvidesExtra: []string{"x", "y"}}, urllib3: {},
		}, roots: []string{"app[x,y]"}, want: `needed
requirements.txt:1 app[x,y] -> urllib3
` + app + ` asks urllib3
` + urllib3 + " chosen"},

		{name: "an extra that only an unneeded wheel asks", wheels: wheels{
			app: {RequiresDist: []string{`urllib3; extra == "net"`}, ProvidesExtra: []string{"net"}}, other: requires("app[net]"),
		}, roots: []string{"app"}, want: `absent
` + app + ` would ask urllib3; extra == "net"`},

		{name: "a cycle", wheels: wheels{app: requires("requests"), requests: requires("app", "urllib3"), urllib3: requires("app")},
			roots: []string{"app"}, want: `needed
requirements.txt:1 app -> requests -> urllib3
` + requests + ` asks urllib3
` + urllib3 + " chosen"},

		{name: "a demand from behind it", wheels: wheels{urllib3: requires("other"), other: requires("urllib3<2")},
			roots: []string{"urllib3"}, want: `missing
requirements.txt:1 urllib3
requirements.txt:1 asks urllib3
` + other + ` asks urllib3<2
` + urllib3 + " | version: " + other + " requires urllib3<2"},

		{name: "missing", wheels: wheels{app: requires("urllib3<3")}, roots: []string{"app"}, want: `missing
requirements.txt:1 app -> urllib3<3
` + app + " asks urllib3<3"},

		{name: "there in the wrong version", wheels: wheels{app: requires("urllib3<2"), urllib3: {}}, roots: []string{"app"}, want: `missing
requirements.txt:1 app -> urllib3<2
` + app + ` asks urllib3<2
` + urllib3 + " | version: " + app + " requires urllib3<2"},

		{name: "there and not asked for", wheels: wheels{app: {}, urllib3: {}, requests: requires("urllib3<1")}, roots: []string{"app"}, want: `unneeded
` + urllib3},

		{name: "neither there nor asked for", wheels: wheels{app: {}}, roots: []string{"app"}, want: `absent`},

		{name: "a marker says no", wheels: wheels{app: requires(`urllib3; os_name == "other"`)}, roots: []string{"app", `urllib3; os_name == "other"`}, want: `absent
requirements.txt:2 would ask urllib3; os_name == "other"
` + app + ` would ask urllib3; os_name == "other"`},

		{name: "an extra that nobody asks", wheels: wheels{
			app: {RequiresDist: []string{`urllib3; extra == "net"`}, ProvidesExtra: []string{"net"}},
		}, roots: []string{"app"}, want: `absent
` + app + ` would ask urllib3; extra == "net"`},

		{name: "the installer's favourite", wheels: wheels{
			"urllib3-2.0-cp311-cp311-manylinux_2_17_x86_64.whl": {}, urllib3: {},
			"urllib3-2.0-1-py3-none-any.whl": {RequiresPython: "<3"},
		}, roots: []string{"urllib3"}, want: `needed
requirements.txt:1 urllib3
requirements.txt:1 asks urllib3
urllib3-2.0-cp311-cp311-manylinux_2_17_x86_64.whl chosen
` + urllib3 + `
urllib3-2.0-1-py3-none-any.whl | requires-python: requires Python <3, which Python 3.11.7 on linux_x86_64 is not`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := explained(Explain(world(t, c.wheels, c.roots...), "urllib3", nil, nil)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestExplainReasons has a file for each thing that may be against one.
func TestExplainReasons(t *testing.T) {
	t.Parallel()
	const good, bad = "urllib3-1.0-py3-none-any.whl", "urllib3-2.0-cp310-cp310-win_amd64.whl"
	w := world(t, wheels{good: {}, bad: {RequiresPython: ">=3.12"}}, "urllib3<2")
	constraint := Root{Requirement: requirements.Requirement{Project: "urllib3", Specifier: "<2", SHA256: []string{strings.Repeat("a", 64)}}, Origin: "constraints.txt:1"}
	w.Constraints = []Root{constraint}
	w.Question = NewQuestion(w.Roots, w.Constraints, w.Wheels)
	w.Answer = judge(w.Question)
	e := Explain(w, "urllib3", map[string]string{good: strings.Repeat("a", 64), bad: strings.Repeat("b", 64)}, nil)
	if e.State != Needed || len(e.Files) != 2 || !e.Files[0].Chosen || e.Files[0].File != good || e.Files[1].Chosen {
		t.Fatalf("got %s", explained(e))
	}
	var what []string
	for _, r := range e.Files[1].Against {
		what = append(what, r.What)
	}
	if want := []string{"tag", "requires-python", "version", "constraint", "hash"}; !slices.Equal(what, want) {
		t.Errorf("against it: %v, want %v:\n%s", what, want, explained(e))
	}
}

// TestExplainSdist names a source distribution among the files, which never
// does.
func TestExplainSdist(t *testing.T) {
	t.Parallel()
	w := world(t, wheels{"app-1.0-py3-none-any.whl": requires("urllib3<3")}, "app")
	w.Sdists = []string{"urllib3-2.0.tar.gz"}
	w.ask()
	const want = `missing
requirements.txt:1 app -> urllib3<3
app-1.0-py3-none-any.whl asks urllib3<3
urllib3-2.0.tar.gz | sdist: a source distribution, which an installer here does not build`
	if got := explained(Explain(w, "urllib3", nil, nil)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestExplainIsBounded gives it a lattice with 2^30 shortest chains, a chain of
// 5,000 wheels, and more roots than are told.
func TestExplainIsBounded(t *testing.T) {
	t.Parallel()
	all := wheels{"end-1.0-py3-none-any.whl": wheel.Metadata{}}
	for i := range 30 {
		next := []string{fmt.Sprintf("a%d", i+1), fmt.Sprintf("b%d", i+1)}
		if i == 29 {
			next = []string{"end"}
		}
		all[fmt.Sprintf("a%d-1.0-py3-none-any.whl", i)] = requires(next...)
		all[fmt.Sprintf("b%d-1.0-py3-none-any.whl", i)] = requires(next...)
	}
	for i := range 5000 {
		next := fmt.Sprintf("long%d", i+1)
		if i == 4999 {
			next = "end"
		}
		all[fmt.Sprintf("long%d-1.0-py3-none-any.whl", i)] = requires(next)
	}
	roots := []string{"a0", "long0"}
	for range 200 {
		roots = append(roots, "end")
	}
	e := Explain(world(t, all, roots...), "end", nil, nil)
	if len(e.Roots) != mostRoots || len(e.Roots[0].Chains) != mostChains || !e.Roots[0].More || len(e.Demands) != mostDemands || e.More != 102+103 {
		t.Errorf("%d roots, %d demands, %d more; the first has %d chains, more %v", len(e.Roots), len(e.Demands), e.More, len(e.Roots[0].Chains), e.Roots[0].More)
	}
	if long := e.Roots[1].Chains; len(long) != 1 || len(long[0]) != 21 || long[0][10] != "..." || long[0][0] != "long0" || long[0][20] != "end" || e.Roots[1].More {
		t.Errorf("the long chain is %v", long)
	}
}
