package targets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/archive"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Restore brings pruned tarballs back, bit for bit.
//
// Each comes back into its entry, beside its pointer, until the next prune;
// with -to into another folder, with record, lock, verdict, papers and
// signatures, and then the entry stays as it is. With -from
// it comes from that store, which also holds the records: entries that the
// archive has lost are written again. What trust.require names must lie in the
// entry, and be right.
func Restore(ctx context.Context,
	run string, // a run id, an entry's name, latest or all
	to *string, // put the tarball there, of several each in a folder (default: into its entry)
	from *string, // the store's URL (default: where the pointers say)
	json *bool, // print an object with "restored" (default: a path a line)
) error {
	return begin(ctx, "restore", func(ctx context.Context, s *session) error {
		dir, err := s.path("to", to)
		if err != nil {
			return err
		}
		if err := s.option("from", from, "store.url"); err != nil {
			return err
		}
		return s.restore(ctx, run, dir, from != nil, on(json))
	})
}

// restored is what restore says of one tarball.
type restored struct {
	Entry   string `json:"entry"`
	Tarball string `json:"tarball"`
	Path    string `json:"path"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	// From is where it came from; empty where it was there already.
	From string `json:"from,omitempty"`
}

func (s *session) restore(ctx context.Context, run, to string, fromStore, asJSON bool) error {
	if err := s.required("RUN", run); err != nil {
		return err
	}
	b, err := s.newBringer(ctx, fromStore)
	if err != nil {
		return err
	}
	if fromStore && to == "" {
		if err := b.recreate(ctx, run); err != nil {
			return err
		}
	}
	all, err := s.runs(ctx, run)
	if err != nil {
		return err
	}
	var done []restored
	var failed []error
	for _, k := range all {
		r, err := b.one(ctx, k, to, len(all) > 1)
		if err == nil && to != "" {
			err = b.besides(k, r.Path)
		}
		if err != nil {
			if ctx.Err() != nil || len(all) == 1 {
				return err
			}
			failed = append(failed, err)
			s.note("%s of %s: %v", report.Visible(k.Tarball), report.Visible(k.name()), err)
			continue
		}
		done = append(done, r)
		if !asJSON {
			if err := s.printf("%s\n", report.Visible(s.show(r.Path))); err != nil {
				return err
			}
		}
	}
	if asJSON {
		if err := report.JSON(s.stdout, struct {
			Restored []restored `json:"restored"`
		}{append([]restored{}, done...)}); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fault.New(fault.Refused, "not-all-restored", "restoring: %d of %d tarballs did not come back: the first: %w", len(failed), len(all), failed[0])
	}
	if to == "" {
		return s.archived().WriteIndex(ctx)
	}
	return nil
}

// one brings one tarball back.
func (b *bringer) one(ctx context.Context, k kept, to string, several bool) (r restored, err error) {
	r = restored{Entry: k.name(), Tarball: k.Tarball, Path: k.path(), SHA256: k.SHA256, Size: k.Size}
	end := b.steps.Step("restoring " + report.Visible(r.Entry) + "/" + report.Visible(k.Tarball))
	defer end()
	if to == "" {
		held, err := b.archived().Exclusive(ctx)
		if err != nil {
			return r, err
		}
		defer held.Close()
		if k.State == entry.Full {
			// Nothing is asked for where it is right; a damaged one comes back.
			r.From, err = b.mend(ctx, held, k)
			return r, err
		}
		r.From, err = b.bring(ctx, k, func(write func(io.Writer) error) error {
			return held.Restore(ctx, k.Entry, k.Tarball, b.demanded(ctx, k, write))
		})
		return r, err
	}
	if several {
		to = filepath.Join(to, r.Entry)
	}
	r.Path = filepath.Join(to, k.Tarball)
	if sum, size, err := hashFile(ctx, r.Path); err == nil && sum == k.SHA256 {
		r.Size = size
		_, err := b.demand(ctx, asked(k))
		return r, err
	}
	if k.State == entry.Full {
		r.From = b.show(k.path())
		return r, b.place(r.Path, k, b.demanded(ctx, k, func(w io.Writer) error {
			return copyTo(ctx, w, func() (io.ReadCloser, error) { return os.Open(k.path()) })
		}))
	}
	r.From, err = b.bring(ctx, k, func(write func(io.Writer) error) error { return b.place(r.Path, k, b.demanded(ctx, k, write)) })
	return r, err
}

// mend leaves a tarball that is there and right, once it is what the settings
// require, and brings one back that is damaged.
func (b *bringer) mend(ctx context.Context, held *archive.Session, k kept) (from string, err error) {
	if sum, _, err := hashFile(ctx, k.path()); err != nil {
		return "", err
	} else if sum == k.SHA256 {
		_, err := b.demand(ctx, asked(k))
		return "", err
	}
	return b.bring(ctx, k, func(write func(io.Writer) error) error {
		return held.Restore(ctx, k.Entry, k.Tarball, b.demanded(ctx, k, write))
	})
}

// besides writes what lies beside a tarball in its entry beside it at a path:
// the set is verified there as it is in the entry.
func (s *session) besides(k kept, path string) error {
	files, err := archive.RecordFiles(k.Entry, k.Tarball)
	if err != nil {
		return err
	}
	var set []string
	for _, file := range provenance.Files(k.path()) {
		set = append(set, filepath.Base(file))
	}
	for _, f := range files {
		if !slices.Contains(set, f.Path) {
			continue
		}
		if err := atomicfile.Write(beside(path, f.Path), f.Data, 0o644); err != nil {
			return fault.New(fault.Unable, "restore-failed", "writing what lies beside %s: %w", s.show(path), err)
		}
	}
	return nil
}

// place writes a tarball to a path: it appears there complete and right, or
// not at all.
func (s *session) place(path string, k kept, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fault.New(fault.Unable, "restore-failed", "making %s: %w", s.show(filepath.Dir(path)), err)
	}
	f, err := atomicfile.Create(path, 0o644)
	if err != nil {
		return fault.New(fault.Unable, "restore-failed", "writing %s: %w", s.show(path), err)
	}
	defer f.Cleanup()
	h := sha256.New()
	if err := write(io.MultiWriter(f, h)); err != nil {
		return err
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != k.SHA256 {
		return fault.New(fault.Refused, "restore-mismatch", "restoring %s: bytes with sha256 %s came, its record says %s", s.show(path), sum, k.SHA256)
	}
	if err := f.Commit(); err != nil {
		return fault.New(fault.Unable, "restore-failed", "writing %s: %w", s.show(path), err).WithHint("look whether there is room on that disk")
	}
	return nil
}

// hashFile hashes a plain file.
func hashFile(ctx context.Context, path string) (sum string, size int64, err error) {
	h := sha256.New()
	err = copyTo(ctx, io.MultiWriter(h, counter{&size}), func() (io.ReadCloser, error) { return os.Open(path) })
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// counter counts what is written.
type counter struct{ n *int64 }

func (c counter) Write(p []byte) (int, error) {
	*c.n += int64(len(p))
	return len(p), nil
}

// copyTo copies what open gives, until ctx ends.
func copyTo(ctx context.Context, w io.Writer, open func() (io.ReadCloser, error)) error {
	body, err := open()
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{until{ctx, body}}, make([]byte, 256<<10))
	return errors.Join(err, body.Close())
}

// until reads until its context ends.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// recreate writes the entries of RUN again that the store has and the archive
// has not.
func (b *bringer) recreate(ctx context.Context, run string) error {
	var found []store.Manifest
	for m, err := range store.Manifests(ctx, b.from, "") {
		if err != nil {
			return err
		}
		if manifestOf(m, run) {
			found = append(found, m)
		}
	}
	if run == "latest" && len(found) > 0 {
		newest := found[0].Entry
		for _, m := range found {
			newest = max(newest, m.Entry)
		}
		for i := len(found) - 1; i >= 0; i-- {
			if found[i].Entry != newest {
				found = append(found[:i], found[i+1:]...)
			}
		}
	}
	if len(found) == 0 {
		return fault.New(fault.Refused, "no-such-run", "restoring %s: %s holds no such run", report.Visible(run), b.from.URL())
	}
	for _, m := range found {
		if err := b.recreateOne(ctx, m); err != nil {
			return fmt.Errorf("writing %s again: %w", m.Entry, err)
		}
	}
	return nil
}

// manifestOf tells whether a manifest is of RUN, as archive.Find has it.
func manifestOf(m store.Manifest, run string) bool {
	if run == "all" || run == "latest" || run == m.Entry {
		return true
	}
	if _, id, ok := entry.ParseName(m.Entry); ok {
		return id == run
	}
	_, id, _, ok := entry.ParseFlatName(entry.MetaName(m.Entry))
	return ok && id == run
}

// recreateOne writes the record of one tarball again.
func (b *bringer) recreateOne(ctx context.Context, m store.Manifest) error {
	files := make([]archive.File, len(m.Files))
	for i, part := range m.Files {
		data, err := store.ReadFile(ctx, b.from, part)
		if err != nil {
			return err
		}
		files[i] = archive.File{Path: part.Name, Data: data}
	}
	held, err := b.archived().Exclusive(ctx)
	if err != nil {
		return err
	}
	defer held.Close()
	_, err = held.Recreate(ctx, m.Entry, files)
	return err
}
