package meta

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// maxUnknown bounds the keys that are kept without being known.
const maxUnknown = 1000

// line is one line of a record: its number from 1, its key and value.
type line struct {
	number     int
	key, value string
}

// Parse reads a record in its own form or the old "key: value" one; file names
// it in errors. Data larger than MaxBytes is refused. Code: bad-meta.
func Parse(data []byte, file string) (Record, error) {
	p := parser{file: file}
	if len(data) > MaxBytes {
		return Record{}, p.refuse(0, "larger than %d bytes", MaxBytes)
	}
	if isOld(data) {
		return p.old(data)
	}
	return p.own(data)
}

// isOld tells the old form by its first line: a colon before any "=".
func isOld(data []byte) bool {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	key, _, _ := bytes.Cut(first, []byte("="))
	return bytes.IndexByte(key, ':') >= 0
}

// parser reads one record.
type parser struct{ file string }

// refuse gives an error that names the file and, when it is not 0, the line.
func (p parser) refuse(number int, format string, args ...any) error {
	where := p.file
	if number > 0 {
		where += ":" + strconv.Itoa(number)
	}
	return fault.New(fault.Refused, "bad-meta", "reading the record %s: %s", where, fmt.Sprintf(format, args...))
}

// own reads the key=value form.
func (p parser) own(data []byte) (Record, error) {
	if len(data) == 0 {
		return Record{}, p.refuse(0, "it is empty")
	}
	lines, err := p.lines(data, "=")
	if err != nil {
		return Record{}, err
	}
	if data[len(data)-1] != '\n' {
		return Record{}, p.refuse(len(lines), "the last line does not end: the record is cut short")
	}
	r := Record{Size: -1}
	for _, l := range lines {
		if err := p.set(&r, l); err != nil {
			return Record{}, err
		}
	}
	missing := ""
	switch {
	case r.Name == "":
		missing = "name"
	case r.SHA256 == "":
		missing = "sha256"
	case r.Size < 0:
		missing = "size"
	case r.CreatedAt.IsZero():
		missing = "created_at"
	case r.Wheels == nil:
		missing = "wheels"
	}
	if missing != "" {
		return Record{}, p.refuse(0, "the key %q is missing", missing)
	}
	return r, nil
}

// set puts one line of the own form into the record.
func (p parser) set(r *Record, l line) error {
	reason := ""
	switch l.key {
	case "name":
		r.Name = l.value
		reason = checkName(l.value)
	case "sha256":
		r.SHA256 = l.value
		reason = checkSHA256(l.value)
	case "size":
		size, err := strconv.ParseInt(l.value, 10, 64)
		r.Size = size
		if err != nil || size < 0 || strconv.FormatInt(size, 10) != l.value {
			reason = "is not a number of bytes"
		}
	case "created_at":
		r.CreatedAt, reason = parseTime(l.value, time.RFC3339)
	case "wheels":
		r.Wheels, reason = parseWheels(l.value)
	default:
		if field := r.text(l.key); field != nil {
			*field = l.value
		} else {
			r.Unknown = append(r.Unknown, Pair{l.key, l.value})
		}
	}
	if len(r.Unknown) > maxUnknown {
		return p.refuse(l.number, "more than %d unknown keys", maxUnknown)
	}
	if reason != "" {
		return p.refuse(l.number, "%s %s", l.key, reason)
	}
	return nil
}

// text gives the field of a key whose value is any text; nil for other keys.
func (r *Record) text(key string) *string {
	switch key {
	case "runner":
		return &r.Runner
	case "python":
		return &r.Python
	case "requirements_hash":
		return &r.RequirementsHash
	case "requirements_inputs":
		return &r.RequirementsInputs
	case "platform":
		return &r.Platform
	case "abi":
		return &r.ABI
	case "repository":
		return &r.Repository
	case "workflow":
		return &r.Workflow
	case "run_id":
		return &r.RunID
	case "run_attempt":
		return &r.RunAttempt
	case "git_commit":
		return &r.GitCommit
	}
	return nil
}

// lines cuts the text into keys and values, and refuses what neither form has.
func (p parser) lines(data []byte, separator string) ([]line, error) {
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		return nil, p.refuse(1, "starts with a byte order mark")
	}
	text := strings.TrimSuffix(string(data), "\n")
	lines := make([]line, 0, 20)
	seen := make(map[string]int, 20)
	for number := 1; ; number++ {
		raw, rest, more := strings.Cut(text, "\n")
		if reason := checkText(raw); reason != "" {
			return nil, p.refuse(number, "%s", reason)
		}
		key, value, found := strings.Cut(raw, separator)
		if !found {
			return nil, p.refuse(number, "no %q in the line", separator)
		}
		if !isKey(key) {
			return nil, p.refuse(number, "%q is not a key", key)
		}
		if first, twice := seen[key]; twice {
			return nil, p.refuse(number, "the key %q is there twice, first in line %d", key, first)
		}
		if len(lines) > 2*maxUnknown {
			return nil, p.refuse(number, "too many lines")
		}
		seen[key] = number
		lines = append(lines, line{number, key, value})
		if !more {
			return lines, nil
		}
		text = rest
	}
}

// checkText gives the reason why a line cannot be text; "" when it is.
func checkText(s string) string {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\r':
			return "holds a carriage return"
		case c == 0:
			return "holds a NUL"
		case c < ' ' && c != '\t', c == 0x7f:
			return "holds a control character"
		}
	}
	if !utf8.ValidString(s) {
		return "is not UTF-8"
	}
	return ""
}

func isKey(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
	})
}

func checkName(s string) string {
	if s == "" || s == "." || s == ".." || strings.ContainsAny(s, `/\`) {
		return "is not a file's base name"
	}
	return ""
}

func checkSHA256(s string) string {
	if len(s) != 64 || strings.Trim(s, "0123456789abcdef") != "" {
		return "is not 64 lower-case hex digits"
	}
	return ""
}

func parseTime(s string, layouts ...string) (time.Time, string) {
	for _, layout := range layouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		t = t.UTC().Truncate(time.Second)
		if t.Year() >= 1970 && t.Year() <= 9999 {
			return t, ""
		}
	}
	return time.Time{}, "is not a time as 2026-03-01T12:00:00Z"
}

// parseWheels cuts the comma-separated list, which is never empty.
func parseWheels(s string) ([]string, string) {
	wheels := strings.Split(s, ",")
	for _, w := range wheels {
		if checkName(w) != "" || !strings.HasSuffix(w, ".whl") {
			return nil, "lists " + strconv.Quote(w) + ", which is not a wheel's file name"
		}
	}
	if !slices.IsSorted(wheels) {
		slices.Sort(wheels)
	}
	for i := 1; i < len(wheels); i++ {
		if wheels[i] == wheels[i-1] {
			return nil, "lists " + strconv.Quote(wheels[i]) + " twice"
		}
	}
	return wheels, ""
}
