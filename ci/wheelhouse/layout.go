package wheelhouse

import (
	"archive/tar"
	"bytes"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// The gzip and tar framing of our tarballs.
const (
	gzipHeader  = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
	trailerSize = 8 // CRC-32 and length

	blockMax    = 65_535 // the most that a stored block holds
	blockHeader = 5

	tarBlock  = 512
	paxHeader = 3 * tarBlock // PAX header, its records, the member's header
	tarEnd    = 2 * tarBlock // the zeros that end the tar
)

// Span is where a wheel's bytes lie in a tarball of ours: in pieces of at most
// 65,535 bytes, each after a 5-byte block header.
type Span struct {
	Name string
	// Offset of the member's first run (its tar header's block) and Size of
	// all its runs in the tarball.
	Offset, Size int64
	// Data is the offset of the first block of the wheel's own bytes.
	Data int64
}

// Layout gives where each wheel lies in the tarball that Pack makes of wheels
// with these names and sizes, and that tarball's size. Only Name and Size of
// each file are looked at, and no byte is read. The spans are in the tarball's
// order, sorted by name, whatever the order of wheels. Codes: unsafe-member,
// not-a-wheel, duplicate-member, no-wheels.
func Layout(wheels []File) (spans []Span, size int64, err error) {
	if len(wheels) == 0 {
		return nil, 0, fault.New(fault.Refused, "no-wheels", "there are no wheels to lay out")
	}
	sorted := slices.Clone(wheels)
	slices.SortFunc(sorted, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	seen := names{}
	spans = make([]Span, 0, len(sorted))
	size = int64(len(gzipHeader))
	for _, w := range sorted {
		if err := checkWheelName(w.Name); err != nil {
			return nil, 0, err
		}
		if err := checkDistinct(seen, w.Name); err != nil {
			return nil, 0, err
		}
		if w.Size < 0 {
			return nil, 0, fault.New(fault.Refused, "unsafe-member", "wheel %q has the size %d", w.Name, w.Size)
		}
		header, err := tarHeader(w.Name, w.Size)
		if err != nil {
			return nil, 0, err
		}
		data := size + framed(int64(len(header)))
		end := data + framed(padded(w.Size))
		spans = append(spans, Span{Name: w.Name, Offset: size, Size: end - size, Data: data})
		size = end
	}
	return spans, size + framed(tarEnd) + trailerSize, nil
}

// padded gives the size of a member's data with its padding.
func padded(size int64) int64 { return (size + tarBlock - 1) / tarBlock * tarBlock }

// framed gives the size of a run of n bytes with its block headers.
func framed(n int64) int64 { return n + blockHeader*((n+blockMax-1)/blockMax) }

// epoch is the time of every member.
func epoch() time.Time { return time.Unix(315_532_800, 0) } // 1980-01-01 00:00 UTC

// tarHeader gives the header run of a wheel.
func tarHeader(name string, size int64) ([]byte, error) {
	var b bytes.Buffer
	err := tar.NewWriter(&b).WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg,
		Name:     name,
		Mode:     0o644,
		Size:     size,
		ModTime:  epoch(),
	})
	if err != nil {
		return nil, fault.New(fault.Refused, "unsafe-member", "wheel %q fits no tar header: %w", name, err)
	}
	return b.Bytes(), nil
}

// MayBeOurs tells whether a tarball that begins so may be one that Pack made:
// in any other one Read finds another Format. Of the beginning 11 bytes are
// enough.
func MayBeOurs(beginning []byte) bool {
	n := len(gzipHeader)
	return len(beginning) > n && string(beginning[:n]) == gzipHeader && beginning[n] == 0
}

// Section gives the bytes of one wheel inside a tarball of ours, unframed: a
// reader of size bytes, the wheel's own size. It trusts the span: whoever needs
// to know that the bytes are the wheel's hashes them.
func Section(tarball io.ReaderAt, span Span, size int64) io.ReaderAt {
	return &section{tarball: tarball, data: span.Data, size: size}
}

type section struct {
	tarball    io.ReaderAt
	data, size int64
}

// ReadAt implements io.ReaderAt.
func (s *section) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fault.New(fault.Refused, "unsafe-member", "reading a wheel at offset %d", off)
	}
	for n < len(p) {
		if off >= s.size {
			return n, io.EOF
		}
		block, in := off/blockMax, off%blockMax
		want := min(int64(len(p)-n), blockMax-in, s.size-off)
		at := s.data + block*(blockHeader+blockMax) + blockHeader + in
		got, err := s.tarball.ReadAt(p[n:n+int(want)], at)
		n, off = n+got, off+int64(got)
		if int64(got) < want {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}
	}
	return n, nil
}
