package python

import (
	"bytes"
	"cmp"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	// mask stands where a secret was.
	mask = "****"
	// shortestSecret keeps a password of a few letters from being taken out
	// of words; in a URL it is removed whatever its length.
	shortestSecret = 4
	// longestLine bounds what is held of one line; the rest is dropped.
	longestLine = 1 << 20
)

var (
	// urlText finds URLs in text.
	urlText = regexp.MustCompile("[A-Za-z][A-Za-z0-9+.-]*://[^\\s'\"<>`]+")
	// hostPort matches what may stand between user-info and path.
	hostPort = regexp.MustCompile(`^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~%-]*)(:[0-9]*)?$`)
)

// splitURL gives a URL's scheme, its user-info and the rest. A password may
// hold a slash, a question mark or a number sign that should have been
// escaped: then all up to the last at sign is user-info.
func splitURL(text string) (scheme, userinfo, rest string) {
	scheme, rest, _ = strings.Cut(text, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if !hostPort.MatchString(rest[at+1 : end]) {
		if last := strings.LastIndexByte(rest, '@'); last > at {
			at = last
		}
	}
	if at < 0 {
		return scheme, "", rest
	}
	return scheme, rest[:at], rest[at+1:]
}

// cleanURL gives a URL without user-info, query and fragment.
func cleanURL(text string) string {
	scheme, _, rest := splitURL(text)
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	host, _, _ := strings.Cut(rest, "/")
	if !hostPort.MatchString(strings.TrimRight(host, ",;.)]")) {
		return scheme + "://" + mask
	}
	return scheme + "://" + rest
}

// redactor takes secrets out of text: user-info, query and fragment of every
// URL, and the passwords that the environment's URLs hold, wherever they stand.
type redactor struct{ secrets []string }

// newRedactor learns the secrets of an environment.
func newRedactor(environ []string) *redactor {
	r := &redactor{}
	for _, entry := range environ {
		_, value, _ := strings.Cut(entry, "=")
		for _, text := range urlText.FindAllString(value, -1) {
			r.learn(text)
		}
	}
	// The longest first: one secret may begin with another.
	slices.SortFunc(r.secrets, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	r.secrets = slices.Compact(r.secrets)
	return r
}

// learn adds the secrets of one URL: its password, or its user name when there
// is no other (a token), and the values of its query.
func (r *redactor) learn(text string) {
	_, userinfo, rest := splitURL(text)
	user, password, _ := strings.Cut(userinfo, ":")
	if password == "" || password == "x-oauth-basic" {
		r.add(user)
	}
	r.add(password)
	_, query, _ := strings.Cut(rest, "?")
	query, _, _ = strings.Cut(query, "#")
	for _, pair := range strings.Split(query, "&") {
		_, value, _ := strings.Cut(pair, "=")
		r.add(value)
	}
}

// add adds a secret as it is written and as it is meant.
func (r *redactor) add(secret string) {
	if len(secret) >= shortestSecret {
		r.secrets = append(r.secrets, secret)
	}
	if plain, err := url.PathUnescape(secret); err == nil && plain != secret && len(plain) >= shortestSecret {
		r.secrets = append(r.secrets, plain)
	}
}

// text gives s without secrets.
func (r *redactor) text(s string) string {
	s = urlText.ReplaceAllStringFunc(s, cleanURL)
	for _, secret := range r.secrets {
		s = strings.ReplaceAll(s, secret, mask)
	}
	return s
}

// writer gives a writer that passes on whole lines without secrets. Its Flush
// passes on a last line that no newline ends.
func (r *redactor) writer(w io.Writer) *redactedWriter { return &redactedWriter{r: r, w: w} }

type redactedWriter struct {
	r    *redactor
	w    io.Writer
	line []byte
}

func (w *redactedWriter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n') + 1
		part := rest
		if end > 0 {
			part = rest[:end]
		}
		rest = rest[len(part):]
		if room := longestLine - len(w.line); len(part) > room {
			part = part[:max(room, 0)]
		}
		w.line = append(w.line, part...)
		if end > 0 {
			if err := w.Flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

// Flush passes on what is held.
func (w *redactedWriter) Flush() error {
	if len(w.line) == 0 {
		return nil
	}
	line := strings.TrimSuffix(string(w.line), "\n")
	w.line = w.line[:0]
	_, err := io.WriteString(w.w, w.r.text(line)+"\n")
	return err
}
