package storetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Memory is a store in memory. Safe for concurrent use.
type Memory struct {
	now func() time.Time

	mu      sync.Mutex
	objects map[string]object
}

type object struct {
	data     []byte
	modified time.Time
}

var _ store.Store = (*Memory)(nil)

// NewMemory makes an empty store whose clock is now.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, objects: map[string]object{}}
}

// URL implements store.Store.
func (m *Memory) URL() string { return "memory:" }

// Put implements store.Store.
func (m *Memory) Put(ctx context.Context, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	if err := ready(ctx, key); err != nil {
		return false, err
	}
	if _, err := m.Stat(ctx, key); err == nil {
		return false, nil
	}
	body, err := open()
	if err != nil {
		return false, err
	}
	defer func() { _ = body.Close() }()
	data, err := io.ReadAll(store.Exactly(body, size))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return false, fmt.Errorf("storing %s: %w", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.objects[key]; there {
		return false, nil
	}
	m.objects[key] = object{data, m.now()}
	return true, nil
}

// ready refuses what every driver refuses at once.
func ready(ctx context.Context, key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("asking for %s: %w", key, err)
	}
	return nil
}

// get gives an object.
func (m *Memory) get(ctx context.Context, key string) (object, error) {
	if err := ready(ctx, key); err != nil {
		return object{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, there := m.objects[key]
	if !there {
		return object{}, store.Absent(m.URL(), key)
	}
	return o, nil
}

// Open implements store.Store.
func (m *Memory) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	o, err := m.get(ctx, key)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(o.data)), nil
}

// Stat implements store.Store.
func (m *Memory) Stat(ctx context.Context, key string) (store.Object, error) {
	o, err := m.get(ctx, key)
	if err != nil {
		return store.Object{}, err
	}
	return store.Object{Key: key, Size: int64(len(o.data)), Modified: o.modified}, nil
}

// List implements store.Store, in the order of the keys.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	m.mu.Lock()
	objects := maps.Clone(m.objects)
	m.mu.Unlock()
	return func(yield func(store.Object, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if err := ctx.Err(); err != nil {
				yield(store.Object{}, fmt.Errorf("listing: %w", err))
				return
			}
			o := store.Object{Key: key, Size: int64(len(objects[key].data)), Modified: objects[key].modified}
			if strings.HasPrefix(key, prefix) && !yield(o, nil) {
				return
			}
		}
	}
}

// Delete implements store.Store.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := ready(ctx, key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	return nil
}

// Set puts an object with any bytes, whatever is there, as of a time.
func (m *Memory) Set(key string, data []byte, modified time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[key] = object{bytes.Clone(data), modified}
}

// Keys gives the keys that begin with prefix, sorted.
func (m *Memory) Keys(prefix string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for key := range m.objects {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
