package meta

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// old reads the form that came before: "key: value" lines with run_id, source,
// archived_at, git_commit, sha256 and notes, values quoted or not. It has no
// size (-1) and no wheels (nil); what has no field goes to Unknown.
func (p parser) old(data []byte) (Record, error) {
	lines, err := p.lines(bytes.TrimRight(data, "\n"), ":")
	if err != nil {
		return Record{}, err
	}
	r := Record{Size: -1}
	for _, l := range lines {
		value, reason := unquote(strings.TrimSpace(l.value))
		if reason == "" {
			switch l.key {
			case "run_id":
				r.RunID = value
			case "git_commit":
				r.GitCommit = value
			case "sha256":
				r.SHA256 = value
				reason = checkSHA256(value)
			case "archived_at":
				r.CreatedAt, reason = parseTime(value, time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 UTC", time.DateTime, time.DateOnly)
			default:
				r.Unknown = append(r.Unknown, Pair{l.key, value})
			}
		}
		if len(r.Unknown) > maxUnknown {
			return Record{}, p.refuse(l.number, "more than %d unknown keys", maxUnknown)
		}
		if reason != "" {
			return Record{}, p.refuse(l.number, "%s %s", l.key, reason)
		}
	}
	return r, nil
}

// unquote takes the quotes off a value, where it has them.
func unquote(s string) (string, string) {
	if len(s) < 2 {
		return s, ""
	}
	switch {
	case s[0] == '\'' && s[len(s)-1] == '\'':
		return s[1 : len(s)-1], ""
	case s[0] == '"' && s[len(s)-1] == '"':
		text, err := strconv.Unquote(s)
		if err != nil {
			// The shell quoted without escaping: what is inside is the text.
			return s[1 : len(s)-1], ""
		}
		return text, checkText(text)
	}
	return s, ""
}
