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
	"slices"
	"sync"
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
	// New are the parts that were stored.
	New []Part
}

// Push stores what of a tarball and its record is not there yet, the manifest
// last, and waits for a collection of garbage to end. By then the store has
// said of each object, asked anew, that it is there in its size, and has given
// the manifest back; that the blobs' bytes are right shows when they are read:
// rebuild.Prove.
//
// A blob of another size that is there is read; only when it really is damaged
// it is replaced. Codes: those of the driver, wrong-size, bad-manifest,
// store-busy (unable), store-corrupt and store-object-missing (refused: the
// store does not keep what it is given).
func Push(ctx context.Context, st Store, set Set, clock Clock) (Pushed, error) {
	p := pusher{st: st, clock: clock.withDefaults(), created: map[string]bool{}}
	var err error
	p.manifest, p.bodies = describe(set)
	if p.text, p.key, err = p.manifest.Encode(); err != nil {
		return Pushed{}, err
	}
	err = p.push(ctx)
	return p.pushed(), err
}

// pusher is a push under way.
type pusher struct {
	st       Store
	clock    Clock
	manifest Manifest
	text     []byte
	key      string
	bodies   map[string]opener

	// ahead is how far the store's clock goes before ours, as far as is known.
	ahead time.Duration

	mu sync.Mutex
	// created are the blobs that were stored, by sha256.
	created map[string]bool
}

// rounds is how often what is missing is stored again.
const rounds = 3

// push is Push once it is known what there is to push.
func (p *pusher) push(ctx context.Context) error {
	parts := p.manifest.Parts()
	if err := each(ctx, parts, p.put); err != nil {
		return err
	}
	for range rounds {
		if err := p.putManifest(ctx); err != nil {
			return err
		}
		// From here on no collection that begins removes what this one needs.
		// One that began before may have: it is waited for, and everything is
		// looked at anew, for it may have ended meanwhile, too.
		if err := p.awaitCollection(ctx); err != nil {
			return err
		}
		lacking, err := p.lacking(ctx, parts)
		if err != nil || len(lacking) == 0 {
			return err
		}
		if err := each(ctx, lacking, p.put); err != nil {
			return err
		}
	}
	return fault.New(fault.Refused, "store-object-missing", "storing %s in %s: what it says that it has stored is not there", p.manifest.Tarball.Name, p.st.URL()).
		WithHint("the store does not keep what it is given: nothing was removed here")
}

// pushed tells what was sent.
func (p *pusher) pushed() Pushed {
	done := Pushed{Manifest: p.manifest}
	for _, part := range p.manifest.Parts() {
		if p.created[part.SHA256] {
			done.Blobs, done.Bytes, done.New = done.Blobs+1, done.Bytes+part.Size, append(done.New, part)
		} else {
			done.Kept, done.KeptBytes = done.Kept+1, done.KeptBytes+part.Size
		}
	}
	return done
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

// put stores a blob unless it is there.
func (p *pusher) put(ctx context.Context, part Part) error {
	created, err := p.st.Put(ctx, BlobKey(part.SHA256), part.Size, func() (io.ReadCloser, error) {
		return p.bodies[part.SHA256](ctx)
	})
	if err != nil {
		return fmt.Errorf("storing %s: %w", part.Name, err)
	}
	if created {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.created[part.SHA256] = true
	}
	return nil
}

// lacking gives the parts that the store has not; what is damaged it removes.
// Files of the record, which are small, are read back; the rest are asked for.
func (p *pusher) lacking(ctx context.Context, parts []Part) ([]Part, error) {
	var mu sync.Mutex
	var all []Part
	err := each(ctx, parts, func(ctx context.Context, part Part) error {
		err := p.look(ctx, part)
		if fault.Code(err) == "store-corrupt" {
			err = p.removeDamaged(ctx, part)
		} else if err == nil {
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, part)
		return nil
	})
	return all, err
}

// look looks for a blob.
func (p *pusher) look(ctx context.Context, part Part) error {
	if slices.ContainsFunc(p.manifest.Files, func(f Part) bool { return f.SHA256 == part.SHA256 }) {
		_, err := ReadFile(ctx, p.st, part)
		return err
	}
	o, err := p.st.Stat(ctx, BlobKey(part.SHA256))
	if err == nil && o.Size != part.Size {
		err = fault.New(fault.Refused, "store-corrupt", "looking for %s in %s: it has %d bytes, not %d", o.Key, p.st.URL(), o.Size, part.Size)
	}
	return err
}

// removeDamaged removes a blob that seems to be damaged, when reading it shows
// that it is: other tarballs may need it.
func (p *pusher) removeDamaged(ctx context.Context, part Part) error {
	body, err := OpenBlob(ctx, p.st, part.SHA256, part.Size)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, body)
	_ = body.Close() // it was only read
	if err == nil {
		return fault.New(fault.Refused, "store-corrupt", "storing %s in %s: the store says another thing of %s at each question", part.Name, p.st.URL(), BlobKey(part.SHA256))
	}
	if fault.Code(err) != "store-corrupt" {
		return err
	}
	return p.st.Delete(ctx, BlobKey(part.SHA256))
}

// putManifest puts the manifest and reads it back. Where it was stored just now,
// its time shows how the store's clock goes.
func (p *pusher) putManifest(ctx context.Context) error {
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(p.text)), nil }
	for range 2 {
		created, err := p.st.Put(ctx, p.key, int64(len(p.text)), open)
		if err != nil {
			return fmt.Errorf("storing the manifest: %w", err)
		}
		put := p.clock.Now()
		_, err = readManifest(ctx, p.st, p.key)
		switch {
		case err == nil && created:
			o, err := p.st.Stat(ctx, p.key)
			if err == nil && !o.Modified.IsZero() {
				p.ahead = o.Modified.Sub(put)
			}
			return err
		case err == nil:
			return nil
		case fault.Code(err) != "store-corrupt" && fault.Code(err) != "bad-manifest":
			return err
		}
		// It is damaged: once more.
		if err := p.st.Delete(ctx, p.key); err != nil {
			return err
		}
	}
	return fault.New(fault.Refused, "store-corrupt", "storing %s in %s: other bytes come back than were sent", p.key, p.st.URL()).
		WithHint("the store does not keep what it is given: nothing was removed here")
}

// each does something with several parts at once. The first error ends all.
func each(ctx context.Context, parts []Part, do func(context.Context, Part) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, part := range parts {
		room <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		group.Go(func() {
			defer func() { <-room }()
			if err := do(ctx, part); err != nil {
				stop(err)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}
