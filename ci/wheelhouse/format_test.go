package wheelhouse

import (
	"archive/tar"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/inflate"
)

// stored frames runs as stored blocks, without the gzip header.
func stored(final bool, runs ...[]byte) []byte {
	var b []byte
	for i, run := range runs {
		for first := true; first || len(run) > 0; first = false {
			n := min(len(run), blockMax)
			head := byte(0)
			if final && i == len(runs)-1 && n == len(run) {
				head = 1
			}
			b = append(b, head)
			b = binary.LittleEndian.AppendUint16(b, uint16(n))
			b = binary.LittleEndian.AppendUint16(b, ^uint16(n))
			b = append(b, run[:n]...)
			run = run[n:]
		}
	}
	return b
}

// gzipOf puts a gzip header and trailer around deflate blocks that hold data.
func gzipOf(deflated, data []byte) []byte {
	b := append([]byte(gzipHeader), deflated...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(b, uint32(len(data)))
}

// deflatedAfter deflates data that may refer back to what was stored before.
func deflatedAfter(t *testing.T, before, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriterDict(&b, 9, before[max(0, len(before)-inflate.Window):])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// One wheel of exactly two blocks' worth, in tar and in runs.
func twoRuns(t *testing.T) (data []byte, header, body, end []byte) {
	t.Helper()
	const size = 127*512 + 300
	data = tarOf(t, member{tar.Header{
		Typeflag: tar.TypeReg, Name: "a-1-py3-none-any.whl", Mode: 0o644, ModTime: epoch(),
	}, pseudo(3, size)})
	return data, data[:tarBlock], data[tarBlock : len(data)-tarEnd], data[len(data)-tarEnd:]
}

func TestFormatIsExact(t *testing.T) {
	t.Parallel()
	data, header, body, end := twoRuns(t)
	wheels := map[string][]byte{"a-1-py3-none-any.whl": pseudo(3, 127*512+300)}
	ours := gzipOf(stored(true, header, body, end), data)
	if !bytes.Equal(ours, packed(t, wheels)) {
		t.Fatal("the test does not know the format")
	}
	for _, c := range []struct {
		name    string
		format  string
		tarball []byte
	}{
		{"ours", Format, ours},
		{"one run", "", gzipOf(stored(true, data), data)},
		{"header cut", "", gzipOf(stored(true, header[:100], header[100:], body, end), data)},
		{"data cut", "", gzipOf(stored(true, header, body[:1000], body[1000:], end), data)},
		{"end cut", "", gzipOf(stored(true, header, body, end[:512], end[512:]), data)},
		{"an empty block first", "", gzipOf(stored(true, nil, header, body, end), data)},
		{"an empty block within", "", gzipOf(stored(true, header, nil, body, end), data)},
		{"an empty block last", "", gzipOf(stored(true, header, body, end, nil), data)},
		{"runs joined", "", gzipOf(stored(true, data[:1536], data[1536:]), data)},
		{"data joined to its header", "", gzipOf(stored(true, data[:1536], body[1024:], end), data)},
		{"data joined to the end", "", gzipOf(stored(true, header, data[512:]), data)},
		{"more zeros", "", gzipOf(stored(true, header, body, make([]byte, 10_240)), append(bytes.Clone(data), make([]byte, 9216)...))},
		{"more zeros in a block", "", gzipOf(stored(true, header, body, end, end), append(bytes.Clone(data), end...))},
		{"deflated data", "", gzipOf(append(stored(false, header), deflatedAfter(t, header, data[512:])...), data)},
		{"deflated end", "", gzipOf(append(stored(false, header, body), deflatedAfter(t, data[:len(data)-tarEnd], end)...), data)},
		{"an empty gzip member behind", "", append(bytes.Clone(ours), gzipOf(stored(true, nil), nil)...)},
	} {
		for _, chunk := range []int{33, 4096, chunkSize} {
			inv, err := readBytes(c.tarball, Limits{}, chunk)
			if err != nil {
				t.Errorf("%s, chunks of %d: %v", c.name, chunk, err)
				continue
			}
			if inv.Format != c.format || inv.SHA256 != sum(c.tarball) {
				t.Errorf("%s, chunks of %d: %+v", c.name, chunk, inv)
			}
			checkWheels(t, inv, wheels)
		}
	}
}

// A header with a PAX record is one run, however it might be cut.
func TestFormatOfLongNames(t *testing.T) {
	t.Parallel()
	wheel := pseudo(5, 3000)
	data := tarOf(t, member{tar.Header{Typeflag: tar.TypeReg, Name: longName, Mode: 0o644, ModTime: epoch()}, wheel})
	body, end := data[paxHeader:len(data)-tarEnd], data[len(data)-tarEnd:]
	for i, c := range []struct {
		format string
		runs   [][]byte
	}{
		{Format, [][]byte{data[:paxHeader], body, end}},
		{"", [][]byte{data[:512], data[512:1024], data[1024:1536], body, end}},
		{"", [][]byte{data[:512], data[512:2048], body[512:], end}},
		{"", [][]byte{data[:1024], data[1024:1536], body, end}},
	} {
		inv, err := readBytes(gzipOf(stored(true, c.runs...), data), Limits{}, 4096)
		if err != nil || inv.Format != c.format {
			t.Errorf("%d: %+v, %v", i, inv, err)
			continue
		}
		checkWheels(t, inv, map[string][]byte{longName: wheel})
	}
}

// Other tar headers, in the very blocks that Pack would make.
func TestFormatOfOtherHeaders(t *testing.T) {
	t.Parallel()
	whl := func(name string, edit func(*tar.Header)) member {
		m := member{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, ModTime: epoch()}, pseudo(1, 100)}
		edit(&m.Header)
		return m
	}
	same := func(*tar.Header) {}
	for _, c := range []struct {
		name, format string
		members      []member
	}{
		{"ours", Format, []member{whl("a-1.whl", same), whl("b-1.whl", same)}},
		{"order", "", []member{whl("b-1.whl", same), whl("a-1.whl", same)}},
		{"mode", "", []member{whl("a-1.whl", func(h *tar.Header) { h.Mode = 0o755 })}},
		{"time", "", []member{whl("a-1.whl", func(h *tar.Header) { h.ModTime = h.ModTime.AddDate(1, 0, 0) })}},
		{"owner", "", []member{whl("a-1.whl", func(h *tar.Header) { h.Uid = 1 })}},
		{"user", "", []member{whl("a-1.whl", func(h *tar.Header) { h.Uname = "ci" })}},
		{"GNU", "", []member{whl("a-1.whl", func(h *tar.Header) { h.Format = tar.FormatGNU })}},
		{"folder", "", []member{whl("x/a-1.whl", same)}},
		{"dot", "", []member{whl("./a-1.whl", same)}},
		{"other file", "", []member{whl("a-1.whl", same), whl("b.txt", same)}},
		{"padding", "", nil},
	} {
		if c.name == "padding" {
			c.members = []member{whl("a-1.whl", same)}
		}
		data := tarOf(t, c.members...)
		if c.name == "padding" {
			data[tarBlock+200] = 1
		}
		var runs [][]byte
		for i := range len(c.members) {
			runs = append(runs, data[i*1024:][:512], data[i*1024+512:][:512])
		}
		tarball := gzipOf(stored(true, append(runs, make([]byte, tarEnd))...), data)
		inv, err := readBytes(tarball, Limits{}, 4096)
		if err != nil || inv.Format != c.format {
			t.Errorf("%s: %+v, %v", c.name, inv, err)
		}
	}
}

// Any byte changed: either refused, or not taken for ours.
func TestFormatOfChangedBytes(t *testing.T) {
	t.Parallel()
	tarball := packed(t, small())
	for i := range tarball {
		for _, change := range []byte{1 << (i % 8), 0xff} {
			tarball[i] ^= change
			if inv, err := readBytes(tarball, Limits{}, 2048); err == nil && inv.Format != "" {
				t.Errorf("byte %d changed: %+v", i, inv)
			}
			tarball[i] ^= change
		}
	}
}
