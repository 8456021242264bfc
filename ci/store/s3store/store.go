package s3store

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/internal/wire"
)

const (
	// attempts is how often a request is sent at most; the waits between grow
	// from a fifth of a second to one.
	attempts = 5
	// maxListed is the most objects that are listed: a server that never ends
	// its list is refused.
	maxListed = 5_000_000
)

// Options are what the surroundings give. The zero value is the default.
type Options struct {
	// Getenv gives a variable; nil: none is set.
	Getenv func(string) string
	// Transport sends the requests; nil: one of this package's own, with
	// timeouts.
	Transport http.RoundTripper
	// Attempts is how often a request is sent before it has failed; 0: 5.
	Attempts int
}

// Store is a bucket, or what lies below a prefix in one. Safe for concurrent
// use.
type Store struct {
	place   place
	core    minio.Core
	buffers chan []byte
	// there says that the bucket was seen.
	there atomic.Bool
}

var _ store.Store = (*Store)(nil)

// Open gives the store at an s3 URL. Nothing is asked of the server yet. Code:
// bad-store-url.
func Open(rawURL string, o Options) (*Store, error) {
	p, err := parse(rawURL)
	if err != nil {
		return nil, err
	}
	getenv := o.Getenv
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if p.region == "" && p.endpoint == "" {
			p.region = getenv(name)
		}
	}
	region := p.region
	if region == "" && p.endpoint != "" {
		region = "us-east-1" // what servers that have no regions go by
	}
	if o.Transport == nil {
		o.Transport = transport()
	}
	if o.Attempts == 0 {
		o.Attempts = attempts
	}
	client, err := minio.New(p.server().Host, &minio.Options{
		Creds:        p.chain(getenv),
		Secure:       p.server().Scheme == "https",
		Region:       region,
		BucketLookup: p.lookup,
		Transport:    o.Transport,
		MaxRetries:   o.Attempts,
	})
	if err != nil {
		return nil, badURL("%v", err)
	}
	client.SetAppInfo("wheelhouse", "1")
	s := &Store{place: p, core: minio.Core{Client: client}, buffers: make(chan []byte, buffers)}
	for range buffers {
		s.buffers <- nil
	}
	return s, nil
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

// Stat tells of an object. It wraps fs.ErrNotExist where there is none.
func (s *Store) Stat(ctx context.Context, key string) (store.Object, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Object{}, err
	}
	info, err := s.core.StatObject(ctx, s.place.bucket, s.place.object(key), minio.StatObjectOptions{})
	if err != nil {
		err = s.fail(ctx, "asking for "+key, err)
		if errors.Is(err, fs.ErrNotExist) {
			// An answer to HEAD has no body that says what is missing.
			if missing := s.bucketMissing(ctx); missing != nil {
				return store.Object{}, missing
			}
		}
		return store.Object{}, err
	}
	return store.Object{Key: key, Size: info.Size, Modified: info.LastModified}, nil
}

// bucketMissing gives an error when the bucket is not there. Without the right
// to ask, it counts as there.
func (s *Store) bucketMissing(ctx context.Context) error {
	if s.there.Load() {
		return nil
	}
	there, err := s.core.BucketExists(ctx, s.place.bucket)
	if err == nil && !there {
		return s.noBucket("looking for the bucket")
	}
	s.there.Store(true)
	return nil
}

// Open reads an object. The reader fails when the server falls silent, and
// when the body is cut. It wraps fs.ErrNotExist where there is no object.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := store.CheckKey(key); err != nil {
		return nil, err
	}
	doing := "reading " + key
	reading, cancel := context.WithCancelCause(ctx)
	body, _, _, err := s.core.GetObject(reading, s.place.bucket, s.place.object(key), minio.GetObjectOptions{})
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

// List gives the objects whose keys begin with prefix, in no promised order.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		doing := "listing " + s.place.String()
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		top := s.place.object("")
		listed := 0
		for info := range s.core.ListObjectsIter(inner, s.place.bucket, minio.ListObjectsOptions{Prefix: top + prefix, Recursive: true}) {
			if info.Err != nil {
				yield(store.Object{}, s.fail(ctx, doing, info.Err))
				return
			}
			if listed++; listed > maxListed {
				yield(store.Object{}, fault.New(fault.Unable, "store-corrupt", "%s: the list has over %d objects", doing, maxListed))
				return
			}
			key, ours := strings.CutPrefix(info.Key, top)
			if !ours || !strings.HasPrefix(key, prefix) || store.CheckKey(key) != nil {
				continue // somebody else's
			}
			if !yield(store.Object{Key: key, Size: info.Size, Modified: info.LastModified}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(store.Object{}, s.fail(ctx, doing, err))
		}
	}
}

// Delete removes an object; that there is none is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	err := s.core.RemoveObject(ctx, s.place.bucket, s.place.object(key), minio.RemoveObjectOptions{})
	err = s.fail(ctx, "deleting "+key, err)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
