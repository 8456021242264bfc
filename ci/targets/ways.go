package targets

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// bringer brings tarballs back from wherever they are.
type bringer struct {
	*session
	// from is the only store to ask; nil: those of the pointers, then the
	// setting's.
	from store.Store
	// opened are the stores by URL.
	opened map[string]store.Store
}

func (s *session) newBringer(ctx context.Context, fromStore bool) (*bringer, error) {
	b := &bringer{session: s, opened: map[string]store.Store{}}
	st, err := s.openStore(ctx, s.Store.URL)
	if err != nil {
		return nil, err
	}
	b.opened[st.URL()] = st
	if fromStore {
		b.from = st
	}
	return b, nil
}

// store gives the store at a URL, opened once.
func (b *bringer) store(ctx context.Context, url string) (store.Store, error) {
	if st, ok := b.opened[url]; ok {
		return st, nil
	}
	st, err := b.openStore(ctx, url)
	if err == nil {
		b.opened[url] = st
	}
	return st, err
}

// ways gives the URLs to try for a tarball, the best first.
func (b *bringer) ways(k kept) []string {
	if b.from != nil {
		return []string{b.from.URL()}
	}
	var urls []string
	if k.Pointer != nil {
		for _, l := range k.Pointer.Locations {
			urls = append(urls, l.URL)
		}
	}
	for url := range b.opened { // the setting's, where no pointer names it
		if k.Pointer == nil {
			urls = append(urls, url)
		}
	}
	return urls
}

// bring tries one way after another: put is called with what writes the
// tarball's bytes, and leaves nothing behind when it fails. It gives the way
// that did; empty where put did not need any.
func (b *bringer) bring(ctx context.Context, k kept, put func(write func(io.Writer) error) error) (from string, err error) {
	ways := b.ways(k)
	if len(ways) == 0 {
		return "", fault.New(fault.Refused, "no-way-back", "restoring %s of %s: nothing says where its bytes are (%s)", k.Tarball, k.name(), report.Visible(k.Status())).
			WithHint("name the store that it was pushed to: -from=URL")
	}
	var first error
	for i, url := range ways {
		asked := false
		write := func(asWhole bool) error {
			return put(func(w io.Writer) error {
				asked = true
				return b.writeFrom(ctx, url, k, asWhole, w)
			})
		}
		err := write(true)
		if fault.Code(err) == "restore-mismatch" {
			err = write(false) // which says what of it is damaged
		}
		switch {
		case err == nil && asked:
			return url, nil
		case err == nil:
			return "", nil
		case ctx.Err() != nil || !asked || fault.Code(err) == "untrusted" || fault.Code(err) == "not-verified":
			return "", err
		}
		if first == nil {
			first = err
		}
		if i < len(ways)-1 {
			b.note("%v; trying %s", err, ways[i+1])
		}
	}
	return "", first
}

// writeFrom writes a tarball's bytes from one place; asWhole leaves it to the
// writer to notice that they are others.
func (b *bringer) writeFrom(ctx context.Context, url string, k kept, asWhole bool, w io.Writer) error {
	if blob, ok, err := b.archived().GitBlob(ctx, url); ok || err != nil {
		if err != nil {
			return err
		}
		return copyTo(ctx, w, func() (io.ReadCloser, error) { return blob.Open(ctx) })
	}
	if url == indexURL {
		return b.writeFromIndex(ctx, k, w)
	}
	st, err := b.store(ctx, url)
	if err != nil {
		return err
	}
	m, err := b.made(ctx, st, k)
	if err != nil {
		return err
	}
	if m.encoder == rebuild.Whole {
		return copyTo(ctx, w, func() (io.ReadCloser, error) { return store.OpenBlob(ctx, st, k.SHA256, m.size) })
	}
	recipe, err := readRecipe(ctx, st, m.encoder, m.frame)
	if err != nil {
		return err
	}
	recipe.AsWhole = asWhole
	wheels := &helped{session: b.session, st: st, k: k}
	defer wheels.close()
	return recipe.Write(ctx, w, m.wheels, wheels)
}

// writeFromIndex writes the bytes of a tarball of ours from the index's wheels.
func (b *bringer) writeFromIndex(ctx context.Context, k kept, w io.Writer) error {
	wheels, err := indexed(k)
	if err != nil {
		return err
	}
	recipe, err := rebuild.ParseRecipe(wheelhouse.Format, nil)
	if err != nil {
		return err
	}
	x, err := b.fetchWheels(ctx, k, wheels)
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	return recipe.Write(ctx, w, wheels, x)
}

