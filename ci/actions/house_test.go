package actions

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// house is a wheelhouse with its papers, in a folder.
type house struct {
	dir                 string
	tarball, meta, lock []byte
	sizes               []int64
}

const houseName = "wheelhouse-3.11.tgz"

// build makes a house of n wheels of about that many bytes, of which some have
// another version than they have by default; without those it is of run 8, else
// of run 9.
func build(t *testing.T, n, bytes int, changed ...int) house {
	t.Helper()
	h := house{dir: t.TempDir()}
	var wheels []string
	for i := range n {
		w := wheeltest.Wheel{Project: fmt.Sprintf("demo%02d", i), Version: "1.0"}
		seed := uint64(i)
		for _, c := range changed {
			if c == i {
				w.Version, seed = "2.0", seed+1000
			}
		}
		source, noise := rand.New(rand.NewPCG(seed, 1)), make([]byte, bytes)
		for j := range noise {
			noise[j] = byte(source.Uint32())
		}
		w.Files = map[string]string{"x/noise": string(noise)}
		wheels = append(wheels, w.Write(h.dir))
	}
	path := filepath.Join(h.dir, houseName)
	inv, err := wheelhouse.Pack(t.Context(), path, wheels)
	if err != nil {
		t.Fatal(err)
	}
	l := lock.Lock{Tarball: houseName, Format: inv.Format, SHA256: inv.SHA256, Size: inv.Size, Python: "3.11"}
	for _, w := range inv.Wheels {
		l.Wheels = append(l.Wheels, lock.Wheel{File: w.Name, Size: w.Size, SHA256: w.SHA256})
		h.sizes = append(h.sizes, w.Size)
	}
	if h.lock, err = l.Encode(); err != nil {
		t.Fatal(err)
	}
	run := "9"
	if len(changed) == 0 {
		run = "8"
	}
	if h.meta, err = meta.Describe(inv, meta.Details{CreatedAt: newClock().now, RunID: run}).Encode(); err != nil {
		t.Fatal(err)
	}
	if h.tarball, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{houseName + ".meta": h.meta, lock.FileName(houseName): h.lock} {
		if err := os.WriteFile(filepath.Join(h.dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// fetchedInto makes the folder of a run of the house.
func (h house) fetchedInto(t *testing.T, dir string) Made {
	t.Helper()
	made, err := Folder{Outdir: dir}.FromTarball(t.Context(), filepath.Join(h.dir, houseName), newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

const inEntry = "docs/ci-archive/20200101-9/"

// files are those of the house's artifact, for zipped.
func (h house) files() []any {
	return []any{
		inEntry + houseName, h.tarball, inEntry + houseName + ".meta", h.meta,
		inEntry + lock.FileName(houseName), h.lock, inEntry + "notes.txt", []byte("notes\n"),
	}
}

// counted is how much of the artifact was served.
type counted struct {
	requests int
	bytes    int64
	ranges   []string
}

type countingWriter struct {
	http.ResponseWriter
	c *counted
	// cut ends the connection after that many bytes; 0 never.
	cut int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	if w.cut > 0 && int64(len(p)) > w.cut {
		p = p[:w.cut]
	}
	n, err := w.ResponseWriter.Write(p)
	w.c.bytes += int64(n)
	if w.cut > 0 {
		if w.cut -= int64(n); w.cut == 0 {
			w.ResponseWriter.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	}
	return n, err
}

// serve has the hub serve a file that need not be in memory, and counts. Where
// change is not nil, it may serve a request otherwise and give true.
func (h *hub) serve(file io.ReaderAt, size, cut int64, change func(w http.ResponseWriter, r *http.Request, n int) bool) *counted {
	c := &counted{}
	h.artifacts[0]["size_in_bytes"] = size
	h.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if r.URL.Path != "/blob" {
			return false
		}
		c.requests++
		c.ranges = append(c.ranges, r.Header.Get("Range"))
		counting := &countingWriter{w, c, cut}
		if change != nil && change(counting, r, n) {
			return true
		}
		http.ServeContent(counting, r, "", time.Time{}, io.NewSectionReader(file, 0, size))
		return true
	}
	return c
}

// sum is the sha256 of a house's wheel.
func sum(t *testing.T, h house, i int) string {
	t.Helper()
	l, err := lock.Parse(h.lock, "lock")
	if err != nil {
		t.Fatal(err)
	}
	return l.Wheels[i].SHA256
}

func deflatedZip(t *testing.T, files ...any) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i].(string))
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
	return out.Bytes()
}
