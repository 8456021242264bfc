package validate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Downgrade makes warnings of the failures that warn names, as the setting
// validate.warn does: "code" for all of them, "code:project" for those of one
// project's wheels. Items that cannot be read are passed over: checkRules
// refuses them. The findings themselves are left as they are.
func Downgrade(found []finding.Finding, warn []string) []finding.Finding {
	if len(warn) == 0 {
		return found
	}
	found = slices.Clone(found)
	for _, item := range warn {
		d, err := finding.ParseDowngrade(item)
		if err != nil {
			continue
		}
		for i, f := range found {
			if f.Severity == finding.Fail && f.Code == d.Code && (d.Project == "" || about(f) == wheel.Normalize(d.Project)) {
				found[i].Severity = finding.Warn
			}
		}
	}
	return found
}

// checkRules refuses options of rules that mean nothing, as the settings do.
func checkRules(o Options) error {
	for _, item := range o.Warn {
		if _, err := finding.ParseDowngrade(item); err != nil {
			return fault.New(fault.Usage, "bad-settings", "validate.warn: %w", err)
		}
	}
	if _, ok := parseGLIBC(o.GLIBC); !ok && o.GLIBC != "" {
		return fault.New(fault.Usage, "bad-settings", "validate.glibc: %.80q is no version of glibc, such as 2.28", o.GLIBC)
	}
	return nil
}

// warning says in a hint how a failure of one project's wheels is made a
// warning.
func warning(code, project string) string {
	return fmt.Sprintf("validate.warn = [%q] makes this a warning", code+":"+project)
}

// about gives the project that a finding is about: its subject is a wheel's
// file name, a project, or a chain of them, of which the last one counts.
func about(f finding.Finding) string {
	if project := projectOf(f.Subject); project != "" {
		return project
	}
	subject := f.Subject
	if i := strings.LastIndex(subject, " -> "); i >= 0 {
		subject = subject[i+len(" -> "):]
	}
	if end := strings.IndexAny(subject, "[<>=!~; "); end >= 0 {
		subject = subject[:end]
	}
	return wheel.Normalize(subject)
}
