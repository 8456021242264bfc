package storetest

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/deflate"
)

// byGzip compresses as gzip -6 does (RFC 1952).
func byGzip(t *testing.T, plain []byte) []byte {
	t.Helper()
	out := bytes.NewBuffer([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3})
	w, err := deflate.NewWriter(out, deflate.Gzip, 6)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	trailer := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(plain))
	return binary.LittleEndian.AppendUint32(append(out.Bytes(), trailer...), uint32(len(plain)))
}

// byNobody compresses into two members of gzip, as no recipe has it.
func byNobody(t *testing.T, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, half := range [][]byte{plain[:len(plain)/2], plain[len(plain)/2:]} {
		w := gzip.NewWriter(&out)
		if _, err := w.Write(half); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}
