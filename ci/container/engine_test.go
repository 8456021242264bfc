//go:build unix

package container

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

const podman4 = `{"host":{"security":{"rootless":ROOTLESS}},"version":{"Version":"4.3.1"}}`

func TestFind(t *testing.T) {
	t.Parallel()
	rootless := strings.ReplaceAll(podman4, "ROOTLESS", "true")
	rootful := strings.ReplaceAll(podman4, "ROOTLESS", "false")
	const dead = `echo "Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?" >&2; exit 1`
	for _, c := range []struct {
		name           string
		docker, podman string // what info does; empty: not in PATH
		want           Engine // its Name, Version, Rootless, Remapped
		passed         string // why docker was not taken
	}{
		{"docker", "echo '" + docker20 + "'", "echo '" + rootful + "'", Engine{Name: "docker", Version: "20.10.24"}, ""},
		{"docker without root", `echo '{"ServerVersion":"28.0.1","OSType":"linux","SecurityOptions":["name=seccomp,profile=builtin","name=rootless","name=cgroupns"]}'`, "",
			Engine{Name: "docker", Version: "28.0.1", Rootless: true}, ""},
		{"docker with other ids", `echo '{"ServerVersion":"28.0.1","SecurityOptions":["name=userns"]}'`, "",
			Engine{Name: "docker", Version: "28.0.1", Remapped: true}, ""},
		{"podman called docker", "echo '" + rootless + "'", "", Engine{Name: "podman", Version: "4.3.1", Rootless: true}, ""},
		{"podman alone", "", "echo '" + rootful + "'", Engine{Name: "podman", Version: "4.3.1"}, ""},
		{"a dead docker", dead, "echo '" + rootless + "'", Engine{Name: "podman", Version: "4.3.1", Rootless: true},
			"docker is there, but does not answer: Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?"},
		{"a dead docker that exits 0", `printf '%s' '{"ServerErrors":["Cannot connect\u0009at all"]}'`, "echo '" + rootful + "'", Engine{Name: "podman", Version: "4.3.1"},
			"docker is there, but does not answer: Cannot connect?at all"},
		{"a dead docker that prints an object", `echo '{"ServerVersion":"","OSType":""}'; ` + dead, "echo '" + rootful + "'", Engine{Name: "podman", Version: "4.3.1"},
			"docker is there, but does not answer: Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?"},
		{"a silent docker", "exit 1", "echo '" + rootful + "'", Engine{Name: "podman", Version: "4.3.1"},
			"docker is there, but does not answer: docker: exit status 1"},
		{"rubbish", "echo rubbish", "echo '" + rootful + "'", Engine{Name: "podman", Version: "4.3.1"},
			"docker is there, but does not answer: what it says of itself is not JSON"},
		{"no version", "echo '{}'", "echo '" + rootful + "'", Engine{Name: "podman", Version: "4.3.1"},
			"docker is there, but does not answer: it does not say its version"},
		{"of another system", `echo '{"ServerVersion":"28.0.1","OSType":"windows"}'`, "echo '" + rootful + "'", Engine{Name: "podman", Version: "4.3.1"},
			"docker is there, but does not answer: its containers are those of windows, not of Linux"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var names []string
			if c.docker != "" {
				names = append(names, "docker")
			}
			if c.podman != "" {
				names = append(names, "podman")
			}
			f := newFake(t, names...)
			f.tell("docker.info", c.docker)
			f.tell("podman.info", c.podman)
			e, err := Find(t.Context(), f.environ)
			if err != nil {
				t.Fatal(err)
			}
			if e.Name != c.want.Name || e.Version != c.want.Version || e.Rootless != c.want.Rootless || e.Remapped != c.want.Remapped {
				t.Errorf("got %+v, want %+v", e, c.want)
			}
			if got := strings.Join(e.Passed, "|"); got != c.passed {
				t.Errorf("passed %q, want %q", got, c.passed)
			}
			if e.String() != c.want.Name+" "+c.want.Version {
				t.Errorf("called %q", e)
			}
		})
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	e := wantCode(t, second(Find(t.Context(), f.environ)), "no-container-engine", fault.Unable)
	if !strings.Contains(e.Message, "docker is not in PATH; podman is not in PATH") || !strings.Contains(e.Hint, "install") {
		t.Errorf("%s; %s", e.Message, e.Hint)
	}
	// Not the environment of the tests either.
	wantCode(t, second(Find(t.Context(), nil)), "no-container-engine", fault.Unable)
	f = newFake(t, "docker")
	f.tell("docker.info", "echo dead >&2; exit 1")
	e = wantCode(t, second(Find(t.Context(), f.environ)), "no-container-engine", fault.Unable)
	if !strings.Contains(e.Message, "docker is there, but does not answer: dead; podman is not in PATH") || !strings.Contains(e.Hint, "start its daemon") {
		t.Errorf("%s; %s", e.Message, e.Hint)
	}
}

func second[T any](_ T, err error) error { return err }

// TestFindIsBounded has daemons that never answer.
func TestFindIsBounded(t *testing.T) {
	t.Parallel()
	f := newFake(t, "docker", "podman")
	f.tell("docker.info", "exec sleep 600")
	f.tell("podman.info", "while :; do echo noise noise noise noise noise noise; done")
	_, err := find(t.Context(), f.environ, 50*time.Millisecond)
	e := wantCode(t, err, "no-container-engine", fault.Unable)
	if !strings.Contains(e.Message, "docker is there, but does not answer: docker info did not end in 50ms") {
		t.Error(e.Message)
	}
	f.tell("docker.info", "while :; do echo noise noise noise noise noise noise; done")
	f.forget("podman.info")
	e = wantCode(t, second(find(t.Context(), f.environ, time.Minute)), "no-container-engine", fault.Unable)
	if !strings.Contains(e.Message, "docker info printed more than") {
		t.Error(e.Message)
	}
}

func TestFindInterrupted(t *testing.T) {
	t.Parallel()
	f := newFake(t, "docker")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Find(ctx, f.environ); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"docker: Error response from daemon: no such thing.\nSee 'docker run --help'.\n", "no such thing."},
		{"docker: Error response from daemon: no such thing\n\nRun 'docker run --help' for more information\n", "no such thing"},
		{"Error: statfs /x: no such file or directory\n", "statfs /x: no such file or directory"},
		{"WARN[0000] something\nError: \x1b[31mred\n", "?[31mred"},
		{"ERROR: Cannot connect\nerrors pretty printing info\n", "Cannot connect"},
		{strings.Repeat("é", 1000), strings.Repeat("é", 250) + "…"},
		{"\xff\xfe", "?"},
	} {
		if got := said(c.text); got != c.want {
			t.Errorf("of %.80q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzSaid(f *testing.F) {
	f.Add("docker: Error response from daemon: x\nSee 'docker run --help'.")
	f.Add("Error: Error: \x00\x9b")
	f.Fuzz(func(t *testing.T, text string) {
		got := said(text)
		if len(got) > saidBytes+len("…") || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || (r >= 0x7f && r < 0xa0) }) {
			t.Errorf("%q", got)
		}
	})
}

func FuzzInfo(f *testing.F) {
	f.Add(docker20)
	f.Add(podman4)
	f.Add(`{"ServerErrors":["x"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		e := Engine{Name: "docker"}
		if err := e.read(text, nil); err == nil && (e.Version == "" || e.Name != "docker" && e.Name != "podman") {
			t.Errorf("%+v", e)
		}
	})
}
