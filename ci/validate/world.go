package validate

import (
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Root is one requirement that the walk starts from.
type Root struct {
	requirements.Requirement
	// Origin says in messages where it was asked for: "requirements.txt:3".
	Origin string
}

// Text is the root as the interpreter's packaging is asked about it. A URL, a
// path or a VCS root stands for the wheel that was built of it, whatever its
// version.
func (r Root) Text() string {
	q := r.Requirement
	if q.URL != "" {
		q.URL, q.Specifier = "", ""
	}
	return q.String()
}

// World is all that Closure looks at.
type World struct {
	// Roots and Constraints; those without a Project are passed over.
	Roots, Constraints []Root
	// Wheels gives each wheel's METADATA by its file name.
	Wheels map[string]wheel.Metadata
	// Sdists are the file names of source distributions beside them, which
	// nothing is installed from.
	Sdists []string
	// Question and Answer: what NewQuestion made of the above, and what the
	// interpreter's packaging said.
	Question python.Question
	Answer   python.Answer
	// Tags of the interpreter, most specific first.
	Tags []string
	// Interpreter names it in messages: "Python 3.11.7 on linux_x86_64".
	Interpreter string
}

// Reached is one wheel that some root needs.
type Reached struct {
	File string
	// Extras asked of it, normalised and sorted.
	Extras []string
	// Chain from the root: "app", "requests", "urllib3"; long ones are cut in
	// the middle.
	Chain []string
}

// NewQuestion gives what the interpreter's packaging must be asked before
// Closure: every requirement of every wheel, the roots and the constraints.
// sdists are World.Sdists.
func NewQuestion(roots, constraints []Root, wheels map[string]wheel.Metadata, sdists ...string) python.Question {
	q := python.Question{Versions: map[string][]string{}}
	asked := map[python.Line]bool{}
	ask := func(owner, text string) {
		line := python.Line{Owner: owner, Text: text}
		if !asked[line] {
			asked[line] = true
			q.Lines = append(q.Lines, line)
		}
	}
	for _, r := range slices.Concat(roots, constraints) {
		if r.Project != "" {
			ask("", r.Text())
		}
	}
	version := func(project, text string) {
		if !slices.Contains(q.Versions[project], text) {
			q.Versions[project] = append(q.Versions[project], text)
		}
	}
	for _, file := range sdists {
		for _, s := range sources(file) {
			version(s.project, s.version)
		}
	}
	pythons := map[string]bool{}
	for _, file := range sortedKeys(wheels) {
		name, err := wheel.ParseName(file)
		if err != nil {
			continue
		}
		m := wheels[file]
		version(name.Project, m.Version)
		for _, text := range m.RequiresDist {
			ask(name.Project, text)
		}
		if m.RequiresPython != "" && !pythons[m.RequiresPython] {
			pythons[m.RequiresPython] = true
			q.RequiresPython = append(q.RequiresPython, m.RequiresPython)
		}
	}
	return q
}
