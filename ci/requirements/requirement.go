package requirements

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

var (
	// projectName is the name of a project or an extra (PEP 508).
	projectName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`)
	// clause is one comparison. Versions are not judged: what they mean is the
	// business of whoever evaluates them. After === anything goes.
	clause = regexp.MustCompile(`^(?:===[ \t]*[^\s;)]+|(?:==|~=|!=|<=|>=|<|>)[ \t]*[A-Za-z0-9._*+!-]+)`)
)

// blanks may stand between the parts of a requirement.
const blanks = " \t"

// ParseRequirement reads one PEP 508 requirement, without options, as it
// stands in a wheel's Requires-Dist: "Foo_Bar[b,a] >=1 ; python_version < '4'".
// It takes specifiers in parentheses too, and a comma after the last one, for
// older wheels have them. The marker is not evaluated. Paths and URLs without
// "name @" are refused. Code: bad-requirements.
func ParseRequirement(text string) (Requirement, error) {
	r, err := parseRequirement(text)
	if err != nil {
		return Requirement{}, fault.New(fault.Refused, "bad-requirements", "reading the requirement %s: %w", quote(text), err)
	}
	return r, nil
}

func parseRequirement(text string) (Requirement, error) {
	var r Requirement
	if strings.ContainsFunc(text, unprintable) {
		return r, errors.New("a control character or broken UTF-8")
	}
	rest := strings.Trim(text, blanks)
	name := projectName.FindString(rest)
	if name == "" {
		return r, errors.New("no project's name at its start")
	}
	r.Project = wheel.Normalize(name)
	rest, err := r.parseExtras(strings.TrimLeft(rest[len(name):], blanks))
	if err != nil {
		return r, err
	}
	if after, ok := strings.CutPrefix(rest, "@"); ok {
		after = strings.TrimLeft(after, blanks)
		end := strings.IndexAny(after, blanks)
		if end < 0 {
			end = len(after)
		}
		if r.URL, rest = after[:end], after[end:]; r.URL == "" {
			return r, errors.New("no URL after the @")
		}
		if err := r.addFragmentHashes(); err != nil {
			return r, err
		}
	} else if rest, err = r.parseSpecifier(rest); err != nil {
		return r, err
	}
	return r, r.parseMarker(strings.TrimLeft(rest, blanks))
}

// parseExtras reads "[b, a]" if rest starts with it, and gives what follows.
func (r *Requirement) parseExtras(rest string) (string, error) {
	inner, ok := strings.CutPrefix(rest, "[")
	if !ok {
		return rest, nil
	}
	inner, rest, ok = strings.Cut(inner, "]")
	if !ok {
		return "", errors.New("the bracket of the extras is not closed")
	}
	if inner = strings.Trim(inner, blanks); inner != "" {
		for extra := range strings.SplitSeq(inner, ",") {
			extra = strings.Trim(extra, blanks)
			if extra == "" || projectName.FindString(extra) != extra {
				return "", fmt.Errorf("%s is no name of an extra", quote(extra))
			}
			r.Extras = append(r.Extras, wheel.Normalize(extra))
		}
	}
	slices.Sort(r.Extras)
	r.Extras = slices.Compact(r.Extras)
	return strings.TrimLeft(rest, blanks), nil
}

// parseSpecifier reads comparisons, in parentheses or not, and gives what
// follows.
func (r *Requirement) parseSpecifier(rest string) (string, error) {
	inner, parenthesis := strings.CutPrefix(rest, "(")
	if parenthesis {
		rest = strings.TrimLeft(inner, blanks)
	}
	start := rest
	for {
		found := clause.FindString(rest)
		if found == "" {
			break
		}
		rest = rest[len(found):]
		r.Specifier = start[:len(start)-len(rest)]
		rest = strings.TrimLeft(rest, blanks)
		after, ok := strings.CutPrefix(rest, ",")
		if !ok {
			break
		}
		rest = strings.TrimLeft(after, blanks)
	}
	if parenthesis {
		after, ok := strings.CutPrefix(rest, ")")
		if !ok {
			return "", fmt.Errorf("the parenthesis is not closed before %s", quote(rest))
		}
		rest = after
	}
	if strings.HasPrefix(rest, "=") {
		return "", errors.New("= compares nothing; == is what pins a version")
	}
	return rest, nil
}

// parseMarker reads "; marker", the last part of a requirement.
func (r *Requirement) parseMarker(rest string) error {
	if rest == "" {
		return nil
	}
	marker, ok := strings.CutPrefix(rest, ";")
	if !ok {
		return fmt.Errorf("%s is out of place", quote(rest))
	}
	if r.Marker = strings.Trim(marker, blanks); r.Marker == "" {
		return errors.New("no marker after the semicolon")
	}
	return nil
}

// String gives the requirement as PEP 508 has it: ParseRequirement of it gives
// the same project, extras, specifier, marker and URL. A direct reference
// without a project is given as pip takes it, "./folder[extra]". It may hold
// credentials; see Redacted.
func (r Requirement) String() string {
	var out strings.Builder
	out.WriteString(r.Project)
	if r.Project == "" {
		out.WriteString(r.URL)
	}
	if len(r.Extras) > 0 {
		out.WriteString("[" + strings.Join(r.Extras, ",") + "]")
	}
	switch {
	case r.URL == "":
		out.WriteString(r.Specifier)
	case r.Project != "":
		out.WriteString(" @ " + escapeBlanks(r.URL))
	}
	if r.Marker != "" {
		// A URL may end in a semicolon: the blank ends it.
		if r.URL != "" {
			out.WriteString(" ")
		}
		out.WriteString("; " + r.Marker)
	}
	return out.String()
}

// Redacted is String without what must not be printed: user-info, queries and
// fragments of URLs.
func (r Requirement) Redacted() string { return redact(r.String()) }

// escapeBlanks percent-encodes what would end a URL in a requirement: a path
// may hold it.
func escapeBlanks(reference string) string {
	if !strings.ContainsFunc(reference, isSpace) {
		return reference
	}
	var out strings.Builder
	for _, c := range reference {
		if isSpace(c) {
			out.WriteString(url.PathEscape(string(c)))
		} else {
			out.WriteRune(c)
		}
	}
	return out.String()
}
