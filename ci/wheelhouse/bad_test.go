package wheelhouse

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestReadRefusesMembers(t *testing.T) {
	t.Parallel()
	wheel := file("a-1-py3-none-any.whl", "x")
	for _, c := range []struct {
		name, code string
		members    []member
	}{
		{"parent", "unsafe-member", []member{wheel, file("../b.txt", "x")}},
		{"parent inside", "unsafe-member", []member{wheel, file("x/../../b.txt", "x")}},
		{"parent folder", "unsafe-member", []member{wheel, special(tar.TypeDir, "../", "")}},
		{"parent on Windows", "unsafe-member", []member{wheel, file(`x\..\b.txt`, "x")}},
		{"absolute", "unsafe-member", []member{wheel, file("/etc/b.txt", "x")}},
		{"absolute on Windows", "unsafe-member", []member{wheel, file("C:b.txt", "x")}},
		{"stream on Windows", "unsafe-member", []member{file("b:c-1.whl", "x")}},
		{"symlink", "unsafe-member", []member{wheel, special(tar.TypeSymlink, "b.whl", "/etc/passwd")}},
		{"hard link", "unsafe-member", []member{wheel, special(tar.TypeLink, "b.whl", wheel.Name)}},
		{"character device", "unsafe-member", []member{wheel, special(tar.TypeChar, "b.whl", "")}},
		{"block device", "unsafe-member", []member{wheel, special(tar.TypeBlock, "b.whl", "")}},
		{"fifo", "unsafe-member", []member{wheel, special(tar.TypeFifo, "b.whl", "")}},
		{"contiguous", "unsafe-member", []member{wheel, special(tar.TypeCont, "b.whl", "")}},
		{"newline", "unsafe-member", []member{file("a\n-1.whl", "x")}},
		{"escape", "unsafe-member", []member{wheel, file("x\x1b[31m.txt", "x")}},
		{"delete", "unsafe-member", []member{wheel, file("x\x7f.txt", "x")}},
		{"C1 control", "unsafe-member", []member{wheel, file("x\u0085.txt", "x")}},
		{"reversed text", "unsafe-member", []member{wheel, file("x\u202e.txt", "x")}},
		{"comma", "unsafe-member", []member{file("a,b-1.whl", "x")}},
		{"not UTF-8", "unsafe-member", []member{gnu(file("a\xff-1.whl", "x"))}},
		{"long path", "unsafe-member", []member{wheel, file(strings.Repeat("x", 1025), "x")}},
		{"long wheel name", "unsafe-member", []member{file(strings.Repeat("x", 252)+".whl", "x")}},
		{"very long path", "too-large", []member{wheel, gnu(file(strings.Repeat("x", 70_000), "x"))}},
		{"two of one name", "duplicate-member", []member{wheel, wheel}},
		{"two of one name, spelled otherwise", "duplicate-member", []member{wheel, file("./"+wheel.Name, "x")}},
		{"case", "duplicate-member", []member{wheel, file("A-1-py3-none-any.whl", "x")}},
		{"case of others", "duplicate-member", []member{wheel, file("x.txt", "x"), file("X.txt", "x")}},
		{"two folders", "duplicate-member", []member{file("x/a-1.whl", "x"), file("y/a-1.whl", "x")}},
		{"two folders, case", "duplicate-member", []member{file("x/a-1.whl", "x"), file("y/A-1.whl", "x")}},
		{"nothing", "no-wheels", nil},
		{"only folders", "no-wheels", []member{special(tar.TypeDir, ".wheelhouse/", "")}},
		{"folder named so", "no-wheels", []member{special(tar.TypeDir, "a-1.whl/", "")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, level := range []int{gzip.NoCompression, gzip.BestCompression} {
				_, err := readBytes(gzipped(t, tarOf(t, c.members...), level), Limits{}, 4096)
				wantCode(t, err, c.code)
				if e, _ := fault.As(err); e.Hint == "" || e.ExitStatus() != fault.Refused {
					t.Errorf("%#v", e)
				}
			}
		})
	}
}

// gnu has a member written as GNU tar does.
func gnu(m member) member {
	m.Format = tar.FormatGNU
	return m
}

func TestReadNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	read := func(names ...string) string {
		var members []member
		for _, n := range names {
			members = append(members, file(n, "x"))
		}
		_, err := readBytes(gzipped(t, tarOf(t, members...), 6), Limits{}, 4096)
		wantCode(t, err, "no-wheels")
		return err.Error()
	}
	if got := read("wheelhouse-3.11-marker.txt"); !strings.Contains(got, "nothing was built") ||
		!strings.Contains(got, "wheelhouse-3.11-marker.txt") {
		t.Error(got)
	}
	if got := read("1", "2", "3", "4", "5", "6", "7"); !strings.Contains(got, `only "1", "2", "3", "4", "5" and 2 more`) {
		t.Error(got)
	}
}

