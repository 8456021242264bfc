package ziprange

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// The errors, found by errors.Is; those of the reader come as they are.
var (
	// ErrNotZip is for what does not end as a zip.
	ErrNotZip = errors.New("it is no zip")
	// ErrTooLarge is for a directory over the limits.
	ErrTooLarge = errors.New("its list of members is too long")
	// ErrDamaged is for a zip that contradicts itself.
	ErrDamaged = errors.New("its list of members is damaged")
)

// The methods of compression that are known here.
const (
	Store   = 0
	Deflate = 8
)

// Member is one member as the directory tells of it.
type Member struct {
	Name   string
	Method uint16
	// Encrypted tells that the member needs a password.
	Encrypted bool
	// Header is the offset of the member's own header, before its data.
	Header int64
	// Packed is the size of its data in the zip, Size that of what comes out.
	Packed, Size int64
	// Extent is how far it is from Header to the next member's or to the
	// directory: all that is the member's lies in it.
	Extent int64
}

// Limits bound a directory; zero fields mean the defaults.
type Limits struct {
	// Members: the most members; default 10,000.
	Members int
	// Bytes: the longest directory; default 256 KiB and 512 for each of
	// Members.
	Bytes int64
}

const (
	defaultMembers = 10_000
	bytesBase      = 256 << 10
	bytesMember    = 512
)

func (l Limits) withDefaults() Limits {
	if l.Members == 0 {
		l.Members = defaultMembers
	}
	if l.Bytes == 0 {
		l.Bytes = bytesBase + bytesMember*int64(l.Members)
	}
	return l
}

// The records of a zip, by their signatures and the sizes of their fixed parts.
const (
	headerSign, headerSize       = 0x04034b50, 30
	entrySign, entrySize         = 0x02014b50, 46
	endSign, endSize             = 0x06054b50, 22
	end64Sign, end64Size         = 0x06064b50, 56
	locatorSign, locatorSize     = 0x07064b50, 20
	flagEncrypted                = 1 | 1<<6 | 1<<13 // at all, strongly, its header too
	flagDescribed                = 1 << 3
	extra64                      = 1
	max16                    int = 1<<16 - 1
	max32                        = 1<<32 - 1
)

// Read gives the members of a zip of size bytes, in the directory's order. It
// reads the last bytes first (22, then up to 64 KiB where a comment ends the
// zip), then the directory in one piece.
func Read(r io.ReaderAt, size int64, l Limits) ([]Member, error) {
	l = l.withDefaults()
	end, err := findEnd(r, size)
	if err != nil {
		return nil, err
	}
	switch {
	case end.members > uint64(l.Members):
		return nil, fmt.Errorf("%w: %d members, over %d", ErrTooLarge, end.members, l.Members)
	case end.length > uint64(l.Bytes):
		return nil, fmt.Errorf("%w: %d bytes, over %d", ErrTooLarge, end.length, l.Bytes)
	case end.start > uint64(end.at) || end.length != uint64(end.at)-end.start:
		return nil, fmt.Errorf("%w: it does not lie right before its end", ErrDamaged)
	}
	directory := make([]byte, end.length)
	if err := readFull(r, directory, int64(end.start)); err != nil {
		return nil, err
	}
	members := make([]Member, 0, min(end.members, end.length/entrySize))
	for len(directory) > 0 {
		m, rest, err := entry(directory)
		if err != nil {
			return nil, err
		}
		members, directory = append(members, m), rest
	}
	if uint64(len(members)) != end.members {
		return nil, fmt.Errorf("%w: it has %d members and says %d", ErrDamaged, len(members), end.members)
	}
	return members, lay(members, int64(end.start))
}

// lay checks that the members lie one behind another and gives each its extent.
func lay(members []Member, start int64) error {
	order := make([]*Member, len(members))
	for i := range members {
		order[i] = &members[i]
	}
	slices.SortStableFunc(order, func(a, b *Member) int { return cmp.Compare(a.Header, b.Header) })
	for i, m := range order {
		next := start
		if i+1 < len(order) {
			next = order[i+1].Header
		}
		m.Extent = next - m.Header
		if own := int64(headerSize + len(m.Name)); m.Extent-own < m.Packed {
			return fmt.Errorf("%w: member %.200q reaches into what lies behind it", ErrDamaged, m.Name)
		}
	}
	return nil
}

// Locate reads the member's own header and gives the offset of its data.
func (m Member) Locate(r io.ReaderAt) (int64, error) {
	header := make([]byte, headerSize+len(m.Name))
	if err := readFull(r, header, m.Header); err != nil {
		return 0, err
	}
	le := binary.LittleEndian
	flags, name, extra := le.Uint16(header[6:]), int64(le.Uint16(header[26:])), int64(le.Uint16(header[28:]))
	packed := int64(le.Uint32(header[18:]))
	switch {
	case le.Uint32(header) != headerSign, name != int64(len(m.Name)), string(header[headerSize:]) != m.Name,
		le.Uint16(header[8:]) != m.Method, flags&flagEncrypted != 0 != m.Encrypted,
		flags&flagDescribed == 0 && packed != max32 && packed != m.Packed:
		return 0, fmt.Errorf("%w: the header of member %.200q says something else", ErrDamaged, m.Name)
	case headerSize+name+extra > m.Extent-m.Packed:
		return 0, fmt.Errorf("%w: member %.200q reaches into what lies behind it", ErrDamaged, m.Name)
	}
	return m.Header + headerSize + name + extra, nil
}

// readFull fills p from offset on.
func readFull(r io.ReaderAt, p []byte, offset int64) error {
	n, err := r.ReadAt(p, offset)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends early", ErrDamaged)
	}
	return err
}
