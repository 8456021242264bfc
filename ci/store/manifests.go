package store

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

const (
	// maxManifests is the most manifests of a store that are looked at.
	maxManifests = 1_000_000
	// atOnce is how many objects are asked for at once.
	atOnce = 8
)

// manifestKey is the key of a manifest.
var manifestKey = regexp.MustCompile(`^entries/[^/]+/[^/]+@[0-9a-f]{16}$`)

// Manifests gives the newest manifest of every tarball that the store holds,
// or of one entry alone, where that is not empty, sorted by key. One that cannot
// be read comes as an error, and the others go on; an older one of the same
// tarball takes its place. Where the list itself fails, that error is the last.
func Manifests(ctx context.Context, st Store, entry string) iter.Seq2[Manifest, error] {
	prefix := entryPrefix
	if entry != "" {
		prefix += keyPart(entry) + "/"
	}
	return func(yield func(Manifest, error) bool) {
		objects, err := listManifests(ctx, st, prefix)
		if err != nil {
			yield(Manifest{}, err)
			return
		}
		for alike := range byLabel(objects) {
			found, failed := readManifests(ctx, st, alike)
			for _, err := range failed {
				if !yield(Manifest{}, err) || ctx.Err() != nil {
					return
				}
			}
			for _, s := range newest(found, func(m Manifest) any { return [2]string{m.Entry, m.Tarball.Name} }) {
				if (entry == "" || s.Entry == entry) && !yield(s.Manifest, nil) {
					return
				}
			}
		}
	}
}

// stored is a manifest and the object that it came from.
type stored struct {
	Manifest
	object Object
}

// listManifests lists the manifests, sorted by key. Others' objects are left
// out.
func listManifests(ctx context.Context, st Store, prefix string) ([]Object, error) {
	var all []Object
	for o, err := range st.List(ctx, prefix) {
		switch {
		case err != nil:
			return nil, err
		case len(all) == maxManifests:
			return nil, fault.New(fault.Unable, "store-corrupt", "listing %s: it has more than %d manifests", st.URL(), maxManifests)
		case manifestKey.MatchString(o.Key):
			all = append(all, o)
		}
	}
	sortObjects(all)
	return all, nil
}

// sortObjects sorts by key.
func sortObjects(all []Object) {
	slices.SortFunc(all, func(a, b Object) int { return cmp.Compare(a.Key, b.Key) })
}

// byLabel gives sorted manifests in groups. In one are all those of a tarball,
// and those of others whose names look the same in a key; where no manifest has
// a rival, as many as are read at once.
func byLabel(objects []Object) iter.Seq[[]Object] {
	label := func(o Object) string { return o.Key[:strings.LastIndex(o.Key, "@")] }
	return func(yield func([]Object) bool) {
		for begin := 0; begin < len(objects); {
			end := min(begin+atOnce, len(objects))
			for end < len(objects) && label(objects[end]) == label(objects[end-1]) {
				end++
			}
			if !yield(objects[begin:end]) {
				return
			}
			begin = end
		}
	}
}

// newest gives the newest manifest of each group, in the order of their keys; of
// two of one moment that with the greater key.
func newest(all []stored, group func(Manifest) any) []stored {
	best := map[any]int{}
	for i, s := range all {
		if old, ok := best[group(s.Manifest)]; !ok || !s.object.Modified.Before(all[old].object.Modified) {
			best[group(s.Manifest)] = i
		}
	}
	var some []stored
	for i, s := range all {
		if best[group(s.Manifest)] == i {
			some = append(some, s)
		}
	}
	return some
}

// readManifests reads manifests, some at once, and gives those that can be read
// in the same order.
func readManifests(ctx context.Context, st Store, objects []Object) (found []stored, failed []error) {
	manifests, errs := make([]Manifest, len(objects)), make([]error, len(objects))
	var group sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for i, o := range objects {
		room <- struct{}{}
		group.Go(func() {
			manifests[i], errs[i] = readManifest(ctx, st, o.Key)
			<-room
		})
	}
	group.Wait()
	for i, o := range objects {
		if errs[i] != nil {
			failed = append(failed, errs[i])
		} else {
			found = append(found, stored{manifests[i], o})
		}
	}
	return found, failed
}

// readManifest reads one, and holds it against its key.
func readManifest(ctx context.Context, st Store, key string) (Manifest, error) {
	body, err := st.Open(ctx, key)
	if err != nil {
		return Manifest{}, absent(st, key, err)
	}
	text, err := io.ReadAll(io.LimitReader(body, maxManifest+1))
	if err = errors.Join(err, body.Close()); err != nil {
		return Manifest{}, unreadable(st, key, err)
	}
	m, err := ParseManifest(text, key)
	if err != nil {
		return Manifest{}, err
	}
	if m.keyOf(text) != key {
		return Manifest{}, fault.New(fault.Refused, "store-corrupt", "reading %s of %s: it is not what its key says", key, st.URL())
	}
	return m, nil
}

// unreadable is the error of a body that broke off.
func unreadable(st Store, key string, err error) error {
	if _, coded := fault.As(err); coded || fault.Interrupted(err) {
		return err
	}
	return fault.New(fault.Unable, "store-unreachable", "reading %s of %s: %w", key, st.URL(), err)
}
