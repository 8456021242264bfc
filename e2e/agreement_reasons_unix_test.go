//go:build e2e && unix

package e2e

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// partings is what docs/validate.md says of where pip and we part, and what of
// it was met.
type partings struct {
	// stricter are codes of what every pip takes, old those of what the newest
	// refuses as we do, laxer what a pip says that refuses what we take.
	stricter, old, laxer map[string]bool
	met                  map[string]bool
}

var (
	row    = regexp.MustCompile("(?m)^\\| (`[^|]+) \\|")
	quoted = regexp.MustCompile("`([^`]+)`")
	oldest = regexp.MustCompile("(?m)^With pips before 24 also .*$")
)

// listed reads the page's section.
func listed(t *testing.T, page string) partings {
	t.Helper()
	_, rest, ok := strings.Cut(page, "## Where pip says otherwise\n")
	section, _, ended := strings.Cut(rest, "\n## ")
	refused, taken, both := strings.Cut(section, "\nTaken, though pip by itself refuses")
	if !ok || !ended || !both {
		t.Fatal("docs/validate.md has no such tables")
	}
	first := func(table string) map[string]bool {
		found := map[string]bool{}
		for _, match := range row.FindAllStringSubmatch(table, -1) {
			for _, in := range quoted.FindAllStringSubmatch(match[1], -1) {
				found[in[1]] = true
			}
		}
		return found
	}
	p := partings{first(refused), map[string]bool{}, first(taken), map[string]bool{}}
	for _, code := range []string{"missing-dependency", "bad-requirements"} {
		p.old[code] = strings.Contains(oldest.FindString(refused), "`"+code+"`")
	}
	return p
}

// hold fails the test unless the page says why the two part on h; newest tells
// that the newest pip and we do not.
func (p partings) hold(t *testing.T, h puzzle, o opinion, newest bool) {
	t.Helper()
	if !o.takes() {
		why := laxer(h, o, newest)
		if p.met[why] = true; !p.laxer[why] {
			t.Errorf("%s: pip refuses (%d) what we take\n%s\n%s", h.name, o.status, o.ours.text, o.said)
		}
		return
	}
	for _, code := range o.ours.codes {
		if p.met[code] = true; !p.stricter[code] && !(newest && p.old[code] && older(t, code, h, o)) {
			t.Errorf("%s: pip takes what we refuse, and docs/validate.md has no %s\n%s\n%s", h.name, code, o.ours.text, o.said)
		}
	}
}

// exhausted fails the test where the page has what was not met.
func (p partings) exhausted(t *testing.T) {
	t.Helper()
	for _, of := range []map[string]bool{p.stricter, p.old, p.laxer} {
		for why := range of {
			if !p.met[why] {
				t.Errorf("docs/validate.md has %s, on which pip and we never part", why)
			}
		}
	}
}

var (
	unknown = regexp.MustCompile(`(?m)^WARNING: \S+ \S+ does not provide the extra '[^']*-[^']*'$`)
	spelled = regexp.MustCompile(`(?m)^[^#\[]+\[[^\]]*_[^\]]*\]`)
)

// older tells whether an old pip left out what is missing because the extra's
// name has several spellings: it says that there is none such, and nothing of
// one that is asked for with an underscore.
func older(t *testing.T, code string, h puzzle, o opinion) bool {
	return code != "missing-dependency" || unknown.MatchString(o.said) ||
		!strings.Contains(o.said, "WARNING") && spelled.Match(read(t, h.requirements))
}

var (
	different   = regexp.MustCompile(`(?m)^ERROR: Package '[^']+' requires a different Python: `)
	processing  = regexp.MustCompile(`(?m)^Processing (\S+\.whl)`)
	recursion   = regexp.MustCompile(`(?m)^RecursionError: `)
	unsatisfied = regexp.MustCompile(`(?m)^ERROR: Could not find a version that satisfies the requirement .*\(from versions: ([^)]+)\)$`)
	constrained = regexp.MustCompile(`(?m)^    The user requested \(constraint\) ([A-Za-z0-9._-]+)`)
	prerelease  = regexp.MustCompile(`^[0-9.]+(a|b|rc|\.dev)[0-9]+$`)
)

// laxer gives the words of the page, out of what pip said, for which it refuses
// what we take; "" where it said none of them.
func laxer(h puzzle, o opinion, newest bool) string {
	switch {
	case different.MatchString(o.said):
		// It went no further than the one wheel, beside which lies another.
		all := processing.FindAllStringSubmatch(o.said, -1)
		if len(all) > 0 && len(versions(h, all[len(all)-1][1])) > 1 {
			return "requires a different Python"
		}
	case newest && o.status == 2 && recursion.MatchString(o.said):
		return "RecursionError"
	case newest && onlyPrereleases(h, o.said):
		return "from versions: 2.0rc1"
	}
	return ""
}

// onlyPrereleases tells whether all that pip would not take are prereleases.
func onlyPrereleases(h puzzle, said string) bool {
	var all []string
	if match := unsatisfied.FindStringSubmatch(said); match != nil {
		all = strings.Split(match[1], ", ")
	} else if match := constrained.FindStringSubmatch(said); match != nil {
		all = versions(h, strings.ReplaceAll(match[1], "-", "_")+"-")
	}
	return len(all) > 0 && !slices.ContainsFunc(all, func(version string) bool { return !prerelease.MatchString(version) })
}

// versions gives those of the puzzle's wheels of the project that a file's name
// begins with, one for each wheel.
func versions(h puzzle, file string) []string {
	project, _, _ := strings.Cut(filepath.Base(file), "-")
	wheels, _ := filepath.Glob(filepath.Join(h.folder, project+"-*.whl"))
	var all []string
	for _, wheel := range wheels {
		all = append(all, strings.Split(filepath.Base(wheel), "-")[1])
	}
	return all
}
