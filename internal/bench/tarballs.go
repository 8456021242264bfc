package bench

import (
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// The goals for memory, whatever the tarball's size.
const tarballMemory = 64e6

// tarballs measures pack and meta on one set of wheels.
func (m *meter) tarballs(ctx context.Context, name string, set wheelSet) ([]line, error) {
	dir, err := m.folder(name)
	if err != nil {
		return nil, err
	}
	// No folder of ours is put away here: meta needs what pack leaves.
	lines, own, gnu, err := m.pack(ctx, dir, set)
	if err != nil {
		return nil, err
	}
	more, err := m.metaOfOwn(ctx, own)
	if err != nil {
		return nil, err
	}
	lines = append(lines, more...)
	more, err = m.metaOfGNU(ctx, gnu)
	if err != nil {
		return nil, err
	}
	lines = append(lines, more...)
	return lines, os.RemoveAll(dir)
}

// pack measures packing and gives our tarball and GNU's.
func (m *meter) pack(ctx context.Context, dir string, set wheelSet) (lines []line, own, gnu string, err error) {
	out := filepath.Join(dir, "out")
	gnuDir, err := m.folder(filepath.Join(filepath.Base(dir), "gnu"))
	if err != nil {
		return nil, "", "", err
	}
	gnu = filepath.Join(gnuDir, "wheelhouse-"+m.python.Short()+".tgz")
	plain := filepath.Join(dir, "plain.tar")
	raced, err := race(ctx,
		contender{
			name:    "build -wheels",
			prepare: func() error { return os.RemoveAll(out) },
			run:     processes(m.ours(nil, "build", "-wheels="+set.dir, "-out="+out)),
		},
		contender{
			name:    "tar -czf",
			prepare: func() error { return os.RemoveAll(gnu) },
			run:     processes(process{args: []string{"tar", "-czf", gnu, "-C", set.dir, "."}}),
		},
		contender{
			name:    "tar -cf and sha256sum",
			prepare: func() error { return os.RemoveAll(plain) },
			run: processes(
				process{args: []string{"tar", "-cf", plain, "-C", set.dir, "."}},
				process{args: []string{"sha256sum", plain}},
			),
		},
	)
	if err != nil {
		return nil, "", "", err
	}
	if own, err = onlyTarball(out); err != nil {
		return nil, "", "", err
	}
	ownSize, gnuSize, err := sizes(own, gnu)
	if err != nil {
		return nil, "", "", err
	}
	lines = []line{
		faster("pack", raced[0], "`tar -czf`", raced[1], 25),
		larger("pack, size of its output", ownSize, "`tar -czf`", gnuSize, 1.015),
		faster("pack (it hashes and fsyncs too)", raced[0], "`tar -cf` and `sha256sum`", raced[2], 4),
		memory("pack", raced[0], tarballMemory),
	}
	return lines, own, gnu, os.RemoveAll(plain)
}

func (m *meter) metaOfOwn(ctx context.Context, own string) ([]line, error) {
	raced, err := race(ctx, m.meta(own), shell(own), contender{
		name: "one SHA-256 pass",
		run:  func(context.Context) (int64, error) { return 0, hashOnce(own) },
	})
	if err != nil {
		return nil, err
	}
	return []line{
		faster("meta of our own tarball", raced[0], "`sha256sum` and `tar -tzf`", raced[1], 8),
		within("meta of our own tarball", raced[0], "one Go SHA-256 pass", raced[2], 1.5),
		memory("meta of our own tarball", raced[0], tarballMemory),
	}, nil
}

func (m *meter) metaOfGNU(ctx context.Context, gnu string) ([]line, error) {
	raced, err := race(ctx, m.meta(gnu), shell(gnu))
	if err != nil {
		return nil, err
	}
	return []line{
		faster("meta of a tarball made by GNU tar and gzip", raced[0], "`sha256sum` and `tar -tzf`", raced[1], 2.2),
		memory("meta of a tarball made by GNU tar and gzip", raced[0], tarballMemory),
	}, nil
}

// meta is our record of a tarball, written anew each time.
func (m *meter) meta(tarball string) contender {
	return contender{
		name:    "meta",
		prepare: func() error { return os.RemoveAll(tarball + ".meta") },
		run:     processes(m.ours(nil, "meta", "-tar="+tarball)),
	}
}

// shell is what gives a tarball's hash and its list without us; no wheel's
// hash is in it.
func shell(tarball string) contender {
	return contender{
		name: "sha256sum and tar -tzf",
		run: processes(
			process{args: []string{"sha256sum", tarball}},
			process{args: []string{"tar", "-tzf", tarball}},
		),
	}
}

// hashOnce reads a file through Go's SHA-256.
func hashOnce(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	// A large buffer: the floor is what the processor can do, not the calls.
	_, err = io.CopyBuffer(struct{ io.Writer }{sha256.New()}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	return err
}

func sizes(own, gnu string) (int64, int64, error) {
	ours, err := os.Stat(own)
	if err != nil {
		return 0, 0, fault.New(fault.Unable, "bench-failed", "looking at our tarball: %w", err)
	}
	theirs, err := os.Stat(gnu)
	if err != nil {
		return 0, 0, fault.New(fault.Unable, "bench-failed", "looking at GNU's tarball: %w", err)
	}
	return ours.Size(), theirs.Size(), nil
}
