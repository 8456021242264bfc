package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
)

// File is a file of a record, to be stored.
type File struct {
	// Path below the entry's folder, with slashes.
	Path string
	// Data is what is in it.
	Data []byte
}

// Set is what Push stores of one tarball.
type Set struct {
	// Entry is the name of the entry's folder, or a flat record's without
	// ".meta".
	Entry string
	// Rehearsal is the tarball, with its recipe.
	Rehearsal *rebuild.Rehearsal
	// Files of the record.
	Files []File
}

// Clock is what waiting for a collection goes by.
type Clock struct {
	// Now gives the time; nil: time.Now.
	Now func() time.Time
	// Sleep waits, or gives ctx's error; nil: by the machine's clock.
	Sleep func(ctx context.Context, d time.Duration) error
}

func (c Clock) withDefaults() Clock {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = func(ctx context.Context, d time.Duration) error {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-timer.C:
				return nil
			}
		}
	}
	return c
}

// Pushed is what Push sent.
type Pushed struct {
	// Manifest is what the store says of the tarball now.
	Manifest Manifest
	// Blobs were stored, of Bytes together; Kept were there already, of
	// KeptBytes.
	Blobs, Kept      int
	Bytes, KeptBytes int64
}

// Push stores what of a tarball and its record is not there yet, the manifest
// last. That it is really there shows when it is read back: rebuild.Prove. It
// waits for a collection of garbage to end. Codes: those of the driver,
// wrong-size, bad-manifest, store-busy (unable).
func Push(ctx context.Context, st Store, set Set, clock Clock) (Pushed, error) {
	clock = clock.withDefaults()
	m, bodies := describe(set)
	text, err := m.encode()
	if err != nil {
		return Pushed{}, fault.New(fault.Refused, "bad-manifest", "storing %s: %w", m.Tarball.Name, err)
	}
	done := Pushed{Manifest: m}
	if err := done.blobs(ctx, st, m, bodies); err != nil {
		return done, err
	}
	key := m.keyOf(text)
	// An object that is there may be a leftover with other bytes: it is read,
	// and a wrong one is replaced.
	if err := putManifest(ctx, st, key, text); err != nil {
		return done, err
	}
	waited, err := awaitCollection(ctx, st, clock)
	if err != nil {
		return done, err
	}
	if waited { // what was there may have been collected
		again := Pushed{Manifest: m}
		if err := again.blobs(ctx, st, m, bodies); err != nil {
			return done, err
		}
		if err := putManifest(ctx, st, key, text); err != nil {
			return done, err
		}
	}
	return done, nil
}

// opener opens the bytes of a blob.
type opener func(ctx context.Context) (io.ReadCloser, error)

// describe gives the manifest of a set, and where its blobs' bytes are.
func describe(set Set) (Manifest, map[string]opener) {
	inv, recipe := set.Rehearsal.Inventory(), set.Rehearsal.Recipe()
	m := Manifest{Version: 1, Entry: set.Entry, Recipe: recipe.Encoder, Wheels: []Part{}, Files: []Part{}}
	m.Tarball = Part{inv.Name, inv.SHA256, inv.Size}
	for _, w := range inv.Wheels {
		m.Wheels = append(m.Wheels, Part{w.Name, w.SHA256, w.Size})
	}
	bodies := map[string]opener{}
	for _, b := range set.Rehearsal.Blobs() {
		if b.Name == rebuild.FrameName {
			m.Frame = &Part{b.Name, b.SHA256, b.Size}
		}
		bodies[b.SHA256] = func(ctx context.Context) (io.ReadCloser, error) { return set.Rehearsal.Open(ctx, b) }
	}
	for _, f := range set.Files {
		sum := sha256.Sum256(f.Data)
		part := Part{f.Path, hex.EncodeToString(sum[:]), int64(len(f.Data))}
		m.Files = append(m.Files, part)
		bodies[part.SHA256] = func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(f.Data)), nil
		}
	}
	return m, bodies
}

// blobs stores the blobs that are not there.
func (p *Pushed) blobs(ctx context.Context, st Store, m Manifest, bodies map[string]opener) error {
	for _, part := range m.Parts() {
		open := func() (io.ReadCloser, error) { return bodies[part.SHA256](ctx) }
		created, err := putRight(ctx, st, BlobKey(part.SHA256), part.Size, open)
		if err != nil {
			return fmt.Errorf("storing %s: %w", part.Name, err)
		}
		if created {
			p.Blobs, p.Bytes = p.Blobs+1, p.Bytes+part.Size
		} else {
			p.Kept, p.KeptBytes = p.Kept+1, p.KeptBytes+part.Size
		}
	}
	return nil
}

// putRight puts an object; one of another size that is there is a leftover,
// and replaced.
func putRight(ctx context.Context, st Store, key string, size int64, open func() (io.ReadCloser, error)) (bool, error) {
	there, err := st.Stat(ctx, key)
	switch {
	case err == nil && there.Size == size:
		return false, nil
	case err == nil:
		if err := st.Delete(ctx, key); err != nil {
			return false, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	return st.Put(ctx, key, size, open)
}

// putManifest puts a manifest and reads it back.
func putManifest(ctx context.Context, st Store, key string, text []byte) error {
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	for range 2 {
		if _, err := putRight(ctx, st, key, int64(len(text)), open); err != nil {
			return fmt.Errorf("storing the manifest: %w", err)
		}
		_, err := readManifest(ctx, st, Object{Key: key})
		if err == nil {
			return nil
		}
		switch fault.Code(err) {
		case "store-corrupt", "bad-manifest": // damaged: once more
		default:
			return err
		}
		if err := st.Delete(ctx, key); err != nil {
			return err
		}
	}
	return fault.New(fault.Refused, "store-corrupt", "storing %s in %s: other bytes come back than were sent", key, st.URL()).
		WithHint("the store does not keep what it is given: nothing was removed here")
}

const (
	// gcLife is how long the key of a collection counts: one that was killed
	// is in nobody's way after that.
	gcLife = time.Hour
	// gcWork is how long a collection removes objects: well below gcLife, so
	// that clocks may differ by the rest.
	gcWork = 30 * time.Minute
	// gcLook is how often a push looks whether a collection has ended.
	gcLook = 5 * time.Second
)

// awaitCollection waits while somebody collects garbage, and tells whether
// anybody did.
func awaitCollection(ctx context.Context, st Store, clock Clock) (waited bool, err error) {
	for begun := clock.Now(); ; waited = true {
		o, err := st.Stat(ctx, gcKey)
		if errors.Is(err, fs.ErrNotExist) {
			return waited, nil
		}
		if err != nil {
			return waited, err
		}
		age := clock.Now().Sub(o.Modified)
		if age > gcLife {
			return waited, nil // its process was killed, and removes nothing any more
		}
		if clock.Now().Sub(begun) > gcLife {
			return waited, fault.New(fault.Unable, "store-busy", "storing in %s: garbage is being collected there, and that does not end", st.URL()).
				WithHint("the clocks of the store and of this machine may differ: they say %s", (-age).Round(time.Minute))
		}
		if err := clock.Sleep(ctx, gcLook); err != nil {
			return waited, err
		}
	}
}
