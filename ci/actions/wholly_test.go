package actions

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// TestWholly are artifacts and servers of which all is transferred, and why.
func TestWholly(t *testing.T) {
	t.Parallel()
	const n, size = 6, 40 << 10
	old, fresh := build(t, n, size), build(t, n, size, 1)
	other := build(t, n, size, 0, 2, 3, 4, 5)
	store := func(pairs ...any) func() []byte { return func() []byte { return zipped(t, pairs...) } }
	files := fresh.files()
	lockAt, metaAt := 5, 3
	with := func(at int, data []byte) []any {
		changed := append([]any{}, files...)
		changed[at] = data
		return changed
	}
	shared := []byte(strings.ReplaceAll(string(fresh.lock), sum(t, fresh, 1), strings.Repeat("0", 64)))
	swapped := []byte(strings.NewReplacer(sum(t, fresh, 2), sum(t, fresh, 3), sum(t, fresh, 3), sum(t, fresh, 2)).Replace(string(fresh.lock)))
	for _, test := range []struct {
		name, say string
		body      func() []byte
		change    func(w http.ResponseWriter, r *http.Request, n int) bool
		here      *house
	}{
		{"compressed", "its tarball is compressed in the zip", func() []byte { return deflatedZip(t, files...) }, nil, &old},
		{"no lock", "it has no lock", store(files[:4]...), nil, &old},
		{"no record", "it has no record", store(files[0], files[1], files[4], files[5]), nil, &old},
		{"a lock that is none", "its lock cannot be read", store(with(lockAt, []byte("lock\n"))...), nil, &old},
		{"another lock", "do not agree", store(with(lockAt, other.lock)...), nil, &old},
		{"packed elsewhere", "not packed as here", store(with(lockAt, []byte(strings.Replace(string(fresh.lock), "wheelhouse-1", "other-1", 1)))...), nil, &old},
		{"another size of the tarball", "do not agree", store(with(metaAt, []byte(strings.Replace(string(fresh.meta), "size=", "size=1", 1)))...), nil, &old},
		{"a wheel that is not the lock's", "are not those of its lock", store(with(lockAt, shared)...), nil, &old},
		{"wheels swapped in the lock", "is not the one of its record", store(with(lockAt, swapped)...), nil, &old},
		{"no zip", "it is no zip", func() []byte { return fresh.tarball }, nil, &old},
		{"a zip in the zip", "not one zip with one tarball", store("x.zip", zipped(t, files...)), nil, &old},
		{"two tarballs", "not one zip with one tarball", store(append([]any{"x.tgz", old.tarball, "y.tgz", old.tarball}, files[2:]...)...), nil, &old},
		{"bad names", "leaves the folder", store(append([]any{"../x", []byte("1")}, files...)...), nil, &old},
		{"nothing here", "no wheel is here yet", store(files...), nil, nil},
		{"nothing of it here", "less than a tenth of it is here", store(files...), nil, &other},
		{"no Range", "sends the whole file", store(files...), func(w http.ResponseWriter, r *http.Request, _ int) bool {
			r.Header.Del("Range")
			return false
		}, &old},
		{"another total", "is not of the", store(files...), func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n > 1 {
				return false
			}
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(206)
			return true
		}, &old},
		{"another file meanwhile", "changed on the server", store(files...), func(w http.ResponseWriter, r *http.Request, n int) bool {
			w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n))
			return false
		}, &old},
		{"compressed on the way", "compresses", store(files...), func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n == 1 {
				w.Header().Set("Content-Encoding", "br")
			}
			return false
		}, &old},
		{"416", "no such part", store(files...), func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n == 1 {
				w.WriteHeader(416)
			}
			return n == 1
		}, &old},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body, dir := test.body(), t.TempDir()
			if test.here != nil {
				test.here.fetchedInto(t, dir)
			}
			h := newHub(t, body)
			c := h.serve(bytes.NewReader(body), int64(len(body)), 0, test.change)
			made, err := h.fetcher(dir).Fetch(t.Context())
			if !strings.Contains(h.notes.String(), "transferring the whole artifact: ") || !strings.Contains(h.notes.String(), test.say) {
				t.Errorf("%q is not in\n%s", test.say, h.notes.String())
			}
			h.noSecrets(err, dir)
			if err != nil { // as it would be without a part
				if code := fault.Code(err); code != "several-tarballs" && code != "unsafe-archive" && code != "meta-mismatch" {
					t.Error(err)
				}
				return
			}
			if a := made.Record.Artifact; !a.Verified || a.SHA256 == "" || a.Received > c.bytes || a.Received < a.Size || test.change == nil && test.here != nil && a.Received == a.Size {
				t.Errorf("%+v, %d served", a, c.bytes)
			}
			exists(t, made.Path, "extracted")
		})
	}
}

