package wheelhouse

import (
	"archive/tar"
	"bytes"
	"path"
	"slices"
	"strconv"
	"strings"
)

// tarReader reads a tar that is handed to it in slices of whatever length, and
// takes note of where the wheels' bytes are in them. The layout of headers is
// archive/tar's business; what follows which is ours.
type tarReader struct {
	name   string // for messages
	limits Limits
	// exact: all so far is what Pack would have written.
	exact bool

	// rest is told of all that is no wheel's, as ReadOptions.Rest; may be nil.
	rest func(p []byte, next *File)

	paths, bare names
	members     []string
	wheels      []*File
	headers     int // members and global headers: what limits.members bounds

	state state
	run   []byte // the headers of one member, as far as they came
	meta  int64  // how much of run belongs to extended headers' data still
	block int    // length of the gzip block that run began with; 0: none
	left  int64  // data still to come
	pad   int64  // padding still to come
	wheel *File  // whose data is coming; nil: nobody wants it
	after int64  // bytes seen after the end
}

type state int

const (
	inHeader state = iota
	inData
	inZeros // after the first block of zeros
	inEnd   // after the second
)

// startBlock tells whether a gzip block of n bytes that starts now is one that
// Pack would have written.
func (t *tarReader) startBlock(n int, final bool) bool {
	switch {
	case t.state == inData:
		return !final && int64(n) == min(t.left+t.pad, blockMax)
	case t.state != inHeader || len(t.run) > 0:
		return false
	case final:
		return n == tarEnd
	}
	t.block = n
	return n == tarBlock || n == paxHeader
}

