//go:build unix

package ci_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const docker = "local_validate_in_docker.sh"

// engine is a docker or podman: what it is asked to run goes the way of the
// stand-in's words, and a file beside it makes it answer nothing.
const engine = `#!/bin/sh
case $1 in
info)
	[ ! -e "$0.dead" ] || { echo "cannot connect" >&2; exit 1; }
	printf '%s\n' "$ABOUT"
	exit
	;;
esac
printf '%s\n' "${0##*/}" >engine
` + standIn

// tools are what the helper needs of PATH, without the machine's docker.
var tools = []string{"sh", "dirname", "basename", "sed", "grep", "env", "id", "mktemp", "mkfifo", "tee", "cat", "rm"}

// engines gives a PATH with these engines alone; "docker.dead" is one that
// does not answer. uname says that the machine is of this system.
func engines(t *testing.T, system string, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, tool := range tools {
		path, err := exec.LookPath(tool)
		if err == nil {
			err = os.Symlink(path, filepath.Join(dir, tool))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	programs := map[string]string{"uname": "#!/bin/sh\necho " + system + "\n"}
	for _, name := range names {
		programs[strings.TrimSuffix(name, ".dead")] = engine
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".dead") {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestDockerStatuses(t *testing.T) {
	t.Parallel()
	tar := []string{"--tar", "x.tgz"}
	both := []string{"docker", "podman"}
	for _, c := range []struct {
		name         string
		args         []string
		engines      []string
		system       string
		out, err     string
		status, want int
		ran          string // the engine that did
	}{
		{"usage", []string{"--nope"}, both, "Linux", "", "unknown argument --nope", 0, 2, ""},
		{"no value", []string{"--tar"}, both, "Linux", "", "--tar needs a value", 0, 2, ""},
		{"empty", []string{"--image", ""}, both, "Linux", "", "--image is empty", 0, 2, ""},
		{"no such tarball", []string{"--tar", "y.tgz"}, both, "Linux", "", "no such tarball: y.tgz", 0, 4, ""},
		{"no engine", tar, nil, "Linux", "", "neither docker nor podman", 0, 3, ""},
		{"a dead engine", tar, []string{"docker.dead"}, "Linux", "", "docker is there, but does not answer", 0, 3, ""},
		{"two dead engines", tar, []string{"docker.dead", "podman.dead"}, "Linux", "", "podman is there, but does not answer", 0, 3, ""},
		{"another system", tar, both, "Darwin", "", "made on Linux", 0, 3, ""},
		{"docker first", tar, both, "Linux", "verdict: PASS", "", 0, 0, "docker"},
		{"podman alone", tar, []string{"podman"}, "Linux", "verdict: PASS", "", 0, 0, "podman"},
		{"podman for a dead docker", tar, []string{"docker.dead", "podman"}, "Linux", "verdict: PASS", "docker is there, but does not answer", 0, 0, "podman"},
		{"refused", tar, both, "Linux", "FAIL  missing-dependency  x", "Error: refused [not-proven]", 1, 1, "docker"},
		{"nothing archived", nil, both, "Linux", "", "Error: none [tar-missing]", 1, 4, "docker"},
		{"no image", tar, both, "Linux", "", "Unable to find image", 125, 125, "docker"},
		{"no Python", tar, both, "Linux", "", "Error: none [no-python]", 3, 3, "docker"},
		{"interrupted", tar, both, "Linux", "", "Error: interrupted [interrupted]", 143, 143, "docker"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := withTarball(t)
			environ := []string{"PATH=" + engines(t, c.system, c.engines...), "SAY_OUT=" + c.out, "SAY_ERR=" + c.err, "SAY_STATUS=" + strconv.Itoa(c.status)}
			stdout, stderr, status := helper(t, dir, filepath.Join("scripts", "ci", docker), environ, c.args...)
			if status != c.want || !strings.Contains(stderr, c.err) || (c.ran != "" && strings.TrimSpace(stdout) != c.out) {
				t.Errorf("status %d, want %d; printed %q and %q", status, c.want, stdout, stderr)
			}
			dead := strings.Contains(strings.Join(c.engines, " "), ".dead")
			if strings.Contains(stderr, "is there, but") != dead {
				t.Errorf("printed %q", stderr)
			}
			ran, _ := os.ReadFile(filepath.Join(dir, "engine"))
			if strings.TrimSpace(string(ran)) != c.ran {
				t.Errorf("ran %q, want %q", ran, c.ran)
			}
		})
	}
}

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
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestDockerNotCompiled runs nothing where the binary could not be compiled.
func TestDockerNotCompiled(t *testing.T) {
	t.Parallel()
	dir := withTarball(t)
	environ := []string{"PATH=" + engines(t, "Linux", "docker"), "COMPILE_STATUS=3"}
	_, stderr, status := helper(t, dir, filepath.Join("scripts", "ci", docker), environ, "--tar", "x.tgz")
	if _, err := os.Stat(filepath.Join(dir, "words")); status != 3 || err == nil {
		t.Errorf("status %d, %v, %q", status, err, stderr)
	}
}

// TestDockerWords holds what the engine is asked for.
func TestDockerWords(t *testing.T) {
	t.Parallel()
	user := fmt.Sprintf("--user\n%d:%d\n", os.Getuid(), os.Getgid())
	const archived = "-e\nWHEELHOUSE_BUILD_OUT=/tmp/none\n-e\nWHEELHOUSE_FETCH_OUTDIR=/tmp/none\n"
	for _, c := range []struct {
		name, about string
		setting     string
		args        []string
		user, names string // with a line's end each
		where       string // how the tarball gets there
		image       string
		tar         string
	}{
		{"the archive's", "", "", nil, user, "", archived, "python:3.11", ""},
		{"named", "", "", []string{"--image", "other:1", "--tar", "x.tgz"}, user, "",
			"--mount\ntype=bind,\"source=HERE\",target=/given,readonly\n", "other:1", "-tar=/given/x.tgz\n"},
		{"a hard path", "", "", []string{"--tar", `a:b,"c d/y z.tgz`}, user, "",
			"--mount\ntype=bind,\"source=HERE/a:b,\"\"c d\",target=/given,readonly\n", "python:3.11", "-tar=/given/y z.tgz\n"},
		{"podman without root", "    rootless: true", "", nil, "", "", archived, "python:3.11", ""},
		{"podman as root", "    rootless: false", "", nil, user, "", archived, "python:3.11", ""},
		{"docker without root", " Security Options:\n  rootless", "", nil, "", "", archived, "python:3.11", ""},
		{"a setting", "", "WHEELHOUSE_VALIDATE_TESTS=", nil, user, "-e\nWHEELHOUSE_VALIDATE_TESTS\n", archived, "python:3.11", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := withTarball(t)
			environ := []string{"PATH=" + engines(t, "Linux", "docker"), "ABOUT=" + c.about, "SAY_STATUS=0", "SAY_OUT=", "SAY_ERR="}
			if c.setting != "" {
				environ = append(environ, c.setting)
			}
			_, stderr, status := helper(t, dir, filepath.Join("scripts", "ci", docker), environ, c.args...)
			words, err := os.ReadFile(filepath.Join(dir, "words"))
			want := "run\n--rm\n--network\nnone\n--cap-drop\nALL\n--security-opt\nno-new-privileges\n--security-opt\nlabel=disable\n" +
				"--tmpfs\n/tmp:exec,mode=1777\n-e\nHOME=/tmp\n--mount\ntype=bind,\"source=HERE\",target=/checkout,readonly\n-w\n/checkout\n" +
				c.user + c.names + "-e\nWHEELHOUSE_ROOT=/checkout\n-e\nWHEELHOUSE_VALIDATE_NETWORK=prefer\n" + c.where + c.image + "\n" +
				"sh\n-c\nexec bin/wheelhouse validate -python=\"$(command -v python3 || echo /usr/bin/python3)\" \"$@\"\nsh\n" + c.tar
			if want = strings.ReplaceAll(want, "HERE", dir); err != nil || status != 0 || string(words) != want {
				t.Errorf("status %d, %v, %s\ngot  %q\nwant %q", status, err, stderr, words, want)
			}
		})
	}
}
