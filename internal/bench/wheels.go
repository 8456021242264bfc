package bench

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

// pins are the big set: every wheel of it, so that pip resolves nothing.
//
//go:embed pins.txt
var pins string

// wheelSet is a folder of wheels and how much it holds.
type wheelSet struct {
	dir   string
	count int
	bytes int64
}

// cacheDir is where wheels are kept from one run to the next.
func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fault.New(fault.Unable, "no-cache-folder", "finding the user's cache folder: %w", err)
	}
	dir := filepath.Join(base, "wheelhouse-bench")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fault.New(fault.Unable, "no-cache-folder", "making the cache folder: %w", err)
	}
	return dir, nil
}

// bigSet fetches the pinned wheels, unless they are in the cache.
func bigSet(ctx context.Context, progress io.Writer, cache string, i python.Interpreter) (wheelSet, error) {
	dir := filepath.Join(cache, "big-"+i.Short()+"-"+digest([]byte(pins)))
	return cached(dir, func(fresh string) error {
		fmt.Fprintln(progress, "bench: fetching the big set of wheels, once")
		list := filepath.Join(fresh, "pins.txt")
		if err := os.WriteFile(list, []byte(pins), 0o644); err != nil {
			return err
		}
		return say(ctx, progress, nil, i.Path, "-m", "pip", "download", "--quiet", "--no-deps",
			"--only-binary=:all:", "--requirement", list, "--dest", fresh)
	})
}

// sampleSet is the wheels of the sample's wheelhouse, built by the binary
// unless they are in the cache.
func sampleSet(ctx context.Context, progress io.Writer, cache string, b binary, requirements string, i python.Interpreter) (wheelSet, error) {
	text, err := os.ReadFile(requirements)
	if err != nil {
		return wheelSet{}, fault.New(fault.Unable, "requirements-missing", "reading the sample's requirements: %w", err)
	}
	dir := filepath.Join(cache, "sample-"+i.Short()+"-"+digest(text))
	return cached(dir, func(fresh string) error {
		fmt.Fprintln(progress, "bench: building the sample's wheelhouse, once")
		if err := say(ctx, progress, b.env, b.path, "build", "-out="+fresh); err != nil {
			return err
		}
		tarball, err := onlyTarball(fresh)
		if err != nil {
			return err
		}
		return say(ctx, progress, nil, "tar", "-xzf", tarball, "-C", fresh)
	})
}

// cached gives the wheels in dir, which fill makes when it is not there: in a
// folder beside it first, so that a run that is cut short leaves no half set.
func cached(dir string, fill func(fresh string) error) (wheelSet, error) {
	if set, err := readSet(dir); err == nil {
		return set, nil
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "fetching-*")
	if err != nil {
		return wheelSet{}, fault.New(fault.Unable, "no-cache-folder", "making a folder for wheels: %w", err)
	}
	defer os.RemoveAll(fresh)
	if err := fill(fresh); err != nil {
		return wheelSet{}, err
	}
	if err := onlyWheels(fresh); err != nil {
		return wheelSet{}, err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return wheelSet{}, fault.New(fault.Unable, "no-cache-folder", "keeping the wheels: %w", err)
	}
	return readSet(dir)
}

// onlyWheels removes what is not a wheel, so that tar packs what we pack.
func onlyWheels(dir string) error {
	members, err := os.ReadDir(dir)
	if err != nil {
		return fault.New(fault.Unable, "bench-failed", "reading the wheels fetched: %w", err)
	}
	for _, member := range members {
		if strings.HasSuffix(member.Name(), ".whl") {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, member.Name())); err != nil {
			return fault.New(fault.Unable, "bench-failed", "removing what is no wheel: %w", err)
		}
	}
	return nil
}

func readSet(dir string) (wheelSet, error) {
	members, err := os.ReadDir(dir)
	if err != nil {
		return wheelSet{}, err
	}
	set := wheelSet{dir: dir}
	for _, member := range members {
		info, err := member.Info()
		if err != nil {
			return wheelSet{}, err
		}
		set.count++
		set.bytes += info.Size()
	}
	if set.count == 0 {
		return wheelSet{}, fault.New(fault.Unable, "bench-failed", "no wheel in %s", dir)
	}
	return set, nil
}

// onlyTarball gives the one tarball in a folder.
func onlyTarball(dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return "", fault.New(fault.Unable, "bench-failed", "%d tarballs in %s, not one", len(found), dir)
	}
	return found[0], nil
}

// say runs a program whose output the person sees.
func say(ctx context.Context, progress io.Writer, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, progress, progress
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fault.New(fault.Unable, "bench-failed", "running %s: %w", filepath.Base(args[0]), err)
	}
	return nil
}

// digest is the start of a text's sha256, enough for a folder's name.
func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}
