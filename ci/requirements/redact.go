package requirements

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// hidden stands for what is not printed.
const hidden = "***"

// quoteLimit is the most bytes of a line that an error quotes: enough to
// recognise it, and a terminal stays readable.
const quoteLimit = 120

// quote gives text as an error may show it: redacted, escaped, cut short.
func quote(text string) string {
	text = redact(text)
	if len(text) > quoteLimit {
		cut := quoteLimit
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	return strconv.Quote(text)
}

// redact takes user-info, queries and fragments out of every URL in text. It
// rather hides too much: a URL that no parser would accept is one with a
// mistyped password, as often as not.
func redact(text string) string {
	var out strings.Builder
	for {
		at := strings.Index(text, "://")
		if at < 0 {
			out.WriteString(text)
			return out.String()
		}
		at += len("://")
		out.WriteString(text[:at])
		rest := text[at:]
		end := strings.IndexFunc(rest, isSpace)
		if end < 0 {
			end = len(rest)
		}
		out.WriteString(redactURL(rest[:end]))
		text = rest[end:]
	}
}

// redactURL redacts what follows "://" in a URL.
func redactURL(rest string) string {
	tail := ""
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		// A password with an unescaped ? or # in it has its @ behind that.
		if j := strings.LastIndexByte(rest, '@'); j > i && !strings.ContainsRune(rest[:i], '/') {
			return hidden
		}
		rest, tail = rest[:i], rest[i:i+1]+hidden
	}
	authority, _, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		return hidden + rest[i:] + tail
	}
	// No @ in the authority, yet something that is no port behind its colon:
	// a password with a slash in it.
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		if _, port, ok := strings.Cut(authority, ":"); ok && !isPort(port) {
			return hidden + rest[i:] + tail
		}
	}
	return rest + tail
}

// isPort tells whether text may be a URL's port.
func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}
