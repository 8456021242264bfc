package validate

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// pythonPath gives the machine's Python. Under CI=true there must be one.
func pythonPath(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("CI=true and there is no python3 on PATH")
	}
	t.Skip("needs a python3 on PATH")
	return ""
}

// house packs wheels, with a record beside the tarball, and gives options to
// prove it whose temporary files lie in a folder of the test's own.
func house(t *testing.T, wheels ...wheeltest.Wheel) Options {
	t.Helper()
	from := t.TempDir()
	var files []string
	for _, w := range wheels {
		files = append(files, w.Write(from))
	}
	return houseOf(t, files...)
}

// houseOf is house with wheels that are files.
func houseOf(t *testing.T, files ...string) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wheelhouse-3.11.tgz")
	inv, err := wheelhouse.Pack(t.Context(), path, files)
	if err != nil {
		t.Fatal(err)
	}
	writeRecord(t, path, meta.Record{Name: inv.Name, SHA256: inv.SHA256, Size: inv.Size, Wheels: wheelNames(inv)})
	return Options{
		Tarball: path, Python: pythonPath(t), Environ: os.Environ(), TempDir: t.TempDir(),
		Packages: packages(t, "app"),
	}
}

func wheelNames(inv *wheelhouse.Inventory) []string {
	var names []string
	for _, w := range inv.Wheels {
		names = append(names, w.Name)
	}
	return names
}

func writeRecord(t *testing.T, tarball string, r meta.Record) {
	t.Helper()
	r.CreatedAt = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	r.Runner, r.Python = "Linux", "3.11"
	if r.RequirementsHash == "" {
		r.RequirementsHash = strings.Repeat("0", 64)
	}
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	write(t, tarball+".meta", string(text))
}

// writeLock writes the tarball's lock; sdists are what wheels were built from.
func writeLock(t *testing.T, tarball string, sdists map[string]*lock.Sdist) {
	t.Helper()
	inv, err := wheelhouse.Read(t.Context(), tarball, wheelhouse.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l := lock.Lock{Tarball: inv.Name, Format: inv.Format, SHA256: inv.SHA256, Size: inv.Size, Python: "3.11"}
	for _, w := range inv.Wheels {
		l.Wheels = append(l.Wheels, lock.Wheel{File: w.Name, Size: w.Size, SHA256: w.SHA256, Sdist: sdists[w.Name]})
	}
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(filepath.Dir(tarball), lock.FileName(inv.Name)), string(text))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func packages(t *testing.T, texts ...string) []requirements.Requirement {
	t.Helper()
	var list []requirements.Requirement
	for _, root := range roots(t, texts...) {
		list = append(list, root.Requirement)
	}
	return list
}

// asks gives the options requirements of this text.
func (o Options) asks(t *testing.T, text string) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "requirements.txt")
	write(t, path, text)
	set, err := requirements.Load(path, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	o.Requirements, o.RequirementsFrom = set, "requirements.txt"
	return o
}

// tests gives the options a folder of tests of this text.
func (o Options) tests(t *testing.T, text string) Options {
	t.Helper()
	o.Tests = t.TempDir()
	write(t, filepath.Join(o.Tests, "test_it.py"), text)
	return o
}

func failures(found []finding.Finding) string {
	return brief(slices.DeleteFunc(slices.Clone(found), func(f finding.Finding) bool { return f.Severity != finding.Fail }))
}

// clean fails the test when temporary files are left.
func clean(t *testing.T, o Options) {
	t.Helper()
	left, err := os.ReadDir(o.TempDir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

var (
	app      = wheeltest.Wheel{Project: "app", RequiresDist: []string{"lib[net]>=1"}, Files: map[string]string{"app.py": "import lib, net\n"}}
	lib      = wheeltest.Wheel{Project: "lib", RequiresDist: []string{`net; extra == "net"`}, ProvidesExtra: []string{"net"}, Files: map[string]string{"lib.py": ""}}
	net      = wheeltest.Wheel{Project: "net", Files: map[string]string{"net.py": ""}}
	stranger = wheeltest.Wheel{Project: "stranger"}
)

// kept fails the test unless the temporary folder is there, whole.
func kept(t *testing.T, r *Result) {
	t.Helper()
	for _, name := range []string{"venv", "wheels/app-1.0-py3-none-any.whl", "requirements.txt"} {
		if !exists(filepath.Join(r.Kept, name)) {
			t.Errorf("%s was not kept", name)
		}
	}
	if r.Venv != filepath.Join(r.Kept, "venv") {
		t.Errorf("venv %s, kept %s", r.Venv, r.Kept)
	}
}
