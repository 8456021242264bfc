package entry

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// locationPrefix starts the keys of a location: "location.1.url".
const locationPrefix = "location."

// The most bytes of a key and of words such as a recipe's.
const (
	maxKey  = 64
	maxWord = 40
)

// ParsePointer reads a pointer; file names it in errors. Only the canonical
// encoding is taken, so that what is read and written again gives the same
// bytes. Code: bad-pointer.
func ParsePointer(data []byte, file string) (Pointer, error) {
	p, why := parsePointer(data)
	if why != "" {
		return Pointer{}, badPointer("reading", file, why)
	}
	return p, nil
}

// parsePointer reads a pointer, or says what is wrong with it.
func parsePointer(data []byte) (Pointer, string) {
	switch {
	case len(data) == 0:
		return Pointer{}, "it is empty"
	case len(data) > MaxPointer:
		return Pointer{}, fmt.Sprintf("it has more than %d bytes", MaxPointer)
	case !utf8.Valid(data):
		return Pointer{}, "it is not UTF-8"
	case data[len(data)-1] != '\n':
		return Pointer{}, "the last line does not end: the pointer is cut short"
	}
	p := Pointer{Size: -1}
	before, number := "", 0
	for line := range strings.Lines(string(data)) {
		number++
		key, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		why := ""
		switch {
		case !found:
			why = "it is not a key=value line"
		case number == 1:
			if key != "version" || value != pointerVersion {
				why = "the first line is not version=" + pointerVersion
			}
		case key <= before:
			why = fmt.Sprintf("%q is not after %q: the lines are sorted, and none is there twice", key, before)
		default:
			before = key
			if why = p.set(key, value); why != "" {
				why = key + " " + why
			}
		}
		if why != "" {
			return Pointer{}, fmt.Sprintf("line %d: %s", number, why)
		}
	}
	return p, p.lacks()
}

// set takes over one line, or says what is wrong with its value.
func (p *Pointer) set(key, value string) (why string) {
	if why := checkLine(key, value); why != "" {
		return why
	}
	switch key {
	case "frame":
		p.Frame = value
		return checkSum(value)
	case "name":
		p.Name = value
		return checkTarball(value)
	case "pruned_at":
		p.PrunedAt, why = parseSeconds(value)
	case "recipe":
		p.Recipe = value
		return checkWord(value)
	case "rule":
		p.Rule = value
		if value == "" || len(value) > MaxRule {
			return fmt.Sprintf("has not 1 to %d bytes", MaxRule)
		}
	case "sha256":
		p.SHA256 = value
		return checkSum(value)
	case "size":
		size, err := strconv.ParseInt(value, 10, 64)
		if err != nil || size <= 0 || strconv.FormatInt(size, 10) != value {
			return "is not a number of bytes"
		}
		p.Size = size
	case "version":
		return "is there twice"
	default:
		if rest, ok := strings.CutPrefix(key, locationPrefix); ok {
			return p.setLocation(key, rest, value)
		}
		p.keep(key, value)
	}
	return why
}

// keep keeps a key of a later version.
func (p *Pointer) keep(key, value string) {
	if p.Unknown == nil {
		p.Unknown = map[string]string{}
	}
	p.Unknown[key] = value
}

// setLocation takes over a line of a location, rest being "1.url".
func (p *Pointer) setLocation(key, rest, value string) (why string) {
	number, field, _ := strings.Cut(rest, ".")
	if len(number) != 1 || number[0] < '1' || number[0] > '0'+MaxLocations || field == "" {
		return fmt.Sprintf("is none of the locations 1 to %d", MaxLocations)
	}
	n := int(number[0] - '0')
	switch n {
	case len(p.Locations):
	case len(p.Locations) + 1:
		p.Locations = append(p.Locations, Location{})
	default:
		return fmt.Sprintf("comes without location %d", n-1)
	}
	l := &p.Locations[n-1]
	switch field {
	case "local_only":
		l.LocalOnly = true
		if value != "true" {
			return "is not true"
		}
	case "method":
		l.Method = value
		return checkWord(value)
	case "url":
		l.URL = value
		return checkURL(value)
	case "verified_at":
		l.VerifiedAt, why = parseSeconds(value)
	default:
		p.keep(key, value)
	}
	return why
}

// lacks says what a pointer does not say.
func (p *Pointer) lacks() string {
	missing := ""
	switch {
	case p.Name == "":
		missing = "name"
	case p.SHA256 == "":
		missing = "sha256"
	case p.Size < 0:
		missing = "size"
	case p.Recipe == "":
		missing = "recipe"
	case p.PrunedAt.IsZero():
		missing = "pruned_at"
	case p.Rule == "":
		missing = "rule"
	case len(p.Locations) == 0:
		missing = locationPrefix + "1.url"
	}
	for i, l := range p.Locations {
		at := fmt.Sprintf("%s%d.", locationPrefix, i+1)
		switch {
		case missing != "":
		case l.URL == "":
			missing = at + "url"
		case l.Method == "":
			missing = at + "method"
		case l.VerifiedAt.IsZero():
			missing = at + "verified_at"
		}
	}
	if missing == "" {
		return ""
	}
	return fmt.Sprintf("the key %q is missing", missing)
}

// checkLine checks what holds for every key and value.
func checkLine(key, value string) string {
	if key == "" || len(key) > maxKey || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != "" {
		return "is no key"
	}
	if strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "holds what cannot be printed"
	}
	return ""
}

// checkWord says why s is not a recipe or a method.
func checkWord(s string) string {
	if s == "" || len(s) > maxWord || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.+-") != "" {
		return fmt.Sprintf("is not a word of at most %d letters and digits", maxWord)
	}
	return ""
}

// checkSum says why s is not a sha256.
func checkSum(s string) string {
	if len(s) != 64 || strings.Trim(s, "0123456789abcdef") != "" {
		return "is not 64 lower-case hex digits"
	}
	return ""
}

// checkTarball says why s is not the bare name of a tarball.
func checkTarball(s string) string {
	if len(s) <= len(tarSuffix) || len(s) > 255 || !strings.HasSuffix(s, tarSuffix) || s[0] == '.' || strings.ContainsAny(s, `/\`) {
		return "is not the base name of a tarball"
	}
	return ""
}

// parseSeconds reads a time as it is written: in UTC and whole seconds.
func parseSeconds(s string) (time.Time, string) {
	const form = "2006-01-02T15:04:05Z"
	t, err := time.Parse(form, s)
	if err != nil || t.Format(form) != s || t.Year() < 1970 {
		return time.Time{}, "is not a time as 2026-03-01T12:00:00Z"
	}
	return t, ""
}
