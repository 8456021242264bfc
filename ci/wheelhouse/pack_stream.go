package wheelhouse

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"sync"
)

// packChunk holds four full blocks.
const packChunk = 4 * (blockHeader + blockMax)

// writeError is an error of the tarball's writer, not of a wheel.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// packTo writes the tarball of the sources, which are sorted, to w. This
// goroutine reads the wheels into framed chunks; others hash the wheels where
// each is told to, hash the tarball where total is not nil, and write it.
func packTo(outer context.Context, w io.Writer, sources []source, each bool, total hash.Hash) (*Inventory, error) {
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	inv := &Inventory{Format: Format, Wheels: make([]File, len(sources))}
	check, write, sum := queue(), queue(), queue()
	f := &framer{ctx: ctx, out: []chan *chunk{write}}
	if each {
		f.out = append(f.out, check)
	}
	if total != nil {
		f.out = append(f.out, sum)
	}
	f.ring = newRing(packChunk, len(f.out))
	sink := &sink{w: w, total: total}

	var group sync.WaitGroup
	var differs, failed error
	if each {
		group.Go(func() {
			if differs = compareWheels(check, sources); differs != nil {
				cancel()
			}
		})
	}
	group.Go(func() {
		if failed = sink.writeChunks(write); failed != nil {
			cancel()
		}
	})
	if total != nil {
		group.Go(func() { hashChunks(total, sum) })
	}
	err := f.tarball(inv, sources)
	f.close()
	group.Wait()
	switch {
	case outer.Err() != nil:
		return nil, fmt.Errorf("packing wheels: %w", outer.Err())
	case failed != nil:
		return nil, &writeError{failed}
	case differs != nil:
		return nil, differs
	case err != nil:
		return nil, err
	}
	if err := sink.finish(); err != nil {
		return nil, &writeError{err}
	}
	inv.Size = sink.written
	return inv, nil
}

// compareWheels sets the SHA256 of each wheel whose pieces come by, and ends at
// the first that is not the one that its source wants.
func compareWheels(chunks <-chan *chunk, sources []source) error {
	h := sha256.New()
	next := 0
	for c := range chunks {
		for _, p := range c.pieces {
			h.Write(p.data)
			if !p.last {
				continue
			}
			p.wheel.SHA256 = hexSum(h)
			h.Reset()
			if s := sources[next]; s.SHA256 != "" && s.SHA256 != p.wheel.SHA256 {
				return s.differs("its sha256 is " + p.wheel.SHA256)
			}
			next++
		}
		c.release()
	}
	return nil
}

// sink writes chunks and keeps the CRC-32 and the length of what they hold.
type sink struct {
	w       io.Writer
	total   hash.Hash // of the tarball; nil: nobody wants it
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
func (s *sink) finish() error {
	trailer := binary.LittleEndian.AppendUint32(nil, s.crc)
	trailer = binary.LittleEndian.AppendUint32(trailer, s.length)
	if s.total != nil {
		s.total.Write(trailer)
	}
	return s.write(trailer)
}

// framer cuts runs into stored blocks and those into chunks.
type framer struct {
	ctx  context.Context
	ring *ring
	out  []chan *chunk
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
		if err := f.wheel(&inv.Wheels[i], s); err != nil {
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
func (f *framer) wheel(w *File, s source) error {
	header, err := tarHeader(w.Name, w.Size)
	if err != nil {
		return err
	}
	run, err := f.block(len(header), false)
	if err != nil {
		return err
	}
	copy(run, header)
	file, err := s.open(f.ctx)
	if err != nil {
		return unreadable(s.where, err)
	}
	defer file.Close()
	if err := f.data(w, file, s); err != nil {
		return err
	}
	return s.checkEnded(file)
}

// data frames the bytes of one wheel and its padding.
func (f *framer) data(w *File, r io.Reader, s source) error {
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
		if _, err := io.ReadFull(r, own); err == io.EOF || err == io.ErrUnexpectedEOF {
			return s.differs("it ends early")
		} else if err != nil {
			return unreadable(s.where, err)
		}
		clear(block[len(own):])
		left, run = left-int64(len(own)), run-n
		if len(own) > 0 {
			f.cur.pieces = append(f.cur.pieces, piece{wheel: w, data: own, last: left == 0})
		}
	}
	return nil
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
