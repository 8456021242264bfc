//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody is a user that owns nothing.
const nobody = 65534

// insideTests look at the container from within. The repository around them is
// there, read-only; pytest.ini and conftest.py lie in it.
const insideTests = `
import os, pathlib, socket
import pytest

here = pathlib.Path(__file__).parent
wheels = pathlib.Path(os.environ["TMPDIR"]).parents[1] / "wheels"

def test_smoke_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), 5).close()
    with pytest.raises(OSError) as failed:
        socket.create_connection(("192.0.2.1", 9), 5)
    assert failed.value.errno == 101

def test_smoke_rights():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert int(status["CapEff"], 16) == 0 and int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1"
    assert os.getuid() == USER

def test_smoke_read_only(around):
    assert around == "conftest.py was read"
    assert list(wheels.glob("*.whl"))
    for folder in (here, here.parent, wheels):
        with pytest.raises(OSError) as failed:
            (folder / "new").write_text("")
        assert failed.value.errno == 30
`

// sleepyInside says that it started where it may write, and does not end.
const sleepyInside = `
import os, pathlib, subprocess, sys, time

def test_smoke_sleeps():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    (pathlib.Path(os.environ["TMPDIR"]) / "started").write_text("")
    time.sleep(300)
`

// contained is a repository with a wheelhouse, and the program.
type contained struct {
	engine
	dir, binary string
	user        int
}

