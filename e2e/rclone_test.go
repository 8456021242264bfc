//go:build e2e

package e2e

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/rclonestore"
)

// rcloneStore opens a store through rclone itself, with a configuration that
// knows one remote, here, which is this machine's disk.
func rcloneStore(t *testing.T, url string) *rclonestore.Store {
	t.Helper()
	config := write(t, filepath.Join(t.TempDir(), "rclone.conf"), "[here]\ntype = local\n")
	s, err := rclonestore.Open(url, rclonestore.Options{
		Program: serverProgram(t, "rclone"), Environ: append(environment(), "RCLONE_CONFIG="+config), TempDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRclone proves the driver with the real program on a local remote, one of
// the configuration and one made on the fly.
func TestRclone(t *testing.T) {
	for _, remote := range []string{"here", ":local"} {
		t.Run(remote, func(t *testing.T) {
			dir := filepath.ToSlash(filepath.Join(t.TempDir(), "a store"))
			s := rcloneStore(t, "rclone:"+remote+":"+dir)
			for _, err := range s.List(t.Context(), "") {
				t.Errorf("an empty store lists something: %v", err)
			}
			keepsWheelhouses(t, s)
			refusesAll(t, s)
		})
	}
	t.Run("no such remote", func(t *testing.T) {
		s := rcloneStore(t, "rclone:nowhere:x")
		if _, err := s.Stat(t.Context(), "blobs/x"); fault.Code(err) != "store-refused" || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("said %v", err)
		}
	})
	t.Run("no right", func(t *testing.T) {
		file := write(t, filepath.Join(t.TempDir(), "file"), "no folder")
		s := rcloneStore(t, "rclone:here:"+filepath.ToSlash(file)+"/below")
		if created, err := s.Put(t.Context(), "blobs/x", 1, oneByte); created || err == nil {
			t.Errorf("stored below a file: %v, %v", created, err)
		}
	})
}

func oneByte() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }

// refusesAll looks for, overwrites and deletes what is or is not there.
func refusesAll(t *testing.T, s *rclonestore.Store) {
	t.Helper()
	if _, err := s.Open(t.Context(), "blobs/absent"); fault.Code(err) != "store-object-missing" {
		t.Errorf("said %v", err)
	}
	if _, err := s.Stat(t.Context(), "blobs"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder is an object: %v", err)
	}
	for _, first := range []bool{true, false} {
		if created, err := s.Put(t.Context(), "gc", 1, oneByte); created != first || err != nil {
			t.Errorf("stored: %v, %v", created, err)
		}
	}
	body, err := s.Open(t.Context(), "gc")
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil || string(data) != "x" {
		t.Errorf("%q, %v", data, err)
	}
	for range 2 {
		if err := s.Delete(t.Context(), "gc"); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(s.TempDir); err != nil || len(left) > 0 {
		t.Errorf("%v left behind, %v", left, err)
	}
}
