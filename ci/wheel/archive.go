package wheel

import (
	"archive/zip"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// bzipped is the method of members that are compressed with bzip2, which
// Python's zipfile reads and archive/zip does not know by itself.
const bzipped = 12

// openZip reads the archive's directory within the limits.
func openZip(r io.ReaderAt, size int64, limits Limits) (*zip.Reader, error) {
	// archive/zip reads the directory whole, however many members it has and
	// whatever number it claims, before it can be asked: so its bytes count.
	bounded := &budget{r: r, left: limits.listBytes()}
	archive, err := zip.NewReader(bounded, size)
	switch {
	case bounded.spent:
		return nil, bomb("wheel-members", "reading the wheel's directory: larger than %d members need", limits.Members)
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return nil, fault.New(fault.Refused, "not-a-zip", "reading the wheel's directory: %w", err).
			WithHint("the file is damaged or cut short; get it again")
	case len(archive.File) > limits.Members:
		return nil, bomb("wheel-members", "reading the wheel's directory: more than %d members", limits.Members)
	}
	bounded.lift()
	archive.RegisterDecompressor(bzipped, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	return archive, nil
}

// distInfo gives the name of the one folder "<name>-<version>.dist-info".
func distInfo(archive *zip.Reader) (string, error) {
	folder := ""
	for _, member := range archive.File {
		top, _, inside := strings.Cut(member.Name, "/")
		if !inside || !strings.HasSuffix(top, ".dist-info") || top == folder {
			continue
		}
		if folder != "" {
			return "", fault.New(fault.Refused, "metadata-missing", "looking for METADATA: two folders, %q and %q", folder, top)
		}
		folder = top
	}
	if folder == "" {
		return "", fault.New(fault.Refused, "metadata-missing", "looking for METADATA: the wheel has no .dist-info/METADATA")
	}
	return folder, nil
}

// find gives the one member of that name. The error has the code; a name that
// is there twice is told apart, since readers differ on which they take.
func find(archive *zip.Reader, name, code string) (*zip.File, error) {
	var found *zip.File
	for _, member := range archive.File {
		if member.Name != name {
			continue
		}
		if found != nil {
			return nil, fault.New(fault.Refused, code, "looking for %q: it is there twice", name)
		}
		found = member
	}
	if found == nil {
		return nil, fault.New(fault.Refused, code, "looking for %q: the wheel has none", name)
	}
	return found, nil
}

// readMember reads a member of at most limit bytes, whatever size it claims.
// What cannot be read has the code; setting names the limit.
func readMember(member *zip.File, limit int64, setting, code string) ([]byte, error) {
	if member.Flags&encrypted != 0 {
		return nil, fault.New(fault.Refused, code, "opening %q: it is encrypted", member.Name)
	}
	r, err := member.Open()
	if err != nil {
		return nil, fault.New(fault.Refused, code, "opening %q: %w", member.Name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(data)) > limit {
		return nil, bomb(setting, "reading %q: larger than %d bytes", member.Name, limit)
	}
	if err != nil {
		return nil, fault.New(fault.Refused, code, "reading %q: %w", member.Name, err)
	}
	return data, nil
}

// encrypted is the flag of a member that needs a password.
const encrypted = 1

// unsafeMembers reports members that an installer would lay outside of the
// folder it installs to, here or on another system.
func unsafeMembers(members []*zip.File) error {
	first, more := "", 0
	for _, m := range members {
		reason := nameTrouble(m.Name)
		switch {
		case reason == "":
		case first == "":
			first = fmt.Sprintf("the name of member %q %s", m.Name, reason)
		default:
			more++
		}
	}
	if first == "" {
		return nil
	}
	if more > 0 {
		first += fmt.Sprintf("; %d more are unsafe", more)
	}
	return fault.New(fault.Refused, "unsafe-member", "looking at its members: %s", first).
		WithHint("do not install this wheel; get it from where you trust it")
}

// nameTrouble says what is unsafe about a member's name; "" for nothing.
func nameTrouble(name string) string {
	switch {
	case name == "":
		return "is empty"
	case strings.Contains(name, "\x00"):
		return "holds a zero byte, at which some readers end it"
	case strings.Contains(name, `\`):
		return "holds a backslash, which parts folders on Windows"
	case name[0] == '/':
		return "is absolute"
	case len(name) > 1 && name[1] == ':' && isLetter(name[0]):
		return "names a drive"
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "leads out of the folder"
		}
	}
	return ""
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// isFolder tells whether a member is a folder's entry, which is no file.
func isFolder(member *zip.File) bool { return strings.HasSuffix(member.Name, "/") }

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
