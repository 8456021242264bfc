package rebuild

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/wheelhouse-ci/wheelhouse/ci/deflate"
)

// Bounds on a frame.
const (
	// MaxFrame is the most bytes that a frame may have. Forty wheels take
	// about 2 KB.
	MaxFrame = 1 << 20
	// maxInflated is the most that a frame may inflate to.
	maxInflated = 4 << 20
	// maxWheels is the most wheels of a frame; the reading of tarballs bounds
	// their members likewise.
	maxWheels = 10_000
	// maxWheelBytes is the most bytes of one wheel.
	maxWheelBytes = 1 << 40
)

const (
	// frameMagic begins a frame; the digit is its version.
	frameMagic = "whframe1"
	// trailerSize is that of gzip's trailer: CRC-32 and length.
	trailerSize = 8
	sumSize     = 32
)

// frame is all of a compressed tarball that is no wheel's.
type frame struct {
	encoder deflate.Encoder
	// header and trailer are gzip's, as they are in the file (RFC 1952).
	header, trailer []byte
	// wheels are the tar's, in its order; end is what follows the last.
	wheels []framedWheel
	end    []byte
}

// framedWheel is a wheel in the tar, and what lies before its bytes.
type framedWheel struct {
	before []byte
	sha256 string
	size   int64
}

// encode gives the frame's bytes, always the same for the same frame: the
// magic, then a DEFLATE stream made by zlib's choices at level 9.
func (f *frame) encode() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(frameMagic)
	packed, err := deflate.NewWriter(&out, deflate.Zlib, deflate.MaxLevel)
	if err != nil {
		return nil, err
	}
	text := binary.AppendUvarint(nil, uint64(len(f.encoder.String())))
	text = append(text, f.encoder.String()...)
	text = appendRun(text, f.header)
	text = binary.AppendUvarint(text, uint64(len(f.wheels)))
	for _, w := range f.wheels {
		sum, err := hex.DecodeString(w.sha256)
		if err != nil || len(sum) != sumSize {
			return nil, fmt.Errorf("%q is no sha256", w.sha256)
		}
		text = appendRun(text, w.before)
		text = append(text, sum...)
		text = binary.AppendUvarint(text, uint64(w.size))
	}
	text = appendRun(text, f.end)
	text = append(text, f.trailer...)
	if _, err := packed.Write(text); err != nil {
		return nil, err
	}
	if err := packed.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// appendRun appends bytes after their number.
func appendRun(text, run []byte) []byte {
	return append(binary.AppendUvarint(text, uint64(len(run))), run...)
}

// errFrame is for whatever is no frame.
var errFrame = errors.New("its frame is not valid")

// parseFrame reads a frame, which may be anything: no more than maxInflated
// bytes are kept of it.
func parseFrame(data []byte) (*frame, error) {
	if len(data) > MaxFrame {
		return nil, fmt.Errorf("its frame has more than %d bytes", MaxFrame)
	}
	packed, ok := bytes.CutPrefix(data, []byte(frameMagic))
	if !ok {
		return nil, fmt.Errorf("%w: it does not begin with %s", errFrame, frameMagic)
	}
	in := bytes.NewReader(packed) // a ByteReader: nothing is read ahead
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(in), maxInflated+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: it does not inflate", errFrame)
	case len(text) > maxInflated:
		return nil, fmt.Errorf("its frame inflates to more than %d bytes", maxInflated)
	case in.Len() > 0:
		return nil, fmt.Errorf("%w: something follows its end", errFrame)
	}
	return (&frameReader{rest: text}).frame()
}

// frameReader takes a frame's inflated text apart. After its first error it
// gives nothing.
type frameReader struct {
	rest []byte
	err  error
}

// frame reads all of it.
func (r *frameReader) frame() (*frame, error) {
	f := &frame{}
	name := string(r.run())
	f.header = r.run()
	if n := r.number(maxWheels); r.err == nil {
		f.wheels = make([]framedWheel, n)
	}
	for i := range f.wheels {
		f.wheels[i] = framedWheel{
			before: r.run(),
			sha256: hex.EncodeToString(r.bytes(sumSize)),
			size:   int64(r.number(maxWheelBytes)),
		}
	}
	f.end = r.run()
	f.trailer = r.bytes(trailerSize)
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%w: something follows its end", errFrame)
	}
	if r.err != nil {
		return nil, r.err
	}
	var err error
	if f.encoder, err = deflate.Parse(name); err != nil {
		return nil, err
	}
	return f, nil
}

// number reads a number up to most, in the one shortest way.
func (r *frameReader) number(most uint64) uint64 {
	if r.err != nil {
		return 0
	}
	value, n := binary.Uvarint(r.rest)
	if n <= 0 || value > most || n > 1 && r.rest[n-1] == 0 {
		r.err = fmt.Errorf("%w: a number is cut short, too large or not in its shortest form", errFrame)
		return 0
	}
	r.rest = r.rest[n:]
	return value
}

// bytes reads n bytes.
func (r *frameReader) bytes(n int) []byte {
	if r.err == nil && n > len(r.rest) {
		r.err = fmt.Errorf("%w: it is cut short", errFrame)
	}
	if r.err != nil {
		return nil
	}
	p := r.rest[:n:n]
	r.rest = r.rest[n:]
	return p
}

// run reads bytes after their number.
func (r *frameReader) run() []byte { return r.bytes(int(r.number(maxInflated))) }
