package validate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// brief gives findings as "FAIL code subject", one a line.
func brief(found []finding.Finding) string {
	var lines []string
	for _, f := range found {
		lines = append(lines, fmt.Sprintf("%s %s %s", f.Severity, f.Code, f.Subject))
	}
	return strings.Join(lines, "\n")
}

func reachedText(reached []Reached) string {
	var texts []string
	for _, r := range reached {
		name, _, _ := strings.Cut(r.File, "-")
		if len(r.Extras) > 0 {
			name += "[" + strings.Join(r.Extras, ",") + "]"
		}
		texts = append(texts, name)
	}
	return strings.Join(texts, " ")
}

type wheels = map[string]wheel.Metadata

func requires(texts ...string) wheel.Metadata { return wheel.Metadata{RequiresDist: texts} }

func TestClosure(t *testing.T) {
	t.Parallel()
	const (
		app      = "app-1.0-py3-none-any.whl"
		requests = "requests-2.31.0-py3-none-any.whl"
		urllib3  = "urllib3-2.0-py3-none-any.whl"
	)
	for _, c := range []struct {
		name    string
		wheels  wheels
		roots   []string
		reached string
		found   string
		message string // a part of the first finding's
	}{
		{name: "all there", wheels: wheels{app: requires("requests>=2"), requests: requires("urllib3<3"), urllib3: {}},
			roots: []string{"app"}, reached: "app requests urllib3"},
		{name: "missing", wheels: wheels{app: requires("requests>=2"), requests: requires("urllib3<3")},
			roots: []string{"app"}, reached: "app requests",
			found: "FAIL missing-dependency app -> requests -> urllib3<3", message: "no wheel of urllib3"},
		{name: "wrong version", wheels: wheels{app: requires("urllib3<2"), urllib3: {}},
			roots: []string{"app"}, reached: "app",
			found: "FAIL missing-dependency app -> urllib3<2", message: "has urllib3 2.0, which <2 does not take"},
		{name: "missing root", wheels: wheels{app: {}}, roots: []string{"app", "other==1"}, reached: "app",
			found: "FAIL missing-dependency other==1", message: "asked for by requirements.txt:2"},
		{name: "marker of a root", wheels: wheels{app: {}}, roots: []string{"app", `other; os_name == "other"`}, reached: "app"},
		{name: "marker of a wheel", wheels: wheels{app: requires(`other; os_name == "other"`)}, roots: []string{"app"}, reached: "app"},
		{name: "not reached, not looked at", wheels: wheels{app: {}, requests: requires("nothing", "%%%")}, roots: []string{"app"}, reached: "app"},
		{name: "cycle", wheels: wheels{app: requires("requests"), requests: requires("app")}, roots: []string{"app"}, reached: "app requests"},
		{name: "extra not asked", wheels: wheels{app: {RequiresDist: []string{`urllib3; extra == "net"`}, ProvidesExtra: []string{"net"}}},
			roots: []string{"app"}, reached: "app"},
		{name: "extra asked", wheels: wheels{app: {RequiresDist: []string{`urllib3; extra == "Net_X"`}, ProvidesExtra: []string{"Net_X"}}, urllib3: {}},
			roots: []string{"app[net-x]"}, reached: "app[net-x] urllib3"},
		{name: "extra asked, its wheel missing", wheels: wheels{app: {RequiresDist: []string{`urllib3; extra == "net"`}, ProvidesExtra: []string{"net"}}},
			roots: []string{"app[net]"}, reached: "app[net]", found: "FAIL missing-dependency app -> urllib3"},
		{name: "extra of an extra, of itself", wheels: wheels{app: {
			RequiresDist: []string{`app[net]; extra == "all"`, `urllib3; extra == "net"`}, ProvidesExtra: []string{"net", "all"},
		}, urllib3: {}}, roots: []string{"app[all]"}, reached: "app[all,net] urllib3"},
		{name: "extra asked after its wheel was walked", wheels: wheels{
			app: requires("requests[socks]"), requests: {RequiresDist: []string{`urllib3; extra == "socks"`}, ProvidesExtra: []string{"socks"}}, urllib3: {},
		}, roots: []string{"requests", "app"}, reached: "app requests[socks] urllib3"},
		{name: "unknown extra", wheels: wheels{app: {ProvidesExtra: []string{"net"}}}, roots: []string{"app[nte]"}, reached: "app[nte]",
			found: "FAIL unknown-extra app[nte]", message: "provides net"},
		{name: "bad Requires-Dist", wheels: wheels{app: requires("%%%")}, roots: []string{"app"}, reached: "app",
			found: "FAIL bad-requires-dist " + app},
		{name: "URL", wheels: wheels{app: requires("urllib3 @ https://u:secret@example.org/x.zip"), urllib3: {}}, roots: []string{"app"}, reached: "app",
			found: "FAIL url-dependency app -> urllib3"},
		{name: "URL root is the built wheel", wheels: wheels{app: {}}, roots: []string{"app @ https://example.org/x.zip"}, reached: "app"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			reached, found := Closure(world(t, c.wheels, c.roots...))
			if got := reachedText(reached); got != c.reached {
				t.Errorf("reached %s, want %s", got, c.reached)
			}
			if got := brief(found); got != c.found {
				t.Fatalf("found %s, want %s", got, c.found)
			}
			if len(found) > 0 && !strings.Contains(found[0].Message, c.message) {
				t.Errorf("message %s, want %s", found[0].Message, c.message)
			}
			if strings.Contains(fmt.Sprint(found), "secret") {
				t.Errorf("a password is told: %v", found)
			}
		})
	}
}

