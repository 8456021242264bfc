package validate

import (
	"fmt"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

// The states of a project in an Explanation.
const (
	// Needed: a root brings it in, and there is a file that does.
	Needed = "needed"
	// Missing: a root brings it in, and no file does.
	Missing = "missing"
	// Unneeded: it is there, and no root brings it in.
	Unneeded = "unneeded"
	// Absent: it is not there, and no root brings it in.
	Absent = "absent"
)

// What an explanation holds at most of each; More tells how many there are
// beyond.
const (
	mostChains  = 10 // of one root
	mostRoots   = 100
	mostDemands = 100
	mostFiles   = 100
	mostReasons = 10 // of one file
	// mostPaths bounds how many ways are followed for one root: many may read
	// the same.
	mostPaths = 10_000
)

// Explanation is why a project is in a wheelhouse, or why it is not.
type Explanation struct {
	// Project is its normalised name.
	Project string `json:"project"`
	// State is Needed, Missing, Unneeded or Absent.
	State string `json:"state"`
	// Roots are those that bring it in, in their order.
	Roots []RootChains `json:"roots"`
	// Demands are the requirements of it that apply here.
	Demands []Demand `json:"demands"`
	// Dormant are those of roots and of wheels needed that do not apply: their
	// marker says no, or nobody asks for the extra.
	Dormant []Demand `json:"dormant"`
	// Files of the project, the installer's favourite first, then its source
	// distributions.
	Files []Candidate `json:"files"`
	// More tells how many of all these are left out.
	More int `json:"more,omitempty"`
}

// RootChains are the shortest ways from one root to the project.
type RootChains struct {
	// Root as it was asked for, "app[web]>=2", and where: "requirements.txt:3".
	Root   string `json:"root"`
	Origin string `json:"origin"`
	// Chains of requirements, from the root to the project. Long ones are cut
	// in the middle.
	Chains [][]string `json:"chains"`
	// More tells that there are further ones, of the same length.
	More bool `json:"more,omitempty"`
}

// Demand is one requirement of the project.
type Demand struct {
	// By is a wheel's file name, or where a root was asked for.
	By string `json:"by"`
	// Text is the requirement: "urllib3<3,>=1.21.1".
	Text string `json:"text"`

	satisfied []string
}

// Candidate is one file of the project.
type Candidate struct {
	File    string `json:"file"`
	Version string `json:"version"`
	// Chosen tells the one that an installer takes, if any root needs it.
	Chosen bool `json:"chosen"`
	// Against are the reasons why it does not do; none: it would.
	Against []Reason `json:"against"`
}

// Reason is why a file does not do.
type Reason struct {
	// What is wrong: "version", "tag", "requires-python", "constraint", "hash",
	// "sdist".
	What string `json:"what"`
	// Text says how.
	Text string `json:"text"`
}

// Explain tells which roots bring a project in and by which chains, and which
// of its files do. project is normalised; sums gives the wheels' sha256 by file
// name; l is the lock beside the tarball, nil where there is none. Pure: w's
// questions were answered before. Its time is linear in all requirements of the
// wheels.
func Explain(w World, project string, sums map[string]string, l *lock.Lock) Explanation {
	g := newGraph(w, project)
	e := Explanation{
		Project: project, Roots: []RootChains{}, Demands: []Demand{}, Dormant: []Demand{}, Files: []Candidate{},
	}
	for _, root := range w.Roots {
		chains, ok := g.rootChains(root)
		switch {
		case ok && len(e.Roots) < mostRoots:
			e.Roots = append(e.Roots, chains)
		case ok:
			e.More++
		}
	}
	demands, dormant := g.demands()
	files := g.byProject[project]
	e.More += max(0, len(files)-mostFiles)
	for _, file := range files[:min(len(files), mostFiles)] {
		e.Files = append(e.Files, Candidate{
			File: file, Version: w.Wheels[file].Version, Against: g.against(file, demands, sums, l),
		})
	}
	for _, s := range g.sdists[project][:min(len(g.sdists[project]), mostFiles)] {
		e.Files = append(e.Files, Candidate{File: s.file, Version: s.version, Against: []Reason{
			{"sdist", "a source distribution, which an installer here does not build"},
		}})
	}
	e.State = e.state()
	for i := range e.Files {
		if e.State == Needed && len(e.Files[i].Against) == 0 {
			e.Files[i].Chosen = true
			break
		}
	}
	e.Demands, e.More = append(e.Demands, demands[:min(len(demands), mostDemands)]...), e.More+max(0, len(demands)-mostDemands)
	e.Dormant, e.More = append(e.Dormant, dormant[:min(len(dormant), mostDemands)]...), e.More+max(0, len(dormant)-mostDemands)
	return e
}

func (e Explanation) state() string {
	does := slices.ContainsFunc(e.Files, func(c Candidate) bool { return len(c.Against) == 0 })
	switch {
	case len(e.Roots) > 0 && does:
		return Needed
	case len(e.Roots) > 0:
		return Missing
	case len(e.Files) > 0:
		return Unneeded
	}
	return Absent
}

// against gives the reasons why a file does not do.
func (g *graph) against(file string, demands []Demand, sums map[string]string, l *lock.Lock) []Reason {
	reasons := []Reason{}
	add := func(what, format string, args ...any) {
		if len(reasons) < mostReasons {
			reasons = append(reasons, Reason{what, fmt.Sprintf(format, args...)})
		}
	}
	version := g.Wheels[file].Version
	if _, fits := g.tags.rank(g.names[file]); !fits {
		add("tag", "%s", g.tags.mismatch(file, g.names[file], g.Interpreter, "").Message)
	}
	if !g.pythonFits(file) {
		add("requires-python", "requires Python %s, which %s is not", g.Wheels[file].RequiresPython, g.Interpreter)
	}
	for _, d := range demands {
		if !slices.Contains(d.satisfied, version) {
			add("version", "%s requires %s", d.By, d.Text)
		}
	}
	for _, c := range g.Constraints {
		j := g.judged[python.Line{Text: c.Text()}]
		if c.Project != "" && j.Project == g.target && j.Applies[""] && !slices.Contains(j.Satisfied, version) {
			add("constraint", "outside the constraint %s of %s", label(j), c.Origin)
		}
	}
	for _, root := range slices.Concat(g.Roots, g.Constraints) {
		if root.Project != g.target || len(root.SHA256) == 0 && !root.OtherHashes || !hashesWheels(root) || !g.judged[python.Line{Text: root.Text()}].Applies[""] {
			continue
		}
		if f, bad := hashOf(root, file, sums[file], l); bad && f.Code == "hash-not-listed" {
			add("hash", "%s", f.Message)
		}
	}
	return reasons
}
