package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
)

// Prune puts a pointer in the place of a tarball. It demands the proofs that
// the bytes come back, the best first; each must be of these very bytes. The
// pointer is written, fsynced and read back; only then the tarball is removed.
// What was pruned already is left as it is.
//
// The tarball must be the one that the proofs were made of: where they were
// made without reading it, it is read here. A tarball that was pinned after e
// was read is refused.
//
// Codes: no-proof, tar-changed, tar-pinned, tar-missing, bad-pointer (the one
// that is there, or what would be written), bad-meta, entry-broken, no-record,
// not-an-entry, and those of writing to the archive.
func (s *Session) Prune(ctx context.Context, e entry.Entry, tarball string, proofs []rebuild.Proof, rule string, now time.Time) error {
	h, err := s.prunable(ctx, e, tarball)
	if err != nil || h.w.State == entry.Pointed {
		return err
	}
	before, err := os.Lstat(h.path(tarball))
	if err != nil {
		return s.a.explain(err)
	}
	if err := h.proven(proofs, before); err != nil {
		return err
	}
	if err := h.unchanged(ctx, proofs, before); err != nil {
		return err
	}
	data, err := newPointer(h.w, proofs, rule, now)
	if err != nil {
		return err
	}
	if err := s.point(h, data); err != nil {
		return s.a.explain(err)
	}
	return s.unlink(h, before)
}

// PruneToRecord removes a tarball without a way back, which the person asked
// for in so many words. One that is gone already is no error. Codes: as Prune,
// but no-proof.
func (s *Session) PruneToRecord(ctx context.Context, e entry.Entry, tarball string) error {
	h, err := s.hold(ctx, e, tarball)
	if err != nil || h.w.State == entry.Pointed || h.w.State == entry.RecordOnly {
		return err
	}
	if h, err = s.prunable(ctx, e, tarball); err != nil {
		return err
	}
	before, err := os.Lstat(h.path(tarball))
	if err != nil {
		return s.a.explain(err)
	}
	return s.unlink(h, before)
}

// prunable gives a tarball that is whole, as far as its entry tells, or pruned
// already.
func (s *Session) prunable(ctx context.Context, e entry.Entry, tarball string) (held, error) {
	h, err := s.hold(ctx, e, tarball)
	if err != nil {
		return held{}, err
	}
	there, err := exists(h.path(entry.PointerName(tarball)))
	before, _ := find(e, tarball)
	switch {
	case err != nil:
		return held{}, s.a.explain(err)
	case h.w.State == entry.Broken:
		return held{}, broken(h.w)
	case h.w.State == entry.RecordOnly:
		return held{}, fault.New(fault.Refused, "tar-missing", "pruning %s: it is gone already", h.path(tarball))
	case h.w.State == entry.Full && there && h.w.Pointer == nil:
		return held{}, fault.New(fault.Refused, "bad-pointer", "pruning %s: a pointer is there that is not its own: %s", h.path(tarball), h.w.Why).
			WithHint("look at it, then move it away")
	case h.w.State == entry.Full && h.w.Pinned && !before.Pinned:
		return held{}, fault.New(fault.Refused, "tar-pinned", "pruning %s: it was pinned meanwhile", h.path(tarball))
	}
	return h, nil
}

// proven holds the proofs against the record and the tarball's size. A proof of
// other bytes is refused, and so are recipes that contradict each other.
func (h held) proven(proofs []rebuild.Proof, tarball fs.FileInfo) error {
	refuse := func(format string, args ...any) error {
		return fault.New(fault.Refused, "no-proof", "pruning "+h.w.Tarball+": "+format, args...).
			WithHint("the tarball stays: nothing proves that its bytes come back")
	}
	r, err := h.record()
	if err != nil {
		return err
	}
	if len(proofs) == 0 {
		return refuse("there is no proof of a way back")
	}
	encoder, frame := recipe(proofs)
	for _, p := range proofs {
		its, itsFrame := p.Recipe()
		switch {
		case p.SHA256() == "":
			return refuse("a proof is empty")
		case p.SHA256() != r.SHA256:
			return refuse("a proof is of sha256 %s, the record says %s", p.SHA256(), r.SHA256)
		case p.Size() != tarball.Size():
			return refuse("a proof is of %d bytes, the tarball has %d", p.Size(), tarball.Size())
		case its != rebuild.Whole && (its != encoder || itsFrame != frame):
			return refuse("two proofs are of the recipes %s and %s", encoder, its)
		}
	}
	return nil
}

