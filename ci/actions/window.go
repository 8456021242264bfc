package actions

import (
	"cmp"
	"context"
	"io"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions/internal/transfer"
)

const (
	// maxWindow bounds what is held in memory of an artifact, and maxReads how
	// many parts of it are asked for.
	maxWindow = 24 << 20
	maxReads  = 24
	// windowRead is the least that is asked for where it was not foreseen.
	windowRead = 8 << 10
	// windowGap is how much is transferred with two parts to save a request.
	windowGap = 4 << 10
)

// extent is a part of a file: the bytes from from on, up to to.
type extent struct{ from, to int64 }

// window is what is there of an artifact, which is read as if all of it were:
// what is missing is transferred.
type window struct {
	ctx    context.Context
	ranges *transfer.Ranges
	size   int64
	held   []stretch
	bytes  int64
	// err is the first error of the transfer, for those who read through
	// others that put their own in its place.
	err error
}

// stretch is a part that is held.
type stretch struct {
	from int64
	data []byte
}

func (s stretch) holds(at int64) bool { return at >= s.from && at < s.from+int64(len(s.data)) }

// hold transfers what is not held of the extents, in as few parts as is
// sensible.
func (w *window) hold(wanted []extent) error {
	for _, e := range merge(w.missing(wanted), windowGap) {
		if err := w.transfer(e); err != nil {
			return err
		}
	}
	return nil
}

// missing gives what is not held of the extents.
func (w *window) missing(wanted []extent) []extent {
	var all []extent
	for _, e := range wanted {
		e.from, e.to = max(e.from, 0), min(e.to, w.size)
		for at := e.from; at < e.to; {
			if s := w.at(at); s != nil {
				at = s.from + int64(len(s.data))
				continue
			}
			next := e.to
			for _, s := range w.held {
				if s.from > at {
					next = min(next, s.from)
				}
			}
			all = append(all, extent{at, next})
			at = next
		}
	}
	return all
}

// merge sorts extents and joins those that are at most gap apart.
func merge(extents []extent, gap int64) []extent {
	slices.SortFunc(extents, func(a, b extent) int { return cmp.Compare(a.from, b.from) })
	var all []extent
	for _, e := range extents {
		if last := len(all) - 1; last >= 0 && e.from-all[last].to <= gap {
			all[last].to = max(all[last].to, e.to)
			continue
		}
		all = append(all, e)
	}
	return all
}

// at gives the stretch that holds a byte; nil when none does.
func (w *window) at(offset int64) *stretch {
	for i := range w.held {
		if w.held[i].holds(offset) {
			return &w.held[i]
		}
	}
	return nil
}

func (w *window) transfer(e extent) error {
	if w.err != nil {
		return w.err
	}
	w.bytes += e.to - e.from
	if w.bytes > maxWindow || len(w.held) >= maxReads {
		w.err = wholly("what it holds beside the tarball is too large, or too scattered")
		return w.err
	}
	data := make([]byte, e.to-e.from)
	r := w.ranges.Open(w.ctx, e.from, e.to-e.from)
	defer func() { _ = r.Close() }()
	if _, err := io.ReadFull(r, data); err != nil {
		w.err = err
		return err
	}
	w.held = append(w.held, stretch{e.from, data})
	return nil
}

// ReadAt implements io.ReaderAt.
func (w *window) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) {
		at := offset + int64(n)
		if at < 0 || at >= w.size {
			return n, io.EOF
		}
		s := w.at(at)
		if s == nil {
			least := max(windowRead, int64(len(p)-n))
			if err := w.hold(w.missing([]extent{{at, at + least}})); err != nil {
				return n, err
			}
			continue
		}
		n += copy(p[n:], s.data[at-s.from:])
	}
	return n, nil
}