// TestLyingTarball has a tarball whose bytes are not those of its papers: what
// the wheels make is, but nobody asked for it to be invented.
func TestLyingTarball(t *testing.T) {
	t.Parallel()
	old, fresh := build(t, 6, 40<<10), build(t, 6, 40<<10, 1)
	// The papers of another tarball of the same size: its record's sha256 is
	// of nothing that the wheels make.
	lie := strings.Repeat("7", 64)
	real, err := lock.Parse(fresh.lock, "lock")
	if err != nil {
		t.Fatal(err)
	}
	files := fresh.files()
	for _, at := range []int{3, 5} {
		files[at] = bytes.ReplaceAll(files[at].([]byte), []byte(real.SHA256), []byte(lie))
	}
	body, dir := zipped(t, files...), t.TempDir()
	old.fetchedInto(t, dir)
	h := newHub(t, body)
	h.serve(bytes.NewReader(body), int64(len(body)), 0, nil)
	_, err = h.fetcher(dir).Fetch(t.Context())
	if fault.Code(err) != "meta-mismatch" || !strings.Contains(h.notes.String(), "is not the one of its record") {
		t.Errorf("%v\n%s", err, h.notes.String())
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "run-9")); len(names) > 0 {
		t.Error("it is there all the same")
	}
}

// TestHostileDirectory has directories that lie; the whole is fetched then, and
// refused or taken for what it is.
func TestHostileDirectory(t *testing.T) {
	t.Parallel()
	old, fresh := build(t, 6, 40<<10), build(t, 6, 40<<10, 1)
	body := zipped(t, fresh.files()...)
	end := len(body) - 22
	directory := int(binary.LittleEndian.Uint32(body[end+16:]))
	for _, test := range []struct {
		name   string
		change func(data []byte)
	}{
		{"a million members", func(d []byte) { d[end+8], d[end+9], d[end+10], d[end+11] = 0xfe, 0xff, 0xfe, 0xff }},
		{"a directory outside", func(d []byte) { binary.LittleEndian.PutUint32(d[end+16:], 1<<31) }},
		{"a member outside", func(d []byte) { binary.LittleEndian.PutUint32(d[directory+42:], 1<<31) }},
		{"a member over another", func(d []byte) { binary.LittleEndian.PutUint32(d[directory+20:], uint32(len(fresh.tarball))+2000) }},
		{"a tarball that says less", func(d []byte) {
			binary.LittleEndian.PutUint32(d[directory+20:], 1000)
			binary.LittleEndian.PutUint32(d[directory+24:], 1000)
		}},
		{"stored, and said to be compressed", func(d []byte) { d[8], d[directory+10] = 8, 8 }},
		{"encrypted", func(d []byte) { d[6], d[directory+8] = d[6]|1, d[directory+8]|1 }},
		{"another name in the member's header", func(d []byte) { d[30] = 'x' }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			data, dir := bytes.Clone(body), t.TempDir()
			test.change(data)
			old.fetchedInto(t, dir)
			h := newHub(t, data)
			c := h.serve(bytes.NewReader(data), int64(len(data)), 0, nil)
			made, err := h.fetcher(dir).Fetch(t.Context())
			if err == nil && made.Record.partial() || !strings.Contains(h.notes.String(), "transferring the whole artifact: ") {
				t.Errorf("%v\n%s", err, h.notes.String())
			}
			if c.requests > 8 {
				t.Errorf("%d requests: %q", c.requests, c.ranges)
			}
		})
	}
}