func TestClosureTags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag string
		ok  bool
	}{
		{"py3-none-any", true},
		{"py2.py3-none-any", true},
		{"py310-none-any", true},
		{"cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", true},
		{"cp39-abi3-manylinux_2_17_x86_64", true},
		{"CP39-abi3-manylinux_2_17_x86_64", true},
		{"cp312-abi3-manylinux_2_17_x86_64", false},
		{"cp310-none-any", false},
		{"cp310-cp310-manylinux_2_17_x86_64", false},
		{"cp311-cp311-win_amd64", false},
		{"cp311-cp311-manylinux_2_99_x86_64", false},
		// Each part fits some tag, none fits all three.
		{"py311-abi3-manylinux_2_36_x86_64", false},
		{"py2-none-any", false},
	} {
		file := "demo-1.0-" + c.tag + ".whl"
		for _, root := range []bool{true, false} {
			asked, want := []string{"other"}, "WARN tag-mismatch "+file
			if root {
				asked, want = []string{"demo"}, "FAIL tag-mismatch "+file
			}
			if c.ok {
				want = ""
			}
			_, found := Closure(world(t, wheels{file: {}, "other-1.0-py3-none-any.whl": {}}, asked...))
			if got := brief(found); got != want {
				t.Errorf("%s: got %q, want %q", c.tag, got, want)
			}
		}
	}
}

func TestClosureRequiresPython(t *testing.T) {
	t.Parallel()
	const file = "demo-1.0-py3-none-any.whl"
	for _, c := range []struct{ requires, root, want string }{
		{">=3.9", "demo", ""},
		{"", "demo", ""},
		{">=3.12", "demo", "FAIL requires-python " + file},
		{">=3.12", "other", "WARN requires-python " + file},
	} {
		_, found := Closure(world(t, wheels{file: {RequiresPython: c.requires}, "other-1.0-py3-none-any.whl": {}}, c.root))
		if got := brief(found); got != c.want {
			t.Errorf("%s: got %q, want %q", c.requires, got, c.want)
		}
	}
}

// Of several wheels of one version the installer's own choice is reached.
func TestClosurePreference(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"the one for this Python", []string{"demo-1.0-cp311-none-any.whl", "demo-1.0-py310-none-any.whl"}, "demo-1.0-py310-none-any.whl"},
		{"the more specific tag", []string{"demo-1.0-py3-none-any.whl", "demo-1.0-cp311-cp311-linux_x86_64.whl"}, "demo-1.0-cp311-cp311-linux_x86_64.whl"},
		{"the one that fits", []string{"demo-1.0-cp310-cp310-linux_x86_64.whl", "demo-1.0-py3-none-any.whl"}, "demo-1.0-py3-none-any.whl"},
		{"the greater build", []string{"demo-1.0-9-py3-none-any.whl", "demo-1.0-10-py3-none-any.whl", "demo-1.0-py3-none-any.whl"}, "demo-1.0-10-py3-none-any.whl"},
		{"the build's letters", []string{"demo-1.0-1b-py3-none-any.whl", "demo-1.0-1a-py3-none-any.whl"}, "demo-1.0-1b-py3-none-any.whl"},
	} {
		all := wheels{}
		for _, file := range c.files {
			all[file] = wheel.Metadata{}
			if strings.Contains(file, "cp311-none") {
				all[file] = wheel.Metadata{RequiresPython: ">=3.12"}
			}
		}
		reached, _ := Closure(world(t, all, "demo"))
		if len(reached) != 1 || reached[0].File != c.want {
			t.Errorf("%s: %v", c.name, reached)
		}
	}
}

func TestClosureConstraints(t *testing.T) {
	t.Parallel()
	const file = "demo-1.5-py3-none-any.whl"
	for _, c := range []struct{ constraint, root, want string }{
		{"demo<2", "demo", ""},
		{"demo<1.2", "demo", "FAIL constraint " + file},
		{`demo<1.2; os_name == "other"`, "demo", ""},
		{"demo<1.2", "other", ""},
		{"absent==1", "demo", ""},
	} {
		w := world(t, wheels{file: {}, "other-1.0-py3-none-any.whl": {}}, c.root)
		w.Constraints = roots(t, c.constraint)
		w.ask()
		_, found := Closure(w)
		if got := brief(found); got != c.want {
			t.Errorf("%s: got %q, want %q", c.constraint, got, c.want)
		}
	}
}

// A user's requirement that the interpreter's packaging does not take.
func TestClosureBadRequirement(t *testing.T) {
	t.Parallel()
	w := world(t, wheels{"demo-1.0-py3-none-any.whl": {}}, "demo")
	w.Constraints = roots(t, "other")
	w.ask()
	for i := range w.Answer.Judgements {
		w.Answer.Judgements[i].Error = "no"
	}
	_, found := Closure(w)
	if got, want := brief(found), "FAIL bad-requirement requirements.txt:1\nFAIL bad-requirement requirements.txt:1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A row of thousands of wheels neither fills the memory with chains nor prints
// them whole.
func TestClosureLongChain(t *testing.T) {
	t.Parallel()
	const n = 5000
	all := wheels{}
	for i := range n {
		all[fmt.Sprintf("p%d-1-py3-none-any.whl", i)] = requires(fmt.Sprintf("p%d", i+1))
	}
	reached, found := Closure(world(t, all, "p0"))
	if len(reached) != n {
		t.Errorf("reached %d", len(reached))
	}
	if got := brief(found); !strings.HasPrefix(got, "FAIL missing-dependency p0 -> ... -> p49") || !strings.HasSuffix(got, "-> p4999 -> p5000") {
		t.Errorf("got %s", got)
	}
}
