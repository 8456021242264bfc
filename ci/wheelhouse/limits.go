package wheelhouse

// Limits bound what is read; zero fields mean the defaults, which the
// settings limits.* repeat.
type Limits struct {
	// Members: the most members, folders included; default 10,000.
	Members int
	// MemberBytes: the largest member; default 4 GiB.
	MemberBytes int64
	// TotalBytes: all that the gzip stream may hold; default 32 GiB.
	TotalBytes int64
	// Ratio: most inflated bytes for one compressed, once 64 MiB were
	// inflated; default 100.
	Ratio int
}

// The defaults of Limits, and bounds that no real tarball comes near and that
// are no settings therefore.
const (
	defaultMembers     = 10_000
	defaultMemberBytes = 4 << 30
	defaultTotalBytes  = 32 << 30
	defaultRatio       = 100

	// ratioFrom is how much is inflated before Limits.Ratio counts: a small
	// stream of zeros harms nobody.
	ratioFrom = 64 << 20
	// maxPathBytes is the longest member name that is read.
	maxPathBytes = 1024
	// maxHeaderBytes is the most that one member's headers may take.
	maxHeaderBytes = 64 << 10
)

func (l Limits) withDefaults() Limits {
	if l.Members == 0 {
		l.Members = defaultMembers
	}
	if l.MemberBytes == 0 {
		l.MemberBytes = defaultMemberBytes
	}
	if l.TotalBytes == 0 {
		l.TotalBytes = defaultTotalBytes
	}
	if l.Ratio == 0 {
		l.Ratio = defaultRatio
	}
	return l
}
