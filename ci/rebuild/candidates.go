package rebuild

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/deflate"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// maxHeader bounds gzip's header, which may hold a file's name and more.
const maxHeader = 128 << 10

// outline is all of a tar but the wheels' bytes, in its order.
type outline struct {
	before [][]byte
	wheels []*wheelhouse.File
	end    []byte
	kept   int
	size   int64 // of the whole tar
}

// add takes what wheelhouse.ReadOptions.Rest is told. No more than a frame
// holds is kept.
func (o *outline) add(p []byte, next *wheelhouse.File) {
	if next != nil {
		o.size += next.Size
		o.wheels = append(o.wheels, next)
		o.before = append(o.before, o.end)
		o.end = nil
		return
	}
	o.size += int64(len(p))
	if o.kept += len(p); o.kept <= maxInflated {
		o.end = append(o.end, p...)
	}
}

// candidates gives the tarball's frame, but for its encoder, and the encoders
// that begin as the tarball does, the likeliest first; none for what no single
// encoder of ours made.
func (r *Rehearsal) candidates(ctx context.Context, o *outline) (*frame, []deflate.Encoder, error) {
	header, trailer, err := r.ends()
	if header == nil || err != nil {
		return nil, nil, err
	}
	if o.kept > maxInflated || len(o.wheels) > maxWheels || binary.LittleEndian.Uint32(trailer[4:]) != uint32(o.size) {
		return nil, nil, nil // too much for a frame, or several gzip members
	}
	f := &frame{header: header, trailer: trailer, end: o.end}
	for i, w := range o.wheels {
		f.wheels = append(f.wheels, framedWheel{before: o.before[i], sha256: w.SHA256, size: w.Size})
	}
	from := int64(len(header))
	stream := func() io.Reader { return io.NewSectionReader(r.file, from, r.inv.Size-from-trailerSize) }
	hint := deflate.Hint{XFL: header[8], OS: header[9]}
	likely, err := deflate.Identify(ctx, flate.NewReader(stream()), stream(), hint)
	return f, likely, err
}

// ends gives gzip's header and trailer; none where the header is one that only
// hand-made files have.
func (r *Rehearsal) ends() (header, trailer []byte, err error) {
	trailer = make([]byte, trailerSize)
	if _, err := r.file.ReadAt(trailer, r.inv.Size-trailerSize); err != nil {
		return nil, nil, err
	}
	header, err = io.ReadAll(io.NewSectionReader(r.file, 0, maxHeader))
	if err != nil {
		return nil, nil, err
	}
	in := bytes.NewReader(header) // a ByteReader: gzip reads its header and no more
	if _, err := gzip.NewReader(in); err != nil {
		return nil, nil, nil
	}
	return header[:len(header)-in.Len()], trailer, nil
}

// errOther is what a comparer answers when it is given something else.
var errOther = errors.New("other bytes come out")

// comparer takes exactly the bytes of want.
type comparer struct {
	want io.Reader
	buf  []byte
}

// Write compares p.
func (c *comparer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		part := rest[:min(len(rest), len(c.buf))]
		n, err := io.ReadFull(c.want, c.buf[:len(part)])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return 0, err
		}
		if !bytes.Equal(c.buf[:n], part) {
			return 0, errOther
		}
		rest = rest[n:]
	}
	return len(p), nil
}

// folder are wheels that lie in a folder under their names.
type folder string

// OpenWheel opens the wheel of that name.
func (d folder) OpenWheel(_ context.Context, w wheelhouse.File) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(d), filepath.Base(w.Name)))
}

// tarball are wheels inside a tarball of ours.
type tarball struct {
	file  *os.File
	spans map[string]wheelhouse.Span // by name
}

// inside gives the wheels of a tarball of ours.
func inside(file *os.File, inv *wheelhouse.Inventory) (Wheels, error) {
	spans, _, err := wheelhouse.Layout(inv.Wheels)
	if err != nil {
		return nil, err
	}
	t := tarball{file: file, spans: map[string]wheelhouse.Span{}}
	for _, s := range spans {
		t.spans[s.Name] = s
	}
	return t, nil
}

// OpenWheel opens the wheel of that name where it lies.
func (t tarball) OpenWheel(_ context.Context, w wheelhouse.File) (io.ReadCloser, error) {
	span, found := t.spans[w.Name]
	if !found {
		return nil, &os.PathError{Op: "open", Path: w.Name, Err: os.ErrNotExist}
	}
	return io.NopCloser(io.NewSectionReader(wheelhouse.Section(t.file, span, w.Size), 0, w.Size)), nil
}
