package config

import (
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Root finds the repository: WHEELHOUSE_ROOT (relative to cwd; empty is as
// good as unset), else the nearest folder upward from cwd with
// ci/wheelhouse.toml. It gives an absolute path if cwd is one.
// Code: no-repository.
func Root(cwd string, environ []string) (string, error) {
	named := ""
	for _, entry := range environ {
		if name, value, ok := cutVariable(entry); ok && name == rootVariable {
			named = value
		}
	}
	if named != "" {
		root := absolute(named, cwd)
		if info, err := os.Stat(root); err != nil || !info.IsDir() {
			return "", fault.New(fault.Usage, "no-repository", "finding the repository: %s=%s is no folder", rootVariable, brief(named)).
				WithHint("unset %s, or set it to the repository's folder", rootVariable)
		}
		return root, nil
	}
	for dir := filepath.Clean(cwd); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(filePath(dir)); err == nil && info.Mode().IsRegular() {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fault.New(fault.Usage, "no-repository", "finding the repository: neither %s nor a folder above it has ci/wheelhouse.toml", cwd).
				WithHint("change into the repository, or set %s to its folder", rootVariable)
		}
	}
}
