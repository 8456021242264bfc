package ocistore

import (
	"context"
	"io"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// source reads what is to be stored, and remembers its errors, so that they are
// not taken for the registry's. It ends with its context: of what is
// interrupted, the registry must not get the last bytes.
type source struct {
	ctx  context.Context
	body io.ReadCloser
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if interrupted := s.ctx.Err(); interrupted != nil {
		n, err = 0, interrupted
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// opened opens what is to be stored, for exactly size bytes.
func opened(ctx context.Context, doing string, size int64, open func() (io.ReadCloser, error)) (*source, error) {
	body, err := open()
	if err != nil {
		return nil, fault.New(fault.Unable, "store-source", "%s: opening what is to be stored: %w", doing, err)
	}
	return &source{ctx: ctx, body: store.Exactly(body, size)}, nil
}

// failed gives the error of a source that could not be read.
func (s *source) failed(doing string) error {
	if e, ok := fault.As(s.err); ok {
		return fault.New(e.Status, e.Code, "%s: %w", doing, e)
	}
	return fault.New(fault.Refused, "store-source", "%s: reading what is to be stored: %w", doing, s.err)
}

const (
	// maxConfig is the most bytes that a manifest of the store may have.
	maxConfig = 16 << 20
	// maxManifest is the same for the registry's, which takes no more.
	maxManifest = 4 << 20
)

// readAll reads a small object whole.
func readAll(ctx context.Context, doing string, size int64, open func() (io.ReadCloser, error)) ([]byte, error) {
	if size < 0 || size > maxConfig {
		return nil, fault.New(fault.Refused, "store-source", "%s: %d bytes are more than a manifest may have (%d)", doing, size, maxConfig)
	}
	from, err := opened(ctx, doing, size, open)
	if err != nil {
		return nil, err
	}
	defer func() { _ = from.body.Close() }() // it was read to its end, or refused
	data, err := io.ReadAll(from)
	if err != nil {
		return nil, from.failed(doing)
	}
	return data, nil
}
