package config

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
)

// assign parses value as st has it and stores it in s. Relative paths are
// relative to base. It gives the value as it is shown.
func (st setting) assign(s *Settings, value, base string) (shown string, err error) {
	switch st.kind {
	case list, pythons:
		return st.assignList(s, SplitList(value), base)
	case number:
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil || n < 1 {
			return "", fmt.Errorf("%s must be a whole number from 1, not %s", st.key, brief(value))
		}
		*st.field(s).(*int) = int(n)
		return strconv.FormatInt(n, 10), nil
	case count:
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return "", fmt.Errorf("%s must be a whole number from 0, not %s", st.key, brief(value))
		}
		*st.field(s).(*int) = int(n)
		return strconv.FormatUint(n, 10), nil
	case boolean:
		if value != "true" && value != "false" {
			return "", fmt.Errorf("%s must be true or false, not %s", st.key, brief(value))
		}
		*st.field(s).(*bool) = value == "true"
		return value, nil
	case span:
		days, err := parseSpan(value)
		if err != nil {
			return "", fmt.Errorf("%s: %w", st.key, err)
		}
		*st.field(s).(*int) = days
		return formatSpan(days), nil
	case size:
		if value == "" && st.optional {
			*st.field(s).(*int64) = 0
			return "", nil
		}
		n, err := parseSize(value)
		if err != nil {
			return "", fmt.Errorf("%s: %w", st.key, err)
		}
		*st.field(s).(*int64) = n
		return formatSize(n), nil
	}
	if value, err = st.text(value, base); err != nil {
		return "", err
	}
	*st.field(s).(*string) = value
	return value, nil
}

// text gives a text, path or python as it is stored.
func (st setting) text(value, base string) (string, error) {
	switch {
	case value == "" && st.optional:
		return "", nil
	case strings.TrimSpace(value) == "":
		return "", fmt.Errorf("%s must not be empty", st.key)
	case strings.ContainsFunc(value, unicode.IsControl):
		return "", fmt.Errorf("%s holds a control character: %s", st.key, brief(value))
	case st.choices != nil && !slices.Contains(st.choices, value):
		return "", fmt.Errorf("%s must be %s, not %s", st.key, strings.Join(quoted(st.choices), " or "), brief(value))
	}
	if st.check != nil {
		if err := st.check(value); err != nil {
			return "", fmt.Errorf("%s: %w", st.key, err)
		}
	}
	switch st.kind {
	case path:
		return absolute(value, base), nil
	case python:
		return st.python(value, base)
	}
	return value, nil
}

// python gives a version or the path of an interpreter as it is stored.
func (st setting) python(value, base string) (string, error) {
	if version.MatchString(value) {
		return value, nil
	}
	if strings.HasPrefix(value, "-") || !strings.ContainsAny(value, `/`+string(filepath.Separator)) {
		return "", fmt.Errorf("%s must be a version (3.11, 3.13t) or a path with a slash in it, not %s", st.key, brief(value))
	}
	return absolute(value, base), nil
}

// version is a version of Python.
var version = regexp.MustCompile(`^3\.(?:0|[1-9][0-9]{0,2})t?$`)

// isList tells whether the setting is a list of texts.
func (st setting) isList() bool { return st.kind == list || st.kind == pythons }

func (st setting) assignList(s *Settings, given []string, base string) (string, error) {
	items := slices.Clone(given)
	for i, item := range items {
		if strings.ContainsFunc(item, unicode.IsControl) {
			return "", fmt.Errorf("%s: an item holds a control character: %s", st.key, brief(item))
		}
		if st.check != nil {
			if err := st.check(item); err != nil {
				return "", fmt.Errorf("%s: %w", st.key, err)
			}
		}
		if st.kind == pythons {
			var err error
			if items[i], err = st.python(item, base); err != nil {
				return "", err
			}
		}
	}
	if len(items) == 0 && !st.optional {
		return "", fmt.Errorf("%s must not be empty", st.key)
	}
	*st.field(s).(*[]string) = items
	return strings.Join(items, ","), nil
}

