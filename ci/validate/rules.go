package validate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Duplicates finds projects with two versions among the wheels' file names
// (duplicate-project, FAIL) and versions with two wheels (the same code, WARN:
// they may be for several platforms). Names that are not a wheel's are
// passed over: another rule reports them. Build uses it too.
func Duplicates(wheels []string) []finding.Finding {
	byProject := map[string][]wheel.Name{}
	files := map[string][]string{}
	for _, file := range wheels {
		name, err := wheel.ParseName(file)
		if err != nil {
			continue
		}
		byProject[name.Project] = append(byProject[name.Project], name)
		files[name.Project] = append(files[name.Project], file)
	}
	var found []finding.Finding
	for _, project := range sortedKeys(byProject) {
		names := byProject[project]
		if len(names) < 2 {
			continue
		}
		of := files[project]
		slices.Sort(of)
		if slices.ContainsFunc(names[1:], func(n wheel.Name) bool { return !wheel.SameVersion(n.Version, names[0].Version) }) {
			found = append(found, finding.Finding{
				Code: "duplicate-project", Severity: finding.Fail, Subject: project,
				Message: "two versions in one wheelhouse: " + listed(of),
				Hint:    "build into an empty folder, or leave one of them out",
			})
			continue
		}
		found = append(found, finding.Finding{
			Code: "duplicate-project", Severity: finding.Warn, Subject: project,
			Message: "several wheels of one version: " + listed(of),
		})
	}
	return found
}

// Critical finds critical packages without a wheel among the file names:
// critical-missing, FAIL. It looks at names alone: versions and extras are
// judged by Closure, for which the packages are roots, and so is a package
// with a marker, because only an interpreter can tell whether it applies.
func Critical(packages []requirements.Requirement, wheels []string) []finding.Finding {
	projects := map[string]bool{}
	for _, file := range wheels {
		if name, err := wheel.ParseName(file); err == nil {
			projects[name.Project] = true
		}
	}
	var found []finding.Finding
	for _, p := range packages {
		if p.Marker != "" || projects[p.Project] {
			continue
		}
		found = append(found, finding.Finding{
			Code: "critical-missing", Severity: finding.Fail, Subject: cmp.Or(p.Project, p.Redacted()),
			Message: "a critical package, and the wheelhouse has no wheel of it",
			Hint:    fmt.Sprintf("add %s to the requirements and build again, or take it off the list of critical packages", cmp.Or(p.Project, "it")),
		})
	}
	return found
}

// names checks every wheel's METADATA, WHEEL and the folder that they lie in
// against its file name: name-mismatch, FAIL.
func names(contents map[string]wheel.Contents) []finding.Finding {
	var found []finding.Finding
	for _, file := range sortedKeys(contents) {
		name, err := wheel.ParseName(file)
		if err != nil {
			continue // inspect reports it
		}
		c := contents[file]
		var what []string
		if wheel.Normalize(c.Name) != name.Project || !wheel.SameVersion(c.Version, name.Version) {
			what = append(what, fmt.Sprintf("its METADATA says %q, version %q", c.Name, c.Version))
		}
		// pip takes a folder whose name begins so.
		if c.Folder != "" && !strings.HasPrefix(wheel.Normalize(c.Folder), name.Project) {
			what = append(what, fmt.Sprintf("its METADATA lies in %q", c.Folder))
		}
		if c.Tags != nil {
			if text := tagsDiffer(name, c.Tags); text != "" {
				what = append(what, text)
			}
		}
		if len(what) > 0 {
			found = append(found, finding.Finding{
				Code: "name-mismatch", Severity: finding.Fail, Subject: file, Message: strings.Join(what, "; "),
				Hint: "the wheel was renamed or is broken: get it again; if its project made it so, " + warning("name-mismatch", name.Project),
			})
		}
	}
	return found
}

// mostTags bounds the tags that WHEEL may multiply out to; a file name is too
// short for as many.
const mostTags = 1 << 20

// tagsDiffer says in what WHEEL's tags are others than those of the file name;
// "" for nothing. Both may be written as compressed sets, and with the old names
// of manylinux.
func tagsDiffer(n wheel.Name, tags []string) string {
	if len(tags) == 0 {
		return "its WHEEL names no tags"
	}
	sets, wanted := [3]map[string]bool{}, 1
	for part, texts := range parts(n) {
		if part == platformPart {
			texts = modern(texts)
		}
		sets[part] = set(texts)
		wanted *= len(sets[part])
	}
	have, work := map[[3]string]bool{}, 0
	for _, tag := range tags {
		split := strings.SplitN(strings.ToLower(tag), "-", 3)
		if len(split) != 3 {
			return fmt.Sprintf("its WHEEL has the tag %.80q, which is none", tag)
		}
		var of [3][]string
		for part, texts := range split {
			of[part] = strings.Split(texts, ".")
			if part == platformPart {
				of[part] = modern(of[part])
			}
			if slices.ContainsFunc(of[part], func(text string) bool { return !sets[part][text] }) {
				return fmt.Sprintf("its WHEEL has the tag %.80q, which the name has not", tag)
			}
		}
		// No number of parts overflows: a line has at most some million.
		if work += len(of[0]) * len(of[1]) * len(of[2]); work > mostTags || len(tag) > mostTags {
			return fmt.Sprintf("its WHEEL has more than %d tags", mostTags)
		}
		multiply(of, have)
	}
	if missing := wanted - len(have); missing > 0 {
		return fmt.Sprintf("its name has %s that its WHEEL has not", count(missing, "tag"))
	}
	return ""
}

// multiply adds every tag of a compressed set.
func multiply(of [3][]string, to map[[3]string]bool) {
	for _, python := range of[0] {
		for _, abi := range of[1] {
			for _, platform := range of[2] {
				to[[3]string{python, abi, platform}] = true
			}
		}
	}
}

// unreached tells of wheels that no root reaches.
func unreached(tarball string, files []wheelhouse.File, reached []Reached) []finding.Finding {
	needed := map[string]bool{}
	for _, r := range reached {
		needed[r.File] = true
	}
	var rest []string
	for _, file := range files {
		if !needed[file.Name] {
			rest = append(rest, file.Name)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return []finding.Finding{{
		Code: "unreached", Severity: finding.Info, Subject: tarball,
		Message: fmt.Sprintf("%s that nothing asks for, not installed: %s", count(len(rest), "wheel"), listed(rest)),
	}}
}

// listed gives at most ten of the names, separated by commas.
func listed(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
