package rebuild

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Options say how Rehearse works; the zero value is the default.
type Options struct {
	// Limits bound what is read, as wheelhouse.Read has them.
	Limits wheelhouse.Limits
	// Temp is the folder for a temporary folder with the wheels of a tarball
	// that is not ours, which takes as much room as they do; empty: the
	// system's.
	Temp string
	// Progress is called now and then with the tarball's bytes read; may be
	// nil. See wheelhouse.ReadOptions.
	Progress func(read int64)
}

// Rehearsal is a tarball that was read, and whose bytes came out again. It
// holds the tarball open, and a temporary folder: whoever rehearses closes it.
type Rehearsal struct {
	file   *os.File
	read   fs.FileInfo
	inv    *wheelhouse.Inventory
	recipe Recipe
	wheels Wheels
	temp   string // empty: none was needed
}

// Rehearse reads the tarball at path, finds the recipe that gives its bytes,
// and rebuilds them with it to the same sha256; where none does, the recipe is
// Whole. The file is read once where Pack made it, since then nothing is left
// to try: that its format is wheelhouse.Format means that every byte was seen
// to be the one that Pack makes of these wheels. Any other is read, its wheels
// written to Options.Temp, and rebuilt from those.
//
// Memory is below 64 MB whatever the sizes. A cancelled ctx gives its error,
// wrapped. Codes: those of wheelhouse.Read, and tar-changed (refused) where the
// file is another after the last byte than before the first; rebuild-failed
// (unable) where the temporary folder or the file fails.
func Rehearse(ctx context.Context, path string, o Options) (*Rehearsal, error) {
	file, err := wheelhouse.Open(path)
	if err != nil {
		return nil, err
	}
	r := &Rehearsal{file: file}
	if err := r.rehearse(ctx, path, o); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Rehearsal) rehearse(ctx context.Context, path string, o Options) error {
	before, err := r.file.Stat()
	if err != nil {
		return failed(path, err)
	}
	rest, err := r.take(ctx, o)
	if err != nil {
		return err
	}
	if r.inv.Format == wheelhouse.Format {
		r.recipe = Recipe{Encoder: wheelhouse.Format}
	} else if r.recipe, err = r.find(ctx, rest); err != nil {
		if _, coded := fault.As(err); coded || fault.Interrupted(err) {
			return err
		}
		return failed(path, err)
	}
	if r.read, err = r.file.Stat(); err != nil {
		return failed(path, err)
	}
	if !Same(before, r.read) {
		return fault.New(fault.Refused, "tar-changed", "the tarball %s changed while it was read", path)
	}
	return nil
}

// take reads the tarball: without writing where it looks like one of ours.
func (r *Rehearsal) take(ctx context.Context, o Options) (*outline, error) {
	beginning := make([]byte, 64)
	n, err := r.file.ReadAt(beginning, 0)
	if err != nil && err != io.EOF {
		return nil, failed(r.file.Name(), err)
	}
	if wheelhouse.MayBeOurs(beginning[:n]) {
		inv, err := wheelhouse.ReadFile(ctx, r.file, wheelhouse.ReadOptions{Limits: o.Limits, Progress: o.Progress})
		if err != nil {
			return nil, err
		}
		if inv.Format == wheelhouse.Format {
			r.inv = inv
			r.wheels, err = inside(r.file, inv)
			return nil, err
		}
	}
	if r.temp, err = os.MkdirTemp(o.Temp, "rehearse-*"); err != nil {
		return nil, failed(r.file.Name(), err)
	}
	rest := &outline{}
	r.wheels = folder(r.temp)
	r.inv, err = wheelhouse.ReadFile(ctx, r.file, wheelhouse.ReadOptions{
		Limits: o.Limits, Progress: o.Progress, Extract: r.temp, Rest: rest.add,
	})
	return rest, err
}

// failed is the error of a file that the rehearsal needs.
func failed(path string, err error) error {
	return fault.New(fault.Unable, "rebuild-failed", "rehearsing how to rebuild %s: %w", path, err)
}