// contain builds a small wheelhouse for a container, in a folder that user owns.
func contain(t *testing.T, e engine, user int) contained {
	t.Helper()
	base, err := os.MkdirTemp("", "wh-repository-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(base); err != nil {
			t.Error(err)
		}
	})
	c := contained{engine: e, dir: filepath.Join(base, `a:b,"c d`), binary: filepath.Join(base, "wheelhouse"), user: user}
	copyFile(t, compiledBinary(t), c.binary)
	if err := errors.Join(os.Chmod(c.binary, 0o755), os.Chmod(base, 0o755)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(c.dir, "ci", "wheelhouse.toml"), "requirements = \"requirements.txt\"\n[validate]\ntests = \"tests\"\npackages = [\"pytest\"]\n")
	write(t, filepath.Join(c.dir, "requirements.txt"), "pytest==8.3.4\n")
	write(t, filepath.Join(c.dir, "conftest.py"), "import pytest\n\n@pytest.fixture\ndef around():\n    return 'conftest.py was read'\n")
	write(t, filepath.Join(c.dir, "pytest.ini"), "[pytest]\n")
	write(t, filepath.Join(c.dir, "tests", "test_inside.py"), strings.ReplaceAll(insideTests, "USER", strconv.Itoa(user)))
	write(t, filepath.Join(c.dir, "sleepy", "test_sleepy.py"), sleepyInside)
	run(t, c.dir, nil, c.binary, "build", "meta").want(t, 0)
	for _, folder := range []string{"home", "temp"} {
		if err := os.Mkdir(filepath.Join(base, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err = filepath.WalkDir(base, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(path, user, user)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c contained) temp() string { return filepath.Join(filepath.Dir(c.dir), "temp") }

// more is what is laid over the environment of a validation.
func (c contained) more() []string {
	return append([]string{"TMPDIR=" + c.temp(), "HOME=" + filepath.Join(filepath.Dir(c.dir), "home")}, c.environ...)
}

// validate runs validate as the user, in the image.
func (c contained) validate(t *testing.T, args ...string) said {
	t.Helper()
	return c.validateIn(t, imageName, args...)
}

func (c contained) validateIn(t *testing.T, image string, args ...string) said {
	t.Helper()
	args = append([]string{"validate", "-image=" + image}, args...)
	if c.user != os.Geteuid() {
		id := strconv.Itoa(c.user)
		args = append([]string{"setpriv", "--reuid=" + id, "--regid=" + id, "--clear-groups", c.binary}, args...)
	} else {
		args = append([]string{c.binary}, args...)
	}
	return run(t, c.dir, c.more(), args...)
}

// nothingLeft fails the test when containers or temporary files are left.
func (c contained) nothingLeft(t *testing.T) {
	t.Helper()
	empty(t, c.temp())
	if left := c.containers(t); len(left) > 0 {
		t.Errorf("containers are left: %q", left)
	}
}

// TestContainers proves a wheelhouse in containers of a real docker and a real
// podman, in an image that comes from no registry.
func TestContainers(t *testing.T) {
	t.Parallel()
	dir := enginesFolder(t)
	image := debianImage(t, dir)
	for _, test := range []struct {
		name  string
		user  int // who validates: the daemon is root's in any case
		start func(t *testing.T, dir, image string) engine
	}{
		{"docker", nobody, startDocker},
		{"podman", 0, startPodman},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := test.start(t, enginesFolder(t), image)
			if test.user != 0 {
				_, socket, _ := strings.Cut(e.environ[0], "unix://")
				if err := errors.Join(os.Chmod(filepath.Dir(socket), 0o711), os.Chmod(socket, 0o666)); err != nil {
					t.Fatal(err)
				}
			}
			c := contain(t, e, test.user)
			t.Run("proven", c.proven)
			t.Run("a missing wheel", c.missing)
			t.Run("Ctrl-C", c.interrupted)
			t.Run("killed", c.killed)
			t.Run("no such image", c.noImage)
			t.Run("dead", c.dead)
		})
	}
}

// proven passes, and what was made is the caller's.
func (c contained) proven(t *testing.T) {
	got := c.validate(t, "-venv=../venv").want(t, 0).has(t, "verdict: PASS", " of "+imageName+" (linux_", "container: "+c.program+" ", ", --network none)", "3 passed")
	if strings.Contains(got.all(), "not-isolated") {
		t.Errorf("it says that a network was there:\n%s", got.all())
	}
	files := 0
	err := filepath.WalkDir(filepath.Join(filepath.Dir(c.dir), "venv"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && int(info.Sys().(*syscall.Stat_t).Uid) != c.user {
			t.Errorf("%s is not the caller's", path)
		}
		files++
		return err
	})
	if err != nil || files < 100 {
		t.Errorf("%d files in the venv, %v", files, err)
	}
	c.nothingLeft(t)
}

// missing refuses what is refused outside, for the same reason.
func (c contained) missing(t *testing.T) {
	more := write(t, filepath.Join(filepath.Dir(c.dir), "more.txt"), "pytest==8.3.4\nsix\n")
	failures := func(s said) []string {
		var v struct {
			Findings []struct{ Code, Severity, Subject string }
		}
		if err := json.Unmarshal([]byte(s.want(t, 1).stdout), &v); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, f := range v.Findings {
			if f.Severity == "FAIL" {
				all = append(all, f.Code+" "+f.Subject)
			}
		}
		return all
	}
	inside := failures(c.validate(t, "-json", "-requirements="+more))
	outside := failures(run(t, c.dir, c.more(), c.binary, "validate", "-json", "-requirements="+more))
	if len(inside) != 1 || !strings.HasPrefix(inside[0], "missing-dependency ") || !slices.Equal(inside, outside) {
		t.Errorf("inside %q, outside %q", inside, outside)
	}
	c.nothingLeft(t)
}

// asleep starts a validation, and returns when its tests are under way.
func (c contained) asleep(t *testing.T) *interruptible {
	t.Helper()
	i := launch(t, c.dir, append(c.environ, "WHEELHOUSE_VALIDATE_TESTS=sleepy"), c.binary, "validate", "-image="+imageName)
	i.await(appears(t.Context(), filepath.Join(i.temp, "wheelhouse-validate-*", "*", "tmp", "started")))
	return i
}

// interrupted ends in the middle, and leaves nothing.
func (c contained) interrupted(t *testing.T) {
	if err := os.RemoveAll(filepath.Join(c.dir, "dist", "wheelhouse-3.11.tgz.verdict.json")); err != nil {
		t.Fatal(err)
	}
	i := c.asleep(t)
	i.end(syscall.SIGINT, true, 130)
	if left, _ := filepath.Glob(filepath.Join(c.dir, "dist", "*.verdict.json")); len(left) > 0 {
		t.Error("an interrupted proof left a verdict")
	}
	c.nothingLeft(t)
}

// killed cannot clean up; the container ends all the same, and one that did not
// is removed by the next validation.
func (c contained) killed(t *testing.T) {
	i := c.asleep(t)
	names := c.containers(t)
	if err := syscall.Kill(i.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-i.done
	for deadline := time.Now().Add(time.Minute); len(c.containers(t)) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the container of a killed run lives on")
		}
		time.Sleep(100 * time.Millisecond)
	}
	if len(names) != 1 {
		t.Fatalf("the containers were %q", names)
	}
	c.ask(t, "run", "--detach", "--name", names[0], "--label", "wheelhouse", "--stop-signal", "KILL", "--network", "none",
		imageName, "sleep", "600").want(t, 0)
	c.validate(t, "-static").want(t, 0).has(t, "verdict: PASS")
	c.nothingLeft(t)
}

func (c contained) noImage(t *testing.T) {
	c.validateIn(t, "localhost/wheelhouse-e2e:none").want(t, 3).has(t, "[no-image]")
	c.nothingLeft(t)
}

// dead has a docker that accepts and says nothing; then a podman that does not
// start serves no more either.
func (c contained) dead(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "d.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nobody talks to it
	hung := c
	hung.user = os.Geteuid()
	hung.environ = append(slices.Clone(c.environ), "DOCKER_HOST=unix://"+socket)
	if c.program == "podman" {
		hung.validate(t, "-static").want(t, 0).has(t, "docker is there, but does not answer: ", "did not end in", "; podman does", "container: podman")
		return
	}
	hung.environ = append(hung.environ, "CONTAINERS_CONF="+write(t, filepath.Join(t.TempDir(), "containers.conf"), "rubbish"))
	hung.validate(t).want(t, 3).has(t, "docker is there, but does not answer: ", "podman is there, but does not answer: ", "[no-container-engine]")
}