// checkGrouping says what is wrong with an item of retention.group-by.
func checkGrouping(item string) error {
	if item != "python" && item != "platform" {
		return fmt.Errorf("%s is nothing to group by; it is python or platform", brief(item))
	}
	return nil
}

// checkWarn says what is wrong with an item of validate.warn.
func checkWarn(item string) error {
	_, err := finding.ParseDowngrade(item)
	return err
}

// fingerprintText is a whole fingerprint, of a key of version 4 or 6.
var fingerprintText = regexp.MustCompile(`^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$`)

// checkFingerprint says what is wrong with an item of trust.fingerprints.
func checkFingerprint(item string) error {
	if !fingerprintText.MatchString(item) {
		return fmt.Errorf("%s is no whole fingerprint: 40 hexadecimal digits, or 64, without blanks", brief(item))
	}
	return nil
}

// checkRequire says what is wrong with an item of trust.require.
func checkRequire(item string) error {
	if !slices.Contains([]string{"checksums", "signature", "statement", "bundle"}, item) {
		return fmt.Errorf("%s is nothing to require; it is checksums, signature, statement or bundle", brief(item))
	}
	return nil
}

// repositoryText is OWNER/REPO.
var repositoryText = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)

// checkRepository says what is wrong with trust.repository.
func checkRepository(value string) error {
	if !repositoryText.MatchString(value) {
		return fmt.Errorf("%s is not OWNER/REPO", brief(value))
	}
	return nil
}

// checkWorkflow says what is wrong with trust.workflow.
func checkWorkflow(value string) error {
	if strings.HasPrefix(value, "/") || strings.ContainsAny(value, " @\\") {
		return fmt.Errorf("%s is no workflow's path in its repository, such as .github/workflows/build.yml", brief(value))
	}
	return nil
}

// glibcText is a version of glibc.
var glibcText = regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,3}$`)

// checkGLIBC says what is wrong with validate.glibc.
func checkGLIBC(value string) error {
	if !glibcText.MatchString(value) {
		return fmt.Errorf("%s is no version of glibc, such as 2.28", brief(value))
	}
	return nil
}

// checkItem says what is wrong with an item of a list of packages.
func checkItem(item string) error {
	switch {
	case strings.TrimSpace(item) == "":
		return errors.New("an item is empty")
	case strings.HasPrefix(item, "-"):
		return fmt.Errorf("the item %s starts with a hyphen", brief(item))
	}
	return nil
}

// placeholder is what name may hold in braces.
var placeholder = regexp.MustCompile(`\{[^}]*\}?|\}`)

// nameLetters are what a base name may consist of: an archive lies in git and
// on the web, and takes no other. The braces are those of {python}.
const nameLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-{}"

// checkName says what is wrong with a tarball's base name. It must be a file
// name on every system, and none that a tool takes for an option.
func checkName(name string) error {
	if found := placeholder.FindString(strings.ReplaceAll(name, "{python}", "")); found != "" {
		return fmt.Errorf("%s stands for nothing; only {python} does", brief(found))
	}
	switch {
	case len(name) > 140:
		return errors.New("longer than 140 bytes")
	case strings.ContainsAny(name, `/\:*?"<>|`):
		return fmt.Errorf("%s is not a bare file name", brief(name))
	case strings.TrimLeft(name, "._+-") != name || strings.TrimRight(name, " .") != name:
		return fmt.Errorf("%s starts with a dot, hyphen, plus or underscore, or ends with a dot or blank", brief(name))
	case strings.HasSuffix(strings.ToLower(name), ".tgz"):
		return fmt.Errorf("%s: leave .tgz out, it is added", brief(name))
	case strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(nameLetters, r) }):
		return fmt.Errorf("%s has other characters than letters, digits, '.', '_', '+' and '-'", brief(name))
	}
	return nil
}

