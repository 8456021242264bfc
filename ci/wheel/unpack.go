package wheel

import (
	"archive/zip"
	"context"
	"errors"
	"hash"
	"hash/crc32"
	"io"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/inflate"
)

// scratch is what one goroutine needs to unpack members, one after another.
// The zero value is ready.
type scratch struct {
	in, out []byte
	decoder *inflate.Decoder
}

const (
	inBytes  = 64 << 10
	outBytes = 64 << 10
)

var (
	errLonger   = errors.New("it is longer than the archive's directory says")
	errShorter  = errors.New("it is shorter than the archive's directory says")
	errChecksum = errors.New("its checksum is not the one of the archive's directory")
)

// unpack feeds a member's contents to sum, and holds them against the size and
// the checksum in the archive's directory.
func (s *scratch) unpack(ctx context.Context, sum hash.Hash, m *zip.File) error {
	if s.in == nil {
		s.in, s.out = make([]byte, inBytes), make([]byte, inflate.MinBuffer+outBytes)
	}
	c := &content{ctx: ctx, sum: sum, left: m.UncompressedSize64}
	var err error
	switch m.Method {
	case zip.Store:
		var r io.Reader
		if r, err = m.OpenRaw(); err == nil {
			err = c.copy(r, s.in)
		}
	case zip.Deflate:
		err = s.inflate(m, c)
	default:
		var r io.ReadCloser
		if r, err = m.Open(); err == nil {
			err = c.copy(r, s.in)
			r.Close()
		}
	}
	switch {
	case err != nil:
		return err
	case c.left > 0:
		return errShorter
	case c.crc != m.CRC32:
		return errChecksum
	}
	return nil
}

// inflate unpacks a deflated member in half of the time that archive/zip takes.
func (s *scratch) inflate(m *zip.File, c *content) error {
	raw, err := m.OpenRaw()
	if err != nil {
		return err
	}
	next := func() ([]byte, error) {
		for {
			n, err := raw.Read(s.in)
			if n > 0 {
				return s.in[:n], nil
			}
			if err != nil {
				return nil, err
			}
		}
	}
	if s.decoder == nil {
		s.decoder = inflate.New(next, nil)
	} else {
		s.decoder.Restart(next)
	}
	for {
		end, err := s.decoder.Decode(s.out)
		if end > inflate.Window {
			if e := c.add(s.out[inflate.Window:end]); e != nil {
				return e
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// content takes what a member holds.
type content struct {
	ctx  context.Context
	sum  hash.Hash
	crc  uint32
	left uint64 // bytes still to come
}

// add takes the next bytes; an error ends the member.
func (c *content) add(p []byte) error {
	if uint64(len(p)) > c.left {
		return errLonger
	}
	c.left -= uint64(len(p))
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p)
	c.sum.Write(p) // never fails
	return c.ctx.Err()
}

// copy takes all of r, by way of buffer.
func (c *content) copy(r io.Reader, buffer []byte) error {
	for {
		n, err := r.Read(buffer)
		if e := c.add(buffer[:n]); e != nil {
			return e
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
