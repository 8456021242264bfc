//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/config"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// clone makes a fresh clone of the repository's HEAD.
func clone(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(scratch, "clone-*")
	if err != nil {
		t.Fatal(err)
	}
	// Whoever owns the checkout, cloning it is what was asked for.
	run(t, scratch, nil, "git", "-c", "safe.directory=*", "clone", "--quiet", root, dir).want(t, 0)
	return dir
}

// sampleRun is the one run of `go tool mage all` that other tests build on.
type sampleRun struct {
	clone string
	said  said
}

// tarball is the sample's wheelhouse.
func (s *sampleRun) tarball() string {
	return filepath.Join(s.clone, "dist", "wheelhouse-3.11.tgz")
}

// lockFile is the lock beside it.
func (s *sampleRun) lockFile() string {
	return filepath.Join(s.clone, "dist", "pylock.wheelhouse-311.toml")
}

var (
	sampleOnce sync.Once
	sampleMade *sampleRun
)

// sample gives a clone in which `go tool mage all` ran; the first test that
// asks pays for it.
func sample(t *testing.T) *sampleRun {
	t.Helper()
	sampleOnce.Do(func() {
		dir := clone(t)
		got := run(t, dir, nil, "go", "tool", "mage", "all")
		sampleMade = &sampleRun{dir, got}
	})
	if sampleMade == nil {
		t.Fatal("the sample could not be made; an earlier test says why")
	}
	sampleMade.said.want(t, 0)
	return sampleMade
}

// ours runs scripts/wheelhouse of the sample's clone in dir.
func (s *sampleRun) ours(t *testing.T, dir string, more []string, args ...string) said {
	t.Helper()
	return run(t, dir, more, append([]string{filepath.Join(s.clone, "scripts", "wheelhouse")}, args...)...)
}

// copyOf gives a copy of the sample's tarball and its record, in a new folder,
// so that no test's verdict lies beside another's.
func (s *sampleRun) copyOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{s.tarball(), s.tarball() + ".meta"} {
		copyFile(t, file, filepath.Join(dir, filepath.Base(file)))
	}
	return filepath.Join(dir, filepath.Base(s.tarball()))
}

// extracted gives a folder with the sample's wheels and its lock.
func (s *sampleRun) extracted(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	run(t, dir, nil, "tar", "-xzf", s.tarball(), "-C", dir).want(t, 0)
	copyFile(t, s.lockFile(), filepath.Join(dir, filepath.Base(s.lockFile())))
	return dir
}

// settings are those that the repository ships.
func (s *sampleRun) settings(t *testing.T) *config.Config {
	t.Helper()
	cfg, err := config.Load(s.clone, s.clone, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// readLock reads a lock as our own code does.
func readLock(t *testing.T, file string) lock.Lock {
	t.Helper()
	l, err := lock.Parse(read(t, file), file)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, file, text string) string {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	return file
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	source, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(target, source)
	if err := errors.Join(err, target.Close()); err != nil {
		t.Fatal(err)
	}
}

// sum is a file's sha256.
func sum(t *testing.T, file string) string {
	t.Helper()
	hash := sha256.Sum256(read(t, file))
	return hex.EncodeToString(hash[:])
}

// tree gives the paths of all files below dir, relative to it.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// searchFor fails the test for every file below dir that holds the secret.
func searchFor(t *testing.T, secret, dir string) {
	t.Helper()
	for _, file := range tree(t, dir) {
		info, err := os.Lstat(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().IsRegular() && strings.Contains(string(read(t, filepath.Join(dir, file))), secret) {
			t.Errorf("the secret is in %s", filepath.Join(dir, file))
		}
	}
}
