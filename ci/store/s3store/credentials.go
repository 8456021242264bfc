package s3store

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// sources is where credentials are looked for, for hints.
const sources = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, " +
	"the profile AWS_PROFILE of ~/.aws/credentials and ~/.aws/config, the machine's role"

// How long a role's credentials are waited for: that of the machine, which is
// not there where nothing answers, and one that the environment names.
const (
	machineRoleTime = time.Second
	namedRoleTime   = 10 * time.Second
)

// chain gives where credentials are looked for, the first that has some wins.
// Where none has, requests go unsigned, as public buckets want them.
func (p place) chain(getenv func(string) string) *credentials.Credentials {
	profile := getenv("AWS_PROFILE")
	if profile == "" {
		profile = "default"
	}
	inConfig := "profile " + profile
	if profile == "default" {
		inConfig = profile
	}
	providers := []credentials.Provider{
		fixed(getenv, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
		fixed(getenv, "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", ""),
		fixed(getenv, "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", ""),
		&credentials.FileAWSCredentials{Filename: awsFile(getenv, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), Profile: profile},
		&credentials.FileAWSCredentials{Filename: awsFile(getenv, "AWS_CONFIG_FILE", "config"), Profile: inConfig},
	}
	if wait := p.roleWait(getenv); wait > 0 {
		providers = append(providers, &role{wait: wait})
	}
	return credentials.NewChainCredentials(providers)
}

// roleWait says how long a role is asked for: where the environment names one,
// and else the machine's on Amazon's servers, which others do not know. 0: not
// at all.
func (p place) roleWait(getenv func(string) string) time.Duration {
	for _, name := range []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		if getenv(name) != "" {
			return namedRoleTime
		}
	}
	if getenv("AWS_EC2_METADATA_DISABLED") == "true" || !s3utils.IsAmazonEndpoint(*p.server()) {
		return 0
	}
	return machineRoleTime
}

// fixed gives the credentials of three variables.
func fixed(getenv func(string) string, id, secret, token string) credentials.Provider {
	value := credentials.Value{SignerType: credentials.SignatureAnonymous}
	if getenv(id) != "" && getenv(secret) != "" {
		value = credentials.Value{AccessKeyID: getenv(id), SecretAccessKey: getenv(secret), SignerType: credentials.SignatureV4}
		if token != "" {
			value.SessionToken = getenv(token)
		}
	}
	return &credentials.Static{Value: value}
}

// awsFile gives the path of one of the two files that AWS's programs share.
func awsFile(getenv func(string) string, variable, name string) string {
	if path := getenv(variable); path != "" {
		return path
	}
	home := getenv("HOME")
	if home == "" {
		home = getenv("USERPROFILE")
	}
	return filepath.Join(home, ".aws", name)
}

// role asks for a role's credentials, in bounded time however many requests
// that takes.
type role struct {
	credentials.IAM
	wait time.Duration
}

func (r *role) Retrieve() (credentials.Value, error) { return r.RetrieveWithCredContext(nil) }

func (r *role) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	ctx, cancel := context.WithTimeout(context.Background(), r.wait)
	defer cancel()
	r.Client = &http.Client{Transport: within{ctx}}
	return r.IAM.RetrieveWithCredContext(cc)
}

// within ends requests with a context that their maker does not know of.
type within struct{ ctx context.Context }

func (w within) RoundTrip(r *http.Request) (*http.Response, error) {
	return http.DefaultTransport.RoundTrip(r.WithContext(w.ctx))
}
