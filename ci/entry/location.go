package entry

import (
	"net/url"
	"regexp"
	"strings"
)

// secretKey finds what a query calls the secrets in it.
var secretKey = regexp.MustCompile(`(?i)token|secret|passw|signature|credential|api[_-]?key|access[_-]?key|account[_-]?key|^key$|^sig$|^auth|^pass$|^pwd$`)

// checkURL says why s is no URL of a location: it has a scheme, no user-info
// and no query key that names a secret. A pointer lies in git, for everybody
// to read.
func checkURL(s string) string {
	scheme, rest, found := strings.Cut(s, ":")
	if !found || scheme == "" || scheme[0] < 'a' || strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+.-") != "" {
		return "is not a URL"
	}
	if strings.Contains(s, " ") {
		return "holds a space, which a URL writes as %20"
	}
	authority := strings.TrimPrefix(rest, "//")
	if at := strings.IndexAny(authority, "/?#"); at >= 0 {
		authority = authority[:at]
	}
	if strings.Contains(authority, "@") {
		return "holds a user or a password, and the pointer lies in git"
	}
	for _, part := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/?&;,#:", r) }) {
		key, value, assigned := strings.Cut(part, "=")
		if !assigned || value == "" {
			continue
		}
		plain, err := url.QueryUnescape(key)
		if err != nil || secretKey.MatchString(plain) {
			return "holds what looks like a secret, " + key + ", and the pointer lies in git"
		}
	}
	return ""
}
