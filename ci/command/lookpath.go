package command

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// lookPath finds the program: a bare name in PATH of env, whose relative
// entries are passed over as os/exec does; anything else relative to dir. The
// answer to a bare name is absolute.
func lookPath(name, dir string, env []string) (string, error) {
	if name == "" {
		return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
	}
	if strings.ContainsAny(name, separators()) {
		// Its absence is found here rather than by the kernel, because the
		// loopback wrapper would turn it into an exit status.
		path := name
		if dir != "" && !filepath.IsAbs(name) {
			path = filepath.Join(dir, name)
		}
		if _, err := exec.LookPath(path); err != nil {
			return "", err
		}
		return name, nil
	}
	for _, folder := range filepath.SplitList(variable(env, "PATH")) {
		if !filepath.IsAbs(folder) {
			continue
		}
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

func separators() string {
	if runtime.GOOS == "windows" {
		return `/\:`
	}
	return "/"
}

// variable gives the last value of key in env, as the child would see it.
func variable(env []string, key string) string {
	value := ""
	for _, pair := range env {
		name, text, _ := strings.Cut(pair, "=")
		if name == key || runtime.GOOS == "windows" && strings.EqualFold(name, key) {
			value = text
		}
	}
	return value
}
