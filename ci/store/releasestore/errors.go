package releasestore

import (
	"errors"
	"io"
	"io/fs"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// told gives the API's error as a store's: the same words, with a store's code.
// That a repository is not there does not say that an object is not.
func told(err error) error {
	e, ok := fault.As(err)
	if !ok {
		return err
	}
	switch e.Code {
	case "api-unreachable", "api-failed", "api-answer", "rate-limited":
		return &fault.Error{Code: "store-unreachable", Status: fault.Unable, Message: e.Message, Hint: e.Hint}
	case "token-missing", "token-refused", "not-found":
		return &fault.Error{Code: "store-refused", Status: fault.Unable, Message: e.Message, Hint: e.Hint}
	}
	return err
}

// body is an asset's bytes, with a store's errors.
type body struct{ io.ReadCloser }

func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = told(err)
	}
	return n, err
}

// opened gives the bytes of an asset, or why there are none.
func (s *Store) opened(key string, from io.ReadCloser, err error) (io.ReadCloser, error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, store.Absent(s.url, key)
	case err != nil:
		return nil, told(err)
	}
	return body{from}, nil
}
