package targets

import (
	"context"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Gc removes from the store what no entry needs.
//
// That are blobs which neither a manifest of the store nor an entry of this
// archive names, and which are older than the setting store.grace. Entries
// that only another checkout has are safe: their manifests are in the store.
func Gc(ctx context.Context,
	store *string, // the store's URL (default: the setting store.url)
	dryRun *bool, // print what would be removed (default: remove it)
	json *bool, // print an object with "garbage" (default: a line each)
) error {
	return begin(ctx, "gc", func(ctx context.Context, s *session) error {
		if err := s.option("store", store, "store.url"); err != nil {
			return err
		}
		return s.collect(ctx, on(dryRun), on(json))
	})
}

// garbage is an object as gc -json prints it.
type garbage struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
}

func (s *session) collect(ctx context.Context, dryRun, asJSON bool) error {
	st, err := s.openStore(ctx, s.Store.URL)
	if err != nil {
		return err
	}
	entries, err := s.archived().List(ctx)
	if err != nil {
		return err
	}
	live, err := needed(each(entries))
	if err != nil {
		return err
	}
	found, err := store.Collect(ctx, st, live, store.CollectOptions{
		Grace: time.Duration(s.Store.Grace) * 24 * time.Hour, DryRun: dryRun, Clock: store.Clock{Now: s.now},
	})
	if err != nil {
		return err
	}
	all, bytes := []garbage{}, int64(0)
	for _, o := range found.Garbage {
		all, bytes = append(all, garbage{o.Key, o.Size}), bytes+o.Size
	}
	if asJSON {
		err = report.JSON(s.stdout, struct {
			Garbage    []garbage `json:"garbage"`
			Kept       int       `json:"kept"`
			Young      int       `json:"young"`
			Unfinished bool      `json:"unfinished,omitempty"`
		}{all, found.Kept, found.Young, found.Unfinished})
		return err
	}
	for _, g := range all {
		if err := s.printf("%s  %s\n", report.Visible(g.Key), entry.FormatSize(g.Size)); err != nil {
			return err
		}
	}
	word := "removed"
	if dryRun {
		word = "would be removed"
	}
	s.note("%d objects, %s, %s; %d are needed, %d may be needed by a push and are left", len(all), entry.FormatSize(bytes), word, found.Kept, found.Young)
	if found.Unfinished {
		s.note("there was no more time: the same again goes on")
	}
	return nil
}

// needed gives the blobs that the archive's own pointers name. A pointer that
// cannot be followed ends it: what it needs is not known.
func needed(all []kept) (store.Live, error) {
	live := store.Live{Blobs: map[string]bool{}}
	for _, k := range all {
		if k.Pointer == nil {
			continue
		}
		m, err := pointed(k)
		if err != nil {
			return live, fault.New(fault.Refused, "entry-broken", "collecting garbage: what %s of %s needs is not known: %w", k.Tarball, k.name(), err).
				WithHint("mend or remove that entry first")
		}
		for sum := range m.blobs(k.Pointer.SHA256) {
			live.Blobs[sum] = true
		}
		if m.encoder != rebuild.Whole {
			live.Blobs[k.Pointer.SHA256] = true
		}
	}
	return live, nil
}
