package wheeltest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestFileName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		wheel Wheel
		want  string
	}{
		{Wheel{Project: "demo"}, "demo-1.0-py3-none-any.whl"},
		{Wheel{Project: "a.b-c", Version: "2.0+cpu"}, "a_b_c-2.0+cpu-py3-none-any.whl"},
		{Wheel{Project: "Pillow", Build: "1", Tag: "cp311-cp311-linux_x86_64"}, "Pillow-1.0-1-cp311-cp311-linux_x86_64.whl"},
	} {
		if got := c.wheel.FileName(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// The bytes are held still: others' golden sums are made of such wheels.
func TestBytesAreDeterministic(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256(Wheel{Project: "demo", Files: map[string]string{"b.py": "", "a.py": "x = 1\n"}}.Bytes())
	const want = "dc35054608e08eb15a78b58031fdb0255a188c0f9c8962fd72d804008892bcc8"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRecordIsValid(t *testing.T) {
	t.Parallel()
	for _, deflate := range []bool{false, true} {
		w := Pytest()
		w.Deflate = deflate
		data := w.Bytes()
		archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		content := map[string][]byte{}
		for _, f := range archive.File {
			if f.Flags&0x8 != 0 {
				t.Errorf("the size of %s follows its data: uv cannot install that", f.Name)
			}
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			content[f.Name], err = io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
		}
		rows, err := csv.NewReader(bytes.NewReader(content["pytest-8.0.0.dist-info/RECORD"])).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != len(content) {
			t.Errorf("RECORD has %d rows for %d members", len(rows), len(content))
		}
		for _, row := range rows[:len(rows)-1] {
			sum := sha256.Sum256(content[row[0]])
			if row[1] != "sha256="+base64.RawURLEncoding.EncodeToString(sum[:]) || row[2] != strconv.Itoa(len(content[row[0]])) {
				t.Errorf("RECORD is wrong about %s", row[0])
			}
		}
	}
}

func TestTarball(t *testing.T) {
	t.Parallel()
	wheel := Wheel{Project: "demo"}
	r, err := gzip.NewReader(bytes.NewReader(GNUTarball(".wheelhouse", wheel.Write(t.TempDir()))))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for members := tar.NewReader(r); ; {
		h, err := members.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
	if got := strings.Join(names, " "); got != ".wheelhouse/ .wheelhouse/demo-1.0-py3-none-any.whl" {
		t.Errorf("got %s", got)
	}
	long := strings.Repeat("x", 200) + ".whl"
	for _, m := range []Member{
		{Name: "../x"}, {Name: "/abs"}, {Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		{Name: "null", Typeflag: tar.TypeChar}, {Name: "fifo", Typeflag: tar.TypeFifo}, {Name: long}, {Name: "\xff"},
	} {
		h, err := tar.NewReader(bytes.NewReader(RawTar(m))).Next()
		if err != nil || h.Name != m.Name {
			t.Errorf("%q: %v, %v", m.Name, h, err)
		}
	}
}

// The stand-in ends as pytest does.
func TestPytest(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no python3 on PATH")
		}
		t.Skip("no python3 on PATH")
	}
	site := t.TempDir()
	must(os.MkdirAll(filepath.Join(site, "pytest"), 0o755))
	for name, content := range Pytest().Files {
		if strings.HasPrefix(name, "pytest/") {
			must(os.WriteFile(filepath.Join(site, filepath.FromSlash(name)), []byte(content), 0o644))
		}
	}
	for _, c := range []struct {
		name, source, options, addopts string
		status                         int
		junit                          string
	}{
		{"passed", "def test_smoke(): pass\ndef test_other(): assert 0\n", "-k smoke", "", 0, `failures="0" skipped="0" tests="1"`},
		{"failed", "def test_smoke(): assert 0\n", "-q -k smoke", "", 1, `failures="1" skipped="0" tests="1"`},
		{"skipped", "import pytest\ndef test_smoke(): pytest.skip('no')\n", "-k smoke", "", 0, `failures="0" skipped="1" tests="1"`},
		{"module skipped", "import pytest\npytest.importorskip('no_such_module')\n", "", "", 5, `skipped="1" tests="1"`},
		{"deselected", "def test_other(): pass\n", "-k smoke", "", 5, `tests="0"`},
		{"none", "", "", "", 5, `tests="0"`},
		{"does not import", "import no_such_module\n", "", "", 2, `errors="1"`},
		{"method", "class TestSmoke:\n  def test_x(self): pass\n", "-k smoke", "", 0, `tests="1"`},
		{"expression", "def test_a(): pass\ndef test_b(): pass\n", "-k not_b", "", 5, `tests="0"`},
		{"option", "def test_a(): pass\n", "--no-such", "", 4, ""},
		{"addopts", "def test_a(): assert 0\n", "", "--collect-only", 0, ""},
		{"cache", "def test_a(): pass\n", "-p no:cacheprovider -o cache_dir=x --rootdir=. .", "", 0, `tests="1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must(os.WriteFile(filepath.Join(dir, "test_it.py"), []byte(c.source), 0o644))
			args := append([]string{"-m", "pytest", "--junitxml=out/junit.xml"}, strings.Fields(c.options)...)
			cmd := exec.Command(python, args...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "PYTHONPATH="+site, "PYTEST_ADDOPTS="+c.addopts, "PYTHONDONTWRITEBYTECODE=1")
			out, err := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); got != c.status {
				t.Errorf("status %d, want %d: %v\n%s", got, c.status, err, out)
			}
			junit, _ := os.ReadFile(filepath.Join(dir, "out", "junit.xml"))
			if !strings.Contains(string(junit), c.junit) {
				t.Errorf("no %s in %s", c.junit, junit)
			}
		})
	}
}
