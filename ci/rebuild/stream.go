package rebuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/wheelhouse-ci/wheelhouse/ci/deflate"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

const (
	// chunkSize and chunks are what lies between the goroutine that reads and
	// hashes the wheels and the one that compresses.
	chunkSize = 256 << 10
	chunks    = 8
)

// write writes the tarball: gzip's header, the tar compressed, gzip's trailer.
func (f *frame) write(outer context.Context, w io.Writer, wheels []wheelhouse.File, from Wheels) error {
	named, err := f.named(wheels)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(outer)
	t := &tarStream{ctx: ctx, full: make(chan []byte, chunks), free: make(chan []byte, chunks)}
	defer func() {
		cancel()
		for range t.full { // until the other goroutine is gone
		}
	}()
	go t.run(f, named, from)

	if _, err := w.Write(f.header); err != nil {
		return err
	}
	packed, err := deflate.NewWriter(w, f.encoder.Family, f.encoder.Level)
	if err != nil {
		return badRecipe("%w", err)
	}
	for p := range t.full {
		if _, err := packed.Write(p); err != nil {
			return err
		}
		t.free <- p[:0] // never blocks: there is room for all
	}
	if outer.Err() != nil {
		return fmt.Errorf("rebuilding a tarball: %w", outer.Err())
	}
	if t.err != nil {
		return t.err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	_, err = w.Write(f.trailer)
	return err
}

// named gives for each of the frame's wheels the one of those given.
func (f *frame) named(wheels []wheelhouse.File) ([]wheelhouse.File, error) {
	given := make(map[string]wheelhouse.File, len(wheels))
	for _, w := range wheels {
		given[w.SHA256] = w
	}
	named := make([]wheelhouse.File, 0, len(f.wheels))
	for _, want := range f.wheels {
		w, found := given[want.sha256]
		if !found || w.Size != want.size {
			return nil, badRecipe("it needs a wheel of sha256 %s and %d bytes, which is not among the tarball's", want.sha256, want.size)
		}
		named = append(named, w)
	}
	return named, nil
}

// tarStream makes the tar in chunks.
type tarStream struct {
	ctx        context.Context
	full, free chan []byte
	made       int
	cur        []byte
	err        error // to be read once full was closed
}

// run makes the whole tar.
func (t *tarStream) run(f *frame, wheels []wheelhouse.File, from Wheels) {
	defer close(t.full)
	t.err = t.tar(f, wheels, from)
}

func (t *tarStream) tar(f *frame, wheels []wheelhouse.File, from Wheels) error {
	for i, w := range wheels {
		if err := t.literal(f.wheels[i].before); err != nil {
			return err
		}
		if err := t.wheel(w, from); err != nil {
			return err
		}
	}
	if err := t.literal(f.end); err != nil {
		return err
	}
	if len(t.cur) > 0 {
		t.full <- t.cur
	}
	return nil
}

// literal adds bytes of the frame.
func (t *tarStream) literal(p []byte) error {
	for len(p) > 0 {
		room, err := t.room()
		if err != nil {
			return err
		}
		n := copy(room, p)
		t.cur = t.cur[:len(t.cur)+n]
		p = p[n:]
	}
	return nil
}

// wheel adds a wheel's bytes and sees that they are its own.
func (t *tarStream) wheel(w wheelhouse.File, from Wheels) error {
	r, err := from.OpenWheel(t.ctx, w)
	if err != nil {
		return unopened(w, err)
	}
	defer r.Close()
	sum := sha256.New()
	for left := w.Size; left > 0; {
		room, err := t.room()
		if err != nil {
			return err
		}
		n, err := io.ReadFull(r, room[:min(int64(len(room)), left)])
		sum.Write(room[:n])
		t.cur = t.cur[:len(t.cur)+n]
		left -= int64(n)
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return differs(w, "it ends early")
		case err != nil:
			return unopened(w, err)
		}
	}
	switch n, err := io.ReadFull(r, make([]byte, 1)); {
	case n > 0:
		return differs(w, "it goes on after its end")
	case err != io.EOF:
		return unopened(w, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != w.SHA256 {
		return differs(w, "its sha256 is "+got)
	}
	return nil
}

// room gives what is free in the current chunk, or in the next; never nothing.
func (t *tarStream) room() ([]byte, error) {
	if err := t.ctx.Err(); err != nil {
		return nil, err
	}
	if t.cur != nil && len(t.cur) < cap(t.cur) {
		return t.cur[len(t.cur):cap(t.cur)], nil
	}
	if t.cur != nil {
		t.full <- t.cur // never blocks: there is room for all
		t.cur = nil
	}
	if t.made < chunks {
		t.made++
		t.cur = make([]byte, 0, chunkSize)
		return t.cur[:chunkSize], nil
	}
	select {
	case t.cur = <-t.free:
		return t.cur[:cap(t.cur)], nil
	case <-t.ctx.Done():
		return nil, t.ctx.Err()
	}
}

// unopened is the error of a wheel that could not be read; a coded error is
// outermost already.
func unopened(w wheelhouse.File, err error) error {
	if coded, ok := fault.As(err); ok {
		return coded
	}
	if errors.Is(err, fs.ErrNotExist) {
		missing := fault.New(fault.Refused, "wheel-missing", "no such wheel: %s", w.Name)
		missing.Err = err
		return missing
	}
	if fault.Interrupted(err) {
		return fmt.Errorf("reading wheel %s: %w", w.Name, err)
	}
	return fault.New(fault.Unable, "wheel-unreadable", "reading wheel %s: %w", w.Name, err)
}

// differs refuses a wheel that is not the one wanted.
func differs(w wheelhouse.File, why string) error {
	return fault.New(fault.Refused, "wheel-differs", "wheel %s is not the one of sha256 %s and %d bytes: %s", w.Name, w.SHA256, w.Size, why)
}
