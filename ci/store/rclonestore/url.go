package rclonestore

import (
	"regexp"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Scheme is what the URL of such a store begins with.
const Scheme = "rclone:"

var (
	// remoteForm is the name of a remote in the user's configuration.
	remoteForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+@ -]*$`)
	// backendForm is a remote that is made on the fly, ":gcs,env_auth".
	backendForm = regexp.MustCompile(`^:[a-z0-9]+(,[a-z0-9_]+(=[A-Za-z0-9._-]+)?)*$`)
)

// harmless are the options that a remote made on the fly may have: none is a
// secret, names a program to run, or a host that gets the user's credentials.
// A pointer in a checkout may name a store, and anybody may have written that.
var harmless = []string{
	"acl", "anonymous", "bucket_policy_only", "env_auth", "location", "location_constraint", "object_acl",
	"project_number", "provider", "region", "storage_class",
}

// A URL has no space, and so no percent sign for itself either.
var (
	written = strings.NewReplacer(" ", "%20", "%", "%25")
	meant   = strings.NewReplacer("%20", " ", "%25", "%")
)

// remoteOf gives what rclone calls the folder of a store's URL.
func remoteOf(url string) (string, error) {
	text, ok := strings.CutPrefix(url, Scheme)
	text = meant.Replace(text)
	if !ok || len(text) > 1000 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", badURL(url)
	}
	from := 0
	if strings.HasPrefix(text, ":") {
		from = 1
	}
	end := strings.Index(text[from:], ":")
	if end < 0 {
		return "", badURL(url)
	}
	remote, path := text[:from+end], text[from+end+1:]
	if !remoteForm.MatchString(remote) && !backendForm.MatchString(remote) || slices.Contains(strings.Split(path, "/"), "..") {
		return "", badURL(url)
	}
	for _, option := range strings.Split(remote, ",")[1:] {
		name, _, _ := strings.Cut(option, "=")
		if !slices.Contains(harmless, name) {
			return "", fault.New(fault.Usage, "bad-store-url", "the store's URL has the option %q, which only a configuration may have", name).
				WithHint("make a remote with `rclone config`, and name that: rclone:REMOTE:PATH")
		}
	}
	return remote + ":" + strings.TrimRight(path, "/"), nil
}

// badURL does not show the URL: what is wrong with it may be a secret.
func badURL(url string) error {
	return fault.New(fault.Usage, "bad-store-url", "the store's URL of %d bytes is not understood", len(url)).
		WithHint("write rclone:REMOTE:PATH, where REMOTE is one of `rclone listremotes`, or as :gcs,env_auth")
}
