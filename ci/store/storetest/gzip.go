package storetest

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"
)

// inTwo compresses a gzipped file anew, into two members of gzip: no recipe
// makes those.
func inTwo(t *testing.T, data []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
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
