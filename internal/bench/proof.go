package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/config"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

// uvPin is the uv that is measured with, and beside.
const uvPin = "uv==0.13.9"

// validate measures the proof of the sample beside the steps of the shell
// helper that it replaces, and beside what somebody who has uv types by hand.
// The helper fetched a newer pip first; without network it cannot, so that step
// is left out, in its favour.
func (m *meter) validate(ctx context.Context, cache string, sample wheelSet, cfg *config.Config) ([]line, error) {
	uv, err := uvTool(ctx, m.progress, cache, m.python)
	if err != nil {
		return nil, err
	}
	dir, tarball, err := m.packed(ctx, "validate", sample)
	if err != nil {
		return nil, err
	}
	venv := filepath.Join(dir, "venv")
	inVenv := filepath.Join(venv, "bin", "python")
	projects := append(wanted(cfg.Validate.Packages), "requests", "pytest")
	from := append([]string{"install", "--quiet", "--no-index", "--find-links", sample.dir}, projects...)
	pytest := process{args: []string{inVenv, "-m", "pytest", "-q", "-k", "smoke"}, dir: cfg.Validate.Tests}
	withUV := []string{"PATH=" + filepath.Dir(uv) + string(os.PathListSeparator) + os.Getenv("PATH")}
	unproven := func() error { return os.RemoveAll(tarball + ".verdict.json") }
	withoutVenv := func() error {
		return errors.Join(os.RemoveAll(venv), os.RemoveAll(filepath.Join(dir, "cache")))
	}
	raced, err := race(ctx,
		contender{name: "validate with pip", prepare: unproven, run: processes(m.ours(nil, "validate", "-tar="+tarball))},
		contender{name: "validate with uv", prepare: unproven, run: processes(m.ours(withUV, "validate", "-tar="+tarball, "-installer=uv"))},
		contender{
			name:    "the old helper's steps",
			prepare: withoutVenv,
			run: processes(
				process{args: []string{m.python.Path, "-m", "venv", venv}},
				process{args: append([]string{inVenv, "-m", "pip"}, from...)},
				pytest,
			),
		},
		contender{
			name:    "uv by hand",
			prepare: withoutVenv,
			run: processes(
				process{args: []string{uv, "venv", "--quiet", "--python", m.python.Path, venv}},
				process{args: slices.Concat([]string{uv, "pip"}, from, []string{"--cache-dir", filepath.Join(dir, "cache"), "--python", inVenv})},
				pytest,
			),
		},
	)
	if err != nil {
		return nil, err
	}
	const helper = "venv with ensurepip, `pip install --no-index --find-links`, `pytest -k smoke`"
	own := max(0, raced[1].median()-raced[3].median())
	return []line{
		faster("validate, pip", raced[0], helper, raced[2], 2.5),
		faster("validate, uv", raced[1], helper, raced[2], 4),
		share("our own part of validate with uv", shown(own), own.Seconds(), "`uv venv`, `uv pip install`, `pytest -k smoke`",
			shown(raced[3].median()), raced[3].median().Seconds(), 0.4),
	}, os.RemoveAll(dir)
}

// static measures the rules alone on the big set, beside the bare start of the
// interpreter that they are judged by.
func (m *meter) static(ctx context.Context, big wheelSet) ([]line, error) {
	dir, tarball, err := m.packed(ctx, "static", big)
	if err != nil {
		return nil, err
	}
	list := filepath.Join(dir, "pins.txt")
	if err := os.WriteFile(list, []byte(pins), 0o644); err != nil {
		return nil, fault.New(fault.Unable, "bench-failed", "writing the requirements of the big set: %w", err)
	}
	validate := func(more ...string) process {
		args := append([]string{"validate", "-static", "-tar=" + tarball, "-requirements=" + list}, more...)
		return m.ours([]string{"WHEELHOUSE_VALIDATE_PACKAGES="}, args...)
	}
	raced, err := race(ctx,
		contender{name: "the rules alone", run: processes(validate("-record=false"))},
		contender{name: "the rules and RECORD", run: processes(validate())},
		contender{name: "the bare interpreter", run: processes(process{args: []string{m.python.Path, "-I", "-c", "pass"}})},
	)
	if err != nil {
		return nil, err
	}
	return []line{
		later("validate -static -record=false", raced[0], "`python -I -c pass`", raced[2], 400*time.Millisecond),
		memory("validate -static -record=false", raced[0], 100e6),
		besideTime("validate -static, with RECORD's hashes", raced[1], "`python -I -c pass`", raced[2]),
		memory("validate -static, with RECORD's hashes", raced[1], 100e6),
	}, os.RemoveAll(dir)
}

// packed packs wheels into a tarball with its record, in a folder of its own.
func (m *meter) packed(ctx context.Context, name string, wheels wheelSet) (dir, tarball string, err error) {
	if dir, err = m.folder(name); err != nil {
		return "", "", err
	}
	if _, err := m.ours(nil, "build", "-wheels="+wheels.dir, "-out="+dir).run(ctx); err != nil {
		return "", "", err
	}
	if tarball, err = onlyTarball(dir); err != nil {
		return "", "", err
	}
	_, err = m.ours(nil, "meta", "-tar="+tarball).run(ctx)
	return dir, tarball, err
}

// uvTool gives the pinned uv, which pip brings unless it is in the cache.
func uvTool(ctx context.Context, progress io.Writer, cache string, i python.Interpreter) (string, error) {
	dir := filepath.Join(cache, strings.ReplaceAll(uvPin, "==", "-"))
	path := filepath.Join(dir, "bin", "uv")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	fmt.Fprintln(progress, "bench: installing "+uvPin+", once")
	fresh, err := os.MkdirTemp(cache, "fetching-*")
	if err != nil {
		return "", fault.New(fault.Unable, "no-cache-folder", "making a folder for uv: %w", err)
	}
	defer os.RemoveAll(fresh)
	if err := say(ctx, progress, nil, i.Path, "-m", "pip", "install", "--quiet", "--target", fresh, uvPin); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return "", fault.New(fault.Unable, "no-cache-folder", "keeping uv: %w", err)
	}
	return path, nil
}

// wanted leaves out settings that are nothing.
func wanted(packages []string) []string {
	kept := make([]string, 0, len(packages))
	for _, p := range packages {
		if p = strings.TrimSpace(p); p != "" {
			kept = append(kept, p)
		}
	}
	return kept
}
