package wheel

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

const (
	soundMetadata = "Name: a\nVersion: 1\n"
	soundWheel    = "Wheel-Version: 1.0\nTag: py3-none-any\n"
)

// sound are the members of a wheel that is right, and these.
func sound(more ...member) []member {
	return append([]member{{"a-1.dist-info/METADATA", soundMetadata}, {"a-1.dist-info/WHEEL", soundWheel}}, more...)
}

func codes(errs []error) string {
	var all []string
	for _, err := range errs {
		all = append(all, fault.Code(err))
	}
	return strings.Join(all, " ")
}

func inspect(data []byte, limits Limits) Contents {
	return Inspect(bytes.NewReader(data), int64(len(data)), limits)
}

// Whatever is wrong with a wheel is told, not the first of it alone.
func TestInspectTroubles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		members []member
		limits  Limits
		codes   string
		says    string // of the first
	}{
		"nothing":            {members: sound()},
		"folders":            {members: sound(member{"a/", ""}, member{"a/b/", ""})},
		"dots in names":      {members: sound(member{"a/..b", ""}, member{"a/b..", ""}, member{"a/.../x", ""})},
		"no WHEEL":           {members: sound()[:1], codes: "wheel-missing"},
		"WHEEL twice":        {members: sound(sound()[1]), codes: "wheel-missing", says: "twice"},
		"several":            {members: []member{{"../x", ""}}, codes: "unsafe-member metadata-missing"},
		"dots":               {members: sound(member{"../x", ""}), codes: "unsafe-member", says: "leads out"},
		"dots within":        {members: sound(member{"a/../../x", ""}), codes: "unsafe-member"},
		"dots at the end":    {members: sound(member{"a/..", ""}), codes: "unsafe-member"},
		"dots in data":       {members: sound(member{"a-1.data/scripts/../../../x", ""}), codes: "unsafe-member"},
		"absolute":           {members: sound(member{"/x", ""}), codes: "unsafe-member", says: "absolute"},
		"a share":            {members: sound(member{"//host/x", ""}), codes: "unsafe-member"},
		"a drive":            {members: sound(member{"C:x", ""}), codes: "unsafe-member", says: "drive"},
		"a drive's root":     {members: sound(member{"c:/x", ""}), codes: "unsafe-member", says: "drive"},
		"a backslash":        {members: sound(member{`a\x`, ""}), codes: "unsafe-member", says: "backslash"},
		"a zero byte":        {members: sound(member{"a\x00x", ""}), codes: "unsafe-member", says: "zero byte"},
		"no name":            {members: sound(member{"", ""}), codes: "unsafe-member", says: "empty"},
		"many":               {members: sound(member{"/x", ""}, member{"/y", ""}, member{"/z", ""}), codes: "unsafe-member", says: "2 more"},
		"members":            {members: sound(member{"x", ""}), limits: Limits{Members: 2}, codes: "zip-bomb", says: "2 members"},
		"bytes":              {members: sound(member{"x", "12345"}), limits: Limits{Bytes: 60}, codes: "zip-bomb", says: "more than 60 bytes"},
		"bytes of one":       {members: sound(member{"x", strings.Repeat("x", 61)}), limits: Limits{Bytes: 60}, codes: "zip-bomb"},
		"WHEEL's bytes":      {members: []member{sound()[0], {"a-1.dist-info/WHEEL", soundWheel + strings.Repeat("x", 60)}}, limits: Limits{MetadataBytes: 60}, codes: "zip-bomb", says: "WHEEL"},
		"no version":         {members: []member{sound()[0], {"a-1.dist-info/WHEEL", "Tag: py3-none-any\n"}}, codes: "bad-wheel", says: "no Wheel-Version"},
		"no number":          {members: []member{sound()[0], {"a-1.dist-info/WHEEL", "Wheel-Version: one\n"}}, codes: "bad-wheel", says: "no version"},
		"a negative number":  {members: []member{sound()[0], {"a-1.dist-info/WHEEL", "Wheel-Version: -1.0\n"}}, codes: "bad-wheel"},
		"a later format":     {members: []member{sound()[0], {"a-1.dist-info/WHEEL", "Wheel-Version: 2.0\n"}}, codes: "bad-wheel", says: "do not take"},
		"a later minor one":  {members: []member{sound()[0], {"a-1.dist-info/WHEEL", "Wheel-Version: 1.9\n"}}},
		"binary WHEEL":       {members: []member{sound()[0], {"a-1.dist-info/WHEEL", "Wheel-Version: 1\x00\n"}}, codes: "bad-wheel"},
		"headers in WHEEL":   {members: []member{sound()[0], {"a-1.dist-info/WHEEL", strings.Repeat("A: b\n", maxHeaders+1)}}, codes: "zip-bomb"},
		"METADATA and WHEEL": {members: []member{{"a-1.dist-info/METADATA", ""}, {"a-1.dist-info/WHEEL", ""}}, codes: "bad-metadata bad-wheel"},
	} {
		got := inspect(archive(t, zip.Store, c.members...), c.limits)
		if codes(got.Troubles) != c.codes || c.says != "" && !strings.Contains(got.Troubles[0].Error(), c.says) {
			t.Errorf("%s: got %v, want %s %q", name, got.Troubles, c.codes, c.says)
		}
		if want := strings.Contains(c.codes, "unsafe-member") || strings.Contains(c.codes, "zip-bomb"); got.Unsafe() != want {
			t.Errorf("%s: unsafe: %t", name, got.Unsafe())
		}
	}
	if got := inspect([]byte("no zip"), Limits{}); codes(got.Troubles) != "not-a-zip" || !got.Unsafe() {
		t.Errorf("no zip: %v", got.Troubles)
	}
}

