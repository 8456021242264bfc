package ocistore

import (
	"net/url"
	"strings"

	"oras.land/oras-go/v2/registry"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/internal/wire"
)

// place is what a store's URL says.
type place struct {
	host       string // with a port where one is named
	repository string
	plainHTTP  bool // over http although the host is not this machine
}

// parse reads a store's URL. Code: bad-store-url.
func parse(raw string) (place, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return place{}, badURL("it is no URL")
	}
	// Before anything of the URL is said: it may be a secret.
	if u.User != nil {
		return place{}, badURL("it holds credentials").WithHint("log in instead: docker login %s", u.Host)
	}
	p := place{host: u.Host, repository: strings.TrimPrefix(u.Path, "/")}
	query, err := url.ParseQuery(u.RawQuery)
	switch {
	case u.Scheme != "oci" || u.Opaque != "":
		return place{}, badURL("it does not begin with oci://")
	case err != nil:
		return place{}, badURL("what follows its ? cannot be read")
	case u.Fragment != "":
		return place{}, badURL("it has a fragment (#)")
	}
	for key, values := range query {
		if key != "plain-http" || len(values) != 1 || values[0] != "true" && values[0] != "false" {
			return place{}, badURL("known after its ? is plain-http=true alone, not %q", key)
		}
		p.plainHTTP = values[0] == "true"
	}
	reference := registry.Reference{Registry: p.host, Repository: p.repository}
	if reference.ValidateRegistry() != nil || u.Hostname() == "" {
		return place{}, badURL("%q is no registry", p.host)
	}
	if reference.ValidateRepository() != nil {
		return place{}, badURL("%q is no repository: lower-case letters and digits between / and . _ -", p.repository).
			WithHint("oci://%s/owner/name", p.host)
	}
	return p, nil
}

// String gives the URL that pointers record: the same for each way of writing
// it.
func (p place) String() string {
	text := "oci://" + p.host + "/" + p.repository
	if p.plainHTTP {
		text += "?plain-http=true"
	}
	return text
}

// overHTTP tells whether the registry is spoken to without TLS.
func (p place) overHTTP() bool { return p.plainHTTP || wire.Loopback(p.host) }

func badURL(format string, args ...any) *fault.Error {
	return fault.New(fault.Usage, "bad-store-url", "reading the store's oci URL: "+format, args...)
}

// Scheme is what the store's URLs begin with.
const Scheme = "oci:"
