package validate

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// tampered gives a wheel whose module is another one than RECORD says, of the
// same size.
func tampered(w wheeltest.Wheel) []byte {
	w.Files = map[string]string{"demo/__init__.py": "harmless = 1\n"}
	data := string(w.Bytes())
	return []byte(strings.Replace(data, "harmless", "harmful ", 1))
}

func TestRecordMismatches(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := wheeltest.Wheel{Project: "bad-one"}
	if err := os.WriteFile(filepath.Join(dir, bad.FileName()), tampered(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	noZip := "not_a_zip-1.0-py3-none-any.whl"
	if err := os.WriteFile(filepath.Join(dir, noZip), []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := []wheelhouse.File{{Name: bad.FileName()}, {Name: noZip}, {Name: filepath.Base(wheeltest.Wheel{Project: "good"}.Write(dir))}}
	contents, _, err := inspect(t.Context(), inFolder(dir), files, wheel.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := recordMismatches(t.Context(), inFolder(dir), contents, wheel.Limits{}, true)
	if err != nil || brief(found) != "FAIL record-mismatch "+bad.FileName() {
		t.Fatalf("got %v, %v", found, err)
	}
	if f := found[0]; !strings.Contains(f.Message, "demo/__init__.py") || !strings.Contains(f.Hint, `["record-mismatch:bad-one"]`) {
		t.Errorf("got %v", f)
	}
	if found, err := recordMismatches(t.Context(), inFolder(dir), contents, wheel.Limits{}, false); err != nil || found != nil {
		t.Errorf("names and sizes alone: %v, %v", found, err)
	}
	// A limit that comes to light only now is told as well.
	found, err = recordMismatches(t.Context(), inFolder(dir), contents, wheel.Limits{Members: 1}, true)
	if err != nil || len(found) != 2 || found[0].Code != "zip-bomb" {
		t.Errorf("got %v, %v", found, err)
	}
}

// A wheel that cannot be read any more is no finding; nor is a cancelled check.
func TestRecordMismatchesUnable(t *testing.T) {
	t.Parallel()
	contents := map[string]wheel.Contents{"demo-1.0-py3-none-any.whl": {}}
	if found, err := recordMismatches(t.Context(), inFolder(t.TempDir()), contents, wheel.Limits{}, true); !errors.Is(err, os.ErrNotExist) || found != nil {
		t.Errorf("got %v, %v", found, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	open := func(string) (io.ReaderAt, int64, io.Closer, error) {
		cancel()
		data := wheeltest.Wheel{Project: "demo"}.Bytes()
		return strings.NewReader(string(data)), int64(len(data)), io.NopCloser(nil), nil
	}
	if found, err := recordMismatches(ctx, open, contents, wheel.Limits{}, true); !errors.Is(err, context.Canceled) || found != nil {
		t.Errorf("got %v, %v", found, err)
	}
}

// Of many mismatches a few are told and the rest counted.
func TestRecordMismatchIsShort(t *testing.T) {
	t.Parallel()
	var bad []error
	for range 1000 {
		bad = append(bad, fault.New(fault.Refused, "record-mismatch", "%q is not in RECORD", "a.py"))
	}
	f := recordMismatch("demo-1.0-py3-none-any.whl", bad)
	if !strings.HasSuffix(f.Message, "; and 997 more") || strings.Count(f.Message, "a.py") != 3 || strings.Contains(f.Message, "[record-mismatch]") {
		t.Errorf("got %q", f.Message)
	}
}

// Wheels are read where they lie in a tarball of ours.
func TestInTarball(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	paths := []string{wheeltest.Wheel{Project: "a"}.Write(dir), wheeltest.Wheel{Project: "b", Files: map[string]string{"b/big": strings.Repeat("text", 50_000)}}.Write(dir)}
	tarball := filepath.Join(t.TempDir(), "x.tgz")
	if _, err := wheelhouse.Pack(t.Context(), tarball, paths); err != nil {
		t.Fatal(err)
	}
	file, err := wheelhouse.Open(tarball)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	inv, err := wheelhouse.ReadFile(t.Context(), file, wheelhouse.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	open, err := inTarball(file, inv.Wheels)
	if err != nil {
		t.Fatal(err)
	}
	contents, found, err := inspect(t.Context(), open, inv.Wheels, wheel.Limits{})
	if err != nil || found != nil || contents[filepath.Base(paths[1])].Name != "b" {
		t.Errorf("got %v, %v, %v", contents, found, err)
	}
	if found, err := recordMismatches(t.Context(), open, contents, wheel.Limits{}, true); err != nil || found != nil {
		t.Errorf("got %v, %v", found, err)
	}
	if _, _, _, err := open("c-1.0-py3-none-any.whl"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
