package store

import (
	"context"
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

// Sweeper is a Store in which puts that were killed leave something behind.
type Sweeper interface {
	// Sweep removes what puts left behind before then.
	Sweep(ctx context.Context, before time.Time) error
}

// Collect removes the blobs that neither a manifest of the store nor live
// names, and the manifests that a newer one of the same tarball replaced, once
// they are older than the grace period. Manifests stay whether or not the
// archive at hand has their entries: another checkout may.
//
// Where a manifest cannot be read, or an object among them is none, nothing is
// removed at all: what it needs is not known. An object whose age is not known
// is young, and what is no object of ours is left alone. Codes: those of the
// driver, store-busy (unable), store-clock (refused: the store's clock and ours
// differ), and those of reading manifests.
func Collect(ctx context.Context, st Store, live Live, o CollectOptions) (Collected, error) {
	const grace = 14 * 24 * time.Hour
	if o.Grace <= 0 {
		o.Grace = grace
	}
	o.Clock = o.Clock.withDefaults()
	before := o.Clock.Now().Add(-o.Grace)
	if o.DryRun {
		return survey(ctx, st, live, before)
	}
	mine, err := announce(ctx, st, o.Clock)
	if err != nil {
		return Collected{}, err
	}
	defer mine.end(ctx)
	found, err := survey(ctx, st, live, before)
	if err != nil {
		return Collected{}, err
	}
	removed, finished, err := mine.remove(ctx, found.Garbage, o.Clock)
	found.Garbage, found.Unfinished = removed, !finished
	if sweeper, ok := st.(Sweeper); ok && finished {
		err = sweeper.Sweep(ctx, before)
	}
	return found, err
}

// survey finds the garbage.
func survey(ctx context.Context, st Store, live Live, before time.Time) (Collected, error) {
	needed, err := neededBy(ctx, st)
	if err != nil {
		return Collected{}, err
	}
	for sum := range live.Blobs {
		needed[BlobKey(sum)] = true
	}
	var found Collected
	for _, prefix := range []string{blobPrefix, entryPrefix} {
		for object, err := range st.List(ctx, prefix) {
			_, blob := BlobSHA256(object.Key)
			switch {
			case err != nil:
				return Collected{}, err
			case prefix == blobPrefix && !blob:
				continue // nothing of ours
			case prefix == entryPrefix && !manifestKey.MatchString(object.Key):
				return Collected{}, fault.New(fault.Refused, "store-corrupt", "collecting in %s: %s is no manifest that this version knows, and what it needs is not known", st.URL(), object.Key).
					WithHint("remove it, or use the version that put it there: nothing was removed")
			case needed[object.Key]:
				found.Kept++
			case object.Modified.IsZero() || !object.Modified.Before(before):
				found.Young++
			default:
				found.Garbage = append(found.Garbage, object)
			}
		}
	}
	sortObjects(found.Garbage)
	return found, nil
}

// neededBy gives the keys of the manifests that count, and of all that they
// name. Of several of one tarball the newest counts; of several tarballs of one
// name all do, for a pointer of another checkout may be to either.
func neededBy(ctx context.Context, st Store) (map[string]bool, error) {
	objects, err := listManifests(ctx, st, entryPrefix)
	if err != nil {
		return nil, err
	}
	type identity struct {
		entry, recipe  string
		tarball, frame Part
	}
	needed := map[string]bool{}
	for alike := range byLabel(objects) {
		found, failed := readManifests(ctx, st, alike)
		if len(failed) > 0 {
			return nil, failed[0]
		}
		for _, s := range newest(found, func(m Manifest) any {
			id := identity{entry: m.Entry, recipe: m.Recipe, tarball: m.Tarball}
			if m.Frame != nil {
				id.frame = *m.Frame
			}
			return id
		}) {
			needed[s.object.Key] = true
			for _, p := range s.Parts() {
				needed[BlobKey(p.SHA256)] = true
			}
		}
	}
	return needed, nil
}