// recipe gives the recipe of the first proof that has one, else that of the
// whole tarball.
func recipe(proofs []rebuild.Proof) (encoder, frame string) {
	for _, p := range proofs {
		if encoder, frame := p.Recipe(); encoder != rebuild.Whole {
			return encoder, frame
		}
	}
	return rebuild.Whole, ""
}

// unchanged tells that the tarball has the bytes that were proven: it is the
// file that the proofs were made of, or else is read now.
func (h held) unchanged(ctx context.Context, proofs []rebuild.Proof, tarball fs.FileInfo) error {
	changed := fault.New(fault.Refused, "tar-changed", "pruning %s: it is not what was proven: it changed since", h.path(h.w.Tarball)).
		WithHint("the tarball stays: archive it again, or verify the entry")
	seen := false
	for _, p := range proofs {
		if p.Read() == nil {
			continue
		}
		if !rebuild.Same(p.Read(), tarball) {
			return changed
		}
		seen = true
	}
	if seen {
		return nil
	}
	sum, _, err := hashFile(ctx, h.path(h.w.Tarball))
	if err == nil && sum != proofs[0].SHA256() {
		return changed
	}
	return err
}

// hashFile reads a file and gives its sha256 and size.
func hashFile(ctx context.Context, path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, unreadable(path, err)
	}
	defer f.Close()
	hash := sha256.New()
	size, err = io.CopyBuffer(hash, struct{ io.Reader }{interruptible{ctx, f}}, make([]byte, copyBuffer))
	if err != nil && ctx.Err() == nil {
		err = unreadable(path, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), size, err
}

// newPointer gives the text of the pointer for a tarball. Locations of an older
// pointer stay behind the new ones, where they are of the same recipe; what
// does not fit is left out, the last first.
func newPointer(w entry.Wheelhouse, proofs []rebuild.Proof, rule string, now time.Time) ([]byte, error) {
	p := entry.Pointer{Name: w.Tarball, SHA256: proofs[0].SHA256(), Size: proofs[0].Size(), PrunedAt: now, Rule: rule}
	p.Recipe, p.Frame = recipe(proofs)
	urls := map[string]bool{}
	add := func(l entry.Location) {
		if !urls[l.URL] && len(p.Locations) < entry.MaxLocations {
			urls[l.URL], p.Locations = true, append(p.Locations, l)
		}
	}
	for _, proof := range proofs {
		add(proof.Location())
	}
	if old := w.Pointer; old != nil {
		p.Unknown = maps.Clone(old.Unknown)
		maps.DeleteFunc(p.Unknown, func(key, _ string) bool { return strings.HasPrefix(key, "location.") })
		for _, l := range old.Locations {
			if old.Recipe == p.Recipe && old.Frame == p.Frame {
				add(l)
			}
		}
	}
	data, err := p.Encode()
	for err != nil && len(p.Locations) > 1 {
		p.Locations = p.Locations[:len(p.Locations)-1]
		data, err = p.Encode()
	}
	return data, err
}

// point puts the pointer beside the tarball and reads it back.
func (s *Session) point(h held, data []byte) error {
	path := h.path(entry.PointerName(h.w.Tarball))
	if err := s.put(path, text(data)); err != nil {
		return err
	}
	back, err := readSmall(path, entry.MaxPointer)
	if err != nil {
		return err
	}
	p, err := entry.ParsePointer(back, path)
	if err != nil {
		return err
	}
	if differ := h.w.Differs(p); differ != "" || !bytes.Equal(back, data) {
		return fault.New(fault.Refused, "bad-pointer", "reading back the pointer %s: it is not what was written: %s", path, differ)
	}
	return nil
}

// unlink removes the tarball, if it still is the file that it was.
func (s *Session) unlink(h held, before fs.FileInfo) error {
	path := h.path(h.w.Tarball)
	now, err := os.Lstat(path)
	if err != nil {
		return s.a.explain(err)
	}
	if !rebuild.Same(before, now) {
		return fault.New(fault.Refused, "tar-changed", "pruning %s: it changed meanwhile", path)
	}
	if err := s.a.fs().Remove(path); err != nil {
		return s.a.explain(err)
	}
	if err := s.a.fs().SyncDir(h.dir); err != nil {
		return s.a.explain(err)
	}
	return nil
}
