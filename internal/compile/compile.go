package compile

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// versionVariable is where the linker writes the version.
	versionVariable = "github.com/wheelhouse-ci/wheelhouse/ci/targets.version"
	// privatePattern names the private copies; .gitignore knows it.
	privatePattern = ".wheelhouse-build.*"
	// abandoned is the age at which a private copy is a killed build's.
	abandoned = time.Hour
)

// Name is the binary's path below the repository: bin/wheelhouse, with .exe on
// Windows.
func Name() string {
	name := filepath.Join("bin", "wheelhouse")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return name
}

// Binary compiles the targets of the repository at root, an absolute path,
// into out, absolute as well, whose folder is made when absent. What go and
// mage have to say goes to messages. The file's time is that of the start,
// which is returned, so that a source which changed meanwhile is newer.
func Binary(ctx context.Context, root, out string, messages io.Writer) (start time.Time, err error) {
	start = time.Now()
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return start, err
	}
	sweep(root, start.Add(-abandoned))
	private, err := os.MkdirTemp(root, privatePattern)
	if err != nil {
		return start, err
	}
	defer os.RemoveAll(private)
	if err := copySources(filepath.Join(root, "magefiles"), private); err != nil {
		return start, err
	}
	made := filepath.Join(private, filepath.Base(out))
	cmd := exec.CommandContext(ctx, "go", "tool", "mage", "-d", private,
		"-compile", made, "-ldflags", "-s -w -X "+versionVariable+"="+version(ctx, root))
	cmd.Dir = root
	cmd.Env = environ(os.Environ())
	cmd.Stdout, cmd.Stderr = messages, messages
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return start, ctx.Err()
		}
		return start, fmt.Errorf("compiling %s: %w", filepath.Base(out), err)
	}
	if err := os.Chtimes(made, start, start); err != nil {
		return start, err
	}
	return start, os.Rename(made, out)
}

// environ is what mage runs in: for this machine and static, whatever the
// caller cross-compiles for; reproducible, so without paths and without what
// git says of the private copy.
func environ(ambient []string) []string {
	flags := "-trimpath -buildvcs=false"
	var kept []string
	for _, pair := range ambient {
		key, value, _ := strings.Cut(pair, "=")
		switch {
		case key == "GOFLAGS":
			flags = strings.TrimSpace(value + " " + flags)
		case key == "GOOS" || key == "GOARCH" || strings.HasPrefix(key, "MAGEFILE_"):
		default:
			kept = append(kept, pair)
		}
	}
	return append(kept, "CGO_ENABLED=0", "GOFLAGS="+flags)
}

// version is git's name for what is checked out; "unknown" where git has none.
func version(ctx context.Context, root string) string {
	cmd := exec.CommandContext(ctx, "git", "--no-optional-locks", "-C", root, "describe", "--tags", "--always", "--dirty")
	out, err := cmd.Output()
	name := strings.TrimSpace(string(out))
	if err != nil || name == "" || strings.ContainsAny(name, " '\"") {
		return "unknown"
	}
	return name
}

// copySources copies the magefiles, without tests and without what another
// mage is generating there this very moment.
func copySources(from, to string) error {
	sources, err := filepath.Glob(filepath.Join(from, "*.go"))
	if err != nil {
		return err
	}
	copied := 0
	for _, source := range sources {
		name := filepath.Base(source)
		if name == "mage_output_file.go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		data, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o666); err != nil {
			return err
		}
		copied++
	}
	if copied == 0 {
		return fmt.Errorf("no magefiles in %s", from)
	}
	return nil
}

// sweep removes what builds that were killed have left.
func sweep(root string, before time.Time) {
	folders, err := filepath.Glob(filepath.Join(root, privatePattern))
	if err != nil {
		return
	}
	for _, folder := range folders {
		if info, err := os.Lstat(folder); err == nil && info.IsDir() && info.ModTime().Before(before) {
			os.RemoveAll(folder)
		}
	}
}
