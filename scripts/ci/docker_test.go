//go:build unix

package ci_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const docker = "local_validate_in_docker.sh"

// withTarball is a checkout with x.tgz, and one more where paths are hard.
func withTarball(t *testing.T) string {
	t.Helper()
	dir := checkout(t)
	hard := filepath.Join(dir, `a:b,"c d`)
	if err := os.Mkdir(hard, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "x.tgz"), filepath.Join(hard, "y z.tgz")} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDockerStatuses(t *testing.T) {
	t.Parallel()
	tar := []string{"--tar", "x.tgz"}
	for _, c := range []struct {
		name         string
		args         []string
		out, err     string
		status, want int
	}{
		{"usage", []string{"--nope"}, "", "unknown argument --nope", 0, 2},
		{"no value", []string{"--tar"}, "", "--tar needs a value", 0, 2},
		{"empty", []string{"--image", ""}, "", "--image is empty", 0, 2},
		{"no such tarball", []string{"--tar", "y.tgz"}, "", "no such tarball: y.tgz", 0, 4},
		{"no engine", tar, "", "Error: docker is there, but does not answer [no-container-engine]", 3, 3},
		{"no image", tar, "", "Error: unknown [no-image]", 3, 125},
		{"not started", tar, "", "Error: no cat [container-failed]", 3, 125},
		{"not an image", tar, "", "Error: no [bad-image]", 2, 2},
		{"proven", tar, "verdict: PASS", "", 0, 0},
		{"refused", tar, "FAIL  missing-dependency  x", "Error: refused [not-proven]", 1, 1},
		{"nothing archived", nil, "", "Error: none [tar-missing]", 1, 4},
		{"no Python", tar, "", "Error: none [no-python]", 3, 3},
		{"interrupted", tar, "", "Error: interrupted [interrupted]", 143, 143},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			environ := []string{"SAY_OUT=" + c.out, "SAY_ERR=" + c.err, "SAY_STATUS=" + strconv.Itoa(c.status)}
			stdout, stderr, status := helper(t, withTarball(t), filepath.Join("scripts", "ci", docker), environ, c.args...)
			if status != c.want || !strings.Contains(stderr, c.err) || strings.TrimSpace(stdout) != c.out {
				t.Errorf("status %d, want %d; printed %q and %q", status, c.want, stdout, stderr)
			}
		})
	}
}

// TestDockerWords holds what the target is asked for.
func TestDockerWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args, want []string
		archived   bool // nothing but the archive's
	}{
		{nil, []string{"validate", "-image=python:3.11"}, true},
		{[]string{"--image", "other:1", "--tar", "x.tgz"}, []string{"validate", "-image=other:1", "-tar=x.tgz"}, false},
		{[]string{"--tar", `a:b,"c d/y z.tgz`}, []string{"validate", "-image=python:3.11", `-tar=a:b,"c d/y z.tgz`}, false},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			dir, err := filepath.EvalSymlinks(withTarball(t))
			if err != nil {
				t.Fatal(err)
			}
			environ := []string{"SAY_STATUS=0", "SAY_OUT=", "SAY_ERR=", "SAY_ENVIRON=environ"}
			_, stderr, status := helper(t, dir, filepath.Join("scripts", "ci", docker), environ, c.args...)
			words, err := os.ReadFile(filepath.Join(dir, "words"))
			if err != nil || status != 0 || string(words) != strings.Join(c.want, "\n")+"\n" {
				t.Errorf("status %d, %v, %s; got %q, want %q", status, err, stderr, words, c.want)
			}
			environment, err := os.ReadFile(filepath.Join(dir, "environ"))
			none := "=" + filepath.Join(dir, "scripts", "ci", "none") + "\n"
			for _, name := range []string{"WHEELHOUSE_BUILD_OUT", "WHEELHOUSE_FETCH_OUTDIR"} {
				if err != nil || strings.Contains(string(environment), name+none) != c.archived {
					t.Errorf("%v, %s: %s", err, name, environment)
				}
			}
		})
	}
}
