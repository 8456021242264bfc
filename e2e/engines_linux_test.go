//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// bootstrapTime is the most that making the image may take.
	bootstrapTime = 8 * time.Minute
	// engineTime is the most that one command of an engine may take.
	engineTime = 3 * time.Minute
	// imageName is what the image is called in each engine.
	imageName = "wheelhouse-e2e:1"
)

// engine is a docker or a podman of the tests' own, with the image.
type engine struct {
	program string
	environ []string // what makes the program use it, and ours choose it
}

// ask runs one command of the engine's.
func (e engine) ask(t *testing.T, args ...string) said {
	t.Helper()
	return limited(t, engineTime, e.environ, append([]string{e.program}, args...)...)
}

// containers gives the names of those that are ours, in whatever state.
func (e engine) containers(t *testing.T) []string {
	t.Helper()
	return strings.Fields(e.ask(t, "ps", "--all", "--filter", "label=wheelhouse", "--format", "{{.Names}}").want(t, 0).stdout)
}

// limited runs a command that has little time.
func limited(t *testing.T, limit time.Duration, more []string, args ...string) said {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := command(ctx, scratch, more, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	t.Logf("%.1f s: %s", time.Since(start).Seconds(), strings.Join(args, " "))
	if ctx.Err() != nil {
		t.Fatalf("%s took more than %s\n%s", args[0], limit, stderr.String())
	}
	return said{ended(t, ctx, err, args[0]), stdout.String(), stderr.String()}
}

// cannot skips the test for a reason of the machine's: what the program said
// last.
func cannot(t *testing.T, what, text string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	t.Skipf("%s on this machine: %s", what, lines[len(lines)-1])
}

// enginesFolder is one that a daemon may have sockets in, whose paths are
// bounded. At its end nothing is mounted in it any more.
func enginesFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wh-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unmountBelow(dir)
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// unmountBelow ends what engines leave mounted, the deepest first.
func unmountBelow(dir string) {
	data, _ := os.ReadFile("/proc/self/mountinfo") // then RemoveAll says what is in its way
	var points []string
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 4 && strings.HasPrefix(fields[4], dir+"/") {
			points = append(points, fields[4])
		}
	}
	slices.SortFunc(points, func(a, b string) int { return len(b) - len(a) })
	for _, point := range points {
		_ = syscall.Unmount(point, syscall.MNT_DETACH)
	}
}

// debianImage makes a small system with Python in it, of this machine's own
// distribution and from the mirror that apt uses, and gives it as a tarball.
func debianImage(t *testing.T, dir string) string {
	t.Helper()
	for _, program := range []string{"debootstrap", "dockerd", "docker", "podman", "runc"} {
		_, err := exec.LookPath(program)
		need(t, err, program)
	}
	if os.Geteuid() != 0 {
		t.Skip("neither debootstrap nor dockerd runs on this machine: not root")
	}
	suite, components := release(t)
	mirror := aptMirror(suite)
	if mirror == "" {
		t.Skipf("apt names no mirror of %s on this machine", suite)
	}
	root, packages := filepath.Join(dir, "system"), filepath.Join(dir, "packages")
	made := limited(t, bootstrapTime, nil, "debootstrap", "--download-only", "--variant=minbase", "--components="+components,
		"--include=python3,python3-venv,python3-pip", suite, packages, mirror)
	if text := made.all(); made.status != 0 && (strings.Contains(text, "nodev") || strings.Contains(text, "mknod")) {
		cannot(t, "debootstrap does not run", text)
	}
	made.want(t, 0)
	image := filepath.Join(dir, "image.tar")
	limited(t, bootstrapTime, nil, "sh", "-euc", unpackScript, "sh", packages, root, image).want(t, 0)
	if err := errors.Join(os.RemoveAll(root), os.RemoveAll(packages)); err != nil {
		t.Fatal(err)
	}
	return image
}

// unpackScript makes the image of the packages' files alone: what they do when
// they are installed takes most of debootstrap's time, and Python needs none of
// it.
const unpackScript = `
mkdir -p "$2/tmp" "$2/etc"
chmod 1777 "$2/tmp"
for folder in bin sbin lib lib64; do
	mkdir -p "$2/usr/$folder"
	ln -s "usr/$folder" "$2/$folder"
done
for package in "$1"/var/cache/apt/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$package" |
		tar --keep-directory-symlink --exclude=./usr/share/doc --exclude=./usr/share/locale --exclude=./usr/share/man -C "$2" -xf -
done
cp "$2/usr/share/base-passwd/passwd.master" "$2/etc/passwd"
cp "$2/usr/share/base-passwd/group.master" "$2/etc/group"
tar -C "$2" -cf "$3" .
`

