package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Lie is a store that answers wrongly. Each function says of which keys; nil:
// of none.
type Lie struct {
	store.Store
	// Lost objects were put, and are not there.
	Lost func(key string) bool
	// Unlisted objects are there, and List leaves them out.
	Unlisted func(key string) bool
	// Cut objects come without their second half.
	Cut func(key string) bool
	// Other objects come with another byte in the middle.
	Other func(key string) bool
	// Longer objects come with a byte more.
	Longer func(key string) bool
	// Broken objects fail in the middle of reading.
	Broken func(key string) bool
	// Unwritten objects are told to be stored, and are not.
	Unwritten func(key string) bool
	// There already are, Put says, objects that are not.
	There func(key string) bool
	// Failing puts fail in the middle of the body.
	Failing func(key string) bool
	// Sized wrongly are objects of which Stat tells a byte more.
	Sized func(key string) bool
	// Skew is by how much the store's clock goes before the true one.
	Skew time.Duration
}

func is(f func(string) bool, key string) bool { return f != nil && f(key) }

// errServer is what a server that fails says.
var errServer = fault.New(fault.Unable, "store-unreachable", "the server answers 503")

// Put implements store.Store.
func (l Lie) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	switch {
	case is(l.Unwritten, key):
		return true, nil
	case is(l.There, key):
		return false, nil
	case is(l.Failing, key):
		return l.Store.Put(ctx, key, size, func() (io.ReadCloser, error) {
			body, err := open()
			if err != nil {
				return nil, err
			}
			return readCloser{io.MultiReader(io.LimitReader(body, size/2), failing{errServer}), body}, nil
		})
	}
	return l.Store.Put(ctx, key, size, open)
}

type readCloser struct {
	io.Reader
	io.Closer
}

// Open implements store.Store.
func (l Lie) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if is(l.Lost, key) {
		return nil, store.Absent(l.URL(), key)
	}
	body, err := l.Store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	half := len(data) / 2
	switch {
	case is(l.Cut, key):
		data = data[:half]
	case is(l.Longer, key):
		data = append(data, 'x')
	case is(l.Other, key):
		data = append([]byte{}, data...)
		data[half] ^= 1
	case is(l.Broken, key):
		return io.NopCloser(io.MultiReader(bytes.NewReader(data[:half]), failing{errors.New("connection reset")})), nil
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// Stat implements store.Store.
func (l Lie) Stat(ctx context.Context, key string) (store.Object, error) {
	if is(l.Lost, key) {
		return store.Object{}, store.Absent(l.URL(), key)
	}
	o, err := l.Store.Stat(ctx, key)
	if is(l.Sized, key) {
		o.Size++
	}
	o.Modified = o.Modified.Add(l.Skew)
	return o, err
}

// List implements store.Store.
func (l Lie) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		for o, err := range l.Store.List(ctx, prefix) {
			o.Modified = o.Modified.Add(l.Skew)
			if !is(l.Unlisted, o.Key) && !yield(o, err) {
				return
			}
		}
	}
}
