package ziprange

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// made makes a zip from offset on, of files "name", "data"; a name that ends
// in "*" is deflated.
func made(t testing.TB, offset int64, comment string, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.SetOffset(offset)
	for i := 0; i < len(files); i += 2 {
		h := &zip.FileHeader{Name: files[i], Method: Store}
		if name, ok := strings.CutSuffix(h.Name, "*"); ok {
			h.Name, h.Method = name, Deflate
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(w, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.SetComment(comment), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sparse is data at an offset, with nothing before, and counts reads.
type sparse struct {
	offset int64
	data   []byte
	reads  *int
}

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	if s.reads != nil {
		*s.reads++
	}
	if off < s.offset {
		return 0, errors.New("what nobody needs was read")
	}
	return bytes.NewReader(s.data).ReadAt(p, off-s.offset)
}

func TestRead(t *testing.T) {
	t.Parallel()
	tarball := strings.Repeat("tarball", 10_000) // longer than what is read at the end
	files := []string{"a/x.tgz", tarball, "a/", "", "b*", strings.Repeat("text ", 100)}
	for _, test := range []struct {
		name    string
		offset  int64
		comment string
		reads   int
	}{
		{"plain", 0, "", 2},
		{"with a comment", 0, "a comment", 3},
		{"with the longest", 0, strings.Repeat("x", max16), 3},
		{"zip64", 5 << 30, "", 4},
		{"zip64 with a comment", 1 << 40, "a comment", 5},
	} {
		data, reads := made(t, test.offset, test.comment, files...), 0
		r, size := sparse{test.offset, data, &reads}, test.offset+int64(len(data))
		members, err := Read(r, size, Limits{})
		if err != nil || len(members) != 3 || reads != test.reads {
			t.Errorf("%s: %d members, %v, %d reads, want %d", test.name, len(members), err, reads, test.reads)
			continue
		}
		for i, want := range []Member{
			{Name: "a/x.tgz", Method: Store, Packed: 70_000, Size: 70_000}, {Name: "a/", Method: Store}, {Name: "b", Method: Deflate, Size: 500},
		} {
			m := members[i]
			if m.Name != want.Name || m.Method != want.Method || m.Size != want.Size || want.Packed > 0 && m.Packed != want.Packed || m.Encrypted {
				t.Errorf("%s: %+v, want %+v", test.name, m, want)
			}
		}
		at, err := members[0].Locate(r)
		got := make([]byte, len(tarball))
		if _, readErr := r.ReadAt(got, at); err != nil || readErr != nil || string(got) != tarball {
			t.Errorf("%s: other bytes at %d, %v, %v", test.name, at, err, readErr)
		}
		if next := members[0].Header + members[0].Extent; next != members[1].Header {
			t.Errorf("%s: it ends at %d, and the next starts at %d", test.name, next, members[1].Header)
		}
	}
}

// directoryOf gives where the directory of a zip without a comment begins, and
// where its end record does.
func directoryOf(data []byte) (directory, end int) {
	end = len(data) - endSize
	return int(binary.LittleEndian.Uint32(data[end+16:])), end
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	for _, test := range []struct {
		name   string
		change func(data []byte, directory, end int) []byte
		want   error
	}{
		{"nothing", func([]byte, int, int) []byte { return nil }, ErrNotZip},
		{"a text", func([]byte, int, int) []byte { return []byte(strings.Repeat("text", 30000)) }, ErrNotZip},
		{"something behind it", func(d []byte, _, _ int) []byte { return append(d, 0) }, ErrNotZip},
		{"something before it", func(d []byte, _, _ int) []byte { return append([]byte{0}, d...) }, ErrDamaged},
		{"something before its end", func(d []byte, _, e int) []byte { return bytes.Join([][]byte{d[:e], {0}, d[e:]}, nil) }, ErrDamaged},
		{"many members", func(d []byte, _, e int) []byte {
			le.PutUint16(d[e+8:], 60_000)
			le.PutUint16(d[e+10:], 60_000)
			return d
		}, ErrTooLarge},
		{"a long directory", func(d []byte, _, e int) []byte { le.PutUint32(d[e+12:], 1<<30); return d }, ErrTooLarge},
		{"more members than there are", func(d []byte, _, e int) []byte {
			le.PutUint16(d[e+8:], 3)
			le.PutUint16(d[e+10:], 3)
			return d
		}, ErrDamaged},
		{"several volumes", func(d []byte, _, e int) []byte { d[e+4] = 1; return d }, ErrDamaged},
		{"a member of another volume", func(d []byte, at, _ int) []byte { d[at+34] = 1; return d }, ErrDamaged},
		{"a directory elsewhere", func(d []byte, at, e int) []byte { le.PutUint32(d[e+16:], uint32(at-1)); return d }, ErrDamaged},
		{"a directory beyond", func(d []byte, _, e int) []byte { le.PutUint32(d[e+16:], 1<<31); return d }, ErrDamaged},
		{"no record", func(d []byte, at, _ int) []byte { d[at] = 'x'; return d }, ErrDamaged},
		{"a name beyond", func(d []byte, at, _ int) []byte { le.PutUint16(d[at+28:], 60_000); return d }, ErrDamaged},
		{"a member beyond", func(d []byte, at, _ int) []byte { le.PutUint32(d[at+42:], 1<<31); return d }, ErrDamaged},
		{"a member over the next", func(d []byte, at, _ int) []byte { le.PutUint32(d[at+20:], 100); return d }, ErrDamaged},
		{"two members in one place", func(d []byte, at, _ int) []byte {
			le.PutUint32(d[at+entrySize+1+42:], 0)
			return d
		}, ErrDamaged},
		{"sizes without their zip64 field", func(d []byte, at, _ int) []byte { le.PutUint32(d[at+20:], max32); return d }, ErrDamaged},
	} {
		data := made(t, 0, "", "a", strings.Repeat("1", 50), "b", "2")
		directory, end := directoryOf(data)
		data = test.change(data, directory, end)
		members, err := Read(bytes.NewReader(data), int64(len(data)), Limits{})
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, %v, want %v", test.name, members, err, test.want)
		}
	}
}

// TestZip64Refuses has zip64 records that lie, of a million members for one.
func TestZip64Refuses(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	const offset = 5 << 30
	for _, test := range []struct {
		name   string
		change func(locator, record, entry []byte)
		want   error
	}{
		{"a record beyond", func(l, _, _ []byte) { le.PutUint64(l[8:], 1<<63) }, ErrDamaged},
		{"no record", func(_, r, _ []byte) { r[0] = 'x' }, ErrDamaged},
		{"no locator", func(l, _, _ []byte) { l[0] = 'x' }, ErrTooLarge},
		{"a million members", func(_, r, _ []byte) { le.PutUint64(r[24:], 1e6); le.PutUint64(r[32:], 1e6) }, ErrTooLarge},
		{"other counts", func(_, r, _ []byte) { le.PutUint64(r[24:], 2) }, ErrDamaged},
		{"a directory of 2^63", func(_, r, _ []byte) { le.PutUint64(r[40:], 1<<63) }, ErrTooLarge},
		{"a directory at 2^63", func(_, r, _ []byte) { le.PutUint64(r[48:], 1<<63) }, ErrDamaged},
		{"a member at 2^63", func(_, _, e []byte) { le.PutUint64(e[entrySize+1+4+16:], 1<<63) }, ErrDamaged},
		{"a member before the file", func(_, _, e []byte) { le.PutUint64(e[entrySize+1+4+16:], 1<<64-1) }, ErrDamaged},
	} {
		data := made(t, offset, "", "a", "1")
		locator := data[len(data)-endSize-locatorSize:]
		record := data[int64(le.Uint64(locator[8:]))-offset:]
		entry := data[int64(le.Uint64(record[48:]))-offset:]
		test.change(locator, record, entry)
		members, err := Read(sparse{offset, data, nil}, offset+int64(len(data)), Limits{})
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, %v, want %v", test.name, members, err, test.want)
		}
	}
}

func TestLocateRefuses(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	for name, change := range map[string]func(d []byte){
		"no header":           func(d []byte) { d[0] = 'x' },
		"another name":        func(d []byte) { d[headerSize] = 'x' },
		"a longer name":       func(d []byte) { d[26] = 2 },
		"another method":      func(d []byte) { d[8] = Deflate },
		"encrypted":           func(d []byte) { d[6] |= 1 },
		"extra fields beyond": func(d []byte) { le.PutUint16(d[28:], 60_000) },
		"another size":        func(d []byte) { d[6] &^= 1 << 3; d[18] = 7 },
	} {
		data := made(t, 0, "", "a", "1", "b", "2")
		change(data)
		members, err := Read(bytes.NewReader(data), int64(len(data)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if at, err := members[0].Locate(bytes.NewReader(data)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: at %d, %v", name, at, err)
		}
	}
	unread := errors.New("the network is down")
	if _, err := (Member{}).Locate(failing{unread}); !errors.Is(err, unread) {
		t.Error(err)
	}
	if _, err := Read(failing{unread}, 100, Limits{}); !errors.Is(err, unread) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// FuzzRead holds that whatever is read lies within the file, each member apart
// from the others, and that archive/zip sees the same members.
func FuzzRead(f *testing.F) {
	f.Add(made(f, 0, "", "a", "1", "b/c*", "text text text"))
	f.Add(made(f, 0, "a comment"))
	var many []string
	for i := range 50 {
		many = append(many, fmt.Sprint(i), "x")
	}
	f.Add(made(f, 0, "", many...))
	large := made(f, 5<<30, "", "a", "1")
	f.Add(large)
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		members, err := Read(r, int64(len(data)), Limits{Members: 100})
		if err != nil {
			return
		}
		theirs, err := zip.NewReader(r, int64(len(data)))
		if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
			return // it knows more ways to be wrong
		}
		if len(theirs.File) != len(members) {
			t.Fatalf("%d members, and archive/zip has %d", len(members), len(theirs.File))
		}
		for i, m := range members {
			its := theirs.File[i]
			if m.Name != its.Name || m.Method != its.Method || uint64(m.Packed) != its.CompressedSize64 || uint64(m.Size) != its.UncompressedSize64 {
				t.Errorf("%+v, and archive/zip has %+v", m, its.FileHeader)
			}
			if m.Header < 0 || m.Header+m.Extent > int64(len(data)) || m.Packed > m.Extent {
				t.Errorf("%+v of a file of %d bytes", m, len(data))
			}
			at, err := m.Locate(r)
			if err != nil {
				continue
			}
			if offset, err := its.DataOffset(); err != nil || offset != at || at+m.Packed > m.Header+m.Extent {
				t.Errorf("%+v: its data is at %d, and archive/zip has %d, %v", m, at, offset, err)
			}
		}
	})
}