// release gives the name of this machine's release and the parts of it that
// have pip.
func release(t *testing.T) (suite, components string) {
	t.Helper()
	components = "main"
	for line := range strings.Lines(string(read(t, "/etc/os-release"))) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), "="); {
		case key == "VERSION_CODENAME":
			suite = strings.Trim(value, `"`)
		case key == "ID" && strings.Trim(value, `"`) == "ubuntu":
			components = "main,universe"
		}
	}
	return suite, components
}

// aptMirror gives where apt gets a release from: the first in its lists, in
// either of their forms; empty: none.
func aptMirror(suite string) string {
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*.sources")
	lists, _ := filepath.Glob("/etc/apt/sources.list.d/*.list")
	for _, file := range slices.Concat(files, []string{"/etc/apt/sources.list"}, lists) {
		data, _ := os.ReadFile(file) // one that cannot be read names none
		mirror, suites := "", []string(nil)
		for line := range strings.Lines(string(data) + "\n\n") {
			line = strings.TrimSpace(line)
			key, value, _ := strings.Cut(line, ":")
			fields := strings.Fields(value)
			switch {
			case key == "URIs" && len(fields) > 0:
				mirror = fields[0]
			case key == "Suites":
				suites = fields
			case strings.HasPrefix(line, "deb "):
				words := strings.Fields(line)
				for len(words) > 1 && !strings.Contains(words[1], "://") { // [options]
					words = words[1:]
				}
				if len(words) > 2 {
					mirror, suites = words[1], words[2:3]
				}
			}
			if mirror != "" && slices.Contains(suites, suite) {
				return mirror
			}
			if line == "" {
				mirror, suites = "", nil
			}
		}
	}
	return ""
}

// startDocker starts a daemon with its own storage, socket and names, and gives
// it the image.
func startDocker(t *testing.T, dir, image string) engine {
	t.Helper()
	socket := filepath.Join(dir, "d.sock")
	e := engine{"docker", []string{"DOCKER_HOST=unix://" + socket}}
	said := ""
	for _, storage := range []string{"overlay2", "vfs"} {
		if said = startDaemon(t, e, dir, storage, socket); said == "" {
			e.ask(t, "import", image, imageName).want(t, 0)
			e.trial(t)
			return e
		}
	}
	cannot(t, "dockerd does not run", said)
	return e
}

// startDaemon starts dockerd; where it does not come up, it gives what was said.
func startDaemon(t *testing.T, e engine, dir, storage, socket string) string {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "dockerd-"+storage+".log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the daemon has its own
	cmd := exec.Command("dockerd", "--storage-driver="+storage, "--data-root="+filepath.Join(dir, "data"),
		"--exec-root="+filepath.Join(dir, "exec"), "--pidfile="+filepath.Join(dir, "pid"), "--host=unix://"+socket,
		"--containerd-namespace=wheelhouse-e2e", "--containerd-plugins-namespace=plugins.wheelhouse-e2e",
		"--iptables=false", "--bridge=none")
	cmd.Env, cmd.Dir = environment(), dir
	cmd.Stdout, cmd.Stderr = log, log
	// It ends with us, whatever ends us.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the parent that the kernel watches is a thread
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its log says more
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	stop := func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // also what it started
		<-ended
	}
	deadline := time.After(time.Minute)
	for {
		if limited(t, engineTime, e.environ, "docker", "version", "--format", "{{.Server.Version}}").status == 0 {
			t.Cleanup(stop)
			return ""
		}
		select {
		case <-ended:
			return string(read(t, log.Name()))
		case <-deadline:
			stop()
			return string(read(t, log.Name())) + "\nit does not answer after a minute"
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// startPodman gives podman its own storage, and the settings that it needs on a
// machine without systemd, and gives it the image.
func startPodman(t *testing.T, dir, image string) engine {
	t.Helper()
	settings := write(t, filepath.Join(dir, "containers.conf"), `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
`)
	text := ""
	for _, driver := range []string{"overlay", "vfs"} {
		storage := write(t, filepath.Join(dir, driver+".conf"), fmt.Sprintf("[storage]\ndriver = %q\ngraphroot = %q\nrunroot = %q\n",
			driver, filepath.Join(dir, driver), filepath.Join(dir, driver+"-run")))
		e := engine{"podman", []string{"CONTAINERS_CONF=" + settings, "CONTAINERS_STORAGE_CONF=" + storage, "DOCKER_HOST=unix://" + filepath.Join(dir, "none.sock")}}
		got := e.ask(t, "import", image, imageName)
		if got.status == 0 {
			e.trial(t)
			return e
		}
		text = got.stderr
	}
	cannot(t, "podman does not run", text)
	return engine{}
}

// trial runs the simplest container that there is: where that does not work it
// is none of ours.
func (e engine) trial(t *testing.T) {
	t.Helper()
	if got := e.ask(t, "run", "--rm", "--network", "none", imageName, "true"); got.status != 0 {
		cannot(t, e.program+" runs no container", got.stderr)
	}
}
