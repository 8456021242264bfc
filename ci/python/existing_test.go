package python

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestOpenVenv(t *testing.T) {
	t.Parallel()
	i := realPython(t)
	dir := filepath.Join(t.TempDir(), "venv")
	if _, there, err := OpenVenv(dir); there || err != nil {
		t.Errorf("absent: %v, %v", there, err)
	}
	made, err := NewVenv(t.Context(), i, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, there, err := OpenVenv(dir); there || err != nil {
		t.Errorf("one of NewVenv's, to be made again: %v, %v", there, err)
	}
	if err := made.Settle(); err != nil {
		t.Fatal(err)
	}
	v, there, err := OpenVenv(dir)
	if err != nil || !there || v.Dir != made.Dir || v.Python != made.Python {
		t.Errorf("settled: %+v, %v, %v", v, there, err)
	}
	if _, err := NewVenv(t.Context(), i, dir); fault.Code(err) != "venv-exists" {
		t.Errorf("a settled one is made again: %v", err)
	}
	in := Installer{Interpreter: i}
	if found, err := in.Installed(t.Context(), v); err != nil || len(found) != 0 {
		t.Errorf("in an empty one are %v, %v", found, err)
	}

	site, err := filepath.Glob(filepath.Join(dir, "[lL]ib", "python3*", "site-packages"))
	if err != nil || len(site) != 1 {
		t.Skipf("site-packages lie elsewhere: %v", site) // Windows
	}
	for name, metadata := range map[string]string{
		"Some_Thing-1.5.dist-info/METADATA": "Metadata-Version: 2.1\nName: Some_Thing\nVersion: 1.5\n",
		"half-1.dist-info/RECORD":           "",
	} {
		path := filepath.Join(site[0], filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(metadata), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := in.Installed(t.Context(), v); err != nil || len(found) != 1 || found["some-thing"] != "1.5" {
		t.Errorf("in it are %v, %v", found, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := in.Installed(ctx, v); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := os.Remove(v.Python); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenVenv(dir); fault.Code(err) != "venv-exists" {
		t.Errorf("without its Python: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenVenv(file); fault.Code(err) != "venv-exists" {
		t.Errorf("a file: %v", err)
	}
}
