package validate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Closure walks from the roots over every wheel's Requires-Dist to a fixed
// point: an extra asked of a wheel later makes its requirements be looked at
// again. Pure: the interpreter's packaging was asked before. What it gives is
// sorted by file name; findings are in the order of the walk, then those of
// constraints, then those of wheels that nothing needs.
func Closure(w World) (reached []Reached, findings []finding.Finding) {
	k := newWalk(w)
	for _, root := range w.Roots {
		if root.Project == "" {
			continue
		}
		j := k.judged[python.Line{Text: root.Text()}]
		switch {
		case j.Error != "":
			k.fail("bad-requirement", root.Origin, fmt.Sprintf("%q: %s", root.Text(), j.Error), "")
		case j.Applies[""]:
			k.resolve(j, nil, root.Origin)
		}
	}
	for len(k.queue) > 0 {
		n := k.queue[0]
		k.queue = k.queue[1:]
		n.queued = false
		k.expand(n)
	}
	k.constraints()
	k.unreached()
	for _, file := range sortedKeys(k.nodes) {
		n := k.nodes[file]
		reached = append(reached, Reached{File: file, Extras: sortedKeys(n.extras), Chain: n.chain()})
	}
	return reached, k.findings
}

// walk is one Closure under way.
type walk struct {
	World
	tags      tagList
	names     map[string]wheel.Name
	byProject map[string][]string // files, the installer's favourite first
	sdists    map[string][]sdist
	judged    map[python.Line]python.Judgement
	nodes     map[string]*node // by file
	queue     []*node
	findings  []finding.Finding
}

// node is a wheel reached. Chains are kept as links to parents: a chain for
// each of 10,000 wheels in a row would fill the memory.
type node struct {
	file, project string
	parent        *node
	extras        map[string]bool
	done          map[string]bool // Requires-Dist lines followed
	queued        bool
}

func newWalk(w World) *walk {
	k := &walk{
		World: w, tags: newTagList(w.Tags), names: map[string]wheel.Name{}, byProject: map[string][]string{}, sdists: bySource(w.Sdists),
		judged: map[python.Line]python.Judgement{}, nodes: map[string]*node{},
	}
	for i, line := range w.Question.Lines {
		if i < len(w.Answer.Judgements) {
			k.judged[line] = w.Answer.Judgements[i]
		}
	}
	rank := map[string]int{}
	for _, file := range sortedKeys(w.Wheels) {
		name, err := wheel.ParseName(file)
		if err != nil {
			continue
		}
		k.names[file] = name
		k.byProject[name.Project] = append(k.byProject[name.Project], file)
		place, _ := k.tags.rank(name)
		if !k.pythonFits(file) {
			place = len(k.tags) + 1
		}
		rank[file] = place
	}
	for _, files := range k.byProject {
		slices.SortStableFunc(files, func(a, b string) int {
			return cmp.Or(cmp.Compare(rank[a], rank[b]), compareBuilds(k.names[b].Build, k.names[a].Build))
		})
	}
	return k
}

// compareBuilds orders build tags as PEP 427 has it: by the leading number,
// then by the rest; none is least.
func compareBuilds(a, b string) int {
	number := func(s string) (digits, rest string) {
		rest = strings.TrimLeft(s, "0123456789")
		return strings.TrimLeft(s[:len(s)-len(rest)], "0"), rest
	}
	aDigits, aRest := number(a)
	bDigits, bRest := number(b)
	return cmp.Or(cmp.Compare(min(len(a), 1), min(len(b), 1)), cmp.Compare(len(aDigits), len(bDigits)),
		cmp.Compare(aDigits, bDigits), cmp.Compare(aRest, bRest))
}

func (k *walk) pythonFits(file string) bool {
	text := k.Wheels[file].RequiresPython
	fits, known := k.Answer.RequiresPython[text]
	return text == "" || fits || !known
}

func (k *walk) fail(code, subject, message, hint string) {
	k.findings = append(k.findings, finding.Finding{Code: code, Severity: finding.Fail, Subject: subject, Message: message, Hint: hint})
}

// resolve finds the wheel for a requirement that applies. parent is the wheel
// that has the requirement; nil for a root, which origin then tells of.
func (k *walk) resolve(j python.Judgement, parent *node, origin string) {
	label := label(j)
	chain := strings.Join(append(parent.chain(), label), " -> ")
	from := ""
	if parent == nil {
		from = "asked for by " + origin + "; "
	}
	if parent != nil && j.URL != "" {
		k.fail("url-dependency", chain, parent.file+" requires it by a URL, which an installer without a network cannot follow",
			"use a version of "+parent.project+" that requires it by name")
		return
	}
	files := k.byProject[j.Project]
	i := slices.IndexFunc(files, func(file string) bool { return slices.Contains(j.Satisfied, k.Wheels[file].Version) })
	if i < 0 {
		k.missing(j, chain, from)
		return
	}
	n := k.reach(files[i], parent)
	for _, extra := range j.Extras {
		k.addExtra(n, extra, chain)
	}
}

