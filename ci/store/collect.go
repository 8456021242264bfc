package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Live is what the archive at hand needs of a store.
type Live struct {
	// Blobs by sha256, whatever the manifests say: those of pointers and locks.
	Blobs map[string]bool
}

// CollectOptions say what is garbage.
type CollectOptions struct {
	// Grace is how old garbage must be; default 14 days.
	Grace time.Duration
	// DryRun: nothing is removed.
	DryRun bool
	Clock  Clock
}

// Collected is what was, or with DryRun would be, removed.
type Collected struct {
	// Garbage, sorted by key.
	Garbage []Object
	// Young is how many objects nothing needs that are younger than the grace
	// period, and Kept how many are needed.
	Young, Kept int
	// Unfinished: there was no more time; the next collection goes on.
	Unfinished bool
}

// Collect removes the blobs that neither a manifest of the store nor live
// names, and the manifests that a newer one of the same tarball replaced, once
// they are older than the grace period. Manifests stay whether or not the
// archive at hand has their entries: another checkout may.
//
// Where a manifest cannot be read nothing is removed at all. Codes: those of
// the driver, store-busy (unable), store-clock (refused: the store's clock is
// ahead), and those of reading manifests.
func Collect(ctx context.Context, st Store, live Live, o CollectOptions) (Collected, error) {
	const grace = 14 * 24 * time.Hour
	if o.Grace <= 0 {
		o.Grace = grace
	}
	o.Clock = o.Clock.withDefaults()
	if o.DryRun {
		return survey(ctx, st, live, o)
	}
	begun, release, err := announce(ctx, st, o.Clock)
	if err != nil {
		return Collected{}, err
	}
	defer release()
	found, err := survey(ctx, st, live, o)
	if err != nil {
		return Collected{}, err
	}
	for i, g := range found.Garbage {
		if o.Clock.Now().Sub(begun) > gcWork {
			found.Garbage, found.Unfinished = found.Garbage[:i], true
			break
		}
		if err := st.Delete(ctx, g.Key); err != nil {
			found.Garbage = found.Garbage[:i]
			return found, err
		}
	}
	return found, nil
}

// announce puts the key of a collection, and gives what removes it.
func announce(ctx context.Context, st Store, clock Clock) (begun time.Time, release func(), err error) {
	begun = clock.Now()
	there, err := st.Stat(ctx, gcKey)
	switch {
	case err == nil && begun.Sub(there.Modified) <= gcLife:
		return begun, nil, fault.New(fault.Unable, "store-busy", "collecting in %s: somebody else does, since %s", st.URL(), there.Modified.UTC().Format(time.RFC3339)).
			WithHint("wait until that ends, or for an hour where it was killed")
	case err == nil:
		err = st.Delete(ctx, gcKey)
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	}
	if err != nil {
		return begun, nil, err
	}
	text := []byte(begun.UTC().Format(time.RFC3339Nano) + "\n")
	created, err := st.Put(ctx, gcKey, int64(len(text)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil })
	if err == nil && !created {
		err = fault.New(fault.Unable, "store-busy", "collecting in %s: somebody else has just begun to", st.URL())
	}
	if err != nil {
		return begun, nil, err
	}
	release = func() { _ = st.Delete(context.WithoutCancel(ctx), gcKey) } // what stays counts for an hour
	// A store that keeps nothing would let a push go on beside this.
	o, err := st.Stat(ctx, gcKey)
	if err == nil {
		if ahead := o.Modified.Sub(clock.Now()); ahead > 10*time.Minute || ahead < -10*time.Minute {
			err = fault.New(fault.Refused, "store-clock", "collecting in %s: its clock and this machine's differ by %s", st.URL(), ahead.Round(time.Second)).
				WithHint("how old an object is cannot be told: set the clock right")
		}
	}
	if err != nil {
		release()
		return begun, nil, err
	}
	return begun, release, nil
}

// survey finds the garbage.
func survey(ctx context.Context, st Store, live Live, o CollectOptions) (Collected, error) {
	newest, err := newestManifests(ctx, st, "")
	if err != nil {
		return Collected{}, err
	}
	needed := map[string]bool{}
	for _, object := range newest {
		needed[object.Key] = true
		m, err := readManifest(ctx, st, object)
		if err != nil {
			return Collected{}, err
		}
		for _, p := range m.Parts() {
			needed[BlobKey(p.SHA256)] = true
		}
	}
	for sum := range live.Blobs {
		needed[BlobKey(sum)] = true
	}
	var found Collected
	before := o.Clock.Now().Add(-o.Grace)
	for _, prefix := range []string{blobPrefix, entryPrefix} {
		for object, err := range st.List(ctx, prefix) {
			switch {
			case err != nil:
				return Collected{}, err
			case needed[object.Key]:
				found.Kept++
			case !object.Modified.Before(before):
				found.Young++
			default:
				found.Garbage = append(found.Garbage, object)
			}
		}
	}
	slices.SortFunc(found.Garbage, func(a, b Object) int { return cmp.Compare(a.Key, b.Key) })
	return found, nil
}