// find tries the encoders that begin as the file does, and gives the recipe of
// the first that makes all of it; Whole when none does.
func (r *Rehearsal) find(ctx context.Context, rest *outline) (Recipe, error) {
	whole := Recipe{Encoder: Whole}
	f, likely, err := r.candidates(ctx, rest)
	if err != nil {
		return whole, err
	}
	for _, f.encoder = range likely {
		data, err := f.encode()
		if err != nil {
			return whole, err
		}
		recipe, err := ParseRecipe(f.encoder.String(), data)
		if fault.Code(err) == "bad-recipe" {
			return whole, nil // more wheels, or more beside them, than a frame holds
		}
		if err != nil {
			return whole, err
		}
		same, err := r.comesOut(ctx, recipe)
		if same || err != nil {
			return recipe, err
		}
	}
	return whole, nil
}

// comesOut tells whether the recipe gives the very bytes of the tarball.
func (r *Rehearsal) comesOut(ctx context.Context, recipe Recipe) (bool, error) {
	sum := sha256.New()
	c := &comparer{want: io.NewSectionReader(r.file, 0, r.inv.Size), buf: make([]byte, chunkSize)}
	err := recipe.Write(ctx, io.MultiWriter(c, sum), r.inv.Wheels, r.wheels)
	if errors.Is(err, errOther) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return hex.EncodeToString(sum.Sum(nil)) == r.inv.SHA256, nil
}

// Inventory gives what the tarball holds.
func (r *Rehearsal) Inventory() *wheelhouse.Inventory { return r.inv }

// Recipe gives how the bytes come back.
func (r *Rehearsal) Recipe() Recipe { return r.recipe }

// Wheels opens the wheels out of the tarball, whatever the recipe. It serves
// until Close.
func (r *Rehearsal) Wheels() Wheels { return r.wheels }

// Blob is one of the things that must be kept for the tarball to come back.
type Blob struct {
	// Name is the wheel's, or the tarball's; the frame's is FrameName.
	Name string
	// SHA256 in lower-case hex.
	SHA256 string
	// Size in bytes.
	Size int64
}

// FrameName is the name of a recipe's frame among the blobs.
const FrameName = "frame"

// Blobs gives what must be kept: the wheels and the frame, where there is one;
// or the tarball alone. Of wheels with the same bytes there is one.
func (r *Rehearsal) Blobs() []Blob {
	if r.recipe.Encoder == Whole {
		return []Blob{{Name: r.inv.Name, SHA256: r.inv.SHA256, Size: r.inv.Size}}
	}
	var blobs []Blob
	seen := map[string]bool{}
	for _, w := range r.inv.Wheels {
		if !seen[w.SHA256] {
			seen[w.SHA256] = true
			blobs = append(blobs, Blob{Name: w.Name, SHA256: w.SHA256, Size: w.Size})
		}
	}
	if sum := r.recipe.FrameSHA256(); sum != "" {
		blobs = append(blobs, Blob{Name: FrameName, SHA256: sum, Size: int64(len(r.recipe.Frame))})
	}
	return blobs
}

// Open opens one of Blobs, to be stored. It serves until Close.
func (r *Rehearsal) Open(ctx context.Context, b Blob) (io.ReadCloser, error) {
	switch b.SHA256 {
	case r.inv.SHA256:
		return io.NopCloser(io.NewSectionReader(r.file, 0, r.inv.Size)), nil
	case r.recipe.FrameSHA256():
		return io.NopCloser(bytes.NewReader(r.recipe.Frame)), nil
	}
	return r.wheels.OpenWheel(ctx, wheelhouse.File{Name: b.Name, SHA256: b.SHA256, Size: b.Size})
}

// Close closes the tarball and removes the temporary folder.
func (r *Rehearsal) Close() error {
	err := r.file.Close()
	if r.temp != "" {
		err = errors.Join(err, os.RemoveAll(r.temp))
	}
	if err != nil {
		return fmt.Errorf("ending a rehearsal: %w", err)
	}
	return nil
}
