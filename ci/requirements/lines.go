package requirements

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLine is the most bytes of one line, continuations joined and variables
// replaced. A pin with the hashes of a hundred files has 10 KB; a hundred
// times that is no requirement.
const maxLine = 1 << 20

// line is one logical line.
type line struct {
	// number of its first physical line, from 1.
	number int
	// raw is the line without comment, before variables were replaced: errors
	// show it. text is the same after.
	raw, text string
}

// lineError is an error of one line; Load adds the file.
type lineError struct {
	number  int
	message string
}

func (e *lineError) Error() string { return e.message }

func lineErrorf(number int, format string, args ...any) error {
	return &lineError{number: number, message: fmt.Sprintf(format, args...)}
}

// coding finds a declaration of the file's encoding (PEP 263), which pip
// obeys in the first two lines.
var coding = regexp.MustCompile(`coding[:=]\s*([-\w.]+)`)

// decode gives the text of a file, or says why it is none. A byte order mark
// is taken away.
func decode(data []byte) (string, error) {
	if text, ok := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); ok {
		data = text
	} else {
		for i, l := range bytes.SplitN(data, []byte("\n"), 3) {
			m := coding.FindSubmatch(l)
			if i > 1 || len(l) == 0 || l[0] != '#' || m == nil {
				continue
			}
			switch name := strings.ReplaceAll(strings.ToLower(string(m[1])), "_", "-"); name {
			case "utf-8", "utf8", "ascii", "us-ascii":
			default:
				return "", lineErrorf(i+1, "declares the encoding %s; only UTF-8 is read", quote(name))
			}
		}
	}
	if !utf8.Valid(data) {
		return "", lineErrorf(1+bytes.Count(data[:validPrefix(data)], []byte("\n")), "not UTF-8 text")
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return "", lineErrorf(1+bytes.Count(data[:i], []byte("\n")), "holds a NUL byte")
	}
	return string(data), nil
}

// validPrefix is how many bytes of data come before the first that is not
// UTF-8.
func validPrefix(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// logicalLines gives the lines that say something: joined, without comments
// and blanks around, variables replaced.
func logicalLines(text string, getenv func(string) (string, bool)) ([]line, error) {
	var out []line
	err := joined(text, func(number int, raw string) error {
		raw = strings.TrimFunc(stripComment(raw), isSpace)
		if raw == "" {
			return nil
		}
		text, ok := expand(raw, getenv)
		if !ok {
			return lineErrorf(number, "the line is longer than %d bytes once its variables are replaced", maxLine)
		}
		if i := strings.IndexFunc(text, unprintable); i >= 0 {
			return lineErrorf(number, "a control character or broken UTF-8 in %s", quote(raw))
		}
		out = append(out, line{number: number, raw: raw, text: text})
		return nil
	})
	return out, err
}

// joined calls emit for each line with those that continue it. A comment
// never continues, and ends what it interrupts.
func joined(text string, emit func(number int, line string) error) error {
	var parts []string
	first, size, number := 0, 0, 0
	for text != "" {
		var physical string
		physical, text = cutLine(text)
		number++
		if len(parts) == 0 {
			first, size = number, 0
		}
		if size += len(physical); size > maxLine {
			return lineErrorf(first, "the line is longer than %d bytes", maxLine)
		}
		comment := strings.HasPrefix(strings.TrimLeftFunc(physical, isSpace), "#")
		if strings.HasSuffix(physical, `\`) && !comment {
			parts = append(parts, strings.Trim(physical, `\`))
			continue
		}
		if comment {
			physical = " " + physical
		}
		if len(parts) > 0 {
			physical = strings.Join(append(parts, physical), "")
			parts = parts[:0]
		}
		if err := emit(first, physical); err != nil {
			return err
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return emit(first, strings.Join(parts, ""))
}

// cutLine parts text after its first line, at whatever Python's str.splitlines
// takes for the end of one: else a line could hide behind a comment.
func cutLine(text string) (first, rest string) {
	for i, r := range text {
		switch r {
		case '\r':
			if strings.HasPrefix(text[i:], "\r\n") {
				return text[:i], text[i+2:]
			}
			return text[:i], text[i+1:]
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
			return text[:i], text[i+utf8.RuneLen(r):]
		}
	}
	return text, ""
}

// stripComment takes away a # that begins the line or follows white space,
// with what follows it. In a URL a # follows something else.
func stripComment(text string) string {
	space := true
	for i, r := range text {
		if r == '#' && space {
			return text[:i]
		}
		space = isSpace(r)
	}
	return text
}

// isSpace tells whether Python takes r for white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// unprintable tells whether r has no place in a line. A variable's value may
// hold what the file itself may not.
func unprintable(r rune) bool { return r == utf8.RuneError || r != '\t' && unicode.IsControl(r) }

// variable is what pip replaces.
var variable = regexp.MustCompile(`\$\{([A-Z0-9_]+)\}`)

// expand replaces variables; those that are unset or empty stay as they are.
// ok is false where the line would become too long.
func expand(text string, getenv func(string) (string, bool)) (expanded string, ok bool) {
	if getenv == nil || !strings.Contains(text, "${") {
		return text, true
	}
	var out strings.Builder
	last := 0
	for _, m := range variable.FindAllStringSubmatchIndex(text, -1) {
		value, set := getenv(text[m[2]:m[3]])
		if !set || value == "" {
			continue
		}
		if out.Len()+m[0]-last+len(value) > maxLine {
			return "", false
		}
		out.WriteString(text[last:m[0]])
		out.WriteString(value)
		last = m[1]
	}
	out.WriteString(text[last:])
	return out.String(), out.Len() <= maxLine
}
