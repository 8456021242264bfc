package targets

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/validate"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Why tells what brings a package into a wheelhouse.
//
// It names every root that needs the package (a requirement, a critical
// package, pytest for the tests) with the shortest chains from there, and every
// file of it: which one is installed, and what is against the others. Of a
// package that is not there it tells who asks for it, or that nothing does.
// Nothing is installed, and nothing is refused: that is validate's.
func Why(ctx context.Context,
	project string, // the package's name
	tar *string, // the tarball (default: the newest at hand, as for validate)
	python *string, // version or path of the Python (default: the setting python)
	requirements *string, // requirements file (default: those that travel with the tarball, else the setting requirements)
	json *bool, // print the explanation as an object (default: lines)
) error {
	return begin(ctx, "why", func(ctx context.Context, s *session) error {
		if err := s.required("project", project); err != nil {
			return err
		}
		if err := errors.Join(
			s.option("python", python, "python"),
			s.option("requirements", requirements, "requirements"),
		); err != nil {
			return err
		}
		asked, err := s.path("tar", tar)
		if err != nil {
			return err
		}
		chosen, err := s.choose(ctx, asked)
		if err != nil {
			return err
		}
		return s.why(ctx, chosen, project, requirements != nil, on(json))
	})
}

func (s *session) why(ctx context.Context, chosen choice, name string, ownRequirements, asJSON bool) error {
	asked, err := requirements.ParseRequirement(name)
	if err != nil || asked.Project != wheel.Normalize(name) {
		return fault.New(fault.Usage, "bad-argument", "why: %q is no package's name", name).
			WithHint("name it without version and extras: mage %s urllib3", s.typed("why"))
	}
	rules, err := s.rulesFor(chosen, ownRequirements)
	if err != nil {
		return err
	}
	rules.Static, rules.NoRecord = true, true
	if rules.Tests != "" {
		pytest := validate.Root{Origin: validate.TestsOrigin}
		pytest.Project = "pytest"
		rules.Roots = append(rules.Roots, pytest)
	}
	s.note("looking into %s (%s)", s.show(chosen.path), chosen.why)
	result, err := validate.Run(ctx, rules)
	if err != nil {
		return err
	}
	e := validate.Explain(result.World, asked.Project, result.Sums(), result.Lock)
	if asJSON {
		return report.JSON(s.stdout, e)
	}
	return s.printf("%s", s.explanation(e))
}

// explanation gives an explanation as lines.
func (s *session) explanation(e validate.Explanation) string {
	var b strings.Builder
	switch e.State {
	case validate.Needed:
		fmt.Fprintf(&b, "%s is needed by %s\n", e.Project, counted(len(e.Roots), "root"))
	case validate.Missing:
		why := "none of its files does what is asked"
		if len(e.Files) == 0 {
			why = "there is no wheel of it"
		}
		fmt.Fprintf(&b, "%s is missing: %s\n", e.Project, why)
	case validate.Unneeded:
		fmt.Fprintf(&b, "%s is there, and nothing asks for it\n", e.Project)
	default:
		fmt.Fprintf(&b, "%s is not there, and nothing asks for it\n", e.Project)
	}
	for _, root := range e.Roots {
		for _, chain := range root.Chains {
			fmt.Fprintf(&b, "  %s  (%s)\n", report.Visible(strings.Join(chain, " -> ")), report.Visible(s.show(root.Origin)))
		}
		if root.More {
			fmt.Fprintf(&b, "  … and more such chains from %s\n", report.Visible(root.Root))
		}
	}
	s.demands(&b, "asked", e.Demands)
	s.demands(&b, "asked where it applies, and here it does not", e.Dormant)
	if len(e.Files) > 0 {
		b.WriteString("files:\n")
	}
	for _, f := range e.Files {
		fmt.Fprintf(&b, "  %s%s\n", report.Visible(f.File), standing(e.State, f))
		for _, r := range f.Against {
			fmt.Fprintf(&b, "    %s: %s\n", r.What, report.Visible(r.Text))
		}
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "%d more are left out\n", e.More)
	}
	return b.String()
}

func (s *session) demands(b *strings.Builder, title string, all []validate.Demand) {
	if len(all) > 0 {
		fmt.Fprintf(b, "%s:\n", title)
	}
	for _, d := range all {
		fmt.Fprintf(b, "  %s  by %s\n", report.Visible(d.Text), report.Visible(s.show(d.By)))
	}
}

// standing says what becomes of a file.
func standing(state string, f validate.Candidate) string {
	switch {
	case f.Chosen:
		return "  is installed"
	case len(f.Against) > 0:
		return "  does not do"
	case state == validate.Needed:
		return "  would do, and another is preferred"
	}
	return "  would do"
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
