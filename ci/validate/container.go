package validate

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/container"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

// place is where a proof's commands run: in a container, or, as the zero value,
// on this machine.
type place struct {
	container *container.Container
	// isolation is how the verdict calls it.
	isolation string
	// passed are the engines that were there and did not answer.
	passed []finding.Finding
	// made is the folder of the virtual environment that was made for it to be
	// mounted; empty: none.
	made string
}

// enter starts the container, where there is to be one, and makes the search
// for an interpreter one in there.
func (r *run) enter(ctx context.Context, s python.Search) (python.Search, error) {
	if r.o.Image == "" {
		return s, nil
	}
	engine, err := container.Find(ctx, r.o.Environ)
	if err != nil {
		return s, err
	}
	for _, why := range engine.Passed {
		r.place.passed = append(r.place.passed, finding.Finding{
			Code: "engine-silent", Severity: finding.Info, Subject: engine.Name, Message: why + "; " + engine.Name + " does",
		})
	}
	mounts, err := r.mounts()
	if err != nil {
		return s, err
	}
	c, err := engine.Start(ctx, container.Options{Image: r.o.Image, Mounts: mounts, Step: r.o.Step})
	if err != nil {
		return s, err
	}
	r.place.container = c
	r.place.isolation = "container: " + engine.String() + ", --network none"
	blank := blanked(c.Environ)
	s.Through = func(in command.Command) command.Command {
		in.Env = append(slices.Clone(blank), in.Env...)
		return c.Through(in)
	}
	s.Environ = insideEnviron(s.Environ)
	if s.Want == "" {
		s.Want = "python3"
	}
	return s, nil
}

// find finds the interpreter, in the container where there is one.
func (r *run) find(ctx context.Context, s python.Search) (python.Interpreter, error) {
	s, err := r.enter(ctx, s)
	if err != nil {
		return python.Interpreter{}, err
	}
	i, err := python.Find(ctx, s)
	if r.place.container != nil && fault.Code(err) == "no-python" {
		err = fault.New(fault.Unable, "no-python", "in the image %s: %w", r.o.Image, err).
			WithHint("take an image that has it, or name a Python that this one has: -python=3.11, -python=/path/in/the/image/python")
	}
	return i, err
}

// mounts are what the container sees: the tests and what is around them, and
// our temporary files, of which it may change its own. The wheels are being
// extracted into that folder meanwhile.
func (r *run) mounts() ([]container.Mount, error) {
	var mounts []container.Mount
	add := func(path string, writable bool) error {
		path, err := filepath.Abs(path)
		if err != nil {
			return fault.New(fault.Unable, "container-failed", "finding a folder for the container: %w", err)
		}
		mounts = append(mounts, container.Mount{Path: path, Writable: writable})
		return nil
	}
	err := errors.Join(add(r.source.temp, false), add(r.temp, true))
	if r.o.Static {
		return mounts, err
	}
	if r.o.Tests != "" {
		err = errors.Join(err, add(around(r.o.Tests, r.o.Around), false))
	}
	if r.o.Venv != "" {
		if _, absent := os.Lstat(r.o.Venv); errors.Is(absent, fs.ErrNotExist) {
			if e := os.MkdirAll(r.o.Venv, 0o755); e != nil {
				return nil, fault.New(fault.Unable, "no-venv", "making a folder for the virtual environment: %w", e)
			}
			r.place.made = r.o.Venv
		}
		err = errors.Join(err, add(r.o.Venv, true))
	}
	return mounts, err
}

// around gives the folder to show with the tests: the one around them, unless
// they lie elsewhere, or it is the root of all files, in whose place it would
// be mounted.
func around(tests, folder string) string {
	if folder == "" || filepath.Dir(folder) == folder {
		return tests
	}
	rel, err := filepath.Rel(folder, tests)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return tests
	}
	return folder
}

// insideEnviron is what commands in a container get of our environment: where
// temporary files go. The rest is of this machine.
func insideEnviron(environ []string) []string {
	var kept []string
	for _, entry := range environ {
		switch name, value, _ := strings.Cut(entry, "="); name {
		case "TMPDIR":
			kept = append(kept, entry, "HOME="+value)
		case "TMP", "TEMP":
			kept = append(kept, entry)
		}
	}
	return kept
}

// blanked gives, as empty, the variables of an image that would change what
// Python, its installers or pytest do.
func blanked(image []string) []string {
	clean := python.CleanEnviron(image)
	var blank []string
	for _, entry := range image {
		if name, _, ok := strings.Cut(entry, "="); ok && !slices.Contains(clean, entry) {
			blank = append(blank, name+"=")
		}
	}
	return blank
}

// leave removes the container; err is what went wrong before. That the
// container had ended is why anything else in it failed.
func (r *run) leave(ctx context.Context, err error) error {
	if r.place.container == nil {
		return err
	}
	e := r.place.container.Close(ctx)
	if e != nil && (err == nil || fault.Code(e) == "container-failed") {
		return e
	}
	return err
}

// unmake removes the folder that was made to be mounted where it is empty still.
func (p place) unmake() {
	if p.made != "" {
		os.Remove(p.made) // it stays where something is in it
	}
}
