package validate

import (
	"regexp"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Most requirements of real wheels are those of extras that nobody asks for,
// "sphinx>=4; extra == 'docs'", and the packaging of some pips takes a
// millisecond to parse one. So that nobody waits for it, requirements of this
// plain form are judged here: they do not apply.

// plainForm recognises requirements of the plain form.
type plainForm struct {
	// text has groups: the name, the extras, the specifier out of and in
	// parentheses, and the marker.
	text *regexp.Regexp
	// extra matches the comparison of a plain marker with an extra.
	extra *regexp.Regexp
}

// newPlainForm makes the expressions, which takes too long to do at every start
// of the program. A marker of the form is a row of comparisons with "and"
// between; there is nothing in it that any packaging refuses.
func newPlainForm() plainForm {
	const (
		word    = `[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`
		number  = `[0-9]+(?:\.[0-9]+)*`
		clause  = `(?:(?:==|!=|>=|<=|<|>) ?` + number + `|[=!]= ?` + number + `\.\*|~= ?[0-9]+(?:\.[0-9]+)+)`
		clauses = clause + `(?: ?, ?` + clause + `)*`
		quoted  = `(?:'` + word + `'|"` + word + `")`
		version = `(?:'` + number + `'|"` + number + `")`
		term    = `(?:extra ?== ?` + quoted + `|python(?:_full)?_version ?(?:==|!=|>=|<=|<|>) ?` + version +
			`|(?:sys_platform|platform_system|os_name|platform_machine) ?[!=]= ?` + quoted + `)`
	)
	return plainForm{
		text: regexp.MustCompile(`^(` + word + `)(?:\[(` + word + `(?: ?, ?` + word + `)*)\])? ?(?:(` + clauses + `)|\((` + clauses + `)\))? ?; ?(` +
			term + `(?: and ` + term + `)*)$`),
		extra: regexp.MustCompile(`extra ?== ?['"]([^'"]+)`),
	}
}

// plainLine is a requirement of the plain form with at least one extra that its
// marker wants.
type plainLine struct {
	judgement python.Judgement // as of one that does not apply
	wants     []string         // normalised
}

// parse reads a requirement of the plain form; false for another.
func (f plainForm) parse(text string) (p plainLine, ok bool) {
	if !strings.Contains(text, "extra") || len(text) > 1000 {
		return p, false
	}
	parts := f.text.FindStringSubmatch(text)
	if parts == nil {
		return p, false
	}
	for _, term := range f.extra.FindAllStringSubmatch(parts[5], -1) {
		p.wants = append(p.wants, wheel.Normalize(term[1]))
	}
	p.judgement.Project = wheel.Normalize(parts[1])
	p.judgement.Extras = normalExtras(parts[2])
	p.judgement.Specifier = strings.ReplaceAll(parts[3]+parts[4], " ", "")
	p.judgement.Applies = map[string]bool{"": false}
	return p, len(p.wants) > 0
}

// normalExtras gives extras between commas, normalised and sorted.
func normalExtras(text string) []string {
	var extras []string
	for extra := range strings.SplitSeq(text, ",") {
		if extra = wheel.Normalize(strings.TrimSpace(extra)); extra != "" && !slices.Contains(extras, extra) {
			extras = append(extras, extra)
		}
	}
	slices.Sort(extras)
	return extras
}

// dormant parts a question: what is left to ask, and by their place in it the
// judgements of requirements that cannot apply, because their marker wants an
// extra that nothing asks of their owner: no root, and no requirement that may
// apply itself.
func dormant(q python.Question) (left python.Question, known map[int]python.Judgement) {
	form := newPlainForm()
	known = map[int]python.Judgement{}
	wanted := map[[2]string][]int{} // by owner and extra: who waits for it
	missing := map[int]int{}        // of how many extras
	var live []python.Line
	plain := map[int]plainLine{}
	for i, line := range q.Lines {
		p, ok := form.parse(line.Text)
		if !ok || line.Owner == "" {
			live = append(live, line)
			continue
		}
		plain[i] = p
		for _, extra := range slices.Compact(slices.Sorted(slices.Values(p.wants))) {
			key := [2]string{line.Owner, extra}
			wanted[key] = append(wanted[key], i)
			missing[i]++
		}
	}
	for ; len(live) > 0; live = live[1:] {
		project, extras, ok := asksFor(live[0].Text)
		if !ok {
			return q, map[int]python.Judgement{} // whatever it is, all may apply
		}
		for _, extra := range extras {
			key := [2]string{project, extra}
			for _, i := range wanted[key] {
				if missing[i]--; missing[i] == 0 {
					live = append(live, q.Lines[i])
				}
			}
			delete(wanted, key)
		}
	}
	left = q
	left.Lines = nil
	for i, line := range q.Lines {
		if missing[i] > 0 {
			known[i] = plain[i].judgement
		} else {
			left.Lines = append(left.Lines, line)
		}
	}
	return left, known
}

// asksFor gives the extras that a requirement asks for of a project. ok is
// false where there may be some that are not seen.
func asksFor(text string) (project string, extras []string, ok bool) {
	parts := withExtras.FindStringSubmatch(text)
	if parts == nil {
		return "", nil, !strings.Contains(text, "[")
	}
	return wheel.Normalize(parts[1]), normalExtras(parts[2]), true
}

// complete gives the answer to the whole question from that to what was left.
func complete(q python.Question, a python.Answer, known map[int]python.Judgement) python.Answer {
	if len(known) == 0 {
		return a
	}
	all := make([]python.Judgement, 0, len(q.Lines))
	asked := a.Judgements
	for i := range q.Lines {
		j, ok := known[i]
		if !ok {
			j, asked = asked[0], asked[1:]
		}
		all = append(all, j)
	}
	a.Judgements = all
	return a
}
