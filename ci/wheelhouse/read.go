package wheelhouse

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// ReadOptions say how Read works; the zero value is the default.
type ReadOptions struct {
	Limits Limits
	// Extract is an empty folder that wheels are written to, flat, wherever
	// they lay in the tarball; empty: nothing is written. When Read fails,
	// what it wrote is removed again.
	Extract string
	// Progress is called now and then with the tarball's bytes read; may be
	// nil. It is called from another goroutine, but never twice at once and
	// never after Read returned.
	Progress func(read int64)
	// Raw is written all bytes of the file, in order, from another goroutine,
	// which is done when Read returns; its errors are passed over. May be nil.
	// Where Read fails it may have been written a part.
	Raw io.Writer
	// Hashed is given the SHA-256 of all bytes of the file, before Read returns
	// without an error, to go on with: who wants the hash of these bytes and a
	// few more need not hash them again. May be nil.
	Hashed func(hash.Hash)
	// Rest is told, in the tar's order, of all inflated bytes that are no
	// wheel's (headers, padding, other members, the end), which are valid
	// during the call alone; and with no bytes of each wheel whose own, more
	// than none, come next: its name, path and size, and once Read has returned
	// its sha256. May be nil. All calls come from the goroutine that called
	// Read.
	Rest func(p []byte, next *File)
}

// Read reads the tarball at path once: its sha256, its members, and every
// wheel's sha256 come out of the same pass. It refuses what is not safe, and
// what is not whole to the last byte. A cancelled ctx gives its error, wrapped.
//
// Codes, all refused: tar-missing, tar-empty, not-gzip, not-tar, tar-truncated
// (it ends early), tar-damaged (a checksum, or something behind the end),
// unsafe-member, duplicate-member, too-large (the hint names the setting),
// no-wheels. Unable: tar-unreadable, extract-failed.
func Read(ctx context.Context, path string, o ReadOptions) (*Inventory, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadFile(ctx, f, o)
}

// ReadFile is Read of a tarball that is open, from its first byte; the file's
// own offset stays. The codes are Read's, without tar-missing.
func ReadFile(ctx context.Context, f *os.File, o ReadOptions) (*Inventory, error) {
	r := &reading{name: f.Name(), limits: o.Limits.withDefaults(), progress: o.Progress, raw: o.Raw, hashed: o.Hashed, rest: o.Rest, chunkSize: chunkSize}
	if o.Extract != "" {
		var err error
		if r.extract, err = newExtraction(o.Extract); err != nil {
			return nil, err
		}
		defer r.extract.close()
	}
	inv, err := r.run(ctx, io.NewSectionReader(f, 0, math.MaxInt64))
	if err != nil {
		if r.extract != nil {
			r.extract.undo()
		}
		return nil, err
	}
	inv.Name = filepath.Base(f.Name())
	return inv, nil
}

// Open opens a tarball for ReadFile. Nothing but a plain file is opened: a fifo
// would block for ever. Codes: tar-missing (refused), tar-unreadable (unable).
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Refused, "tar-missing", "no such tarball: %s", printable(path)).
			WithHint("build or fetch it first")
	}
	if err == nil && !info.Mode().IsRegular() {
		return nil, fault.New(fault.Refused, "tar-missing", "not a plain file: %s", printable(path)).
			WithHint("name the .tgz file itself")
	}
	if err == nil {
		var f *os.File
		if f, err = os.Open(path); err == nil {
			return f, nil
		}
	}
	return nil, fault.New(fault.Unable, "tar-unreadable", "opening tarball %s: %w", printable(path), err)
}

// reading is one pass over one tarball.
type reading struct {
	name      string // for messages
	limits    Limits
	progress  func(int64)
	raw       io.Writer // nil: nobody wants it
	hashed    func(hash.Hash)
	rest      func([]byte, *File)
	chunkSize int
	extract   *extraction // nil: write nothing
}

// run reads the whole of in. This goroutine inflates and reads the tar; others
// read the file, hash it, hash the wheels and write them.
func (r *reading) run(outer context.Context, in io.Reader) (*Inventory, error) {
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	total := sha256.New()
	raw := &input{ring: newRing(r.chunkSize, 2), out: []chan *chunk{queue(), queue()}, progress: r.progress}
	if r.raw != nil {
		raw.ring.holders++
		raw.out = append(raw.out, queue())
	}
	wheels := &wheelSink{hash: queue()}
	if r.extract != nil {
		wheels.write = queue()
	}
	raw.ring.holders += wheels.holders() - 1
	t := &tarReader{name: r.name, limits: r.limits, exact: true, rest: r.rest, paths: names{}, bare: names{}}
	g := &gzipReader{ctx: ctx, name: r.name, limits: r.limits, in: raw, tar: t, sink: wheels}

	var group sync.WaitGroup
	group.Go(func() { raw.read(ctx, in) })
	group.Go(func() { hashChunks(total, raw.out[0]) })
	group.Go(func() { hashWheels(wheels.hash) })
	if r.raw != nil {
		group.Go(func() { hashChunks(r.raw, raw.out[2]) })
	}
	if r.extract != nil {
		group.Go(func() {
			if r.extract.writeWheels(wheels.write); r.extract.err != nil {
				cancel()
			}
		})
	}
	err := g.read()
	if err == nil {
		err = t.finish()
	}
	if err != nil {
		cancel()
	}
	wheels.close()
	group.Wait()
	switch {
	case outer.Err() != nil:
		return nil, fmt.Errorf("reading tarball %s: %w", printable(r.name), outer.Err())
	case r.extract != nil && r.extract.err != nil:
		return nil, r.extract.err
	case err != nil:
		return nil, err
	}
	inv := t.inventory()
	inv.Size, inv.SHA256 = raw.size, hexSum(total)
	if r.hashed != nil {
		r.hashed(total)
	}
	return inv, nil
}

// input reads the file into chunks.
type input struct {
	ring     *ring
	out      []chan *chunk // to the tarball's hash, to the gzip reader, to who else wants it
	progress func(int64)
	// size and err are to be read once out was closed; err is nil at the end
	// of the file.
	size int64
	err  error
}

func (in *input) read(ctx context.Context, r io.Reader) {
	defer func() {
		for _, out := range in.out {
			close(out)
		}
	}()
	for {
		c, err := in.ring.get(ctx)
		if err != nil {
			in.err = err
			return
		}
		c.n, err = io.ReadFull(r, c.buf)
		in.size += int64(c.n)
		if c.n > 0 {
			for _, out := range in.out {
				out <- c
			}
		}
		if in.progress != nil {
			in.progress(in.size)
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return
		default:
			in.err = err
			return
		}
	}
}

// wheelSink takes chunks with the wheels' pieces in them.
type wheelSink struct {
	hash, write chan *chunk // write is nil when nothing is written
}

// holders is how many hold each chunk.
func (s *wheelSink) holders() int32 {
	if s.write == nil {
		return 1
	}
	return 2
}

func (s *wheelSink) send(c *chunk) {
	s.hash <- c
	if s.write != nil {
		s.write <- c
	}
}

func (s *wheelSink) close() {
	close(s.hash)
	if s.write != nil {
		close(s.write)
	}
}
