package targets

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/extract"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// Extract lays a proven tarball out as a folder of wheels.
//
// The folder holds every wheel, flat, the lock beside them, and list/ with
// tar_contents.txt, whl_files.txt and critical_wheels.txt: both `pip install
// --no-index --find-links DIR` and `pip install -r DIR/pylock....toml` take it.
// The tarball is validated first, as validate does. The folder appears complete
// or not at all; one that holds anything else is never written into.
func Extract(ctx context.Context,
	tar *string, // the tarball (default: the newest at hand, as for validate)
	to *string, // the folder to make (default: here, by the tarball's name without .tgz)
	python *string, // version or path of the Python (default: the setting python)
	requirements *string, // requirements file (default: those that travel with the tarball, else the setting requirements)
	installer *string, // pip or uv, for the proof (default: the setting validate.installer)
	noProof *bool, // apply the rules and hashes, but install and test nothing (default: false)
	json *bool, // print what was made as an object (default: the folder's path)
) error {
	return begin(ctx, "extract", func(ctx context.Context, s *session) error {
		if err := errors.Join(
			s.option("python", python, "python"),
			s.option("requirements", requirements, "requirements"),
			s.option("installer", installer, "validate.installer"),
		); err != nil {
			return err
		}
		asked, err := s.path("tar", tar)
		if err != nil {
			return err
		}
		dir, err := s.path("to", to)
		if err != nil {
			return err
		}
		chosen, err := s.choose(ctx, asked)
		if err != nil {
			return err
		}
		if dir == "" {
			dir = filepath.Join(s.cwd, strings.TrimSuffix(filepath.Base(chosen.path), ".tgz"))
		}
		return s.extract(ctx, chosen, dir, trustOptions{noProof: on(noProof), ownRequirements: requirements != nil}, on(json))
	})
}

func (s *session) extract(ctx context.Context, chosen choice, dir string, o trustOptions, asJSON bool) error {
	result, err := s.trust(ctx, chosen, o)
	if err != nil {
		return err
	}
	critical, err := s.packages()
	if err != nil {
		return err
	}
	done := s.steps.Step("extracting " + s.show(chosen.path))
	made, err := extract.Folder(ctx, extract.Options{
		Tarball: chosen.path, Inventory: result.Inventory, Lock: result.Lock, To: dir,
		Critical: criticalProjects(critical), Limits: s.limits(),
	})
	done()
	if err != nil {
		return err
	}
	if made.Unchanged {
		s.note("unchanged: %s holds just this tarball already", s.show(made.Path))
	}
	if !asJSON {
		return s.printf("%s\n", s.show(made.Path))
	}
	return report.JSON(s.stdout, struct {
		Path      string `json:"path"`
		Unchanged bool   `json:"unchanged"`
		Tarball   string `json:"tarball"`
		SHA256    string `json:"sha256"`
		Wheels    int    `json:"wheels"`
		Lock      string `json:"lock"`
	}{s.show(made.Path), made.Unchanged, result.Inventory.Name, result.Inventory.SHA256, len(result.Inventory.Wheels), made.LockFile})
}
