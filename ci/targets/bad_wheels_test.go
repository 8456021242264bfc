package targets_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

// grown are members that are one block over and over, which is packed once.
var grown = map[string]struct {
	name   string
	block  func() []byte
	times  int
	honest bool // the directory says how much it is
}{
	"zeros": {"bomb.bin", zeros, 3 << 10, true},
	"lies":  {"bomb.bin", zeros, 3 << 10, false},
	"METADATA": {"{dist-info}/METADATA", func() []byte {
		var b bytes.Buffer
		for n := 0; b.Len() < 1<<20; n++ {
			fmt.Fprintf(&b, "Keywords: %s %x\n", strings.Repeat("w", 40), uint32(n)*2654435761)
		}
		return b.Bytes()
	}, 100, true},
	"RECORD": {"{dist-info}/RECORD", func() []byte { return []byte("../side.py,,\n") }, 1, true},
}

func zeros() []byte { return make([]byte, 1<<20) }

// bomb DIR PROJECT zeros|lies|METADATA|RECORD writes a wheel that has a member of
// 3 GiB (of which its directory tells, or not), METADATA of 100 MiB, or a RECORD
// with a file outside the folder.
func cmdBomb(ts *testscript.TestScript, _ bool, args []string) {
	kind, ok := grown[args[2]]
	if !ok {
		ts.Fatalf("bomb: unknown %q", args[2])
	}
	block := kind.block()
	w := wheeltest.Wheel{Project: args[1]}
	if kind.name == "bomb.bin" {
		w.Files = map[string]string{kind.name: string(block)} // RECORD has one block
	}
	sound, err := zip.NewReader(bytes.NewReader(w.Bytes()), int64(len(w.Bytes())))
	ts.Check(err)
	name := strings.ReplaceAll(kind.name, "{dist-info}", args[1]+"-1.0.dist-info")
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	file, err := os.Create(filepath.Join(dir, w.FileName()))
	ts.Check(err)
	out := zip.NewWriter(file)
	for _, member := range sound.File {
		if member.Name != name {
			ts.Check(out.Copy(member))
		} else if name == args[1]+"-1.0.dist-info/RECORD" {
			from, err := member.Open()
			ts.Check(err)
			lines, err := io.ReadAll(from)
			ts.Check(err)
			block = append(lines, block...)
		}
	}
	ts.Check(errors.Join(grow(out, name, block, kind.times, kind.honest), out.Close(), file.Close()))
}

// grow adds a member that is the block so many times.
func grow(out *zip.Writer, name string, block []byte, times int, honest bool) error {
	var once, last bytes.Buffer
	deflate, err := flate.NewWriter(&once, flate.BestCompression)
	if err != nil {
		return err
	}
	_, err = deflate.Write(block)
	if err := errors.Join(err, deflate.Flush()); err != nil { // ends at a byte, and is not the last
		return err
	}
	deflate.Reset(&last)
	if err := deflate.Close(); err != nil {
		return err
	}
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, UncompressedSize64: uint64(len(block))}
	header.CompressedSize64 = uint64(once.Len()*times + last.Len())
	header.CRC32 = crc32.ChecksumIEEE(block)
	if honest {
		header.UncompressedSize64 *= uint64(times)
		for range times - 1 {
			header.CRC32 = crc32.Update(header.CRC32, crc32.IEEETable, block)
		}
	}
	to, err := out.CreateRaw(header)
	for n := 0; err == nil && n < times; n++ {
		_, err = to.Write(once.Bytes())
	}
	if err == nil {
		_, err = io.Copy(to, &last)
	}
	return err
}

// thousand DIR PROJECT writes a wheel of a thousand requirements, on demo.
func cmdThousand(ts *testscript.TestScript, _ bool, args []string) {
	w := wheeltest.Wheel{Project: args[1]}
	for n := range 1000 {
		w.RequiresDist = append(w.RequiresDist, fmt.Sprintf("demo>=0.%d", n))
	}
	writeWheel(ts, args[0], w)
}
