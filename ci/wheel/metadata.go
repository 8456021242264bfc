package wheel

import (
	"archive/zip"
	"errors"
	"io"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Metadata is what a wheel's METADATA says (core metadata specification).
type Metadata struct {
	// Name and Version as they are spelled, never empty.
	Name    string
	Version string
	// RequiresPython is the specifier set; empty for none.
	RequiresPython string
	// RequiresDist holds the requirements in the file's order.
	RequiresDist []string
	// ProvidesExtra holds the extras as they are spelled, in the file's order.
	ProvidesExtra []string
}

// Limits bound what is read of a wheel; zero fields mean the defaults.
type Limits struct {
	// Members is the most members a wheel may have; default 100,000. The
	// archive's directory may take 256 bytes for each, and 1 MiB beside.
	Members int
	// MetadataBytes is the most that METADATA may hold; default 8 MiB.
	MetadataBytes int64
}

func (l Limits) orDefault() Limits {
	if l.Members <= 0 {
		l.Members = 100_000
	}
	if l.MetadataBytes <= 0 {
		l.MetadataBytes = 8 << 20
	}
	return l
}

// ReadMetadata reads the METADATA of the wheel in r, size bytes long. Errors
// carry the codes "not-a-zip", "metadata-missing", "bad-metadata" and
// "too-large", and do not name the wheel: the caller knows it.
func ReadMetadata(r io.ReaderAt, size int64, limits Limits) (Metadata, error) {
	limits = limits.orDefault()
	archive, err := openZip(r, size, limits)
	if err != nil {
		return Metadata{}, err
	}
	member, err := findMetadata(archive)
	if err != nil {
		return Metadata{}, err
	}
	text, err := readMember(member, limits.MetadataBytes)
	if err != nil {
		return Metadata{}, err
	}
	return parseMetadata(text)
}

// openZip reads the archive's directory within the limits.
func openZip(r io.ReaderAt, size int64, limits Limits) (*zip.Reader, error) {
	// archive/zip reads the directory whole, however many members it has and
	// whatever number it claims, before it can be asked: so its bytes count.
	bounded := &budget{r: r, left: int64(limits.Members)*256 + 1<<20}
	archive, err := zip.NewReader(bounded, size)
	switch {
	case bounded.spent:
		return nil, fault.New(fault.Refused, "too-large", "reading the wheel's directory: larger than %d members need", limits.Members)
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return nil, fault.New(fault.Refused, "not-a-zip", "reading the wheel's directory: %w", err)
	case len(archive.File) > limits.Members:
		return nil, fault.New(fault.Refused, "too-large", "reading the wheel's directory: more than %d members", limits.Members)
	}
	bounded.lift()
	return archive, nil
}

// findMetadata gives the one member <name>-<version>.dist-info/METADATA.
func findMetadata(archive *zip.Reader) (*zip.File, error) {
	var found *zip.File
	folder := ""
	for _, member := range archive.File {
		top, rest, inside := strings.Cut(member.Name, "/")
		if !inside || !strings.HasSuffix(top, ".dist-info") {
			continue
		}
		if folder != "" && top != folder {
			return nil, fault.New(fault.Refused, "metadata-missing", "looking for METADATA: two folders, %q and %q", folder, top)
		}
		folder = top
		if rest != "METADATA" {
			continue
		}
		if found != nil {
			return nil, fault.New(fault.Refused, "metadata-missing", "looking for METADATA: %q is there twice", member.Name)
		}
		found = member
	}
	if found == nil {
		return nil, fault.New(fault.Refused, "metadata-missing", "looking for METADATA: the wheel has no .dist-info/METADATA")
	}
	return found, nil
}

// readMember reads a member of at most limit bytes, whatever size it claims.
func readMember(member *zip.File, limit int64) ([]byte, error) {
	r, err := member.Open()
	if err != nil {
		return nil, fault.New(fault.Refused, "bad-metadata", "opening %q: %w", member.Name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(data)) > limit {
		return nil, fault.New(fault.Refused, "too-large", "reading %q: larger than %d bytes", member.Name, limit)
	}
	if err != nil {
		return nil, fault.New(fault.Refused, "bad-metadata", "reading %q: %w", member.Name, err)
	}
	return data, nil
}

// budget is an io.ReaderAt that refuses to give more than left bytes.
type budget struct {
	r      io.ReaderAt
	left   int64
	spent  bool
	lifted bool
}

var errBudget = errors.New("directory too large")

// lift lets everything through from now on.
func (b *budget) lift() { b.lifted = true }

func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if b.lifted {
		return b.r.ReadAt(p, off)
	}
	if int64(len(p)) > b.left {
		b.spent = true
		return 0, errBudget
	}
	n, err := b.r.ReadAt(p, off)
	b.left -= int64(n)
	return n, err
}
