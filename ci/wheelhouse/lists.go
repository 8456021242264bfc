package wheelhouse

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// ListDir is the folder of the lists that stand beside extracted wheels.
const ListDir = "list"

// Lists gives the texts of the lists by their file names, a name a line:
// tar_contents.txt has every member of the tarball, whl_files.txt its wheels,
// critical_wheels.txt those of the critical projects, whose names are
// normalised.
func Lists(inv *Inventory, critical []string) map[string]string {
	var wheels, needed []string
	for _, w := range inv.Wheels {
		wheels = append(wheels, w.Name)
		if name, err := wheel.ParseName(w.Name); err == nil && slices.Contains(critical, name.Project) {
			needed = append(needed, w.Name)
		}
	}
	return map[string]string{
		"tar_contents.txt":    lines(inv.Members),
		"whl_files.txt":       lines(wheels),
		"critical_wheels.txt": lines(needed),
	}
}

func lines(names []string) string {
	var text strings.Builder
	for _, name := range names {
		text.WriteString(name + "\n")
	}
	return text.String()
}

// WriteLists makes ListDir in a folder, where it must be absent, and writes the
// lists there. The error is the file system's.
func WriteLists(dir string, inv *Inventory, critical []string) error {
	dir = filepath.Join(dir, ListDir)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for name, text := range Lists(inv, critical) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
