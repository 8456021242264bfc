package actions

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// publicHost is the host of a repository that names none.
const publicHost = "github.com"

// Repository is a repository on a host.
type Repository struct {
	// Host is the name of the web server, with its port where it has one:
	// "github.com".
	Host string
	// Owner and Name as in "owner/name".
	Owner, Name string
}

// String gives "owner/name", with the host in front where it is not
// github.com.
func (r Repository) String() string {
	name := r.Owner + "/" + r.Name
	if r.Host == "" || r.Host == publicHost {
		return name
	}
	return r.Host + "/" + name
}

// Place is a repository and how it is reached.
type Place struct {
	Repository Repository
	// API is the address of the API, which ends with a slash.
	API *url.URL
	// Why says where the repository was found: "-repo".
	Why string
}

// Search says where Locate looks. The zero value finds nothing.
type Search struct {
	// Repo is the option or setting: OWNER/REPO, HOST/OWNER/REPO or empty.
	Repo string
	// From names Repo in messages, "-repo".
	From string
	// API is the setting github.api-url; empty for none. It goes over
	// GITHUB_API_URL.
	API string
	// Getenv gives GITHUB_REPOSITORY, GH_REPO, GH_HOST, GITHUB_SERVER_URL and
	// GITHUB_API_URL; nil for none.
	Getenv func(string) (string, bool)
	// Remotes are the addresses of the checkout's remotes, the one to prefer
	// first.
	Remotes []string
}

func (s Search) env(name string) string {
	if s.Getenv == nil {
		return ""
	}
	value, _ := s.Getenv(name)
	return value
}

// Locate finds the repository: Repo, else GH_REPO, else GITHUB_REPOSITORY, else
// the first remote on a host that is known to speak the API, else the first.
// Codes, all usage: bad-repository, no-remote, bad-api-url.
func Locate(s Search) (Place, error) {
	api, err := s.apiURL()
	if err != nil {
		return Place{}, err
	}
	for _, named := range []struct{ text, why string }{
		{s.Repo, s.From}, {s.env("GH_REPO"), "GH_REPO"}, {s.env("GITHUB_REPOSITORY"), "GITHUB_REPOSITORY"},
	} {
		if named.text == "" {
			continue
		}
		r, err := parseRepository(named.text, s.host(api))
		if err != nil {
			text := strconv.Quote(named.text)
			if strings.Contains(named.text, "@") {
				text = "an address with a user" // and a password, maybe
			}
			return Place{}, fault.New(fault.Usage, "bad-repository", "finding the repository: %s is %s, which is none", named.why, text).
				WithHint("write OWNER/REPO, or HOST/OWNER/REPO")
		}
		return Place{r, s.apiOf(r, api), named.why}, nil
	}
	r, ok := s.remote(api)
	if !ok {
		return Place{}, fault.New(fault.Usage, "no-remote", "finding the repository: none is named, and the checkout has no remote that names one").
			WithHint("name it: -repo=OWNER/REPO, or the setting fetch.repo")
	}
	return Place{r, s.apiOf(r, api), "the checkout's remote"}, nil
}

// apiURL gives the address that was set, or nil.
func (s Search) apiURL() (*url.URL, error) {
	text, why := s.API, "the setting github.api-url"
	if text == "" {
		text, why = s.env("GITHUB_API_URL"), "GITHUB_API_URL"
	}
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		// The text is not shown: a password may be what is wrong with it.
		return nil, fault.New(fault.Usage, "bad-api-url", "%s is no address of an API", why).
			WithHint("write it as https://HOST/api/v3, without user and query")
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	return u, nil
}

// host is that of a repository which names none.
func (s Search) host(api *url.URL) string {
	switch {
	case s.env("GH_HOST") != "":
		return strings.ToLower(s.env("GH_HOST"))
	case s.server() != "":
		return s.server()
	case api != nil && api.Host != "api."+publicHost:
		return strings.ToLower(api.Host)
	}
	return publicHost
}

// server is the host that a runner's own server has; "" outside of one.
func (s Search) server() string {
	u, err := url.Parse(s.env("GITHUB_SERVER_URL"))
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// apiOf gives the API of the repository. The address that a runner sets is
// that of its own server; the setting is for every repository.
func (s Search) apiOf(r Repository, api *url.URL) *url.URL {
	if api != nil && (s.API != "" || r.Host == s.server() || r.Host == s.host(api) && s.env("GH_HOST") == "" ||
		strings.EqualFold(api.Host, r.Host) || strings.EqualFold(api.Host, "api."+r.Host)) {
		return api
	}
	switch {
	case hosted(r.Host):
		return &url.URL{Scheme: "https", Host: "api." + r.Host, Path: "/"}
	}
	return &url.URL{Scheme: "https", Host: r.Host, Path: "/api/v3/"}
}

// hosted tells whether GitHub itself runs the host.
func hosted(host string) bool { return host == publicHost || strings.HasSuffix(host, ".ghe.com") }

func (s Search) remote(api *url.URL) (Repository, bool) {
	var found []Repository
	for _, address := range s.Remotes {
		r, ok := parseRemote(address)
		if !ok {
			continue
		}
		if want := s.env("GH_HOST"); want != "" && !strings.EqualFold(want, r.Host) {
			continue
		}
		if hosted(r.Host) || r.Host == s.host(api) || s.env("GH_HOST") != "" {
			return r, true
		}
		found = append(found, r)
	}
	if len(found) == 0 {
		return Repository{}, false
	}
	return found[0], true
}

// The letters that owners, repositories and hosts are written with. Lengths
// are bounded apart, since a repetition that is counted takes a millisecond to
// compile, and every target pays for it.
var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)
)

// validName tells whether an owner, a repository or a run may be called so.
func validName(name string) bool { return len(name) <= 100 && nameForm.MatchString(name) }

// validHost tells whether text is a host's name, with a port or without.
func validHost(text string) bool { return len(text) <= 259 && hostForm.MatchString(text) }

func parseRepository(text, host string) (Repository, error) {
	parts := strings.Split(text, "/")
	if len(parts) == 3 {
		host, parts = strings.ToLower(parts[0]), parts[1:]
	}
	if len(parts) != 2 || !validHost(host) || !validName(parts[0]) || !validName(parts[1]) {
		return Repository{}, fault.New(fault.Usage, "bad-repository", "%q is no repository", text)
	}
	return Repository{Host: host, Owner: parts[0], Name: parts[1]}, nil
}

// shortForm is an address as ssh has it: git@host:owner/name.git.
var shortForm = regexp.MustCompile(`^(?:[^@/:]+@)?([A-Za-z0-9.-]+):([^/].*)$`)

// parseRemote reads the repository off a remote's address. User and password
// in it are dropped; a path on this machine names no repository.
func parseRemote(address string) (Repository, bool) {
	host, path := "", ""
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		switch u.Scheme {
		case "https", "http":
			host, path = u.Host, u.Path
		case "ssh", "git", "git+ssh":
			host, path = u.Hostname(), u.Path // a port of ssh is none of the web server
		}
	} else if m := shortForm.FindStringSubmatch(address); m != nil && !strings.Contains(address, "://") {
		host, path = m[1], m[2]
	}
	host = strings.ToLower(host)
	if host == "ssh."+publicHost {
		host = publicHost
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	r, err := parseRepository(path, host)
	return r, err == nil && strings.Count(path, "/") == 1
}