func TestInspectReadsWheel(t *testing.T) {
	t.Parallel()
	got := inspect(wheeltest.Wheel{Project: "Demo", Tag: "py2.py3-none-any"}.Bytes(), Limits{})
	if got.Troubles != nil || got.Name != "Demo" || got.Folder != "Demo-1.0.dist-info" || strings.Join(got.Tags, " ") != "py2-none-any py3-none-any" {
		t.Errorf("got %+v", got)
	}
	got = inspect(archive(t, zip.Store, sound()[0], member{"a-1.dist-info/WHEEL", "Wheel-Version: 1.0\n"}), Limits{})
	if got.Troubles != nil || got.Tags == nil || len(got.Tags) > 0 {
		t.Errorf("no tags: got %+v", got)
	}
}

// A wheel of 3 MB that unpacks to 3 GB is told by its directory, which says so;
// what of it is read is its directory, METADATA and WHEEL.
func TestInspectBomb(t *testing.T) {
	t.Parallel()
	data := bomb3GB(t)
	counter := &counting{r: bytes.NewReader(data)}
	got := Inspect(counter, int64(len(data)), Limits{})
	if codes(got.Troubles) != "zip-bomb" || !strings.Contains(got.Troubles[0].Error(), "for one") {
		t.Errorf("got %v", got.Troubles)
	}
	if counter.n > 1<<20 {
		t.Errorf("%d bytes of %d were read", counter.n, len(data))
	}
	if got := inspect(data, Limits{Ratio: 2000}); got.Troubles != nil {
		t.Errorf("within a higher limit: %v", got.Troubles)
	}
	if _, err := NewVerifier(Limits{}).Verify(t.Context(), bytes.NewReader(data), int64(len(data)), true); fault.Code(err) != "zip-bomb" {
		t.Errorf("Verify gives %v", err)
	}
}

// bomb3GB gives a wheel of 3 MB with a member of 3 GB: one deflated block of zeros,
// again and again.
func bomb3GB(t testing.TB) []byte {
	t.Helper()
	const piece, pieces = 1 << 20, 3 << 10
	var once bytes.Buffer
	w, err := flate.NewWriter(&once, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, piece))
	w.Flush() // the stream may go on
	raw := bytes.Repeat(once.Bytes(), pieces)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, m := range sound() {
		dst, err := z.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(dst, m.content)
	}
	dst, err := z.CreateRaw(&zip.FileHeader{
		Name: "a/zeros", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(nil),
		CompressedSize64: uint64(len(raw)), UncompressedSize64: piece * pieces,
	})
	if err != nil {
		t.Fatal(err)
	}
	dst.Write(raw)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// METADATA of 100 MB is not read to its end, whatever size it claims.
func TestInspectLargeMetadata(t *testing.T) {
	t.Parallel()
	data := archive(t, zip.Deflate, sound()[1], member{"a-1.dist-info/METADATA", soundMetadata + strings.Repeat("x", 100<<20)})
	if got := inspect(data, Limits{Ratio: 2000}); codes(got.Troubles) != "zip-bomb" || !strings.Contains(got.Troubles[0].Error(), "METADATA") {
		t.Errorf("got %v", got.Troubles)
	}
	claimed := bytes.Clone(data)
	at := bytes.LastIndex(claimed, []byte("a-1.dist-info/METADATA")) - 46 + 24 // the size in the directory
	binary.LittleEndian.PutUint32(claimed[at:], 30)
	if got := inspect(claimed, Limits{}); codes(got.Troubles) != "bad-metadata" && codes(got.Troubles) != "zip-bomb" {
		t.Errorf("got %v", got.Troubles)
	}
}

// Members that need a password cannot be read by an installer.
func TestInspectEncrypted(t *testing.T) {
	t.Parallel()
	data := archive(t, zip.Store, sound()...)
	at := bytes.LastIndex(data, []byte("a-1.dist-info/WHEEL")) - 46 + 8 // its flags in the directory
	data[at] |= encrypted
	if got := inspect(data, Limits{}); codes(got.Troubles) != "bad-wheel" || !strings.Contains(got.Troubles[0].Error(), "encrypted") {
		t.Errorf("got %v", got.Troubles)
	}
}
