package bench

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/config"
)

// validate measures the proof of the sample beside the steps of the shell
// helper that it replaces. That one fetched a newer pip first; without network
// it cannot, so that step is left out, in its favour.
func (m *meter) validate(ctx context.Context, sample wheelSet, cfg *config.Config) ([]line, error) {
	dir, err := m.folder("validate")
	if err != nil {
		return nil, err
	}
	if _, err := m.ours(nil, "build", "-wheels="+sample.dir, "-out="+dir).run(ctx); err != nil {
		return nil, err
	}
	tarball, err := onlyTarball(dir)
	if err != nil {
		return nil, err
	}
	if _, err := m.ours(nil, "meta", "-tar="+tarball).run(ctx); err != nil {
		return nil, err
	}
	venv := filepath.Join(dir, "venv")
	inVenv := filepath.Join(venv, "bin", "python")
	install := append([]string{inVenv, "-m", "pip", "install", "--quiet", "--no-index", "--find-links", sample.dir},
		append(wanted(cfg.Validate.Packages), "requests", "pytest")...)
	raced, err := race(ctx,
		contender{
			name:    "validate",
			prepare: func() error { return os.RemoveAll(tarball + ".verdict.json") },
			run:     processes(m.ours(nil, "validate", "-tar="+tarball)),
		},
		contender{
			name:    "the old helper's steps",
			prepare: func() error { return os.RemoveAll(venv) },
			run: processes(
				process{args: []string{m.python.Path, "-m", "venv", venv}},
				process{args: install},
				process{args: []string{inVenv, "-m", "pytest", "-q", "-k", "smoke"}, dir: cfg.Validate.Tests},
			),
		},
	)
	if err != nil {
		return nil, err
	}
	return []line{
		faster("validate, pip", raced[0], "venv with ensurepip, `pip install --no-index --find-links`, `pytest -k smoke`", raced[1], 2.5),
	}, os.RemoveAll(dir)
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
