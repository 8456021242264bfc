package targets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/archive"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Push stores a run's wheels and record outside git.
//
// Wheels are stored once each; what the store has already is not sent again.
// What was sent is read back and hashed before this is done; prune reads back
// everything that a tarball needs before it takes it. The tarball stays. A
// path ending in .tgz is a tarball at hand, with its record beside it, which
// need not be archived.
func Push(ctx context.Context,
	run string, // a run id, an entry's name, latest, all, or a tarball's path
	store *string, // the store's URL (default: the setting store.url)
	json *bool, // print an object with "pushed" (default: a line a tarball)
) error {
	return begin(ctx, "push", func(ctx context.Context, s *session) error {
		if err := s.option("store", store, "store.url"); err != nil {
			return err
		}
		if strings.HasSuffix(run, ".tgz") {
			k, err := s.atHand(run)
			if err != nil {
				return err
			}
			return s.push(ctx, []kept{k}, on(json))
		}
		all, err := s.runs(ctx, run)
		if err != nil {
			return err
		}
		return s.push(ctx, all, on(json))
	})
}

// atHand gives a tarball outside the archive as the entry that it would be.
func (s *session) atHand(path string) (kept, error) {
	path, err := s.path("RUN", &path)
	if err != nil {
		return kept{}, err
	}
	if _, err := os.Stat(path); err != nil {
		return kept{}, fault.New(fault.Refused, "tar-missing", "pushing: no such tarball: %s", s.show(path))
	}
	record, err := readMeta(path + meta.Suffix)
	if errors.Is(err, fs.ErrNotExist) {
		return kept{}, fault.New(fault.Refused, "no-meta", "pushing %s: it has no record beside it", s.show(path)).
			WithHint("write it: mage %s -tar=%s", s.typed("meta"), s.show(path))
	}
	if err != nil {
		return kept{}, err
	}
	run := s.runOf(record)
	return kept{
		Entry:      entry.Entry{Run: run, Path: filepath.Dir(path)},
		Wheelhouse: entry.Wheelhouse{Tarball: filepath.Base(path), Meta: path + meta.Suffix, SHA256: record.SHA256, State: entry.Full},
		as:         entry.Name(record.CreatedAt, run),
	}, nil
}

// pushed is what push says of one tarball.
type pushed struct {
	Entry     string `json:"entry"`
	Tarball   string `json:"tarball"`
	Recipe    string `json:"recipe"`
	Store     string `json:"store"`
	Sent      int    `json:"sent"`
	SentBytes int64  `json:"sent_bytes"`
	Kept      int    `json:"kept"`
	KeptBytes int64  `json:"kept_bytes"`
}

func (s *session) push(ctx context.Context, all []kept, asJSON bool) error {
	st, err := s.openStore(ctx, s.Store.URL)
	if err != nil {
		return err
	}
	var done []pushed
	for _, k := range all {
		if k.State != entry.Full {
			if len(all) == 1 {
				return fault.New(fault.Refused, "tar-missing", "pushing %s of %s: its tarball is not here (%s)", k.Tarball, k.name(), report.Visible(k.Status())).
					WithHint("bring it back first: mage %s %s", s.typed("restore"), k.Run)
			}
			continue
		}
		p, err := s.pushOne(ctx, st, k)
		if err != nil {
			return err
		}
		done = append(done, p)
		if !asJSON {
			if err := s.printf("%s\n", p); err != nil {
				return err
			}
		}
	}
	if asJSON {
		return report.JSON(s.stdout, struct {
			Pushed []pushed `json:"pushed"`
		}{append([]pushed{}, done...)})
	}
	if len(done) == 0 {
		s.note("no entry has its tarball here; there is nothing to push")
	}
	return nil
}

// String is the line that push prints.
func (p pushed) String() string {
	return fmt.Sprintf("%s  %s  %s sent, %s there already", report.Visible(p.Entry), report.Visible(p.Tarball), entry.FormatSize(p.SentBytes), entry.FormatSize(p.KeptBytes))
}

// pushOne stores one tarball, and reads back what was sent.
func (s *session) pushOne(ctx context.Context, st store.Store, k kept) (pushed, error) {
	end := s.steps.Step("pushing " + report.Visible(k.name()) + "/" + report.Visible(k.Tarball))
	defer end()
	r, err := s.rehearse(ctx, k)
	if err != nil {
		return pushed{}, err
	}
	defer func() { _ = r.Close() }()
	sent, err := s.send(ctx, st, k, r)
	if err != nil {
		return pushed{}, err
	}
	for _, part := range sent.New {
		if err := store.ReadBack(ctx, st, part); err != nil {
			return pushed{}, err
		}
	}
	return pushed{
		Entry: k.name(), Tarball: k.Tarball, Recipe: r.Recipe().Encoder, Store: st.URL(),
		Sent: sent.Blobs, SentBytes: sent.Bytes, Kept: sent.Kept, KeptBytes: sent.KeptBytes,
	}, nil
}

// rehearse reads a tarball, and finds how its bytes come back.
func (s *session) rehearse(ctx context.Context, k kept) (*rebuild.Rehearsal, error) {
	r, err := rebuild.Rehearse(ctx, k.path(), rebuild.Options{Limits: s.limits()})
	if err != nil {
		return nil, err
	}
	if k.SHA256 != "" && r.Inventory().SHA256 != k.SHA256 {
		sum := r.Inventory().SHA256
		return nil, errors.Join(fault.New(fault.Refused, "meta-mismatch", "reading %s: its sha256 is %s, its record says %s", s.show(k.path()), sum, k.SHA256).
			WithHint("the tarball is damaged; `mage %s %s` may bring it back", s.typed("restore"), k.Run), r.Close())
	}
	return r, nil
}

// send pushes a rehearsed tarball with its record into a store.
func (s *session) send(ctx context.Context, st store.Store, k kept, r *rebuild.Rehearsal) (store.Pushed, error) {
	files, err := archive.RecordFiles(k.Entry, k.Tarball)
	if err != nil {
		return store.Pushed{}, err
	}
	if files, err = k.asChecked(files, r.Inventory().SHA256); err != nil {
		return store.Pushed{}, err
	}
	set := store.Set{Entry: k.name(), Rehearsal: r}
	for _, f := range files {
		set.Files = append(set.Files, store.File{Path: f.Path, Data: f.Data})
	}
	return store.Push(ctx, st, set, store.Clock{Now: s.now})
}

// asChecked gives those files that are to be stored: where a set was checked,
// no other one and no other bytes. tarball is the sha256 of the tarball's.
func (k kept) asChecked(files []archive.File, tarball string) ([]archive.File, error) {
	if k.checked == nil {
		return files, nil
	}
	is := map[string]string{k.Tarball: tarball}
	for _, f := range files {
		sum := sha256.Sum256(f.Data)
		is[f.Path] = hex.EncodeToString(sum[:])
	}
	for _, name := range slices.Sorted(maps.Keys(k.checked)) {
		if sum := k.checked[name]; sum != "" && is[name] != sum {
			return nil, fault.New(fault.Refused, "changed-meanwhile", "publishing %s: it is not any more the file that was checked, or a link", name).
				WithHint("somebody writes to that folder: wait for it, and publish again")
		}
	}
	return slices.DeleteFunc(files, func(f archive.File) bool {
		sum, known := k.checked[f.Path]
		return known && sum == ""
	}), nil
}
