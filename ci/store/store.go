package store

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"regexp"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Store is a place for objects. Drivers are safe for concurrent use, hold no
// credentials in their URL, and refuse keys that [CheckKey] refuses. Their
// errors carry the codes store-unreachable and store-full (unable),
// store-refused (unable: credentials), bad-store-url and bad-store-key (wrong
// use); those of an absent object wrap fs.ErrNotExist.
type Store interface {
	// URL is the store's, as pointers record it.
	URL() string
	// Put stores the size bytes that open gives, unless an object is there,
	// and tells whether it stored them. A body of another length is refused,
	// and nothing is visible then. open may be called more than once.
	Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (created bool, err error)
	// Open opens an object. The bytes are not checked.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Stat tells of an object.
	Stat(ctx context.Context, key string) (Object, error)
	// List gives the objects whose keys begin with prefix, in no order.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// Delete removes an object; one that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Object is what a store says of an object.
type Object struct {
	Key string
	// Size in bytes.
	Size int64
	// Modified is when it was stored, by the store's clock.
	Modified time.Time
}

// The beginnings of keys.
const (
	blobPrefix  = "blobs/"
	entryPrefix = "entries/"
	gcKey       = "gc"
)

// maxKey is the most bytes of a key.
const maxKey = 512

var (
	keyPattern = regexp.MustCompile(`^[a-z]+(/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)*$`)
	sumPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// CheckKey refuses what is no key: parts of letters, digits and "._@+-", none
// of which begins with a dot, at most 512 bytes. Code: bad-store-key.
func CheckKey(key string) error {
	if len(key) > maxKey || !keyPattern.MatchString(key) {
		return fault.New(fault.Usage, "bad-store-key", "%q is no key of a store", key)
	}
	return nil
}

// BlobKey gives the key of the blob with a sha256 (lower-case hex).
func BlobKey(sha256 string) string { return blobPrefix + sha256 }

// BlobSHA256 gives the sha256 that a blob's key names.
func BlobSHA256(key string) (sha256 string, ok bool) {
	sha256, ok = strings.CutPrefix(key, blobPrefix)
	return sha256, ok && sumPattern.MatchString(sha256)
}

// Absent is the error for an object that is not there. It wraps
// fs.ErrNotExist; the code is store-object-missing.
func Absent(url, key string) error {
	return fault.New(fault.Refused, "store-object-missing", "reading %s of %s: %w", key, url, fs.ErrNotExist)
}

// Exactly gives a body that fails when it does not end after size bytes: what
// a driver sends, and what it receives. Nothing is read ahead of it.
func Exactly(body io.ReadCloser, size int64) io.ReadCloser {
	return &exact{body: body, left: size, size: size}
}

type exact struct {
	body       io.ReadCloser
	left, size int64
}

func (e *exact) Close() error { return e.body.Close() }

func (e *exact) Read(p []byte) (int, error) {
	if e.left == 0 {
		var one [1]byte
		switch n, err := io.ReadFull(e.body, one[:]); {
		case n > 0:
			return 0, e.wrong("more than")
		case err != io.EOF:
			return 0, err
		}
		return 0, io.EOF
	}
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := e.body.Read(p)
	e.left -= int64(n)
	if err == io.EOF && e.left > 0 {
		return n, e.wrong("less than")
	}
	if err == io.EOF {
		err = nil // the next call says so
	}
	return n, err
}

func (e *exact) wrong(how string) error {
	return fault.New(fault.Refused, "wrong-size", "%s the %s that it should hold came", how, plural(e.size))
}

func plural(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
