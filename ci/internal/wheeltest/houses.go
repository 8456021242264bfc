package wheeltest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

func extraCombinations(Target) []Combination {
	app := Wheel{Project: "app", ProvidesExtra: []string{"net", "Foo_Bar", "all"}, RequiresDist: []string{
		`lib; extra == "net"`, `deep>=1; extra == "foo-bar"`, `app[net,foo-bar]; extra == "all"`, `other; extra == "net" and sys_platform == "win32"`,
	}}
	lib, deep := Wheel{Project: "lib"}, Wheel{Project: "deep"}
	use := func(extra string) Wheel { return Wheel{Project: "use", RequiresDist: []string{"app[" + extra + "]"}} }
	var all []Combination
	add := func(name, asked string, wheels ...Wheel) {
		all = append(all, Combination{Name: "extras/" + name, Wheels: wheels, Requirements: []string{asked}})
	}
	add("none asked", "app", app)
	add("there", "app[net]", app, lib)
	add("missing", "app[net]", app)
	add("unknown", "app[tls]", app)
	add("unknown, of a wheel", "use", use("tls"), app)
	add("unknown, of two", "app[net,tls]", app, lib)
	add("unknown, none provided", "lib[tls]", lib)
	add("capitals", "app[NET]", app, lib)
	add("all of them", "app[all]", app, lib, deep)
	add("all of them, one missing", "app[all]", app, lib)
	add("of a wheel", "use", use("net"), app, lib)
	add("of a wheel, missing", "use", use("net"), app)
	add("two at once", "app[net,foo-bar]", app, lib, deep)
	add("underscore asked", "app[foo_bar]", app, deep)
	add("dot asked", "app[foo.bar]", app, deep)
	add("underscore, missing", "app[Foo_Bar]", app)
	add("not provided but in a marker", "app[hidden]", Wheel{Project: "app", RequiresDist: []string{`lib; extra == "hidden"`}}, lib)
	add("underscore in the marker", "app[foo-bar]", Wheel{Project: "app", ProvidesExtra: []string{"foo_bar"}, RequiresDist: []string{`lib; extra == "foo_bar"`}}, lib)
	add("underscore in the marker, missing", "app[foo-bar]", Wheel{Project: "app", ProvidesExtra: []string{"foo_bar"}, RequiresDist: []string{`lib; extra == "foo_bar"`}})
	add("malformed", "app[net", app, lib)
	add("empty", "app[]", app)
	add("not that extra", "app[net]", Wheel{Project: "app", ProvidesExtra: []string{"net"}, RequiresDist: []string{`lib; extra != "net"`}})
	add("asked late", "first", Wheel{Project: "first", RequiresDist: []string{"app", "second"}}, Wheel{Project: "second", RequiresDist: []string{"app[net]"}}, app)
	return all
}

