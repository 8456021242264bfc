package validate

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

var extraMarker = regexp.MustCompile(`^extra *== *"([^"]+)"$`)

// judge answers a question as an interpreter's packaging would, for what these
// tests ask: specifiers of numbers, and the markers `extra == "x"` and
// `os_name == "other"`, which is never true.
func judge(q python.Question) python.Answer {
	asked := map[string]map[string]bool{}
	parsed := make([]requirements.Requirement, len(q.Lines))
	errs := make([]error, len(q.Lines))
	for i, line := range q.Lines {
		parsed[i], errs[i] = requirements.ParseRequirement(line.Text)
		for _, extra := range parsed[i].Extras {
			if asked[parsed[i].Project] == nil {
				asked[parsed[i].Project] = map[string]bool{}
			}
			asked[parsed[i].Project][extra] = true
		}
	}
	a := python.Answer{RequiresPython: map[string]bool{}}
	for i, line := range q.Lines {
		r := parsed[i]
		if errs[i] != nil {
			a.Judgements = append(a.Judgements, python.Judgement{Error: "does not parse"})
			continue
		}
		j := python.Judgement{Project: r.Project, Extras: r.Extras, Specifier: r.Specifier, URL: r.URL, Applies: map[string]bool{}}
		j.Applies[""] = applies(r.Marker, "")
		for extra := range asked[line.Owner] {
			j.Applies[extra] = applies(r.Marker, extra)
		}
		for _, version := range q.Versions[r.Project] {
			if takes(r.Specifier, version) {
				j.Satisfied = append(j.Satisfied, version)
			}
		}
		a.Judgements = append(a.Judgements, j)
	}
	for _, text := range q.RequiresPython {
		a.RequiresPython[text] = takes(text, "3.11.7")
	}
	return a
}

func applies(marker, extra string) bool {
	if m := extraMarker.FindStringSubmatch(marker); m != nil {
		return wheel.Normalize(m[1]) == extra
	}
	return marker == ""
}

func takes(specifier, version string) bool {
	for _, clause := range strings.Split(specifier, ",") {
		ok := true
		switch {
		case clause == "":
		case strings.HasPrefix(clause, "=="):
			ok = wheel.SameVersion(clause[2:], version)
		case strings.HasPrefix(clause, ">="):
			ok = compareVersions(version, clause[2:]) >= 0
		case strings.HasPrefix(clause, "<"):
			ok = compareVersions(version, clause[1:]) < 0
		default:
			panic("specifier " + clause)
		}
		if !ok {
			return false
		}
	}
	return true
}

func compareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return cmp.Compare(x, y)
	})
}

// roots reads requirements, each "text" or "text --hash=sha256:…".
func roots(t testing.TB, texts ...string) []Root {
	t.Helper()
	var list []Root
	for i, text := range texts {
		text, hash, _ := strings.Cut(text, " --hash=sha256:")
		r, err := requirements.ParseRequirement(text)
		if err != nil {
			t.Fatal(err)
		}
		if hash != "" {
			r.SHA256 = []string{hash}
		}
		list = append(list, Root{Requirement: r, Origin: "requirements.txt:" + strconv.Itoa(i+1)})
	}
	return list
}

// linux are the tags of an interpreter, cut short.
var linux = []string{
	"cp311-cp311-manylinux_2_36_x86_64", "cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64",
	"cp311-cp311-linux_x86_64", "cp311-abi3-manylinux_2_17_x86_64", "cp39-abi3-manylinux_2_17_x86_64",
	"py3-none-manylinux_2_17_x86_64", "cp311-none-any", "py311-none-any", "py3-none-any", "py310-none-any",
}

// world makes a World of wheels described by METADATA, by file name.
func world(t testing.TB, wheels map[string]wheel.Metadata, asked ...string) World {
	t.Helper()
	for file, m := range wheels {
		name, err := wheel.ParseName(file)
		if err != nil {
			t.Fatal(err)
		}
		m.Name, m.Version = cmp.Or(m.Name, name.Project), cmp.Or(m.Version, name.Version)
		wheels[file] = m
	}
	w := World{Wheels: wheels, Roots: roots(t, asked...), Tags: linux, Interpreter: "Python 3.11.7 on linux_x86_64"}
	w.ask()
	return w
}

func (w *World) ask() {
	w.Question = NewQuestion(w.Roots, w.Constraints, w.Wheels, w.Sdists...)
	w.Answer = judge(w.Question)
}
