package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
)

// maxTarball bounds a tarball whose size neither record nor pointer say: what
// a tarball may hold by default, uncompressed.
const maxTarball = 32 << 30

// Restore puts a tarball back into its entry, beside its pointer, which stays.
// Write gives its bytes: they are hashed while they are written, under another
// name, and must be those of the record and of the pointer. Only then the
// tarball appears, fsynced. Write is not called when a tarball is there and
// right; one that is damaged is replaced by a right one alone.
//
// Codes: restore-mismatch (other bytes came), bad-pointer (it contradicts the
// record), bad-meta, entry-broken, no-record, not-an-entry, tar-unreadable,
// restore-failed or that of write,
// and those of writing to the archive.
func (s *Session) Restore(ctx context.Context, e entry.Entry, tarball string, write func(io.Writer) error) error {
	h, err := s.hold(ctx, e, tarball)
	if err != nil {
		return err
	}
	r, size, err := h.wanted()
	if err != nil {
		return err
	}
	right, err := h.isRight(ctx, r.SHA256, size)
	if err != nil || right {
		return err
	}
	err = s.put(h.path(tarball), func(f io.Writer) error {
		sink := newSink(ctx, f, cmp.Or(max(size, 0), maxTarball))
		err := write(sink)
		sum, got, sinkErr := sink.finish()
		switch {
		case sinkErr != nil: // the cause of write's error, if that failed as well
			return sinkErr
		case err != nil:
			return giving(h, err)
		case sum != r.SHA256 || size >= 0 && got != size:
			return restoreMismatch(h, r, size, sum, got)
		}
		return nil
	})
	if errors.Is(err, errTooMany) {
		err = fault.New(fault.Refused, "restore-mismatch", "restoring %s: more bytes came than the %d that are wanted", h.path(tarball), cmp.Or(max(size, 0), maxTarball))
	}
	if err != nil {
		return s.a.explain(err)
	}
	return nil
}

// giving is the error of whoever was to give the bytes.
func giving(h held, err error) error {
	if coded, ok := fault.As(err); ok {
		return coded
	}
	if fault.Interrupted(err) {
		return err
	}
	return fault.New(fault.Unable, "restore-failed", "restoring %s: %w", h.path(h.w.Tarball), err)
}

// restoreMismatch is the refusal of other bytes.
func restoreMismatch(h held, r meta.Record, size int64, sum string, got int64) error {
	recorded := ""
	if size >= 0 {
		recorded = fmt.Sprintf(" and %d bytes", size)
	}
	return fault.New(fault.Refused, "restore-mismatch", "restoring %s: other bytes came: sha256 %s%s are recorded, %s and %d bytes came",
		h.path(h.w.Tarball), r.SHA256, recorded, sum, got).
		WithHint("nothing was changed; look for the bytes elsewhere with -from=URL")
}

// wanted gives the record, and the size of the tarball, -1 when neither record
// nor pointer say. A pointer that cannot be read is passed over: the record
// counts. One that can be read and contradicts it is refused.
func (h held) wanted() (r meta.Record, size int64, err error) {
	if r, err = h.record(); err != nil {
		return meta.Record{}, 0, err
	}
	path := h.path(entry.PointerName(h.w.Tarball))
	data, err := readSmall(path, entry.MaxPointer)
	if err != nil {
		return r, r.Size, nil
	}
	p, err := entry.ParsePointer(data, path)
	if err != nil {
		return r, r.Size, nil
	}
	differ := entry.Wheelhouse{Tarball: h.w.Tarball, SHA256: r.SHA256, Size: r.Size}.Differs(p)
	if differ != "" {
		return meta.Record{}, 0, fault.New(fault.Refused, "bad-pointer", "restoring %s: %s", h.path(h.w.Tarball), differ).
			WithHint("record and pointer contradict each other: look at them in git's history, then move the pointer away")
	}
	return r, p.Size, nil
}

// isRight tells whether the tarball is there with these bytes. What is there
// and is no file is an error.
func (h held) isRight(ctx context.Context, sha256 string, size int64) (bool, error) {
	path := h.path(h.w.Tarball)
	there, err := fileSize(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, unreadable(path, err)
	case size >= 0 && there != size:
		return false, nil
	}
	sum, _, err := hashFile(ctx, path)
	return sum == sha256, err
}