// houseCombinations are about which wheels are there together.
func houseCombinations(t Target) []Combination {
	var all []Combination
	add := func(name string, requirements []string, wheels ...Wheel) {
		all = append(all, Combination{Name: "house/" + name, Wheels: wheels, Requirements: requirements})
	}
	app, lib := Wheel{Project: "app", RequiresDist: []string{"lib"}}, Wheel{Project: "lib"}
	add("complete", []string{"app"}, app, lib)
	add("a dependency missing", []string{"app"}, app)
	add("a root missing", []string{"app", "far"}, app, lib)
	add("a cycle", []string{"a"}, Wheel{Project: "a", RequiresDist: []string{"b"}}, Wheel{Project: "b", RequiresDist: []string{"c"}}, Wheel{Project: "c", RequiresDist: []string{"a>=1"}})
	add("a cycle that asks too much", []string{"a"}, Wheel{Project: "a", RequiresDist: []string{"b"}}, Wheel{Project: "b", RequiresDist: []string{"a>=2"}})
	add("requires itself", []string{"a"}, Wheel{Project: "a", RequiresDist: []string{"a"}})
	add("names that are alike", []string{"Foo.Bar_baz"}, Wheel{Project: "foo-bar-baz", RequiresDist: []string{"LIB"}}, lib)
	add("capitals in a file name", []string{"pillow"}, Wheel{Project: "Pillow"})
	add("the same twice", []string{"lib", "lib>=1", "app"}, app, lib)
	add("the same twice, one unmet", []string{"lib", "lib>=2"}, lib)
	add("two versions", []string{"lib"}, lib, Wheel{Project: "lib", Version: "2.0"})
	add("two versions, one fits", []string{"lib<2"}, lib, Wheel{Project: "lib", Version: "2.0"})
	add("two versions, none fits", []string{"lib>2"}, lib, Wheel{Project: "lib", Version: "2.0"})
	add("a version and its prerelease", []string{"lib"}, lib, Wheel{Project: "lib", Version: "2.0a1"})
	add("two builds", []string{"lib"}, Wheel{Project: "lib", Build: "1"}, Wheel{Project: "lib", Build: "2"})
	add("two builds, the newer lacks something", []string{"lib"}, Wheel{Project: "lib", Build: "9"}, Wheel{Project: "lib", Build: "10", RequiresDist: []string{"far"}})
	add("two builds, the older lacks something", []string{"lib"}, Wheel{Project: "lib", Build: "9", RequiresDist: []string{"far"}}, Wheel{Project: "lib", Build: "10"})
	add("the better tag lacks something", []string{"lib"}, lib, Wheel{Project: "lib", Tag: fmt.Sprintf("cp3%d-none-any", t.Minor), RequiresDist: []string{"far"}})
	add("one version spelled twice", []string{"lib"}, lib, Wheel{Project: "lib", Version: "1.0.0"})
	add("by URL", []string{"app"}, Wheel{Project: "app", RequiresDist: []string{"lib @ http://127.0.0.1:1/lib-1.0-py3-none-any.whl"}}, lib)
	add("by URL, elsewhere", []string{"app"}, Wheel{Project: "app", RequiresDist: []string{"lib @ http://127.0.0.1:1/x.whl; sys_platform == 'win32'"}})
	add("a line that does not parse", []string{"app"}, Wheel{Project: "app", RequiresDist: []string{"lib lib"}}, lib)
	add("a line that does not parse, not asked for", []string{"lib"}, Wheel{Project: "app", RequiresDist: []string{"lib lib"}}, lib)
	var demands, specifiers []string
	for n := range 1000 {
		demand := fmt.Sprintf("lib>=0.%d", n)
		if n >= 250 { // all that apply are judged together, again and again
			demand += "; python_version < '3'"
		}
		demands, specifiers = append(demands, demand), append(specifiers, fmt.Sprintf(">=0.%d", n))
	}
	add("a thousand requirements", []string{"app"}, Wheel{Project: "app", RequiresDist: demands}, lib)
	add("a thousand specifiers", []string{"app"}, Wheel{Project: "app", RequiresDist: []string{"lib" + strings.Join(specifiers, ",")}}, lib)
	for name, c := range map[string]Combination{
		"sdist alone":             {Requirements: []string{"lib"}},
		"sdist of a dependency":   {Requirements: []string{"app"}, Wheels: []Wheel{app}},
		"sdist beside":            {Requirements: []string{"lib"}, Wheels: []Wheel{lib}},
		"sdist newer than wanted": {Requirements: []string{"lib==1.0"}, Wheels: []Wheel{lib}},
	} {
		c.Name, c.Files = "house/"+name, map[string][]byte{"lib-2.0.tar.gz": []byte("x")}
		all = append(all, c)
	}
	for name, constraint := range map[string]string{
		"met": "lib<2", "unmet": "lib>2", "of another": "far==1", "met by name": "LIB==1.0", "elsewhere": "lib>2; sys_platform == 'win32'", "not parsed": "lib>>2",
	} {
		all = append(all, Combination{
			Name: "constraints/" + name, Wheels: []Wheel{app, lib}, Requirements: []string{"app"}, Constraints: []string{constraint},
		})
	}
	return append(all, Combination{
		Name: "constraints/a prerelease", Wheels: []Wheel{app, {Project: "lib", Version: "2.0rc1"}}, Requirements: []string{"app"}, Constraints: []string{"lib>=1"},
	})
}

