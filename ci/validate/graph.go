package validate

import (
	"maps"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

// asked is a wheel with one extra asked of it, or with none (""). A wheel that
// is reached with an extra is reached with none as well.
type asked struct{ file, extra string }

// edge is a requirement that applies to an asked wheel.
type edge struct {
	label string
	// to are what it leads to; hit tells that it names the project looked for,
	// where a chain ends.
	to  []asked
	hit bool
}

// graph is a World's requirements as they lead to one project.
type graph struct {
	*walk
	target string
	edges  map[asked][]edge
	// far is how many requirements lie between an asked wheel and the target;
	// one that does not lead there is not in it.
	far map[asked]int
}

func newGraph(w World, target string) *graph {
	g := &graph{walk: newWalk(w), target: target, edges: map[asked][]edge{}, far: map[asked]int{}}
	from := map[asked][]asked{} // the edges, backwards
	var queue []asked
	for _, file := range sortedKeys(g.names) {
		owner := g.names[file].Project
		for _, text := range w.Wheels[file].RequiresDist {
			j := g.judged[python.Line{Owner: owner, Text: text}]
			e := edge{label: label(j), to: g.leads(j), hit: j.Project == target}
			for _, extra := range under(j) {
				here := asked{file, extra}
				g.edges[here] = append(g.edges[here], e)
				if e.hit && g.far[here] == 0 {
					g.far[here] = 1
					queue = append(queue, here)
				}
				for _, to := range e.to {
					if !e.hit {
						from[to] = append(from[to], here)
					}
				}
			}
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, before := range from[queue[0]] {
			if g.far[before] == 0 {
				g.far[before] = g.far[queue[0]] + 1
				queue = append(queue, before)
			}
		}
	}
	return g
}

// under gives the extras that a requirement applies under; with none it
// applies under all of them, and "" says so.
func under(j python.Judgement) []string {
	if j.Error != "" {
		return nil
	}
	if j.Applies[""] {
		return []string{""}
	}
	var extras []string
	for _, extra := range slices.Sorted(maps.Keys(j.Applies)) {
		if j.Applies[extra] {
			extras = append(extras, extra)
		}
	}
	return extras
}

// leads gives what a requirement leads to: the wheel that Closure takes for it,
// with none and with each of its extras. Nothing where there is no wheel.
func (g *graph) leads(j python.Judgement) []asked {
	files := g.byProject[j.Project]
	i := slices.IndexFunc(files, func(file string) bool { return slices.Contains(j.Satisfied, g.Wheels[file].Version) })
	if i < 0 || j.URL != "" {
		return nil
	}
	to := []asked{{files[i], ""}}
	for _, extra := range j.Extras {
		to = append(to, asked{files[i], extra})
	}
	return to
}

// applying gives a root's judgement, and whether there is anything to follow.
func (g *graph) applying(root Root) (j python.Judgement, ok bool) {
	j = g.judged[python.Line{Text: root.Text()}]
	return j, root.Project != "" && j.Error == "" && j.Applies[""]
}

// rootChains gives the shortest chains from a root; false when none leads to
// the target.
func (g *graph) rootChains(root Root) (RootChains, bool) {
	j, ok := g.applying(root)
	if !ok {
		return RootChains{}, false
	}
	found := RootChains{Root: label(j), Origin: root.Origin}
	if j.Project == g.target {
		found.Chains = [][]string{{label(j)}}
		return found, true
	}
	starts := g.leads(j)
	nearest := 0
	for _, start := range starts {
		if far := g.far[start]; far > 0 && (nearest == 0 || far < nearest) {
			nearest = far
		}
	}
	if nearest == 0 {
		return RootChains{}, false
	}
	c := collector{g: g, seen: map[string]bool{}, chain: []string{label(j)}}
	for _, start := range starts {
		if g.far[start] == nearest {
			c.follow(start)
		}
	}
	found.Chains, found.More = c.found, c.more
	return found, true
}

// collector collects distinct chains from one root.
type collector struct {
	g     *graph
	chain []string
	seen  map[string]bool
	found [][]string
	paths int
	more  bool
}

// follow goes on from a wheel along every requirement that leads nearer: each
// such way ends at the target.
func (c *collector) follow(at asked) {
	for _, e := range c.g.edges[at] {
		if c.more {
			return
		}
		c.chain = append(c.chain, e.label)
		far := c.g.far[at]
		switch {
		case e.hit && far == 1:
			c.end()
		case !e.hit && far > 1:
			for _, to := range e.to {
				if c.g.far[to] == far-1 {
					c.follow(to)
				}
			}
		}
		c.chain = c.chain[:len(c.chain)-1]
	}
}

// end keeps the chain, unless it reads as one before.
func (c *collector) end() {
	c.paths++
	chain := middle(c.chain)
	key := strings.Join(chain, "\x00")
	switch {
	case c.paths > mostPaths:
		c.more = true
	case c.seen[key]:
	case len(c.found) == mostChains:
		c.more = true
	default:
		c.seen[key] = true
		c.found = append(c.found, chain)
	}
}

// middle gives a copy of a chain; a long one without its middle.
func middle(chain []string) []string {
	const half = 10
	if len(chain) <= 2*half+1 {
		return slices.Clone(chain)
	}
	return slices.Concat(chain[:half], []string{"..."}, chain[len(chain)-half:])
}

// demands gives the requirements of the target that roots and the wheels which
// they reach have: those that apply, and those that do not.
func (g *graph) demands() (demands, dormant []Demand) {
	reached := map[asked]bool{}
	var queue []asked
	push := func(all []asked) {
		for _, one := range all {
			if !reached[one] {
				reached[one] = true
				queue = append(queue, one)
			}
		}
	}
	for _, root := range g.Roots {
		j, ok := g.applying(root)
		if j.Project == g.target && root.Project != "" && j.Error == "" {
			d := Demand{By: root.Origin, Text: label(j), satisfied: j.Satisfied}
			if ok {
				demands = append(demands, d)
			} else {
				d.Text = root.Text()
				dormant = append(dormant, d)
			}
		}
		if ok {
			push(g.leads(j))
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, e := range g.edges[queue[0]] {
			push(e.to)
		}
	}
	seen := map[[2]string]bool{}
	for _, file := range sortedKeys(g.names) {
		if !reached[asked{file, ""}] {
			continue
		}
		for _, text := range g.Wheels[file].RequiresDist {
			j := g.judged[python.Line{Owner: g.names[file].Project, Text: text}]
			if j.Project != g.target || j.Error != "" {
				continue
			}
			d := Demand{By: file, Text: label(j), satisfied: j.Satisfied}
			switch {
			case !slices.ContainsFunc(under(j), func(extra string) bool { return reached[asked{file, extra}] }):
				d.Text = text
				dormant = append(dormant, d)
			case !seen[[2]string{d.By, d.Text}]: // one text may stand there under several extras
				seen[[2]string{d.By, d.Text}] = true
				demands = append(demands, d)
			}
		}
	}
	return demands, dormant
}
