package s3store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

const (
	// partSize is what one request carries: S3 takes parts from 5 MiB on, and
	// 10,000 of them.
	partSize = 8 << 20
	maxParts = 10_000
	// buffers is how many parts are held at once by all of a Store's puts.
	buffers = 3
	// partTime is the most that sending a part may take, all attempts.
	partTime = 10 * time.Minute
	// abortTime is the most that aborting may take: an interrupted target has
	// few seconds.
	abortTime = 3 * time.Second
)

// Put stores an object unless one is there already, and tells whether it wrote.
// open is called once at most.
func (s *Store) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (created bool, err error) {
	doing := "storing " + key
	if err := store.CheckKey(key); err != nil {
		return false, err
	}
	if size < 0 || size > partSize*maxParts {
		return false, fault.New(fault.Unable, "store-full", "%s: %d bytes are more than an object here may have (%d)", doing, size, int64(partSize*maxParts))
	}
	if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		return false, err // there it is, or nobody can say
	}
	body, err := open()
	if err != nil {
		return false, fault.New(fault.Unable, "store-source", "%s: opening what is to be stored: %w", doing, err)
	}
	defer func() { _ = body.Close() }() // it was read to its end, or the put has failed
	u := upload{s, doing, s.place.object(key), size, store.Exactly(body, size)}
	if size <= partSize {
		err = u.whole(ctx)
	} else {
		err = u.inParts(ctx)
	}
	switch {
	case isThere(err):
		return false, nil // somebody else was faster
	case inConflict(err):
		if _, lost := s.Stat(ctx, key); lost == nil {
			return false, nil
		}
	}
	return err == nil, s.fail(ctx, doing, err)
}

// upload is one object on its way.
type upload struct {
	*Store
	doing  string
	object string
	size   int64
	body   io.Reader
}

// whole puts an object with one request.
func (u upload) whole(ctx context.Context) error {
	buffer, err := u.take(ctx, u.size)
	if err != nil {
		return err
	}
	defer u.give(buffer)
	if err := u.fill(buffer, true); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, partTime)
	defer cancel()
	return ifAbsent(func(o minio.PutObjectOptions) error {
		o.ContentType = contentType
		o.DisableContentSha256 = true // it is signed as a header instead
		_, err := u.core.PutObject(ctx, u.place.bucket, u.object, bytes.NewReader(buffer), u.size, "", sum(buffer), o)
		return err
	})
}

const contentType = "application/octet-stream"

// inParts puts an object in parts, which appear together or not at all.
func (u upload) inParts(ctx context.Context) (err error) {
	id, err := u.core.NewMultipartUpload(ctx, u.place.bucket, u.object, minio.PutObjectOptions{ContentType: contentType})
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		// Also when interrupted. What cannot be aborted stays unseen; the
		// bucket's rule for unfinished uploads, if there is one, removes it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
		defer cancel()
		_ = u.core.AbortMultipartUpload(ctx, u.place.bucket, u.object, id)
	}()
	parts, err := u.parts(ctx, id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, partTime)
	defer cancel()
	return ifAbsent(func(o minio.PutObjectOptions) error {
		_, err := u.core.CompleteMultipartUpload(ctx, u.place.bucket, u.object, id, parts, o)
		return err
	})
}

// parts sends every part, as many at once as there are buffers free, and
// waits for all of them.
func (u upload) parts(ctx context.Context, id string) ([]minio.CompletePart, error) {
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	parts := make([]minio.CompletePart, (u.size+partSize-1)/partSize)
	for i := range parts {
		left := u.size - int64(i)*partSize
		buffer, err := u.take(sending, min(left, partSize))
		if err != nil {
			stop(err)
			break
		}
		if err := u.fill(buffer, left <= partSize); err != nil {
			u.give(buffer)
			stop(err)
			break
		}
		group.Go(func() {
			defer u.give(buffer)
			part, err := u.part(sending, id, i+1, buffer)
			if err != nil {
				stop(err)
			}
			parts[i] = part
		})
	}
	group.Wait()
	return parts, context.Cause(sending)
}

// part sends one part.
func (u upload) part(ctx context.Context, id string, number int, data []byte) (minio.CompletePart, error) {
	ctx, cancel := context.WithTimeout(ctx, partTime)
	defer cancel()
	part, err := u.core.PutObjectPart(ctx, u.place.bucket, u.object, id, number, bytes.NewReader(data), int64(len(data)),
		minio.PutObjectPartOptions{Sha256Hex: sum(data), DisableContentSha256: true})
	return minio.CompletePart{PartNumber: number, ETag: part.ETag}, err
}

// take waits for a buffer, and gives it in the length asked for.
func (s *Store) take(ctx context.Context, length int64) ([]byte, error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case buffer := <-s.buffers:
		if int64(cap(buffer)) < length {
			buffer = make([]byte, length)
		}
		return buffer[:length], nil
	}
}

func (s *Store) give(buffer []byte) { s.buffers <- buffer }

// fill reads the next bytes of the body; after the last there must be none.
func (u upload) fill(buffer []byte, last bool) error {
	_, err := io.ReadFull(u.body, buffer)
	if err == nil && last {
		_, err = io.ReadFull(u.body, make([]byte, 1))
	}
	if err == nil || err == io.EOF && last {
		return nil
	}
	if e, ok := fault.As(err); ok {
		return fault.New(e.Status, e.Code, "%s: %w", u.doing, e)
	}
	return fault.New(fault.Refused, "store-source", "%s: reading what is to be stored: %w", u.doing, err)
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

// ifAbsent runs a request under the condition that the object is not there, and
// once more without it where the server has no such condition.
func ifAbsent(send func(minio.PutObjectOptions) error) error {
	var o minio.PutObjectOptions
	o.SetMatchETagExcept("*")
	err := send(o)
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && (answer.StatusCode == http.StatusNotImplemented || answer.Code == "NotImplemented") {
		return send(minio.PutObjectOptions{})
	}
	return err
}

// isThere tells of a condition that did not hold: the object is there.
func isThere(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusPreconditionFailed || answer.Code == "PreconditionFailed")
}

// inConflict tells of somebody else who puts or deletes the same object now.
func inConflict(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && answer.StatusCode == http.StatusConflict
}
