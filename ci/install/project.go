package install

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
)

// pyprojectBytes is the most that a pyproject.toml may hold.
const pyprojectBytes = 1 << 20

// BuildRequires gives what building the project in a folder requires: its
// [build-system] requires (PEP 518), or setuptools for one without. Codes:
// not-a-project (usage), bad-pyproject (refused).
func BuildRequires(dir string) ([]requirements.Requirement, error) {
	bad := func(err error) error {
		return fault.New(fault.Refused, "bad-pyproject", "reading what the build of %s requires: %w", dir, err).
			WithHint("correct [build-system] in its pyproject.toml")
	}
	text, err := readProject(dir)
	if err != nil {
		return nil, fault.New(fault.Usage, "not-a-project", "looking for a project in %s: %w", dir, err).
			WithHint("name the folder of its pyproject.toml: -editable=DIR")
	}
	var project struct {
		BuildSystem *struct {
			Requires []string `toml:"requires"`
		} `toml:"build-system"`
	}
	if err := toml.Unmarshal(text, &project); err != nil {
		return nil, bad(err)
	}
	texts := []string{"setuptools>=40.8.0"} // PEP 517's default, as pip has it
	if project.BuildSystem != nil {
		texts = project.BuildSystem.Requires
	}
	var all []requirements.Requirement
	for _, text := range texts {
		r, err := requirements.ParseRequirement(text)
		if err != nil {
			return nil, bad(err)
		}
		all = append(all, r)
	}
	return all, nil
}

// readProject reads a folder's pyproject.toml; one with a setup.py alone has an
// empty one.
func readProject(dir string) ([]byte, error) {
	path := filepath.Join(dir, "pyproject.toml")
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, other := os.Stat(filepath.Join(dir, "setup.py")); other == nil {
			return nil, nil
		}
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > pyprojectBytes {
		return nil, fmt.Errorf("%s is no plain file of at most %d bytes", path, pyprojectBytes)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only: nothing to lose
	return io.ReadAll(io.LimitReader(file, pyprojectBytes))
}