// A sparse file, a header with a wrong sum, a folder with data: what
// archive/tar's Writer does not write.
func TestReadRefusesOddHeaders(t *testing.T) {
	t.Parallel()
	wheel := file("a-1-py3-none-any.whl", "x")
	edit := func(m member, edit func(block []byte)) []byte {
		data := tarOf(t, wheel, m)
		block := data[2*tarBlock : 3*tarBlock]
		edit(block)
		checksum(block)
		return gzipped(t, data, 6)
	}
	for _, c := range []struct {
		name, code string
		tarball    []byte
	}{
		{"GNU sparse", "unsafe-member", edit(gnu(file("b", "x")), func(b []byte) { b[156] = tar.TypeGNUSparse })},
		{"folder with data", "unsafe-member", edit(file("b", "x"), func(b []byte) { b[156] = tar.TypeDir })},
		{"file with a folder's name", "unsafe-member", edit(file("b", "x"), func(b []byte) { b[1] = '/' })},
		{"no name", "unsafe-member", edit(file("b", "x"), func(b []byte) { b[0] = 0 })},
		{"unknown type", "unsafe-member", edit(file("b", "x"), func(b []byte) { b[156] = 'Z' })},
		{"size that is none", "tar-damaged", edit(file("b", "x"), func(b []byte) { copy(b[124:], "zzzzzz") })},
		{"negative size", "tar-damaged", edit(file("b", "x"), func(b []byte) { copy(b[124:136], bytes.Repeat([]byte{0xff}, 12)) })},
		{"extended header of no size", "tar-damaged", edit(file("b", "x"), func(b []byte) {
			b[156] = tar.TypeXHeader
			copy(b[124:], "zzzzzz")
		})},
		{"extended headers for ever", "too-large", gzipped(t, endlessHeaders(), 6)},
		{"wrong sum", "tar-damaged", func() []byte {
			data := tarOf(t, wheel, file("b", "x"))
			data[2*tarBlock] ^= 1
			return gzipped(t, data, 6)
		}()},
	} {
		_, err := readBytes(c.tarball, Limits{}, 4096)
		if fault.Code(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
}

// endlessHeaders gives extended headers without a member.
func endlessHeaders() []byte {
	block := make([]byte, 2*tarBlock)
	copy(block, "x")
	copy(block[100:], "0000644\x000000000\x000000000\x0000000000014\x0000000000000\x00")
	block[156] = tar.TypeXHeader
	copy(block[257:], "ustar\x0000")
	copy(block[tarBlock:], "12 comment=x\n")
	checksum(block[:tarBlock])
	return bytes.Repeat(block, 1000)
}

// checksum sets a tar header's checksum.
func checksum(block []byte) {
	copy(block[148:], "        ")
	n := 0
	for _, b := range block {
		n += int(b)
	}
	copy(block[148:], fmt.Sprintf("%06o\x00 ", n))
}

func TestReadRefusesWhatIsNoTarball(t *testing.T) {
	t.Parallel()
	wheels := tarOf(t, file("a-1-py3-none-any.whl", "x"))
	badSum := gzipped(t, wheels, 6)
	badSum[len(badSum)-8] ^= 1
	badLength := gzipped(t, wheels, 6)
	badLength[len(badLength)-1] ^= 1
	badData := gzipped(t, wheels, 6)
	badData[10] = 0x06 // a block of the reserved type
	badOurs := packed(t, small())
	badOurs[len(badOurs)-8] ^= 1
	method := gzipped(t, wheels, 6)
	method[2] = 7
	flags := gzipped(t, wheels, 6)
	flags[3] = 0x80
	for _, c := range []struct {
		name, code string
		tarball    []byte
	}{
		{"empty", "tar-empty", nil},
		{"text", "not-gzip", []byte("<html>404</html>")},
		{"one byte", "not-gzip", []byte("x")},
		{"bare tar", "not-gzip", wheels},
		{"other method", "not-gzip", method},
		{"reserved flags", "tar-damaged", flags},
		{"gzip of nothing", "not-tar", gzipped(t, nil, 6)},
		{"gzip of a little text", "not-tar", gzipped(t, []byte("hello"), 6)},
		{"gzip of much text", "not-tar", gzipped(t, []byte(strings.Repeat("hello ", 1000)), 6)},
		{"stored text", "not-tar", gzipped(t, []byte(strings.Repeat("hello ", 1000)), 0)},
		{"wrong checksum", "tar-damaged", badSum},
		{"wrong checksum of ours", "tar-damaged", badOurs},
		{"wrong length", "tar-damaged", badLength},
		{"wrong data", "tar-damaged", badData},
		{"garbage behind", "tar-damaged", append(gzipped(t, wheels, 6), "garbage"...)},
		{"garbage behind ours", "tar-damaged", append(packed(t, small()), 0)},
		{"another behind", "tar-damaged", append(gzipped(t, wheels, 6), gzipped(t, wheels, 6)...)},
		{"another behind ours", "tar-damaged", append(packed(t, small()), packed(t, small())...)},
		{"half of another behind", "tar-truncated", append(gzipped(t, wheels, 6), 0x1f)},
		{"no end", "tar-truncated", gzipped(t, wheels[:len(wheels)-tarEnd], 6)},
		{"half an end", "tar-truncated", gzipped(t, wheels[:len(wheels)-tarBlock], 6)},
		{"tar cut short", "tar-truncated", gzipped(t, wheels[:700], 6)},
		{"member behind the end", "tar-damaged", gzipped(t, append(bytes.Clone(wheels), wheels...), 6)},
		{"member in the end", "tar-damaged", gzipped(t, append(bytes.Clone(wheels[:len(wheels)-tarBlock]), wheels...), 6)},
	} {
		_, err := readBytes(c.tarball, Limits{}, 4096)
		if fault.Code(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
}

// Cut at any byte, a tarball gives the one error for it. Larger ones are cut at
// every fifth.
func TestReadCutShort(t *testing.T) {
	t.Parallel()
	tar := foreign(t, tar.FormatGNU, small())
	for name, tarball := range map[string][]byte{
		"ours":     packed(t, small()),
		"deflated": gzipped(t, tar, 9),
		"stored":   gzipped(t, tar, 0),
		"two":      append(gzipped(t, tar[:2000], 6), gzipped(t, tar[2000:], 6)...),
	} {
		step := 1
		if len(tarball) > 8<<10 {
			step = 5
		}
		for n := 1; n < len(tarball); n += step {
			if _, err := readBytes(tarball[:n], Limits{}, 2048); fault.Code(err) != "tar-truncated" {
				t.Fatalf("%s, %d of %d bytes: %v", name, n, len(tarball), err)
			}
		}
	}
}

func TestReadLimits(t *testing.T) {
	t.Parallel()
	var many []member
	for i := range 101 {
		many = append(many, file(fmt.Sprint(i), ""))
	}
	bomb := zerosWheel(t, ratioFrom+1<<20)
	for _, c := range []struct {
		setting string
		tarball []byte
		limits  Limits
	}{
		{"limits.members", gzipped(t, tarOf(t, many...), 6), Limits{Members: 100}},
		{"limits.member-bytes", packed(t, small()), Limits{MemberBytes: 1199}},
		{"limits.total-bytes", packed(t, small()), Limits{TotalBytes: 4000}},
		{"limits.total-bytes", gzipped(t, tarOf(t, many...), 6), Limits{TotalBytes: 4000}},
		{"limits.ratio", bomb, Limits{}},
	} {
		_, err := readBytes(c.tarball, c.limits, 4096)
		wantCode(t, err, "too-large")
		if e, _ := fault.As(err); !strings.Contains(e.Hint, c.setting) {
			t.Errorf("hint %q, want %s", e.Hint, c.setting)
		}
	}
	for _, l := range []Limits{{MemberBytes: 1200}, {TotalBytes: 5120}, {Members: 2}} {
		if _, err := readBytes(packed(t, small()), l, 4096); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if _, err := readBytes(bomb, Limits{Ratio: 2000}, 1<<16); err != nil {
		t.Error(err)
	}
}

func TestReadLimitsByDefault(t *testing.T) {
	t.Parallel()
	want := Limits{Members: 10_000, MemberBytes: 4 << 30, TotalBytes: 32 << 30, Ratio: 100}
	if got := (Limits{}).withDefaults(); got != want {
		t.Errorf("%+v", got)
	}
	var many []member
	for i := range 10_001 {
		many = append(many, file(fmt.Sprint(i), ""))
	}
	_, err := readBytes(gzipped(t, tarOf(t, many...), 1), Limits{}, chunkSize)
	wantCode(t, err, "too-large")
}
