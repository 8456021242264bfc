package wheelhouse

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// packChunk holds four full blocks.
const packChunk = 4 * (blockHeader + blockMax)

// writeError is an error of the tarball's writer, not of a wheel.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// packTo writes the tarball of the sources, which are sorted, to w. This
// goroutine reads the wheels into framed chunks; three others hash the wheels,
// hash the tarball, and write it.
func packTo(outer context.Context, w io.Writer, sources []source) (*Inventory, error) {
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	inv := &Inventory{Format: Format, Wheels: make([]File, len(sources))}
	f := &framer{ctx: ctx, ring: newRing(packChunk, 3), out: [3]chan *chunk{queue(), queue(), queue()}}
	total := sha256.New()
	sink := &sink{w: w}

	var group sync.WaitGroup
	group.Go(func() { hashWheels(f.out[0]) })
	group.Go(func() { hashChunks(total, f.out[1]) })
	var failed error
	group.Go(func() {
		if failed = sink.writeChunks(f.out[2]); failed != nil {
			cancel()
		}
	})
	err := f.tarball(inv, sources)
	f.close()
	group.Wait()
	switch {
	case outer.Err() != nil:
		return nil, fmt.Errorf("packing wheels: %w", outer.Err())
	case failed != nil:
		return nil, &writeError{failed}
	case err != nil:
		return nil, err
	}
	if err := sink.finish(total); err != nil {
		return nil, &writeError{err}
	}
	inv.Size, inv.SHA256 = sink.written, hexSum(total)
	return inv, nil
}

// sink writes chunks and keeps the CRC-32 and the length of what they hold.
type sink struct {
	w       io.Writer
	crc     uint32
	length  uint32 // modulo 2^32, as gzip has it
	written int64
}

func (s *sink) writeChunks(chunks <-chan *chunk) error {
	for c := range chunks {
		for _, p := range c.payload {
			s.crc = crc32.Update(s.crc, crc32.IEEETable, p)
			s.length += uint32(len(p))
		}
		if err := s.write(c.bytes()); err != nil {
			return err
		}
		c.release()
	}
	return nil
}

func (s *sink) write(p []byte) error {
	n, err := s.w.Write(p)
	s.written += int64(n)
	return err
}

// finish writes the gzip trailer.
func (s *sink) finish(total hash.Hash) error {
	trailer := binary.LittleEndian.AppendUint32(nil, s.crc)
	trailer = binary.LittleEndian.AppendUint32(trailer, s.length)
	total.Write(trailer)
	return s.write(trailer)
}

// framer cuts runs into stored blocks and those into chunks.
type framer struct {
	ctx  context.Context
	ring *ring
	out  [3]chan *chunk
	cur  *chunk
}

// tarball frames all but the gzip trailer.
func (f *framer) tarball(inv *Inventory, sources []source) error {
	var err error
	if f.cur, err = f.ring.get(f.ctx); err != nil {
		return err
	}
	f.cur.n = copy(f.cur.buf, gzipHeader)
	for i, s := range sources {
		inv.Wheels[i] = s.File
		inv.Members = append(inv.Members, s.Name)
		if err := f.wheel(&inv.Wheels[i], s.path); err != nil {
			return err
		}
	}
	end, err := f.block(tarEnd, true)
	if err != nil {
		return err
	}
	clear(end)
	return nil
}

// wheel frames one member: its header's run and its data's.
func (f *framer) wheel(w *File, path string) error {
	header, err := tarHeader(w.Name, w.Size)
	if err != nil {
		return err
	}
	run, err := f.block(len(header), false)
	if err != nil {
		return err
	}
	copy(run, header)
	file, err := os.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	defer file.Close()
	if err := f.data(w, file, path); err != nil {
		return err
	}
	return checkEnded(file, path)
}

// data frames the bytes of one wheel and its padding.
func (f *framer) data(w *File, r io.Reader, path string) error {
	if w.Size == 0 {
		f.cur.pieces = append(f.cur.pieces, piece{wheel: w, last: true})
	}
	left := w.Size
	for run := padded(w.Size); run > 0; {
		n := min(run, blockMax)
		block, err := f.block(int(n), false)
		if err != nil {
			return err
		}
		own := block[:min(left, n)]
		if _, err := io.ReadFull(r, own); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return changed(path)
		} else if err != nil {
			return unreadable(path, err)
		}
		clear(block[len(own):])
		left, run = left-int64(len(own)), run-n
		if len(own) > 0 {
			f.cur.pieces = append(f.cur.pieces, piece{wheel: w, data: own, last: left == 0})
		}
	}
	return nil
}

// checkEnded refuses a wheel that goes on after the size that it had.
func checkEnded(r io.Reader, path string) error {
	switch n, err := r.Read(make([]byte, 1)); {
	case n > 0:
		return changed(path)
	case err != nil && err != io.EOF:
		return unreadable(path, err)
	}
	return nil
}

func changed(path string) error {
	return fault.New(fault.Refused, "wheel-changed", "wheel %s changed its size while it was packed", printable(path)).
		WithHint("wait until the wheel is written, then pack again")
}

// block starts a stored block and gives its n bytes to be filled. A block never
// lies in two chunks.
func (f *framer) block(n int, final bool) ([]byte, error) {
	if len(f.cur.buf)-f.cur.n < blockHeader+n {
		f.send()
		var err error
		if f.cur, err = f.ring.get(f.ctx); err != nil {
			return nil, err
		}
	}
	c := f.cur
	head := c.buf[c.n : c.n+blockHeader]
	head[0] = 0
	if final {
		head[0] = 1
	}
	binary.LittleEndian.PutUint16(head[1:], uint16(n))
	binary.LittleEndian.PutUint16(head[3:], ^uint16(n))
	c.n += blockHeader + n
	payload := c.buf[c.n-n : c.n]
	c.payload = append(c.payload, payload)
	return payload, nil
}

func (f *framer) send() {
	for _, out := range f.out {
		out <- f.cur
	}
	f.cur = nil
}

// close sends what is left and ends the queues.
func (f *framer) close() {
	if f.cur != nil {
		f.send()
	}
	for _, out := range f.out {
		close(out)
	}
}
