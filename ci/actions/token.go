package actions

import (
	"strings"

	"github.com/cli/go-gh/v2/pkg/auth"
)

// Token finds the token for a place: GH_TOKEN, else GITHUB_TOKEN, else gh's own
// configuration; "" when there is none. An Enterprise host that only its name
// in -repo or a remote says has GH_ENTERPRISE_TOKEN or GITHUB_ENTERPRISE_TOKEN
// instead of the first two, so that the token for one host is never sent to
// another. origin says where it was found, for messages. configured gives the
// token that gh has for a host; nil asks gh.
func Token(p Place, s Search, configured func(host string) string) (token, origin string) {
	names := []string{"GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"}
	if s.ownHost(p) {
		names = append([]string{"GH_TOKEN", "GITHUB_TOKEN"}, names...)
	}
	if hosted(p.Repository.Host) {
		names = names[:2]
	}
	for _, name := range names {
		if token := strings.TrimSpace(s.env(name)); token != "" {
			return token, name
		}
	}
	if configured == nil {
		configured = func(host string) string {
			token, _ := auth.TokenForHost(host)
			return token
		}
	}
	if token := strings.TrimSpace(configured(p.Repository.Host)); token != "" {
		return token, "gh's configuration"
	}
	return "", ""
}

// ownHost tells whether the variables that name no host are about this one.
func (s Search) ownHost(p Place) bool {
	host := p.Repository.Host
	if hosted(host) || strings.EqualFold(host, s.env("GH_HOST")) || host == s.server() {
		return true
	}
	api, err := s.apiURL()
	return err == nil && api != nil && *api == *p.API
}
