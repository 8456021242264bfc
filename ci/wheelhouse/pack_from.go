package wheelhouse

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Source is a wheel to pack, and where its bytes are.
type Source struct {
	// File has the wheel's Name and Size. SHA256 is what its bytes must have;
	// empty: whatever they have. Where all are empty no wheel is hashed.
	File
	// Open opens the wheel's bytes; PackFrom closes them. An error that wraps
	// fs.ErrNotExist says that the wheel is not there.
	Open func(context.Context) (io.ReadCloser, error)
}

// PackFrom writes to w the tarball that Pack makes of these wheels, in whatever
// order they are given, and hashes each while it streams. A wheel whose bytes
// are not those wanted ends it; what w has got by then is no tarball. An error
// of w is returned as it is, and so is one of Open or of a wheel's reader that
// has a code. A cancelled ctx gives its error, wrapped. Codes: no-wheels,
// not-a-wheel, unsafe-member, duplicate-member, wheel-missing, wheel-changed
// (its size is another), wheel-differs (it is not of the sha256 wanted), all
// refused; wheel-unreadable (unable).
func PackFrom(ctx context.Context, w io.Writer, wheels []Source) error {
	sources := make([]source, 0, len(wheels))
	files := make([]File, 0, len(wheels))
	each := false
	for _, wheel := range wheels {
		sources = append(sources, source{File: wheel.File, where: wheel.Name, open: wheel.Open})
		files = append(files, wheel.File)
		each = each || wheel.SHA256 != ""
	}
	if _, _, err := Layout(files); err != nil {
		return err
	}
	slices.SortFunc(sources, func(a, b source) int { return strings.Compare(a.Name, b.Name) })
	_, err := packTo(ctx, w, sources, each, nil)
	if failed := (*writeError)(nil); errors.As(err, &failed) {
		return failed.err
	}
	return err
}

// checkEnded refuses a wheel that goes on after the size that it had.
func (s source) checkEnded(r io.Reader) error {
	switch n, err := r.Read(make([]byte, 1)); {
	case n > 0:
		return s.differs("it goes on after its end")
	case err != nil && err != io.EOF:
		return unreadable(s.where, err)
	}
	return nil
}

// differs refuses a wheel that is not what its source says.
func (s source) differs(why string) error {
	if s.SHA256 == "" {
		return fault.New(fault.Refused, "wheel-changed", "wheel %s changed its size while it was packed", printable(s.where)).
			WithHint("wait until the wheel is written, then pack again")
	}
	return fault.New(fault.Refused, "wheel-differs", "wheel %s is not the one of sha256 %s and %d bytes: %s",
		printable(s.where), s.SHA256, s.Size, why)
}
