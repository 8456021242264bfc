package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// created is when everything here was made.
var created = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

const (
	tgz    = "wheelhouse-3.11.tgz"
	theRun = "18884042880"
)

// lockOf is a submission's Lock.
func lockOf(inv *wheelhouse.Inventory) lock.Lock {
	l := lock.Lock{Tarball: inv.Name, Format: inv.Format, SHA256: inv.SHA256, Size: inv.Size, Python: "3.11"}
	for _, w := range inv.Wheels {
		l.Wheels = append(l.Wheels, lock.Wheel{File: w.Name, Size: w.Size, SHA256: w.SHA256})
	}
	return l
}

// build makes a tarball of these wheels in a folder of its own, with its
// record, and gives a submission of it.
func build(t testing.TB, name string, wheels ...wheeltest.Wheel) (Submission, meta.Record) {
	t.Helper()
	dir := tempDir(t)
	var files []string
	for _, w := range wheels {
		files = append(files, w.Write(dir))
	}
	path := filepath.Join(dir, name)
	inv, err := wheelhouse.Pack(t.Context(), path, files)
	must(t, err)
	r := meta.Record{
		Name: name, SHA256: inv.SHA256, Size: inv.Size, CreatedAt: created, Runner: "Linux test",
		Python: "3.11", RequirementsHash: strings.Repeat("0", 64),
	}
	for _, w := range inv.Wheels {
		r.Wheels = append(r.Wheels, w.Name)
	}
	writeRecord(t, path, r)
	return Submission{Tarball: path, Run: theRun, Lock: lockOf}, r
}

// writeRecord writes the record beside a tarball.
func writeRecord(t testing.TB, tarball string, r meta.Record) {
	t.Helper()
	text, err := r.Encode()
	must(t, err)
	must(t, os.WriteFile(tarball+".meta", text, 0o644))
}

// writeVerdict writes a passed verdict beside a tarball.
func writeVerdict(t testing.TB, tarball, sha256 string, at time.Time) {
	t.Helper()
	v := verdict.Verdict{Version: 1, Tarball: filepath.Base(tarball), SHA256: sha256, ProvenAt: at, Proofs: []verdict.Proof{
		{Python: "3.11.7", Installer: "pip 23.2.1", Isolation: "network-namespace", Platform: "linux_x86_64", Result: "PASS", Installed: 1},
	}}
	text, err := v.Encode()
	must(t, err)
	must(t, os.WriteFile(tarball+".verdict.json", text, 0o644))
}

// demo is a wheel whose bytes differ with its text.
func demo(text string) wheeltest.Wheel {
	return wheeltest.Wheel{Project: "demo", Files: map[string]string{"demo/__init__.py": text}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// snapshot gives every file below dir with its sha256.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		sum := sha256.Sum256(data)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = hex.EncodeToString(sum[:])
		return err
	}))
	return files
}

// names gives the files below dir, without those that every archive has.
func names(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	for name := range snapshot(t, dir) {
		if name != lockFile && name != ignoreFile {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// tempDir is a folder in memory where the system has one, else on the disk: a
// test here fsyncs some thousand times.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "archive-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
