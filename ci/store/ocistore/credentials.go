package ocistore

import (
	"context"
	"path/filepath"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// sources is where credentials are looked for, for hints.
const sources = "docker's config.json and its helpers, REGISTRY_AUTH_FILE; for ghcr.io GH_TOKEN and GITHUB_TOKEN"

// github is the registry that GitHub's own tokens are for.
const github = "ghcr.io"

// credentialsOf finds the credentials for a registry, anew for each: a config
// that is not there has none.
func credentialsOf(getenv func(string) string) auth.CredentialFunc {
	return func(ctx context.Context, host string) (auth.Credential, error) {
		for _, path := range configs(getenv) {
			file, err := credentials.NewStore(path, credentials.StoreOptions{})
			if err != nil {
				return auth.EmptyCredential, badConfig(path, err)
			}
			found, err := credentials.Credential(file)(ctx, host)
			if err != nil {
				return auth.EmptyCredential, badConfig(path, err)
			}
			if found != auth.EmptyCredential {
				return found, nil
			}
		}
		if host == github {
			return token(getenv), nil
		}
		return auth.EmptyCredential, nil
	}
}

// configs gives the files that logins are kept in.
func configs(getenv func(string) string) []string {
	var paths []string
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		paths = append(paths, filepath.Join(dir, "config.json"))
	} else if home := homeOf(getenv); home != "" {
		paths = append(paths, filepath.Join(home, ".docker", "config.json"))
	}
	if path := getenv("REGISTRY_AUTH_FILE"); path != "" {
		paths = append(paths, path)
	}
	return paths
}

func homeOf(getenv func(string) string) string {
	if home := getenv("HOME"); home != "" {
		return home
	}
	return getenv("USERPROFILE")
}

// token gives GitHub's token as a credential; its registry takes any name.
func token(getenv func(string) string) auth.Credential {
	for _, name := range []string{"GH_TOKEN", "GITHUB_TOKEN"} {
		if value := getenv(name); value != "" {
			return auth.Credential{Username: "token", Password: value}
		}
	}
	return auth.EmptyCredential
}

func badConfig(path string, err error) error {
	return fault.New(fault.Unable, "store-refused", "reading the logins of %s: %w", path, err).
		WithHint("mend it, or log in again")
}
