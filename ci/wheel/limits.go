package wheel

import (
	"archive/zip"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Limits bound what is read of a wheel and what it may unpack to; zero fields
// mean the defaults, which the settings limits.wheel-* repeat.
type Limits struct {
	// Members is the most members a wheel may have; default 100,000. The
	// archive's directory may take 256 bytes for each, and 1 MiB beside, and
	// so may RECORD.
	Members int
	// Bytes is the most that all members may unpack to; default 16 GiB.
	Bytes int64
	// Ratio is the most bytes that the members may unpack to for each byte of
	// the wheel, once they are more than 64 MiB; default 100.
	Ratio int
	// MetadataBytes is the most that METADATA may hold, and WHEEL; default
	// 8 MiB.
	MetadataBytes int64
}

// ratioFrom is how much a wheel unpacks to before Limits.Ratio counts: a small
// file of zeros harms nobody.
const ratioFrom = 64 << 20

func (l Limits) orDefault() Limits {
	if l.Members <= 0 {
		l.Members = 100_000
	}
	if l.Bytes <= 0 {
		l.Bytes = 16 << 30
	}
	if l.Ratio <= 0 {
		l.Ratio = 100
	}
	if l.MetadataBytes <= 0 {
		l.MetadataBytes = 8 << 20
	}
	return l
}

// listBytes is the most that a list of all members may take: the archive's
// directory, RECORD.
func (l Limits) listBytes() int64 { return int64(l.Members)*256 + 1<<20 }

// unpacks holds what the members claim to unpack to against the limits. That
// no member gives more than it claims is seen where it is read.
func (l Limits) unpacks(members []*zip.File, size int64) error {
	var total uint64
	for _, m := range members {
		if m.UncompressedSize64 > uint64(l.Bytes) || total+m.UncompressedSize64 > uint64(l.Bytes) {
			return bomb("wheel-bytes", "looking at its members: they unpack to more than %d bytes", l.Bytes)
		}
		total += m.UncompressedSize64
	}
	if total > ratioFrom && total/uint64(l.Ratio) > uint64(size) {
		return bomb("wheel-ratio", "looking at its members: its %d bytes unpack to %d, over %d for one", size, total, l.Ratio)
	}
	return nil
}

// bomb is the error for a limit that is passed; setting is its name in the
// settings, after "limits.".
func bomb(setting, format string, args ...any) error {
	return fault.New(fault.Refused, "zip-bomb", format, args...).
		WithHint("raise limits.%s if the wheel is to be trusted", setting)
}
