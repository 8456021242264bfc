//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// commandTime is the most that any one command here may take.
const commandTime = 6 * time.Minute

// scratch holds every clone, venv and home of this run; set once, by TestMain,
// before any test.
var scratch string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wheelhouse-e2e-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// The interpreter's own idea of a path has links resolved (darwin's /tmp).
	if scratch, err = filepath.EvalSymlinks(dir); err != nil {
		scratch = dir
	}
	status := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// need skips the test where something is missing, or fails it under CI=true.
func need(t *testing.T, err error, what string) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is needed under CI=true: %v", what, err)
	}
	t.Skipf("%s: %v", what, err)
}

// said is what a command said and how it ended.
type said struct {
	status         int
	stdout, stderr string
}

// all is everything that the person saw.
func (s said) all() string { return s.stdout + s.stderr }

// want fails the test unless the command ended with status.
func (s said) want(t *testing.T, status int) said {
	t.Helper()
	if s.status != status {
		t.Fatalf("exit %d, want %d\nstdout:\n%s\nstderr:\n%s", s.status, status, s.stdout, s.stderr)
	}
	return s
}

// has fails the test unless all that was said holds each text.
func (s said) has(t *testing.T, texts ...string) said {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(s.all(), text) {
			t.Errorf("nothing says %q\nstdout:\n%s\nstderr:\n%s", text, s.stdout, s.stderr)
		}
	}
	return s
}

// command prepares a command in dir with more laid over the environment.
func command(ctx context.Context, dir string, more []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(environment(), more...)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// run runs a command to its end, and logs how long it took.
func run(t *testing.T, dir string, more []string, args ...string) said {
	t.Helper()
	start := time.Now()
	defer func() { t.Logf("%.1f s: %s", time.Since(start).Seconds(), strings.Join(args, " ")) }()
	return quietly(t, dir, more, args...)
}

// quietly is run for one of hundreds of commands, whose lines would hide the rest.
func quietly(t *testing.T, dir string, more []string, args ...string) said {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := command(ctx, dir, more, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	return said{ended(t, ctx, err, args[0]), stdout.String(), stderr.String()}
}

// ended gives a command's exit status; that it could not run at all fails the test.
func ended(t *testing.T, ctx context.Context, err error, name string) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("%s took more than %s", name, commandTime)
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	default:
		t.Fatalf("running %s: %v", name, err)
	}
	return -1
}

// environment is the user's without settings of ours, of git, of a CI and of a
// venv, with an empty home; Go and pip find their caches and configuration
// where they were.
func environment() []string {
	var kept []string
	for _, pair := range os.Environ() {
		if !dropped(pair) {
			kept = append(kept, pair)
		}
	}
	kept = append(kept, "HOME="+home(), "NO_PROXY=127.0.0.1,localhost", "no_proxy=127.0.0.1,localhost")
	kept = append(kept, goSettings()...)
	return append(kept, pipSettings()...)
}

func dropped(pair string) bool {
	for _, prefix := range []string{
		"WHEELHOUSE_", "MAGEFILE_", "GITHUB_", "GIT_", "PYTEST_", "VIRTUAL_ENV=", "PYTHONPATH=", "PYTHONHOME=",
		"SOURCE_DATE_EPOCH=", "HOME=", "XDG_", "NO_PROXY=", "no_proxy=", "UV_",
	} {
		if strings.HasPrefix(pair, prefix) {
			return true
		}
	}
	return false
}

// home is an empty folder, the same for all of a run.
func home() string {
	dir := filepath.Join(scratch, "home")
	_ = os.MkdirAll(dir, 0o755) // what uses it says so when it is not there
	return dir
}

// goSettings are those of Go's that live in the real home.
func goSettings() []string {
	names := []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOFLAGS", "GOTOOLCHAIN"}
	out, err := exec.Command("go", append([]string{"env", "-json"}, names...)...).Output()
	values := map[string]string{}
	if err != nil || json.Unmarshal(out, &values) != nil {
		return nil // go says so itself as soon as it is used
	}
	pairs := make([]string, 0, len(names))
	for _, name := range names {
		pairs = append(pairs, name+"="+values[name])
	}
	return pairs
}

// pipSettings are pip's cache, and its configuration where the real home has one.
func pipSettings() []string {
	var pairs []string
	if os.Getenv("PIP_CACHE_DIR") == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			pairs = append(pairs, "PIP_CACHE_DIR="+filepath.Join(cache, "pip"))
		}
	}
	if os.Getenv("PIP_CONFIG_FILE") != "" {
		return pairs
	}
	var files []string
	if dir, err := os.UserConfigDir(); err == nil {
		files = append(files, filepath.Join(dir, "pip", "pip.conf"))
	}
	if dir, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(dir, ".pip", "pip.conf"))
	}
	for _, file := range files {
		if _, err := os.Stat(file); err == nil {
			return append(pairs, "PIP_CONFIG_FILE="+file)
		}
	}
	return pairs
}
