package ocistore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/internal/wire"
)

// fail gives an error of ours for one of the client's; nil for nil.
func (s *Store) fail(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	var ours *fault.Error
	if errors.As(err, &ours) {
		return err
	}
	said := wire.Said(err)
	answer := answerOf(err)
	switch {
	case errors.Is(err, errdef.ErrNotFound) || answer.StatusCode == http.StatusNotFound:
		return fault.New(fault.Refused, "store-object-missing", "%s: %s has no such object: %w", doing, s.place, fs.ErrNotExist)
	case unsupported(err):
		return fault.New(fault.Unable, "store-refused", "%s: %s does not do that: %s", doing, s.place, said).
			WithHint("delete it where the registry shows its packages; a registry of one's own may need storage.delete.enabled")
	case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden || errors.Is(err, auth.ErrBasicCredentialNotFound):
		return fault.New(fault.Unable, "store-refused", "%s: %s refuses: %s", doing, s.place, said).
			WithHint("log in: docker login %s (credentials are looked for in %s)", s.place.host, sources)
	case answer.StatusCode == http.StatusInsufficientStorage || answer.StatusCode == http.StatusRequestEntityTooLarge:
		return fault.New(fault.Unable, "store-full", "%s: %s has no room for it: %s", doing, s.place, said)
	case has(answer, errcode.ErrorCodeManifestBlobUnknown):
		return fault.New(fault.Unable, "store-object-missing", "%s: %s lacks what the manifest names: %s", doing, s.place, said)
	}
	return fault.New(fault.Unable, "store-unreachable", "%s: %s does not answer as it should: %s", doing, s.place, said)
}

// answerOf gives the registry's answer in err; zero: there is none.
func answerOf(err error) errcode.ErrorResponse {
	var answer *errcode.ErrorResponse
	if errors.As(err, &answer) {
		return *answer
	}
	return errcode.ErrorResponse{}
}

func has(answer errcode.ErrorResponse, code string) bool {
	for _, e := range answer.Errors {
		if e.Code == code {
			return true
		}
	}
	return false
}

// unsupported tells of a registry that does not delete.
func unsupported(err error) bool {
	answer := answerOf(err)
	return answer.StatusCode == http.StatusMethodNotAllowed || has(answer, errcode.ErrorCodeUnsupported)
}

// notFound tells of a repository or a thing in it that is not there.
func notFound(err error) bool {
	return errors.Is(err, errdef.ErrNotFound) || answerOf(err).StatusCode == http.StatusNotFound
}

// passes tells of a failure that another attempt may not meet: the connection's,
// or the registry's own.
func passes(err error) bool {
	var ours *fault.Error
	status := answerOf(err).StatusCode
	return !errors.As(err, &ours) && !errors.Is(err, auth.ErrBasicCredentialNotFound) &&
		(status == 0 || status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout)
}

func (s *Store) corrupt(format string, args ...any) error {
	return fault.New(fault.Refused, "store-corrupt", "%s: "+format, append([]any{s.place}, args...)...)
}
