package ocistore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/internal/wire"
)

const (
	blobs = "blobs/"
	gcKey = "gc"
	// attempts is how often a blob is sent: its body cannot be rewound by the
	// client.
	attempts = 3
)

// Options are what the surroundings give. The zero value is the default.
type Options struct {
	// Getenv gives a variable; nil: none is set.
	Getenv func(string) string
	// Transport sends the requests; nil: one of this package's own, with
	// timeouts.
	Transport http.RoundTripper
	// Attempts is how often a request is sent before it has failed; 0: 3.
	Attempts int
	// Now is the clock, which manifests are dated by; nil: time.Now.
	Now func() time.Time
}

// Store is a repository of a registry. Safe for concurrent use.
type Store struct {
	place    place
	repo     *remote.Repository
	attempts int
	now      func() time.Time
}

var _ store.Store = (*Store)(nil)

// Open gives the store at an oci URL. Nothing is asked of the registry yet.
// Code: bad-store-url.
func Open(rawURL string, o Options) (*Store, error) {
	p, err := parse(rawURL)
	if err != nil {
		return nil, err
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Transport == nil {
		o.Transport = transport()
	}
	if o.Attempts == 0 {
		o.Attempts = attempts
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	repo, err := remote.NewRepository(p.host + "/" + p.repository)
	if err != nil {
		return nil, badURL("%v", err)
	}
	repo.PlainHTTP = p.overHTTP()
	repo.TagListMaxPages = maxPages
	policy := &retry.GenericPolicy{
		Retryable: retry.DefaultPredicate, Backoff: retry.DefaultBackoff,
		MinWait: 200 * time.Millisecond, MaxWait: 3 * time.Second, MaxRetry: o.Attempts - 1,
	}
	again := retry.NewTransport(o.Transport)
	again.Policy = func() retry.Policy { return policy }
	client := &auth.Client{
		Client:     &http.Client{Transport: again},
		Cache:      auth.NewCache(),
		Credential: credentialsOf(o.Getenv),
	}
	client.SetUserAgent("wheelhouse/1")
	repo.Client = client
	return &Store{place: p, repo: repo, attempts: o.Attempts, now: o.Now}, nil
}

// transport is http.DefaultTransport with bounds on every wait, and without
// taking a body's compression off.
func transport() http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: wire.Idle,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   16,
		DisableCompression:    true,
		ForceAttemptHTTP2:     true,
	}
}

// URL gives the store's URL in its one spelling; it holds no credentials.
func (s *Store) URL() string { return s.place.String() }

// Stat tells of an object. A blob that is asked for by itself has no time. It
// wraps fs.ErrNotExist where there is none.
func (s *Store) Stat(ctx context.Context, key string) (store.Object, error) {
	doing := "asking for " + key
	if err := checkKey(key); err != nil {
		return store.Object{}, err
	}
	if d, ok := blobOf(key); ok {
		found, err := s.repo.Blobs().Resolve(ctx, d.String())
		if err != nil {
			return store.Object{}, s.fail(ctx, doing, err)
		}
		return store.Object{Key: key, Size: found.Size}, nil
	}
	m, err := s.manifest(ctx, tagOf(key))
	if err != nil {
		return store.Object{}, s.fail(ctx, doing, err)
	}
	return store.Object{Key: key, Size: m.Config.Size, Modified: m.created()}, nil
}

// Open reads an object. The reader fails when the registry falls silent, and
// when the body is cut. It wraps fs.ErrNotExist where there is no object.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	doing := "reading " + key
	if err := checkKey(key); err != nil {
		return nil, err
	}
	d, isBlob := blobOf(key)
	if !isBlob {
		m, err := s.manifest(ctx, tagOf(key))
		if err != nil {
			return nil, s.fail(ctx, doing, err)
		}
		d = m.Config.Digest
	}
	reading, cancel := context.WithCancelCause(ctx)
	_, body, err := s.repo.Blobs().FetchReference(reading, d.String())
	if err != nil {
		cancel(err)
		return nil, s.fail(ctx, doing, err)
	}
	return wire.Watch(body, cancel, wire.Idle, func(err error) error {
		if cause := context.Cause(reading); cause != nil {
			err = cause
		}
		return s.fail(ctx, doing, err)
	}), nil
}