// feed takes the next bytes of the tar; c, which holds them, is told the
// wheels' pieces.
func (t *tarReader) feed(p []byte, c *chunk) error {
	for len(p) > 0 {
		var n int
		var err error
		switch t.state {
		case inHeader, inZeros:
			n, err = t.feedHeader(p, c)
		case inData:
			n = t.feedData(p, c)
		case inEnd:
			n, err = len(p), t.feedEnd(p)
		}
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// feedEnd takes what follows the end: GNU tar fills its last record with zeros.
func (t *tarReader) feedEnd(p []byte) error {
	t.tell(p, nil)
	t.after += int64(len(p))
	t.exact = false
	if !zeros(p) {
		return t.damaged("something follows the end of the tar")
	}
	return nil
}

func (t *tarReader) feedData(p []byte, c *chunk) int {
	if n := min(int64(len(p)), t.left); n > 0 {
		switch {
		case t.wheel == nil:
			t.tell(p[:n], nil)
		case t.left == t.wheel.Size:
			t.tell(nil, t.wheel)
		}
		t.left -= n
		if t.wheel != nil {
			c.pieces = append(c.pieces, piece{wheel: t.wheel, data: p[:n], last: t.left == 0})
		}
		t.endMember()
		return int(n)
	}
	n := min(int64(len(p)), t.pad)
	t.tell(p[:n], nil)
	t.pad -= n
	if !zeros(p[:n]) {
		t.exact = false
	}
	t.endMember()
	return int(n)
}

// tell tells of bytes that are no wheel's, or of the wheel whose bytes come.
func (t *tarReader) tell(p []byte, next *File) {
	if t.rest != nil {
		t.rest(p, next)
	}
}

func (t *tarReader) endMember() {
	if t.left == 0 && t.pad == 0 {
		t.state = inHeader
	}
}

// feedHeader collects the headers of one member: its own block and, before it,
// those of PAX and GNU with their data.
func (t *tarReader) feedHeader(p []byte, c *chunk) (int, error) {
	want := t.meta
	if want == 0 {
		want = int64(tarBlock - len(t.run)%tarBlock)
	}
	n := min(int64(len(p)), want)
	t.tell(p[:n], nil)
	t.run = append(t.run, p[:n]...)
	if t.meta > 0 {
		if t.meta -= n; t.meta > 0 || !t.globalEnded() {
			return int(n), nil
		}
		return int(n), t.endHeader(c)
	}
	if n < want {
		return int(n), nil
	}
	block := t.run[len(t.run)-tarBlock:]
	if len(t.run) == tarBlock && zeros(block) {
		t.zeroBlock()
		return int(n), nil
	}
	if t.state == inZeros {
		return 0, t.damaged("a member follows the end of the tar")
	}
	switch block[156] {
	case tar.TypeXHeader, tar.TypeXGlobalHeader, tar.TypeGNULongName, tar.TypeGNULongLink:
		return int(n), t.extended(block)
	}
	return int(n), t.endHeader(c)
}

// globalEnded tells whether run is a whole global header, which stands alone.
func (t *tarReader) globalEnded() bool { return t.run[156] == tar.TypeXGlobalHeader }

func (t *tarReader) zeroBlock() {
	t.run = t.run[:0]
	if t.state == inZeros {
		t.state = inEnd
		return
	}
	t.state = inZeros
}

// extended makes ready for the data of an extended header.
func (t *tarReader) extended(block []byte) error {
	size, err := strconv.ParseInt(strings.Trim(string(block[124:136]), " \x00"), 8, 64)
	if err != nil || size < 0 {
		return t.badHeader()
	}
	if size > maxHeaderBytes || int64(len(t.run))+padded(size) > maxHeaderBytes {
		return t.refuse("too-large", "member %d has headers of more than %d bytes", t.headers+1, maxHeaderBytes).
			WithHint("build the tarball again, with shorter names")
	}
	if block[156] == tar.TypeXGlobalHeader && len(t.run) > tarBlock {
		return t.badHeader()
	}
	t.meta = padded(size)
	return nil
}

// endHeader takes a member whose headers are complete.
func (t *tarReader) endHeader(c *chunk) error {
	run := t.run
	t.run = t.run[:0]
	if t.headers++; t.headers > t.limits.Members {
		return t.refuse("too-large", "more than %d members", t.limits.Members).
			WithHint("raise limits.members if the tarball is to be trusted")
	}
	if bytes.Contains(run, []byte("GNU.sparse.")) {
		return t.refuse("unsafe-member", "member %d is a sparse file", t.headers).WithHint(hintRemake)
	}
	h, err := tar.NewReader(bytes.NewReader(run)).Next()
	if err != nil && !(err == tar.ErrInsecurePath && h != nil) {
		return t.badHeader()
	}
	if h.Typeflag == tar.TypeXGlobalHeader {
		return t.globalHeader(h)
	}
	if err := t.checkMember(h); err != nil {
		return err
	}
	return t.startMember(h, run, c)
}

// globalHeader takes the header that git archive writes its commit into, and
// none that would change what the members after it are.
func (t *tarReader) globalHeader(h *tar.Header) error {
	t.exact = false
	for key := range h.PAXRecords {
		if key != "comment" {
			return t.refuse("unsafe-member", "a global header sets %q for all members", key).WithHint(hintRemake)
		}
	}
	return nil
}

const hintRemake = "make the tarball again from plain files and folders"

// checkMember refuses a member that is not safe, extracted or not.
func (t *tarReader) checkMember(h *tar.Header) error {
	if trouble := nameTrouble(h.Name); trouble != "" {
		return t.refuse("unsafe-member", "the name of member %q %s", shorten(h.Name), trouble).WithHint(hintRemake)
	}
	folder := h.Typeflag == tar.TypeDir
	switch {
	case !folder && h.Typeflag != tar.TypeReg:
		return t.refuse("unsafe-member", "member %q is %s", h.Name, kind(h.Typeflag)).WithHint(hintRemake)
	case folder && h.Size != 0:
		return t.refuse("unsafe-member", "member %q is a folder with data", h.Name).WithHint(hintRemake)
	case !folder && (strings.HasSuffix(h.Name, "/") || path.Clean(h.Name) == "."):
		return t.refuse("unsafe-member", "member %q is a file with a folder's name", h.Name).WithHint(hintRemake)
	case h.Size > t.limits.MemberBytes:
		return t.refuse("too-large", "member %q has %d bytes, over %d", h.Name, h.Size, t.limits.MemberBytes).
			WithHint("raise limits.member-bytes if the tarball is to be trusted")
	}
	clean := path.Clean(h.Name)
	switch earlier := t.paths.add(clean); earlier {
	case "":
		return nil
	case clean:
		return t.refuse("duplicate-member", "two members are named %q", clean).WithHint(hintRemake)
	default:
		return t.refuse("duplicate-member", "members %q and %q differ only in case", earlier, clean).WithHint(hintRemake)
	}
}

// startMember takes note of a member and makes ready for its data.
func (t *tarReader) startMember(h *tar.Header, run []byte, c *chunk) error {
	t.members = append(t.members, h.Name)
	t.wheel = nil
	bare := path.Base(h.Name)
	if h.Typeflag == tar.TypeReg && isWheel(bare) {
		if trouble := wheelNameTrouble(bare); trouble != "" {
			return t.refuse("unsafe-member", "the name of wheel %q %s", bare, trouble).WithHint(hintRemake)
		}
		if earlier := t.bare.add(bare); earlier != "" {
			return t.refuse("duplicate-member", "wheel %q lies in two folders (as %q)", bare, earlier).
				WithHint("make the tarball again with each wheel once")
		}
		t.wheel = &File{Name: bare, Path: h.Name, Size: h.Size}
	}
	t.exact = t.exact && t.isOurs(h, run)
	if t.wheel != nil {
		t.wheels = append(t.wheels, t.wheel)
		if h.Size == 0 {
			c.pieces = append(c.pieces, piece{wheel: t.wheel, last: true})
		}
	}
	t.left, t.pad = h.Size, padded(h.Size)-h.Size
	t.state = inData
	t.endMember()
	return nil
}

// isOurs tells whether the member is the one that Pack would have put here.
func (t *tarReader) isOurs(h *tar.Header, run []byte) bool {
	if t.wheel == nil || t.wheel.Path != t.wheel.Name || t.block != len(run) {
		return false
	}
	if n := len(t.wheels); n > 0 && t.wheels[n-1].Name >= t.wheel.Name {
		return false
	}
	ours, err := tarHeader(h.Name, h.Size)
	return err == nil && bytes.Equal(ours, run)
}

// finish checks that the tar was whole and held wheels.
func (t *tarReader) finish() error {
	switch {
	case t.state != inEnd && t.headers == 0:
		return t.refuse("not-tar", "it is gzip, but what is in it is no tar").WithHint(hintFetch)
	case t.state != inEnd:
		return t.truncated()
	case len(t.wheels) == 0:
		return t.noWheels()
	}
	return nil
}

// noWheels says what is in there instead. The marker file is what builds left
// that made no wheel.
func (t *tarReader) noWheels() error {
	const most = 5
	shown := make([]string, 0, most)
	for _, m := range t.members[:min(len(t.members), most)] {
		if strings.HasSuffix(m, "-marker.txt") {
			return t.refuse("no-wheels", "it holds no wheel, only the marker %q: nothing was built", shorten(m)).
				WithHint("build it again, and look into that build's log")
		}
		shown = append(shown, strconv.Quote(shorten(m)))
	}
	what := "it is an empty tar"
	if len(shown) > 0 {
		what = "it holds no wheel, only " + strings.Join(shown, ", ")
	}
	if more := len(t.members) - len(shown); more > 0 {
		what += " and " + strconv.Itoa(more) + " more"
	}
	return t.refuse("no-wheels", "%s", what).WithHint("build it again")
}

func (t *tarReader) inventory() *Inventory {
	inv := &Inventory{Members: t.members}
	if t.exact {
		inv.Format = Format
	}
	for _, w := range t.wheels {
		inv.Wheels = append(inv.Wheels, *w)
	}
	slices.SortFunc(inv.Wheels, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return inv
}
