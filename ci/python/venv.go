package python

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Venv is a virtual environment without pip.
type Venv struct {
	Dir    string // absolute
	Python string // the venv's interpreter, absolute

	// maker is the interpreter which made it.
	maker Interpreter
	// created tells that there was no such folder before.
	created bool
}

// Remove removes what NewVenv made: the folder, or what is in it where an empty
// one was there before. What cannot be removed stays.
func (v Venv) Remove() { release(v.Dir, v.created) }

const (
	// venvMarker is the file that tells a venv of ours from a folder of the
	// user's; it is written before anything else.
	venvMarker = ".wheelhouse-venv"
	// venvTime is the most that making one may take.
	venvTime = time.Minute
	// venvMarkerText is what the file holds.
	venvMarkerText = "Made by wheelhouse: this folder is erased and made again.\n"
)

// NewVenv makes dir a fresh venv without ensurepip: dir is absent, or an empty
// folder, or a venv that was made here before, which is erased. Anything else
// is refused and left as it is. When it fails or is cancelled, what it made is
// removed. It has a minute. Codes: no-venv, venv-exists (usage), disk-full.
func NewVenv(ctx context.Context, i Interpreter, dir string) (Venv, error) {
	return newVenv(ctx, i, dir, venvTime, func(dir string) command.Command {
		return command.Command{
			Path: i.Path,
			Args: []string{"-I", "-m", "venv", "--without-pip", dir},
			Env:  i.cleanEnviron(),
		}
	})
}

// newVenv is NewVenv by a command of any kind, within limit.
func newVenv(ctx context.Context, i Interpreter, dir string, limit time.Duration, make func(dir string) command.Command) (Venv, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Venv{}, fault.New(fault.Unable, "no-venv", "making a virtual environment: %w", err)
	}
	created, err := claim(dir)
	if err != nil {
		return Venv{}, err
	}
	_, err = answer(ctx, i.command(make(dir)), limit)
	v := Venv{Dir: dir, Python: venvPython(dir), maker: i, created: created}
	if err == nil {
		// A link to an interpreter elsewhere leads nowhere here.
		_, err = os.Lstat(v.Python)
	}
	if err == nil {
		return v, nil
	}
	release(dir, created)
	if ctx.Err() != nil {
		return Venv{}, fmt.Errorf("making the virtual environment %s: %w", dir, ctx.Err())
	}
	return Venv{}, noVenv(i, dir, err)
}

// noVenv tells why there is no venv, and which package Debian has it in.
func noVenv(i Interpreter, dir string, err error) error {
	failed := fault.New(fault.Unable, "no-venv", "making the virtual environment %s with Python %s: %s", dir, i.Short(), why(err))
	if full := diskFull("making the virtual environment "+dir, errorText(err)); full != nil {
		return full
	}
	if strings.Contains(why(err), "No module named") {
		short := i.Short()
		failed.WithHint("this Python lacks a part of its library; on Debian and Ubuntu: apt install python%s python%s-venv", short, short)
	}
	return failed
}

// venvPython is where a venv has its interpreter.
func venvPython(dir string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts", "python.exe")
	}
	return filepath.Join(dir, "bin", "python")
}

// claim makes dir an empty folder of ours, and tells whether it was absent.
func claim(dir string) (created bool, err error) {
	failed := func(err error) error {
		return fault.New(fault.Unable, "no-venv", "making the virtual environment %s: %w", dir, err)
	}
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return false, failed(err)
		}
		created = true
	case err != nil:
		return false, failed(err)
	case !info.IsDir():
		return false, fault.New(fault.Usage, "venv-exists", "%s is not a folder", dir).
			WithHint("name a folder that is absent or empty")
	default:
		if err := erase(dir); err != nil {
			return false, err
		}
	}
	marker := filepath.Join(dir, venvMarker)
	if err := os.WriteFile(marker, []byte(venvMarkerText), 0o644); err != nil {
		release(dir, created)
		return false, failed(err)
	}
	return created, nil
}

// erase empties a folder that is ours; one that is empty already is nobody's.
func erase(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fault.New(fault.Unable, "no-venv", "looking into %s: %w", dir, err)
	}
	if len(entries) == 0 {
		return nil
	}
	if !ours(dir) {
		return fault.New(fault.Usage, "venv-exists", "%s is not empty and was not made here: it is left as it is", dir).
			WithHint("name a folder that is absent or empty")
	}
	if err := empty(dir, entries); err != nil {
		return fault.New(fault.Unable, "no-venv", "erasing the virtual environment %s: %w", dir, err)
	}
	return nil
}

// ours tells whether the marker lies there, a regular file with its text.
func ours(dir string) bool {
	marker := filepath.Join(dir, venvMarker)
	info, err := os.Lstat(marker)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(venvMarkerText)) {
		return false
	}
	text, err := os.ReadFile(marker)
	return err == nil && string(text) == venvMarkerText
}

// empty removes what lies in a folder, the marker last, so that a folder half
// erased is still known as ours.
func empty(dir string, entries []os.DirEntry) error {
	for _, entry := range entries {
		if entry.Name() == venvMarker {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	err := os.Remove(filepath.Join(dir, venvMarker))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// release undoes claim as far as it can: the error that led here is the one to
// tell.
func release(dir string, created bool) {
	if created {
		os.RemoveAll(dir)
		return
	}
	if entries, err := os.ReadDir(dir); err == nil {
		empty(dir, entries)
	}
}