// made is how a tarball is made of what a store has.
type made struct {
	encoder, frame string
	size           int64
	wheels         []wheelhouse.File
}

// blobs gives the blobs that are needed, with their sizes; -1 where that is
// not known.
func (m made) blobs(sum string) map[string]int64 {
	if m.encoder == rebuild.Whole {
		return map[string]int64{sum: m.size}
	}
	all := map[string]int64{}
	for _, w := range m.wheels {
		all[w.SHA256] = w.Size
	}
	if m.frame != "" {
		all[m.frame] = -1
	}
	return all
}

// made gives how a tarball is made: as its pointer and lock say, else the
// store's manifest.
func (b *bringer) made(ctx context.Context, st store.Store, k kept) (made, error) {
	if k.Pointer != nil && k.Pointer.SHA256 == k.SHA256 {
		m, err := pointed(k)
		if err == nil {
			return m, nil
		}
		b.note("%v; asking the store's manifest instead", err)
	}
	for m, err := range store.Manifests(ctx, st, k.name()) {
		if err != nil {
			return made{}, err
		}
		if m.Tarball.SHA256 != k.SHA256 {
			continue
		}
		out := made{encoder: m.Recipe, size: m.Tarball.Size, wheels: m.WheelFiles()}
		if m.Frame != nil {
			out.frame = m.Frame.SHA256
		}
		return out, nil
	}
	return made{}, fault.New(fault.Refused, "store-object-missing", "looking for %s of %s in %s: it was not pushed there", k.Tarball, k.name(), st.URL())
}

// pointed gives how a tarball is made as its pointer and its lock say.
func pointed(k kept) (made, error) {
	m := made{encoder: k.Pointer.Recipe, frame: k.Pointer.Frame, size: k.Pointer.Size}
	if m.encoder == rebuild.Whole {
		return m, nil
	}
	l, err := readLockBeside(k)
	if err != nil {
		return made{}, err
	}
	for _, w := range l.Wheels {
		m.wheels = append(m.wheels, wheelhouse.File{Name: w.File, Path: w.File, Size: w.Size, SHA256: w.SHA256})
	}
	return m, nil
}

// readLockBeside reads the lock of an archived tarball.
func readLockBeside(k kept) (lock.Lock, error) {
	path := filepath.Join(filepath.Dir(k.Meta), lock.FileName(k.Tarball))
	f, err := os.Open(path)
	if err != nil {
		return lock.Lock{}, fault.New(fault.Refused, "lock-missing", "reading the lock of %s: %w", k.Tarball, err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, lock.MaxBytes+1))
	if err != nil {
		return lock.Lock{}, fault.New(fault.Unable, "entry-unreadable", "reading %s: %w", path, err)
	}
	return lock.Parse(data, path)
}

// readRecipe gives a recipe, whose frame the store has.
func readRecipe(ctx context.Context, st store.Store, encoder, frame string) (rebuild.Recipe, error) {
	if frame == "" {
		return rebuild.ParseRecipe(encoder, nil)
	}
	o, err := st.Stat(ctx, store.BlobKey(frame))
	if err != nil {
		return rebuild.Recipe{}, err
	}
	if o.Size > rebuild.MaxFrame {
		return rebuild.Recipe{}, fault.New(fault.Refused, "bad-recipe", "reading the recipe's frame %s: it has more than %d bytes", frame, int64(rebuild.MaxFrame))
	}
	body, err := store.OpenBlob(ctx, st, frame, o.Size)
	if err != nil {
		return rebuild.Recipe{}, err
	}
	data, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil {
		return rebuild.Recipe{}, err
	}
	return rebuild.ParseRecipe(encoder, data)
}

// fileOf gives a tarball as a proof wants it.
func fileOf(inv *wheelhouse.Inventory) wheelhouse.File {
	return wheelhouse.File{Name: inv.Name, Size: inv.Size, SHA256: inv.SHA256}
}

// isStore tells whether a location is a store's.
func isStore(l entry.Location) bool {
	return !strings.HasPrefix(l.URL, "git:") && l.URL != indexURL
}

// gone tells whether an error says that an object is not there.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
