package targets

import (
	"context"
	"io"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// indexURL is the location of a tarball whose wheels the package index has.
const indexURL = "index:"

// indexed gives the wheels of a tarball's lock that came from a package index.
func indexed(k kept) ([]wheelhouse.File, error) {
	l, err := readLockBeside(k)
	if err != nil {
		return nil, err
	}
	var files []wheelhouse.File
	for _, w := range l.Wheels {
		if w.URL != "" && w.Sdist == nil {
			files = append(files, wheelhouse.File{Name: w.File, Path: w.File, Size: w.Size, SHA256: w.SHA256})
		}
	}
	return files, nil
}

// fetchWheels has pip bring wheels from the index.
func (s *session) fetchWheels(ctx context.Context, k kept, wheels []wheelhouse.File) (*python.Index, error) {
	i, err := s.interpreter(ctx)
	if err != nil {
		return nil, err
	}
	return python.FetchWheels(ctx, i, python.Fetch{Wheels: wheels, Python: k.Python, Environ: s.environ})
}

// fromIndex proves that a tarball comes back from the index alone. ok is false
// where some wheel did not come from there, or where more than wheels is
// needed.
func (s *session) fromIndex(ctx context.Context, k kept, r *rebuild.Rehearsal) (proof rebuild.Proof, ok bool, err error) {
	wheels, err := indexed(k)
	if err != nil || len(wheels) != len(r.Inventory().Wheels) || r.Recipe().Encoder != wheelhouse.Format {
		return rebuild.Proof{}, false, err
	}
	x, err := s.fetchWheels(ctx, k, wheels)
	if err != nil {
		return rebuild.Proof{}, false, err
	}
	defer func() { _ = x.Close() }()
	open := func(ctx context.Context, sum string, size int64) (io.ReadCloser, error) {
		return x.OpenWheel(ctx, wheelhouse.File{SHA256: sum, Size: size})
	}
	at := entry.Location{URL: indexURL, Method: entry.Index, VerifiedAt: s.now().UTC()}
	proof, err = rebuild.Prove(ctx, r, open, at, &rebuild.Checked{})
	return proof, err == nil, err
}

// helped opens the wheels of a store, and those that it lost out of the index.
type helped struct {
	*session
	st    store.Store
	k     kept
	index *python.Index // nil until one is missing
}

// close ends it.
func (h *helped) close() {
	if h.index != nil {
		_ = h.index.Close()
	}
}

// OpenWheel implements rebuild.Wheels.
func (h *helped) OpenWheel(ctx context.Context, w wheelhouse.File) (io.ReadCloser, error) {
	body, err := store.Wheels(h.st).OpenWheel(ctx, w)
	if err == nil || !gone(err) {
		return body, err
	}
	if h.index == nil {
		lost, listErr := h.lost(ctx)
		if listErr != nil || len(lost) == 0 {
			return nil, err
		}
		h.note("%s has lost %d of the wheels; they are fetched from the package index", h.st.URL(), len(lost))
		if h.index, listErr = h.fetchWheels(ctx, h.k, lost); listErr != nil {
			return nil, fault.New(fault.Refused, "wheel-missing", "%w; and fetching it from the package index failed: %w", err, listErr)
		}
	}
	return h.index.OpenWheel(ctx, w)
}

// lost gives the wheels that the index had and the store has not.
func (h *helped) lost(ctx context.Context) ([]wheelhouse.File, error) {
	wheels, err := indexed(h.k)
	if err != nil {
		return nil, err
	}
	var lost []wheelhouse.File
	for _, w := range wheels {
		if _, err := h.st.Stat(ctx, store.BlobKey(w.SHA256)); gone(err) {
			lost = append(lost, w)
		} else if err != nil {
			return nil, err
		}
	}
	return lost, nil
}
