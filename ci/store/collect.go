package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

const (
	// gcLife is how long the key of a collection counts: one that was killed
	// is in nobody's way after that.
	gcLife = time.Hour
	// gcWork is how long a collection removes objects: well below gcLife, so
	// that clocks may differ by the rest.
	gcWork = 30 * time.Minute
	// gcLook is how often a push looks whether a collection has ended.
	gcLook = 5 * time.Second
	// gcSkew is how far the store's clock and ours may differ.
	gcSkew = 10 * time.Minute
	// gcRelease is the most that taking the key away may take: an interrupted
	// target has few seconds.
	gcRelease = 3 * time.Second
)

// awaitCollection waits while somebody collects garbage.
func (p *pusher) awaitCollection(ctx context.Context) error {
	for begun := p.clock.Now(); ; {
		o, err := p.st.Stat(ctx, gcKey)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		age := p.clock.Now().Add(p.ahead).Sub(o.Modified)
		if age > gcLife {
			return nil // its process was killed, and removes nothing any more
		}
		if p.clock.Now().Sub(begun) > gcLife {
			return fault.New(fault.Unable, "store-busy", "storing in %s: garbage is being collected there, and that does not end", p.st.URL()).
				WithHint("the clocks of the store and of this machine may differ: the collection began %s ago by them", age.Round(time.Minute))
		}
		if err := p.clock.Sleep(ctx, gcLook); err != nil {
			return err
		}
	}
}

// turn is a collection's key, as it was put.
type turn struct {
	st    Store
	text  []byte
	begun time.Time
}

// announce puts the key of a collection.
func announce(ctx context.Context, st Store, clock Clock) (turn, error) {
	// Without the monotonic part: a machine that sleeps does not stop the world.
	t := turn{st: st, begun: clock.Now().Round(0)}
	t.text = []byte(t.begun.UTC().Format(time.RFC3339Nano) + " " + rand.Text() + "\n")
	there, err := st.Stat(ctx, gcKey)
	switch {
	case err == nil && t.begun.Sub(there.Modified) <= gcLife:
		return t, fault.New(fault.Unable, "store-busy", "collecting in %s: somebody else does, since %s", st.URL(), there.Modified.UTC().Format(time.RFC3339)).
			WithHint("wait until that ends, or for an hour where it was killed")
	case err == nil:
		err = st.Delete(ctx, gcKey)
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	}
	if err != nil {
		return t, err
	}
	created, err := st.Put(ctx, gcKey, int64(len(t.text)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(t.text)), nil })
	if err == nil && !created {
		err = fault.New(fault.Unable, "store-busy", "collecting in %s: somebody else has just begun to", st.URL())
	}
	if err != nil {
		return t, err
	}
	if err := t.check(ctx, clock); err != nil {
		t.end(ctx)
		return t, err
	}
	return t, nil
}

// check looks whether the key is there, and when the store says that it was
// put. Whose it is, is looked at before anything is removed.
func (t turn) check(ctx context.Context, clock Clock) error {
	o, err := t.st.Stat(ctx, gcKey)
	if err != nil {
		return err
	}
	if ahead := o.Modified.Sub(clock.Now()); ahead.Abs() > gcSkew {
		return fault.New(fault.Refused, "store-clock", "collecting in %s: its clock and this machine's differ by %s", t.st.URL(), ahead.Round(time.Second)).
			WithHint("how old an object is cannot be told: set the clock right")
	}
	return nil
}

// mine fails when the key is not this collection's: two began at once, or
// somebody took a key away that seemed old.
func (t turn) mine(ctx context.Context) error {
	body, err := t.st.Open(ctx, gcKey)
	if err != nil {
		return absent(t.st, gcKey, err)
	}
	text, err := io.ReadAll(io.LimitReader(body, int64(len(t.text))+1))
	if err = errors.Join(err, body.Close()); err != nil {
		return unreadable(t.st, gcKey, err)
	}
	if !bytes.Equal(text, t.text) {
		return fault.New(fault.Unable, "store-busy", "collecting in %s: somebody else does", t.st.URL())
	}
	return nil
}

// end takes the key away, unless it is another's. What stays counts for an hour.
func (t turn) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), gcRelease)
	defer cancel()
	if t.mine(ctx) == nil {
		_ = t.st.Delete(ctx, gcKey)
	}
}

// over tells that the time for removing has passed.
func (t turn) over(clock Clock) bool { return clock.Now().Round(0).Sub(t.begun) > gcWork }

// remove removes garbage, and gives what it removed.
func (t turn) remove(ctx context.Context, garbage []Object, clock Clock) (removed []Object, finished bool, err error) {
	const look = 16 // removals between looks at the key
	for i, g := range garbage {
		if t.over(clock) {
			return garbage[:i], false, nil
		}
		if i%look == 0 {
			err = t.mine(ctx)
		}
		if err == nil {
			err = t.st.Delete(ctx, g.Key)
		}
		if err != nil {
			return garbage[:i], false, err
		}
	}
	return garbage, true, nil
}