// Put stores an object unless one is there already, and tells whether it
// wrote. The blobs that a manifest names must be there before it.
func (s *Store) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (created bool, err error) {
	doing := "storing " + key
	if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		return false, err // there it is, or nobody can say
	}
	if d, ok := blobOf(key); ok {
		err = s.push(ctx, doing, ocispec.Descriptor{MediaType: octets, Digest: d, Size: size}, open)
		return err == nil, s.fail(ctx, doing, err)
	}
	data, err := readAll(ctx, doing, size, open)
	if err != nil {
		return false, err
	}
	layers, err := layersOf(key, data)
	if err != nil {
		return false, err
	}
	config := ocispec.Descriptor{MediaType: configType(key), Digest: digest.FromBytes(data), Size: size}
	again := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	if err := s.push(ctx, doing, config, again); err != nil {
		return false, s.fail(ctx, doing, err)
	}
	desc, text, err := encode(key, config, layers, s.now())
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	err = s.repo.Manifests().PushReference(ctx, desc, bytes.NewReader(text), tagOf(key))
	return err == nil, s.fail(ctx, doing, err)
}

// push sends one blob, again when the registry fails in the middle.
func (s *Store) push(ctx context.Context, doing string, d ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	for attempt := 1; ; attempt++ {
		err := s.pushOnce(ctx, doing, d, open)
		if err == nil || attempt >= s.attempts || ctx.Err() != nil || !passes(err) {
			return err
		}
	}
}

func (s *Store) pushOnce(ctx context.Context, doing string, d ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	from, err := opened(ctx, doing, d.Size, open)
	if err != nil {
		return err
	}
	defer func() { _ = from.body.Close() }() // it was read to its end, or the push has failed
	sending, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	content := wire.Feed(from, cancel, wire.Idle)
	if d.Size == 0 {
		_, _ = from.Read(make([]byte, 1)) // it must be empty, too
		content = http.NoBody             // a length of 0 beside a body means that it is not known
	}
	if from.err != nil {
		return from.failed(doing)
	}
	err = s.repo.Blobs().Push(sending, d, content)
	switch {
	case from.err != nil:
		return from.failed(doing)
	case err != nil && context.Cause(sending) == wire.ErrSilent:
		return wire.ErrSilent
	}
	return err
}

// Delete removes an object; that there is none is no error. A blob that the
// registry does not delete is left to its own garbage collection.
func (s *Store) Delete(ctx context.Context, key string) error {
	doing := "deleting " + key
	if err := checkKey(key); err != nil {
		return err
	}
	if d, ok := blobOf(key); ok {
		err := s.repo.Blobs().Delete(ctx, ocispec.Descriptor{MediaType: octets, Digest: d})
		if unsupported(err) || errors.Is(err, errdef.ErrNotFound) {
			return nil
		}
		return s.fail(ctx, doing, err)
	}
	found, err := s.repo.Manifests().Resolve(ctx, tagOf(key))
	if err == nil {
		err = s.repo.Manifests().Delete(ctx, found)
	}
	if errors.Is(err, errdef.ErrNotFound) {
		return nil
	}
	return s.fail(ctx, doing, err)
}

// checkKey refuses what is no key, and what a registry has no place for.
func checkKey(key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	if _, isBlob := blobOf(key); !isBlob && !isEntry(key) && key != gcKey {
		return fault.New(fault.Usage, "bad-store-key", "%q is neither a blob, an entry nor gc", key)
	}
	return nil
}

// blobOf gives the digest that a blob's key names.
func blobOf(key string) (digest.Digest, bool) {
	sum, ok := store.BlobSHA256(key)
	return digest.NewDigestFromEncoded(digest.SHA256, sum), ok
}