// absolute gives a path as seen from base.
func absolute(value, base string) string {
	value = filepath.FromSlash(value)
	if filepath.IsAbs(value) {
		return filepath.Clean(value)
	}
	return filepath.Join(base, value)
}

// SplitList splits a list as variables and options have it: at commas and
// blanks that are not inside brackets or parentheses. What starts with a
// comparison, or follows one, belongs to the item before it. Empty items are
// left out; an empty text gives nil.
func SplitList(value string) []string {
	var items []string
	depth, start, comma := 0, 0, false
	flush := func(end int) {
		item := value[start:end]
		if item == "" {
			return
		}
		last := len(items) - 1
		switch {
		case last >= 0 && strings.ContainsRune("<>=!~", rune(item[0])) && comma:
			items[last] += "," + item
		case last >= 0 && (strings.ContainsRune("<>=!~", rune(item[0])) || strings.ContainsRune("<>=~", rune(items[last][len(items[last])-1]))):
			items[last] += item
		default:
			items = append(items, item)
		}
		comma = false
	}
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '[' || c == '(':
			depth++
		case (c == ']' || c == ')') && depth > 0:
			depth--
		case depth == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			flush(i)
			start = i + 1
			comma = comma || c == ','
		}
	}
	flush(len(value))
	return items
}

// units of sizes, in lower case.
var units = map[string]float64{
	"": 1, "b": 1,
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}

// sizeText is a number and a unit.
var sizeText = regexp.MustCompile(`^([0-9]{1,19})(\.[0-9]{1,9})? ?([A-Za-z]*)$`)

// parseSize reads a size in bytes.
func parseSize(value string) (int64, error) {
	m := sizeText.FindStringSubmatch(value)
	if m == nil {
		return 0, fmt.Errorf("%s is no size, such as 4GiB or 500000", brief(value))
	}
	unit, ok := units[strings.ToLower(m[3])]
	if !ok {
		return 0, fmt.Errorf("%s is no unit of sizes: B, kB, KiB, MB, MiB, GB, GiB, TB or TiB", brief(m[3]))
	}
	whole, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || float64(whole)*unit >= math.MaxInt64 {
		return 0, fmt.Errorf("%s is too large", brief(value))
	}
	n := whole * int64(unit)
	if m[2] != "" {
		fraction, _ := strconv.ParseFloat(m[2], 64)
		n += int64(fraction * unit)
	}
	if n < 1 {
		return 0, fmt.Errorf("%s must be at least one byte", brief(value))
	}
	return n, nil
}

// formatSize gives a size in the largest unit that leaves no fraction.
func formatSize(n int64) string {
	for _, unit := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if of := int64(units[strings.ToLower(unit)]); n%of == 0 {
			return strconv.FormatInt(n/of, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10)
}

// spanText is a number of days, weeks, months of 30 days or years of 365.
var spanText = regexp.MustCompile(`^(0|[1-9][0-9]*)([dwmy]?)$`)

// maxDays is the longest span.
const maxDays = 36500

// parseSpan reads a span of time in days; "0" is none.
func parseSpan(value string) (days int, err error) {
	m := spanText.FindStringSubmatch(value)
	if m == nil || m[2] == "" && m[1] != "0" {
		return 0, fmt.Errorf("%s is no span of time, such as 30d, 8w, 6m or 2y; 0 is none", brief(value))
	}
	n, err := strconv.Atoi(m[1])
	unit := map[string]int{"": 1, "d": 1, "w": 7, "m": 30, "y": 365}[m[2]]
	if err != nil || n > maxDays/unit {
		return 0, fmt.Errorf("%s is longer than a hundred years", brief(value))
	}
	return n * unit, nil
}

// formatSpan gives a span as it is read.
func formatSpan(days int) string {
	if days == 0 {
		return "0"
	}
	return strconv.Itoa(days) + "d"
}

// brief quotes a value for an error, cut short.
func brief(value string) string {
	if len(value) > 80 {
		value = value[:80] + "…"
	}
	return strconv.Quote(value)
}

func quoted(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strconv.Quote(v)
	}
	return out
}
