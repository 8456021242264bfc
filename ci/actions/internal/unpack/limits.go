package unpack

// Limits bound what is unpacked; zero fields mean the defaults.
type Limits struct {
	// Members: the most members, folders included; default 10,000.
	Members int
	// MemberBytes: the largest member unpacked; default 4 GiB.
	MemberBytes int64
	// TotalBytes: all members together; default 32 GiB.
	TotalBytes int64
	// Ratio: the most bytes unpacked for each byte of the file, once they are
	// over 64 MiB; default 100. For a zip within a zip the outer file counts.
	Ratio int
}

const (
	defaultMembers     = 10_000
	defaultMemberBytes = 4 << 30
	defaultTotalBytes  = 32 << 30
	defaultRatio       = 100

	// ratioFrom is how much is unpacked before Limits.Ratio counts: a small
	// file of zeros harms nobody.
	ratioFrom = 64 << 20
	// maxNameBytes and maxDepth are the longest and the deepest name.
	maxNameBytes = 1024
	maxDepth     = 64
	// The directory may take directoryBase bytes and memberBytes for each
	// member allowed: it is read whole before members can be counted.
	directoryBase = 256 << 10
	memberBytes   = 512
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

// total is the most that may come out of a file of size bytes.
func (l Limits) total(size int64) int64 {
	if size > (1<<62)/int64(l.Ratio) {
		return l.TotalBytes
	}
	return min(l.TotalBytes, max(size*int64(l.Ratio), ratioFrom))
}
