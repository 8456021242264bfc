package lock

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// checkSpans reads each wheel out of the tarball by its span alone.
func checkSpans(t *testing.T, tarball string, spans []wheelhouse.Span, contents map[string][]byte) {
	t.Helper()
	file, err := os.Open(tarball)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, span := range spans {
		want := contents[span.Name]
		section := wheelhouse.Section(file, span, int64(len(want)))
		got, err := io.ReadAll(io.NewSectionReader(section, 0, int64(len(want))))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes at %d: %v", span.Name, span.Data, err)
		}
	}
}