// brokenCombinations have a wheel that something is wrong with: one that is
// asked for, and one that is not.
func brokenCombinations(Target) []Combination {
	lib := Wheel{Project: "lib", Files: map[string]string{"lib1.py": "text = 1\n"}}
	change := func(old, new string) []byte {
		data := lib.Bytes()
		if !bytes.Contains(data, []byte(old)) || len(old) != len(new) {
			panic("wheeltest: cannot change " + old)
		}
		return bytes.ReplaceAll(data, []byte(old), []byte(new))
	}
	const file = "lib-1.0-py3-none-any.whl"
	var all []Combination
	for name, files := range map[string]map[string][]byte{
		"no zip":           {file: []byte("no zip")},
		"empty":            {file: nil},
		"no METADATA":      {file: change("dist-info/METADATA", "dist-info/metadata")},
		"no WHEEL":         {file: change("dist-info/WHEEL", "dist-info/wheel")},
		"RECORD lies":      {file: change("lib1.py,sha256=", "lib2.py,sha256=")},
		"another project":  {file: Wheel{Project: "far"}.Bytes()},
		"another version":  {file: Wheel{Project: "lib", Version: "1.1"}.Bytes()},
		"another tag":      {file: Wheel{Project: "lib", Tag: "py2-none-any"}.Bytes()},
		"leaves":           {file: Wheel{Project: "lib", Files: map[string]string{"../lib.py": ""}}.Bytes()},
		"no version":       {"lib-one-py3-none-any.whl": Wheel{Project: "lib", Version: "one"}.Bytes()},
		"too few parts":    {"lib-1.0-none-any.whl": lib.Bytes()},
		"build tag":        {"lib-1.0-b1-py3-none-any.whl": lib.Bytes()},
		"hyphens in name":  {"li-b-1.0-py3-none-any.whl": lib.Bytes()},
		"version too long": {"lib-1.0.0.0.0-py3-none-any.whl": lib.Bytes()},
	} {
		all = append(all, Combination{Name: "broken/" + name, Files: files, Requirements: []string{"lib"}},
			Combination{Name: "broken/not asked for: " + name, Files: files, Wheels: []Wheel{{Project: "app"}}, Requirements: []string{"app"}})
	}
	return all
}

func hashCombinations(Target) []Combination {
	app, lib := Wheel{Project: "app", RequiresDist: []string{"lib"}}, Wheel{Project: "lib"}
	const appHash, libHash = " --hash=sha256:{app-1.0-py3-none-any.whl}", " --hash=sha256:{lib-1.0-py3-none-any.whl}"
	wrong := " --hash=sha256:" + strings.Repeat("0", 64)
	var all []Combination
	for name, lines := range map[string][]string{
		"right":                {"app==1.0" + appHash, "lib==1.0" + libHash},
		"wrong":                {"app==1.0" + appHash, "lib==1.0" + wrong},
		"one of two":           {"app==1.0" + appHash + wrong, "lib==1.0" + wrong + libHash},
		"another's":            {"app==1.0" + libHash, "lib==1.0" + appHash},
		"of one version alone": {"lib==1.0" + libHash},
		"wrong for none":       {"lib==1.0" + libHash, "far==1.0; sys_platform == 'win32'" + wrong},
	} {
		all = append(all, Combination{Name: "hashes/" + name, Wheels: []Wheel{app, lib}, Requirements: lines})
	}
	return all
}

// randomCombinations are small wheelhouses, most of them nearly complete.
func randomCombinations(t Target) []Combination {
	r := rand.New(rand.NewPCG(6, 440))
	pick := func(texts ...string) string { return texts[r.IntN(len(texts))] }
	mine, linux := fmt.Sprintf("cp3%d", t.Minor), "linux_"+t.Machine
	projects := []string{"app", "lib", "net-core", "util", "data", "far"}
	var all []Combination
	for n := range 20 {
		c := Combination{Name: fmt.Sprintf("random/%d", n), Requirements: []string{pick("app", "app>=1", "app[net]", "app==1.*", "app~=1.0")}}
		if r.IntN(4) == 0 {
			c.Requirements = append(c.Requirements, pick(projects...)+pick("", ">=1", "; sys_platform == 'win32'", "[net]"))
		}
		if r.IntN(4) == 0 {
			c.Constraints = []string{pick(projects...) + pick("<3", "<2", ">=1", "!=1.2")}
		}
		for _, project := range projects {
			if project != "app" && r.IntN(12) == 0 {
				continue
			}
			w := Wheel{
				Project: project, Version: pick("1.0", "1.2", "1.2", "1.5.post1", "2.0rc1", "1.0+cpu"), ProvidesExtra: []string{"net"},
				Tag:            pick("py3-none-any", "py3-none-any", "py2.py3-none-any", mine+"-"+mine+"-"+linux, "cp36-abi3-manylinux2014_"+t.Machine, "py3-none-"+linux),
				RequiresPython: pick("", "", ">=3.6", ">=3.7,<4"),
			}
			for range r.IntN(4) {
				w.RequiresDist = append(w.RequiresDist, pick(projects...)+pick("", "[net]", "[NET]")+pick("", ">=1", ">=1.0,<3", "!=1.3", "<2", "~=1.0")+
					pick("", "", "; extra == 'net'", "; python_version < '3'", "; sys_platform == 'linux'"))
			}
			if r.IntN(20) == 0 {
				w.Tag = pick("py2-none-any", mine+"-"+mine+"-win_amd64", mine+"-"+mine+"-manylinux_2_99_"+t.Machine)
			}
			c.Wheels = append(c.Wheels, w)
		}
		all = append(all, c)
	}
	return all
}
