package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Session is the archive held alone: no Add and no other Session is at work in
// it, in this process or another. Its methods are not for several goroutines at
// once.
type Session struct {
	a      Archive
	unlock func()
	// staged is where files are written before they are put in their places;
	// its folder is made when the first is.
	staged staged
}

// Exclusive waits until it has the archive alone, as Add does, and takes back
// what killed processes left. Close the Session before Add or WriteIndex are
// called, which wait for it. Nobody ever has to unlock by hand: the kernel
// frees a lock with its process. Codes: those of writing to the archive, see
// Add.
func (a Archive) Exclusive(ctx context.Context) (*Session, error) {
	unlock, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.sweep(); err != nil {
		unlock()
		return nil, a.explain(err)
	}
	return &Session{a: a, unlock: unlock}, nil
}

// Close gives the archive free. What cannot be cleaned up is left to the next
// Session. It may be called more than once.
func (s *Session) Close() {
	if s.staged.dir != "" {
		_ = s.a.removeStaged(s.staged.dir)
		s.staged = staged{}
	}
	s.unlock()
}

// put writes a file and puts it at path, complete and fsynced or not at all.
func (s *Session) put(path string, write func(io.Writer) error) error {
	if s.staged.dir == "" {
		staged, err := s.a.stage("", "", nil)
		if err != nil {
			return err
		}
		s.staged = staged
	}
	return s.staged.put(s.a.fs(), path, write)
}

// held is one tarball of an entry, as it is under the lock.
type held struct {
	// dir is the folder that its files lie in.
	dir string
	// w is read again: what was decided on may have changed since.
	w entry.Wheelhouse
}

// path gives the path of a file beside the record.
func (h held) path(name string) string { return filepath.Join(h.dir, name) }

// hold reads an entry again and gives one tarball of it. One that is broken as
// it was read before (a run with two entries) and is not by itself is refused.
func (s *Session) hold(ctx context.Context, e entry.Entry, tarball string) (held, error) {
	if err := ctx.Err(); err != nil {
		return held{}, err
	}
	again, err := s.again(e)
	if err != nil {
		return held{}, err
	}
	for _, w := range again.Wheelhouses {
		if w.Tarball != tarball || w.Meta == "" {
			continue
		}
		if before, ok := find(e, tarball); ok && before.State == entry.Broken && w.State != entry.Broken {
			return held{}, broken(before)
		}
		return held{dir: filepath.Dir(w.Meta), w: w}, nil
	}
	return held{}, fault.New(fault.Refused, "no-record", "the entry %s has no record of %q", e.Path, tarball)
}

// again reads an entry again, which must be of this archive.
func (s *Session) again(e entry.Entry) (entry.Entry, error) {
	if filepath.Dir(filepath.Clean(e.Path)) != filepath.Clean(s.a.Dir) {
		return entry.Entry{}, fault.New(fault.Refused, "not-an-entry", "not an entry of the archive %s: %q", s.a.Dir, e.Path)
	}
	return found{dir: e.Path, flat: e.Flat}.read()
}

// find gives a tarball of an entry.
func find(e entry.Entry, tarball string) (entry.Wheelhouse, bool) {
	for _, w := range e.Wheelhouses {
		if w.Tarball == tarball {
			return w, true
		}
	}
	return entry.Wheelhouse{}, false
}

// broken is the refusal to touch a tarball whose entry is not understood.
func broken(w entry.Wheelhouse) error {
	return fault.New(fault.Refused, "entry-broken", "%s is left alone: its entry is broken: %s", w.Tarball, w.Why)
}

