package bench

import (
	"archive/zip"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// An artifact as a workflow's run has it: so many wheels of random bytes, which
// no connection and no disk can make smaller.
const (
	artifactWheels = 33
	wheelBytes     = 500_000_000 / artifactWheels
)

// artifact makes the zip that a run uploads: a wheelhouse, its record and its
// lock in an entry's folder, stored. The first changed of its wheels are of
// another version than those of the artifact where none is.
func (m *meter) artifact(ctx context.Context, dir, run string, changed int) (string, error) {
	wheels, out := filepath.Join(dir, "wheels"), filepath.Join(dir, "dist")
	if err := os.MkdirAll(wheels, 0o755); err != nil {
		return "", noArtifact(err)
	}
	for n := range artifactWheels {
		version := "1.0"
		if n < changed {
			version = "1." + run
		}
		if err := writeWheel(wheels, fmt.Sprintf("project_%02d", n), version, [32]byte{byte(n)}, wheelBytes); err != nil {
			return "", noArtifact(err)
		}
	}
	built := processes(m.ours(nil, "build", "-wheels="+wheels, "-out="+out), m.ours(nil, "meta", "-tar="+filepath.Join(out, m.tarballName())))
	if _, err := built(ctx); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "artifact-"+run+".zip")
	if err := zipFolder(path, "docs/ci-archive/20300101-"+run+"/", out); err != nil {
		return "", noArtifact(err)
	}
	for _, done := range []string{wheels, out} {
		if err := os.RemoveAll(done); err != nil {
			return "", noArtifact(err)
		}
	}
	return path, nil
}

func noArtifact(err error) error {
	return fault.New(fault.Unable, "bench-failed", "making an artifact: %w", err)
}

func (m *meter) tarballName() string { return "wheelhouse-" + m.python.Short() + ".tgz" }

// wheelName is the file name of such a wheel.
func wheelName(project, version string) string { return project + "-" + version + "-py3-none-any.whl" }

// writeWheel writes a wheel whose one large file follows from the seed.
func writeWheel(dir, project, version string, seed [32]byte, size int64) error {
	name := project + "-" + version
	file, err := os.Create(filepath.Join(dir, wheelName(project, version)))
	if err != nil {
		return err
	}
	defer file.Close() // what matters of it is looked at below
	archive := zip.NewWriter(file)
	info := name + ".dist-info/"
	for _, member := range []struct {
		name    string
		content io.Reader
	}{
		{project + "/data.bin", io.LimitReader(rand.NewChaCha8(seed), size)},
		{info + "METADATA", strings.NewReader("Metadata-Version: 2.1\nName: " + project + "\nVersion: " + version + "\n")},
		{info + "WHEEL", strings.NewReader("Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n")},
		{info + "RECORD", strings.NewReader(info + "RECORD,,\n")},
	} {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: member.name, Method: zip.Store})
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, member.content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return file.Close()
}

// zipFolder stores a folder's files below prefix, sizes first, as the upload
// action does it with compression level 0.
func zipFolder(path, prefix, dir string) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close() // what matters of it is looked at below
	archive := zip.NewWriter(out)
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := store(archive, prefix+file.Name(), filepath.Join(dir, file.Name())); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return out.Close()
}

func store(archive *zip.Writer, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := crc32.NewIEEE()
	size, err := io.Copy(sum, file)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w, err := archive.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Store, CRC32: sum.Sum32(), CompressedSize64: uint64(size), UncompressedSize64: uint64(size),
	})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	return err
}
