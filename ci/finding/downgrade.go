package finding

import (
	"fmt"
	"slices"
	"strings"
)

// Downgrade is an item of the setting validate.warn: failures of a code that
// are to be warnings.
type Downgrade struct {
	Code string
	// Project is the one project of which they are; empty for all.
	Project string
}

// ParseDowngrade reads "record-mismatch" or "record-mismatch:sentry-cli". The
// code must be one of Downgradable.
func ParseDowngrade(text string) (Downgrade, error) {
	code, project, found := strings.Cut(text, ":")
	if found && strings.TrimSpace(project) == "" {
		return Downgrade{}, fmt.Errorf("no project follows %q", code+":")
	}
	if why := undowngradable[code]; why != "" {
		return Downgrade{}, fmt.Errorf("%s cannot be a warning: %s", code, why)
	}
	if !slices.Contains(Downgradable(), code) {
		return Downgrade{}, fmt.Errorf("%.80q is no code that can be a warning; these can: %s", code, strings.Join(Downgradable(), ", "))
	}
	return Downgrade{Code: code, Project: strings.TrimSpace(project)}, nil
}

// Downgradable gives the codes of rules that may be made warnings, sorted:
// those of wheels that somebody may know to be harmless. What a proof says is
// no rule, and what undowngradable has is not to be waved through.
func Downgradable() []string {
	return []string{
		"bad-file-name", "bad-metadata", "bad-requires-dist", "bad-wheel", "constraint", "critical-missing",
		"duplicate-project", "glibc-floor", "metadata-missing", "missing-dependency", "name-mismatch", "not-a-zip",
		"record-mismatch", "requires-python", "sdist-only", "tag-mismatch", "unknown-extra", "url-dependency",
		"wheel-missing",
	}
}

// undowngradable are the codes on which safety hangs, and why.
var undowngradable = map[string]string{
	"unsafe-member":   "the wheel would write outside of the folder that it is installed to",
	"zip-bomb":        "the wheel would fill the disk; the settings limits.wheel-* say how large one may be",
	"hash-not-listed": "the requirements list the hashes that are trusted; list this one, or none",
	"meta-mismatch":   "the tarball is not the one that its record was written for",
	"lock-mismatch":   "the tarball is not the one that its lock was written for",
}
