package actions

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// TestOnlyWhatChanged holds what issue and design promise: two of 33 wheels
// and 128 KB, in 8 requests, with no more calls of the API than any fetch.
func TestOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	const n, size = 33, 60 << 10
	old, fresh := build(t, n, size), build(t, n, size, 3, 20)
	body, dir := zipped(t, fresh.files()...), t.TempDir()
	old.fetchedInto(t, dir)
	h := newHub(t, body)
	c := h.serve(bytes.NewReader(body), int64(len(body)), 0, nil)
	var last [2]int64
	f := h.fetcher(dir)
	f.Progress = func(done, total int64) { last = [2]int64{done, total} }
	made, err := f.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	most := fresh.sizes[3] + fresh.sizes[20] + 128<<10
	if c.bytes > most || c.requests > 8 || len(h.calls) > 4 {
		t.Errorf("%d bytes of %d in %d requests with %d calls, over %d in 8 with 4: %q", c.bytes, len(body), c.requests, len(h.calls), most, c.ranges)
	}
	t.Logf("%d bytes of %d in %d requests: %q", c.bytes, len(body), c.requests, c.ranges)
	got, err := os.ReadFile(filepath.Join(made.Path, houseName))
	if err != nil || !bytes.Equal(got, fresh.tarball) {
		t.Errorf("not the tarball: %v", err)
	}
	exists(t, made.Path, houseName+".meta", lock.FileName(houseName), inEntry+"notes.txt", "extracted/demo03-2.0-py3-none-any.whl", "extracted/demo04-1.0-py3-none-any.whl")
	a := made.Record.Artifact
	if a.Verified || a.SHA256 != "" || a.Size != int64(len(body)) || a.Received != c.bytes || last != [2]int64{c.bytes, c.bytes} {
		t.Errorf("%+v, progress %v, %d bytes served", a, last, c.bytes)
	}
	for _, say := range []string{"31 of 33 wheels were here already", " of 2.1 MB;", "digest could not be checked", "-whole"} {
		if !strings.Contains(h.notes.String(), say) {
			t.Errorf("%q is not in\n%s", say, h.notes.String())
		}
	}
	h.noSecrets(nil, dir)

	// Again it is there; with Whole it is not, until all of it came.
	for _, step := range []struct {
		whole, unchanged, verified bool
		requests                   int
	}{{false, true, false, 0}, {true, false, true, 1}, {true, true, true, 0}, {false, true, true, 0}} {
		before := c.requests
		f.Whole = step.whole
		made, err := f.Fetch(t.Context())
		if err != nil || made.Unchanged != step.unchanged || made.Record.Artifact.Verified != step.verified || c.requests-before != step.requests {
			t.Errorf("%+v: %+v, %v, %d requests", step, made, err, c.requests-before)
		}
		if r, err := readRecord(made.Path); err != nil || r.partial() == step.verified {
			t.Errorf("%+v: its record is %+v, %v", step, r.Artifact, err)
		}
	}
}

// sparse is a file of zeros up to from, and of data from there.
type sparse struct {
	from int64
	data []byte
}

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if end := off + int64(len(p)); end > s.from {
		at := max(off, s.from)
		n := copy(p[at-off:], s.data[min(at-s.from, int64(len(s.data))):])
		if n += int(at - off); n < len(p) {
			return n, io.EOF
		}
	}
	return len(p), nil
}

// TestOver4GiB is a zip64 of 5 GiB, most of them never to be transferred.
func TestOver4GiB(t *testing.T) {
	t.Parallel()
	old, fresh := build(t, 33, 40<<10), build(t, 33, 40<<10, 0, 32)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	const from = 5 << 30
	z.SetOffset(from)
	files := fresh.files()
	for i := 0; i < len(files); i += 2 {
		method := zip.Store
		if i > 0 {
			method = zip.Deflate
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i].(string), Method: method})
		if err == nil {
			_, err = w.Write(files[i+1].([]byte))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	h, dir := newHub(t, nil), t.TempDir()
	old.fetchedInto(t, dir)
	c := h.serve(sparse{from, out.Bytes()}, from+int64(out.Len()), 0, nil)
	made, err := h.fetcher(dir).Fetch(t.Context())
	if err != nil {
		t.Fatal(err, c.ranges)
	}
	if most := fresh.sizes[0] + fresh.sizes[32] + 128<<10; c.bytes > most || c.requests > 8 {
		t.Errorf("%d bytes in %d requests, over %d in 8: %q", c.bytes, c.requests, most, c.ranges)
	}
	t.Logf("%d bytes of %d in %d requests: %q", c.bytes, from+out.Len(), c.requests, c.ranges)
	got, err := os.ReadFile(filepath.Join(made.Path, houseName))
	if err != nil || !bytes.Equal(got, fresh.tarball) {
		t.Errorf("not the tarball: %v", err)
	}
}

// TestChangedResumes has the connection cut again and again.
func TestChangedResumes(t *testing.T) {
	t.Parallel()
	old, fresh := build(t, 8, 200<<10), build(t, 8, 200<<10, 2, 5)
	body, dir := zipped(t, fresh.files()...), t.TempDir()
	old.fetchedInto(t, dir)
	h := newHub(t, body)
	c := h.serve(bytes.NewReader(body), int64(len(body)), 70<<10, nil)
	made, err := h.fetcher(dir).Fetch(t.Context())
	if err != nil || !made.Record.partial() {
		t.Fatal(err, h.notes.String())
	}
	if most := fresh.sizes[2] + fresh.sizes[5] + 128<<10; c.bytes > most || c.requests < 6 {
		t.Errorf("%d bytes in %d requests, over %d", c.bytes, c.requests, most)
	}
	// Each break asks for a new address.
	zips := 0
	for _, call := range h.calls {
		if strings.HasSuffix(call, "/zip") {
			zips++
		}
	}
	if zips < 5 {
		t.Errorf("%d addresses were asked for after %d requests", zips, c.requests)
	}

	// For ever: one error, and nothing is left.
	dir = t.TempDir()
	old.fetchedInto(t, dir)
	h = newHub(t, body)
	h.serve(bytes.NewReader(body), int64(len(body)), 1, nil)
	_, err = h.fetcher(dir).Fetch(t.Context())
	if names, _ := filepath.Glob(filepath.Join(dir, "run-9")); fault.Code(err) != "transfer-failed" || len(names) > 0 {
		t.Errorf("%v, %v", err, names)
	}
	h.noSecrets(err, dir)
}
