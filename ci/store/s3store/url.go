package s3store

import (
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// place is what a store's URL says.
type place struct {
	bucket string
	prefix string // without slashes at its ends; empty: the bucket's top
	// endpoint is the server's URL, without a path; empty: Amazon's.
	endpoint string
	region   string                 // empty: it is found out
	lookup   minio.BucketLookupType // zero: as the endpoint likes it
}

// amazon is the server of a URL that names no endpoint.
const amazon = "s3.amazonaws.com"

// parse reads a store's URL. Code: bad-store-url.
func parse(raw string) (place, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return place{}, badURL("it is no URL")
	}
	// Before anything of the URL is said: it may be a secret.
	if u.User != nil {
		return place{}, badURL("it holds credentials").
			WithHint("put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or into a profile")
	}
	p := place{bucket: u.Host, prefix: strings.Trim(u.Path, "/")}
	query, err := url.ParseQuery(u.RawQuery)
	switch {
	case u.Scheme != "s3" || u.Opaque != "":
		return place{}, badURL("it does not begin with s3://")
	case err != nil:
		return place{}, badURL("what follows its ? cannot be read")
	case u.Fragment != "":
		return place{}, badURL("it has a fragment (#)")
	case s3utils.CheckValidBucketName(p.bucket) != nil:
		return place{}, badURL("%q is no bucket's name", p.bucket)
	case !plain(p.prefix):
		return place{}, badURL("the prefix %q is not made of letters, digits, ., _ and - between single slashes", p.prefix)
	}
	for key, values := range query {
		if len(values) != 1 {
			return place{}, badURL("it names %q %d times", key, len(values))
		}
		if err := p.set(key, values[0]); err != nil {
			return place{}, err
		}
	}
	return p, nil
}

// set takes one parameter.
func (p *place) set(key, value string) error {
	switch key {
	case "endpoint":
		e, err := url.Parse(value)
		if err != nil || e.Scheme != "https" && e.Scheme != "http" || e.Hostname() == "" ||
			e.User != nil || e.RawQuery != "" || e.Fragment != "" || strings.Trim(e.Path, "/") != "" {
			return badURL("its endpoint is not https://host or https://host:port")
		}
		p.endpoint = e.Scheme + "://" + e.Host
	case "region":
		if !plain(value) || strings.Contains(value, "/") || value == "" {
			return badURL("%q is no region", value)
		}
		p.region = value
	case "path-style":
		switch value {
		case "true":
			p.lookup = minio.BucketLookupPath
		case "false":
			p.lookup = minio.BucketLookupDNS
		default:
			return badURL("path-style is true or false, not %q", value)
		}
	default:
		return badURL("it has %q; known are endpoint, region and path-style", key).
			WithHint("credentials come from the environment or from a profile, never from the URL")
	}
	return nil
}

// String gives the URL that pointers record: the same for each way of writing
// it.
func (p place) String() string {
	text := "s3://" + p.bucket
	if p.prefix != "" {
		text += "/" + p.prefix
	}
	var query []string
	if p.endpoint != "" {
		query = append(query, "endpoint="+p.endpoint)
	}
	switch p.lookup {
	case minio.BucketLookupPath:
		query = append(query, "path-style=true")
	case minio.BucketLookupDNS:
		query = append(query, "path-style=false")
	}
	if p.region != "" {
		query = append(query, "region="+p.region)
	}
	if len(query) == 0 {
		return text
	}
	return text + "?" + strings.Join(query, "&")
}

// server gives the endpoint, Amazon's where none is named.
func (p place) server() *url.URL {
	if p.endpoint == "" {
		return &url.URL{Scheme: "https", Host: amazon}
	}
	scheme, host, _ := strings.Cut(p.endpoint, "://")
	return &url.URL{Scheme: scheme, Host: host}
}

// object gives the name of a key's object.
func (p place) object(key string) string {
	if p.prefix == "" {
		return key
	}
	return p.prefix + "/" + key
}

// plain tells whether path is of letters, digits, '.', '_' and '-' in parts
// that are neither empty nor dots; the empty path is.
func plain(path string) bool {
	if path == "" {
		return true
	}
	if len(path) > 512 {
		return false
	}
	for part := range strings.SplitSeq(path, "/") {
		if strings.Trim(part, ".") == "" || strings.Trim(part, letters) != "" {
			return false
		}
	}
	return true
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

func badURL(format string, args ...any) *fault.Error {
	return fault.New(fault.Usage, "bad-store-url", "reading the store's s3 URL: "+format, args...)
}

// Scheme is what the store's URLs begin with.
const Scheme = "s3:"