// record reads the record again, which must be that of the tarball and say its
// sha256.
func (h held) record() (meta.Record, error) {
	data, err := readSmall(h.w.Meta, meta.MaxBytes)
	if err != nil {
		return meta.Record{}, fault.New(fault.Unable, "entry-unreadable", "reading the record %q: %w", h.w.Meta, err)
	}
	r, err := meta.Parse(data, h.w.Meta)
	switch {
	case err != nil:
		return meta.Record{}, err
	case r.Name != "" && r.Name != h.w.Tarball:
		return meta.Record{}, broken(entry.Wheelhouse{Tarball: h.w.Tarball, Why: fmt.Sprintf("the record is that of %q", r.Name)})
	case r.SHA256 == "":
		return meta.Record{}, fault.New(fault.Refused, "bad-meta", "the record %s does not say the tarball's sha256", h.w.Meta)
	}
	return r, nil
}

// Pin marks every tarball of an entry as one that pruning keeps. Why is one
// line of at most 200 bytes; empty: none, and a pin that is there stays as it
// is. Codes: bad-reason (wrong use), no-record, not-an-entry, and those of
// writing to the archive.
func (s *Session) Pin(ctx context.Context, e entry.Entry, why string, now time.Time) error {
	const most = 200
	if len(why) > most || strings.ContainsFunc(why, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fault.New(fault.Usage, "bad-reason", "no reason for a pin: %.220q", why).
			WithHint("it is one line of at most %d bytes", most)
	}
	data := "pinned_at=" + now.UTC().Format(time.RFC3339) + "\n"
	if why != "" {
		data += "why=" + why + "\n"
	}
	return s.eachTarball(ctx, e, func(h held) error {
		if h.w.Pinned && why == "" {
			return nil
		}
		return s.put(h.path(entry.PinName(h.w.Tarball)), text([]byte(data)))
	})
}

// Unpin takes back what Pin did; an entry that is not pinned is no error.
// Codes: no-record, not-an-entry, and those of writing to the archive.
func (s *Session) Unpin(ctx context.Context, e entry.Entry) error {
	return s.eachTarball(ctx, e, func(h held) error {
		err := s.a.fs().Remove(h.path(entry.PinName(h.w.Tarball)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return s.a.fs().SyncDir(h.dir)
	})
}

// eachTarball calls do for every tarball of an entry that has a record.
func (s *Session) eachTarball(ctx context.Context, e entry.Entry, do func(held) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	again, err := s.again(e)
	if err != nil {
		return err
	}
	count := 0
	for _, w := range again.Wheelhouses {
		if w.Meta == "" {
			continue
		}
		count++
		if err := do(held{dir: filepath.Dir(w.Meta), w: w}); err != nil {
			return s.a.explain(err)
		}
	}
	if count == 0 {
		return fault.New(fault.Refused, "no-record", "the entry %s has no record", e.Path)
	}
	return nil
}

// Complete writes the lock beside a tarball that has none, from what was read
// of it; the record, which may lack size and wheels, stays as it is. Codes:
// meta-mismatch (what was read is another tarball), entry-broken, no-record,
// duplicate-project, bad-lock, and those of writing to the archive.
func (s *Session) Complete(ctx context.Context, e entry.Entry, tarball string, inv *wheelhouse.Inventory) error {
	h, err := s.hold(ctx, e, tarball)
	if err != nil {
		return err
	}
	path := h.path(lock.FileName(tarball))
	if there, err := exists(path); err != nil || there {
		return err
	}
	r, err := h.record()
	if err != nil {
		return err
	}
	if inv.SHA256 != r.SHA256 {
		return fault.New(fault.Refused, "meta-mismatch", "writing the lock of %s: its record says sha256 %s, what was read has %s", tarball, r.SHA256, inv.SHA256)
	}
	l := lock.Lock{Tarball: tarball, Format: inv.Format, SHA256: inv.SHA256, Size: inv.Size, Python: h.w.Python}
	for _, w := range inv.Wheels {
		l.Wheels = append(l.Wheels, lock.Wheel{File: w.Name, Size: w.Size, SHA256: w.SHA256})
	}
	data, err := l.Encode()
	if err != nil {
		return err
	}
	if err := s.put(path, text(data)); err != nil {
		return s.a.explain(err)
	}
	return nil
}
