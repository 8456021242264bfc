package install

import (
	"cmp"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Wheel is one that is to be installed.
type Wheel struct {
	// Project is its normalised name.
	Project string `json:"project"`
	Version string `json:"version"`
}

// Change is a project that is there in another version.
type Change struct {
	Project string `json:"project"`
	Before  string `json:"before"`
	After   string `json:"after"`
}

// Plan is what an install does to a venv. What the wheelhouse does not name
// is left as it is.
type Plan struct {
	// Added were not there.
	Added []Wheel `json:"added"`
	// Changed are replaced by another version.
	Changed []Change `json:"changed"`
	// Same are there in the right version, and stay.
	Same int `json:"same"`
}

// Nothing tells that all is there.
func (p Plan) Nothing() bool { return len(p.Added)+len(p.Changed) == 0 }

// planOf compares what is to be there with what is, by project.
func planOf(wheels []Wheel, installed map[string]string) Plan {
	p := Plan{Added: []Wheel{}, Changed: []Change{}}
	for _, w := range wheels {
		switch version, there := installed[w.Project]; {
		case !there:
			p.Added = append(p.Added, w)
		case !wheel.SameVersion(version, w.Version):
			p.Changed = append(p.Changed, Change{w.Project, version, w.Version})
		default:
			p.Same++
		}
	}
	slices.SortFunc(p.Changed, func(a, b Change) int { return cmp.Compare(a.Project, b.Project) })
	return p
}
