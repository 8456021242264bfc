package wheelhouse

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// fuzzLimits keep the fuzzer quick.
func fuzzLimits() Limits {
	return Limits{Members: 20, MemberBytes: 1 << 20, TotalBytes: 1 << 20, Ratio: 1000}
}

// checkRead checks what holds for whatever is read: a refusal has a code, a
// hint where the input is at fault, and one printable line; and what is
// accepted is safe, as archive/tar reads it too.
func checkRead(t *testing.T, tarball []byte, chunk int) {
	t.Helper()
	inv, err := readBytes(tarball, fuzzLimits(), chunk)
	if err != nil {
		e, ok := fault.As(err)
		if !ok || e.Code == "" || e.Hint == "" || e.ExitStatus() != fault.Refused {
			t.Errorf("refused with %#v", err)
		}
		if strings.ContainsFunc(err.Error(), notPrintable) {
			t.Errorf("not printable: %q", err)
		}
		return
	}
	if inv.SHA256 != sum(tarball) || inv.Size != int64(len(tarball)) || len(inv.Wheels) == 0 {
		t.Errorf("inventory %+v", inv)
	}
	for _, m := range inv.Members {
		if trouble := nameTrouble(m); trouble != "" {
			t.Errorf("member %q %s", m, trouble)
		}
	}
	wheels := asArchiveTar(t, tarball)
	checkWheels(t, inv, wheels)
	if inv.Format == Format && !bytes.Equal(packed(t, wheels), tarball) {
		t.Error("taken for ours, but Pack makes other bytes")
	}
}

// asArchiveTar reads the wheels of a good tarball by way of archive/tar.
func asArchiveTar(t *testing.T, tarball []byte) map[string][]byte {
	t.Helper()
	data := inflated(t, tarball)
	wheels := map[string][]byte{}
	for tr := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return wheels
		}
		if err != nil {
			t.Fatalf("archive/tar says %v", err)
		}
		bare := h.Name[strings.LastIndex(h.Name, "/")+1:]
		if h.Typeflag != tar.TypeReg || !isWheel(bare) {
			continue
		}
		if wheels[bare], err = io.ReadAll(tr); err != nil {
			t.Fatalf("archive/tar says %v", err)
		}
	}
}

// FuzzRead reads arbitrary files.
func FuzzRead(f *testing.F) {
	ours := packed(f, small())
	f.Add(ours)
	f.Add(ours[:len(ours)-9])
	f.Add(gzipped(f, foreign(f, tar.FormatGNU, small()), 9))
	f.Add(append(gzipped(f, nil, 1), ours...))
	f.Add([]byte{})
	f.Add([]byte(gzipHeader))
	f.Fuzz(func(t *testing.T, tarball []byte) { checkRead(t, tarball, 1+len(tarball)/3) })
}

// FuzzTar reads arbitrary tars, with the headers' checksums put right.
func FuzzTar(f *testing.F) {
	f.Add(tarOf(f, file("a-1.whl", "x")))
	f.Add(foreign(f, tar.FormatGNU, map[string][]byte{longName: []byte("x"), "größe-1.whl": nil}))
	f.Add(foreign(f, tar.FormatPAX, map[string][]byte{longName: []byte("x"), "größe-1.whl": nil}))
	f.Add(tarOf(f, file("a-1.whl", "x"), special(tar.TypeSymlink, "b", "/etc")))
	f.Add(tarOf(f, member{tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header",
		PAXRecords: map[string]string{"comment": "1"}}, nil}, file("a-1.whl", "x")))
	f.Add(endlessHeaders()[:4096])
	f.Fuzz(func(t *testing.T, data []byte) {
		for at := 0; at+tarBlock <= len(data); at += tarBlock {
			if block := data[at:][:tarBlock]; bytes.HasPrefix(block[257:], []byte("ustar")) {
				checksum(block)
			}
		}
		checkRead(t, gzipOf(stored(true, data), data), 700)
	})
}

// inflated gives what the gzip members of a good tarball hold.
func inflated(t *testing.T, tarball []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		t.Fatalf("compress/gzip says %v", err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("compress/gzip says %v", err)
	}
	return data
}
