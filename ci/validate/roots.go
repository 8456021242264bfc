package validate

import (
	"fmt"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// rootsOf gives the roots of a run, and what is wrong with the requirements
// before any wheel is looked at. What there is a source distribution of is a
// root as well: Closure tells more of it.
func rootsOf(o Options, wheels, sdists []string) (roots, constraints []Root, found []finding.Finding) {
	if set := o.Requirements; set != nil {
		for _, r := range set.Roots {
			root := Root{Requirement: r, Origin: fmt.Sprintf("%s:%d", r.File, r.Line)}
			if r.Project == "" {
				found = append(found, finding.Finding{
					Code: "root-unnamed", Severity: finding.Warn, Subject: root.Origin,
					Message: "names no project, so its wheel is not asked for",
					Hint:    "write it as \"name @ URL\", or add #egg=name",
				})
				continue
			}
			roots = append(roots, root)
		}
		for _, r := range set.Constraints {
			constraints = append(constraints, Root{Requirement: r, Origin: fmt.Sprintf("%s:%d", r.File, r.Line)})
		}
	}
	missing := map[string]bool{}
	for _, f := range Critical(o.Packages, wheels) {
		if hasSdist(sdists, f.Subject) {
			continue
		}
		found = append(found, f)
		missing[f.Subject] = true
	}
	for _, p := range o.Packages {
		if p.Marker != "" || !missing[p.Project] {
			roots = append(roots, Root{Requirement: p, Origin: "the critical packages"})
		}
	}
	return append(roots, o.Roots...), constraints, found
}

// testRoot gives pytest as a root, or the finding that there is none.
func testRoot(wheels, sdists []string) (Root, []finding.Finding) {
	root := Root{Origin: TestsOrigin}
	root.Project = "pytest"
	if slices.ContainsFunc(wheels, func(file string) bool {
		name, err := wheel.ParseName(file)
		return err == nil && name.Project == "pytest"
	}) || hasSdist(sdists, "pytest") {
		return root, nil
	}
	return root, []finding.Finding{{
		Code: "pytest-missing", Severity: finding.Fail, Subject: "pytest",
		Message: "tests are to run, and the wheelhouse has no wheel of pytest",
		Hint:    "add pytest to the requirements and build again, or run no tests",
	}}
}

// ignored tells of global options in the requirements, by name alone: a value
// may hold a password.
func ignored(o Options) []finding.Finding {
	if o.Requirements == nil {
		return nil
	}
	var names []string
	for _, option := range o.Requirements.Options {
		if !slices.Contains(names, option.Name) {
			names = append(names, option.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []finding.Finding{{
		Code: "option-ignored", Severity: finding.Info, Subject: o.RequirementsFrom,
		Message: listed(names) + ": never followed here, where the tarball alone is installed from",
	}}
}