// missing reports a requirement that no wheel satisfies, and why those of the
// name do not.
func (k *walk) missing(j python.Judgement, chain, from string) {
	var have []string
	for _, file := range k.byProject[j.Project] {
		if version := k.Wheels[file].Version; !slices.Contains(have, version) {
			have = append(have, version)
		}
	}
	if i := slices.IndexFunc(k.sdists[j.Project], func(s sdist) bool { return slices.Contains(j.Satisfied, s.version) }); i >= 0 {
		k.fail("sdist-only", chain, from+"only "+k.sdists[j.Project][i].file+" would do, a source distribution, which an installer here does not build",
			"build again, so that "+j.Project+" is there as a wheel")
		return
	}
	if len(have) == 0 {
		k.fail("missing-dependency", chain, from+"the wheelhouse has no wheel of "+j.Project,
			"add "+j.Project+j.Specifier+" to the requirements and build again")
		return
	}
	slices.Sort(have)
	k.fail("missing-dependency", chain, fmt.Sprintf("%sthe wheelhouse has %s %s, which %s does not take", from, j.Project, listed(have), j.Specifier),
		"pin "+j.Project+j.Specifier+" in the requirements and build again")
}

// reach gives the node of a wheel, made and queued when it is new.
func (k *walk) reach(file string, parent *node) *node {
	if n := k.nodes[file]; n != nil {
		return n
	}
	n := &node{file: file, project: k.names[file].Project, parent: parent, extras: map[string]bool{}, done: map[string]bool{}}
	k.nodes[file] = n
	k.fits(file, finding.Fail)
	k.push(n)
	return n
}

// fits reports a wheel that the interpreter cannot install.
func (k *walk) fits(file string, severity finding.Severity) {
	if _, ok := k.tags.rank(k.names[file]); !ok {
		k.findings = append(k.findings, k.tags.mismatch(file, k.names[file], k.Interpreter, severity))
	}
	if !k.pythonFits(file) {
		k.findings = append(k.findings, finding.Finding{
			Code: "requires-python", Severity: severity, Subject: file,
			Message: fmt.Sprintf("requires Python %s, which %s is not", k.Wheels[file].RequiresPython, k.Interpreter),
			Hint:    "pin a version that supports this Python, or choose another interpreter",
		})
	}
}

func (k *walk) push(n *node) {
	if !n.queued {
		n.queued = true
		k.queue = append(k.queue, n)
	}
}

func (k *walk) addExtra(n *node, extra, chain string) {
	if n.extras[extra] {
		return
	}
	n.extras[extra] = true
	k.push(n)
	provided := k.Wheels[n.file].ProvidesExtra
	if !slices.ContainsFunc(provided, func(p string) bool { return wheel.Normalize(p) == extra }) {
		message := n.file + " provides no extras"
		if len(provided) > 0 {
			message = n.file + " provides " + listed(provided)
		}
		k.fail("unknown-extra", chain, fmt.Sprintf("no extra %q: %s", extra, message), "correct the extra's name, or leave it out")
	}
}

// expand follows the requirements of a wheel that apply under the extras asked
// of it so far, once each.
func (k *walk) expand(n *node) {
	for _, text := range k.Wheels[n.file].RequiresDist {
		if n.done[text] {
			continue
		}
		j := k.judged[python.Line{Owner: n.project, Text: text}]
		if j.Error != "" {
			n.done[text] = true
			k.fail("bad-requires-dist", n.file, fmt.Sprintf("Requires-Dist %q: %s", text, j.Error),
				"use a version of "+n.project+" whose metadata is right")
			continue
		}
		applies := j.Applies[""]
		for extra := range n.extras {
			applies = applies || j.Applies[extra]
		}
		if applies {
			n.done[text] = true
			k.resolve(j, n, "")
		}
	}
}

// constraints reports reached wheels that a constraint does not take.
func (k *walk) constraints() {
	for _, c := range k.Constraints {
		if c.Project == "" {
			continue
		}
		j := k.judged[python.Line{Text: c.Text()}]
		if j.Error != "" {
			k.fail("bad-requirement", c.Origin, fmt.Sprintf("%q: %s", c.Text(), j.Error), "")
			continue
		}
		for _, file := range k.byProject[j.Project] {
			if k.nodes[file] != nil && j.Applies[""] && !slices.Contains(j.Satisfied, k.Wheels[file].Version) {
				k.fail("constraint", file, fmt.Sprintf("outside the constraint %s of %s", label(j), c.Origin),
					"build again under the constraints, or change them")
			}
		}
	}
}

// unreached warns of wheels that nothing needs and that cannot be installed.
func (k *walk) unreached() {
	for _, file := range sortedKeys(k.names) {
		if k.nodes[file] == nil {
			k.fits(file, finding.Warn)
		}
	}
}

// chain gives the projects from the root to n. The middle of a long one is
// left out. A nil node has an empty chain.
func (n *node) chain() []string {
	const most = 20
	var up []string
	for ; n != nil; n = n.parent {
		switch {
		case n.parent == nil && len(up) >= most:
			up = append(up, "...", n.project)
		case len(up) < most:
			up = append(up, n.project)
		}
	}
	slices.Reverse(up)
	return up
}

// label gives a judged requirement's text: "requests[socks]>=2".
func label(j python.Judgement) string {
	text := j.Project
	if len(j.Extras) > 0 {
		text += "[" + strings.Join(j.Extras, ",") + "]"
	}
	return text + j.Specifier
}
