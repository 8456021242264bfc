package validate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// glibc is a version of the C library: 2.28 is {2, 28}.
type glibc [2]int

func (g glibc) String() string { return fmt.Sprintf("%d.%d", g[0], g[1]) }

func (g glibc) compare(other glibc) int {
	return cmp.Or(cmp.Compare(g[0], other[0]), cmp.Compare(g[1], other[1]))
}

// parseGLIBC reads "2.28".
func parseGLIBC(text string) (g glibc, ok bool) {
	major, minor, found := strings.Cut(text, ".")
	if !found || len(text) > 7 {
		return g, false
	}
	for i, part := range []string{major, minor} {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return g, false
		}
		g[i] = int(n)
	}
	return g, true
}

// modern gives platform tags with the names that manylinux has since PEP 600:
// manylinux2014_x86_64 is manylinux_2_17_x86_64.
func modern(platforms []string) []string {
	renamed := make([]string, len(platforms))
	for i, platform := range platforms {
		renamed[i] = platform
		for _, old := range [][2]string{{"manylinux1_", "manylinux_2_5_"}, {"manylinux2010_", "manylinux_2_12_"}, {"manylinux2014_", "manylinux_2_17_"}} {
			if machine, found := strings.CutPrefix(platform, old[0]); found {
				renamed[i] = old[1] + machine
			}
		}
	}
	return renamed
}

// manylinux gives the glibc that a platform tag asks for (PEP 600); false for a
// tag of another kind.
func manylinux(platform string) (g glibc, ok bool) {
	rest, ok := strings.CutPrefix(modern([]string{platform})[0], "manylinux_")
	parts := strings.SplitN(rest, "_", 3)
	if !ok || len(parts) < 3 {
		return g, false
	}
	return parseGLIBC(parts[0] + "." + parts[1])
}

// floor gives the glibc that a wheel asks for at least; false when it is not
// made for manylinux, or where there is another glibc too.
func floor(n wheel.Name) (least glibc, ok bool) {
	for _, platform := range n.Platform {
		g, is := manylinux(platform)
		switch {
		case strings.HasPrefix(platform, "musllinux"): // no glibc at all
		case !is:
			return glibc{}, false
		case !ok || g.compare(least) < 0:
			least, ok = g, true
		}
	}
	return least, ok
}

// glibcFloor tells which glibc the wheels reached ask for (glibc-floor, INFO).
// Where most is not empty, "2.28", wheels that ask for a later one fail, and
// those that nothing reaches are warned of. A version with several wheels asks
// for what the least of them does.
func glibcFloor(tarball string, files []string, reached []Reached, tags tagList, most string) []finding.Finding {
	needed := map[string]bool{}
	for _, r := range reached {
		needed[r.File] = true
	}
	bound, bounded := parseGLIBC(most)
	var found []finding.Finding
	var highest glibc
	var asking []string // projects
	for _, v := range versionsOf(files) {
		asks, ok := v.floor(tags)
		if !ok {
			continue
		}
		severity := finding.Warn
		if v.any(needed) {
			severity = finding.Fail
			switch c := asks.compare(highest); {
			case c > 0:
				highest, asking = asks, []string{v.names[0].Project}
			case c == 0:
				asking = append(asking, v.names[0].Project)
			}
		}
		if bounded && asks.compare(bound) > 0 {
			found = append(found, finding.Finding{
				Code: "glibc-floor", Severity: severity, Subject: v.files[0],
				Message: fmt.Sprintf("asks for glibc %s, and %s is the most that is allowed", asks, bound),
				Hint:    "pin a version with wheels for an older glibc, or build the wheelhouse on a machine that has it",
			})
		}
	}
	if len(asking) > 0 {
		found = append(found, finding.Finding{
			Code: "glibc-floor", Severity: finding.Info, Subject: tarball,
			Message: fmt.Sprintf("needs glibc %s or later (manylinux_%d_%d): %s", highest, highest[0], highest[1], listed(asking)),
		})
	}
	return found
}

// version is the files of one version of a project.
type version struct {
	names []wheel.Name
	files []string
}

// versionsOf gives the files by project and version, in the order of the first
// file of each. Names that are no wheel's are passed over.
func versionsOf(files []string) []*version {
	byProject := map[string][]*version{}
	var all []*version
	for _, file := range slices.Sorted(slices.Values(files)) {
		name, err := wheel.ParseName(file)
		if err != nil {
			continue
		}
		of := byProject[name.Project]
		i := slices.IndexFunc(of, func(v *version) bool { return wheel.SameVersion(v.names[0].Version, name.Version) })
		if i < 0 {
			v := &version{}
			byProject[name.Project] = append(of, v)
			all = append(all, v)
			of, i = byProject[name.Project], len(of)
		}
		of[i].names, of[i].files = append(of[i].names, name), append(of[i].files, file)
	}
	return all
}

func (v *version) any(needed map[string]bool) bool {
	return slices.ContainsFunc(v.files, func(file string) bool { return needed[file] })
}

// floor gives the least glibc that does for one of the files that the
// interpreter takes; all of them where it takes none.
func (v *version) floor(tags tagList) (least glibc, ok bool) {
	fitting := slices.ContainsFunc(v.names, func(n wheel.Name) bool { _, fits := tags.rank(n); return fits })
	for _, n := range v.names {
		if _, fits := tags.rank(n); fitting && !fits {
			continue
		}
		g, is := floor(n)
		if !is {
			return glibc{}, false // it goes without
		}
		if !ok || g.compare(least) < 0 {
			least, ok = g, true
		}
	}
	return least, ok
}

// notPortable warns of wheels for bare Linux, which promise no glibc:
// not-portable.
func notPortable(files []string) []finding.Finding {
	var found []finding.Finding
	for _, file := range slices.Sorted(slices.Values(files)) {
		name, err := wheel.ParseName(file)
		if err != nil || slices.ContainsFunc(name.Platform, func(p string) bool { return !strings.HasPrefix(p, "linux_") }) {
			continue
		}
		found = append(found, finding.Finding{
			Code: "not-portable", Severity: finding.Warn, Subject: file,
			Message: "made for " + strings.Join(name.Platform, ".") + ", which promises nothing about the glibc and libraries that it needs",
			Hint:    "it may run on machines like the one that built it alone; auditwheel repair makes a manylinux wheel of it",
		})
	}
	return found
}
