package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// infoTime is the most that an engine may take to say what it is: podman sets
// up its storage when it is asked for the first time.
const infoTime = 15 * time.Second

// Engine is a docker or a podman that answers.
type Engine struct {
	// Name is what it says it is, "docker" or "podman"; some systems have a
	// podman under the name docker.
	Name string
	// Version is that of what runs the containers: "24.0.5".
	Version string
	// Path is the program: a name in PATH.
	Path string
	// Rootless tells that it runs without root's help, so that the root of a
	// container is who runs it.
	Rootless bool
	// Remapped tells that a container's ids are others than the machine's
	// unless it is asked not to.
	Remapped bool
	// Passed tells of the engines that were asked before and are there:
	// "docker is there, but does not answer: ...".
	Passed []string

	environ []string // its own
}

// String gives name and version: "docker 24.0.5".
func (e Engine) String() string { return strings.TrimSpace(e.Name + " " + e.Version) }

// Find gives the first of docker and podman that answers within 15 seconds.
// environ is the environment that they are looked up in and run with (PATH,
// DOCKER_HOST). Code: no-container-engine, which says what was tried and what
// came of it.
func Find(ctx context.Context, environ []string) (Engine, error) {
	if runtime.GOOS == "windows" {
		return Engine{}, fault.New(fault.Unable, "no-container-engine", "this system's paths cannot be those of a container").
			WithHint("run it on Linux or macOS, or in WSL")
	}
	return find(ctx, environ, infoTime)
}

func find(ctx context.Context, environ []string, limit time.Duration) (Engine, error) {
	var passed, absent []string
	for _, program := range []string{"docker", "podman"} {
		e := Engine{Name: program, Path: program, environ: slices.Clone(environ)}
		// Not nil, which would be this process's own.
		e.environ = append([]string{}, e.environ...)
		text, err := e.ask(ctx, limit, "info", "--format", "{{json .}}")
		if err == nil || text != "" {
			// Some clients exit 0 for a daemon that is not there, some print
			// the object nevertheless: what it holds decides.
			err = e.read(text, err)
		}
		switch {
		case ctx.Err() != nil:
			return Engine{}, fmt.Errorf("looking for docker or podman: %w", ctx.Err())
		case err == nil:
			e.Passed = passed
			return e, nil
		case errors.Is(err, exec.ErrNotFound):
			absent = append(absent, program+" is not in PATH")
		default:
			passed = append(passed, program+" is there, but does not answer: "+err.Error())
		}
	}
	err := fault.New(fault.Unable, "no-container-engine", "no container engine: %s", strings.Join(append(passed, absent...), "; "))
	if len(passed) > 0 {
		return Engine{}, err.WithHint("start its daemon, and see that this user may talk to it: docker info, podman info")
	}
	return Engine{}, err.WithHint("install docker or podman")
}

// about is what we read of what an engine says of itself: docker's keys first,
// then podman's.
type about struct {
	ServerVersion   string
	OSType          string
	SecurityOptions []string
	ServerErrors    []string

	Host struct {
		Security struct {
			Rootless bool `json:"rootless"`
		} `json:"security"`
	} `json:"host"`
	Version struct {
		Version string
	} `json:"version"`
}

// read takes what `info` printed; failed is how it ended.
func (e *Engine) read(text string, failed error) error {
	var a about
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		if failed != nil {
			return failed
		}
		return errors.New("what it says of itself is not JSON")
	}
	switch {
	case len(a.ServerErrors) > 0:
		return errors.New(printable(a.ServerErrors[0]))
	case a.Version.Version != "":
		e.Name, e.Version, e.Rootless = "podman", a.Version.Version, a.Host.Security.Rootless
	case a.ServerVersion != "" && a.OSType != "" && a.OSType != "linux":
		return fmt.Errorf("its containers are those of %s, not of Linux", printable(a.OSType))
	case a.ServerVersion != "":
		e.Name, e.Version = "docker", a.ServerVersion
		e.Rootless = hasOption(a.SecurityOptions, "rootless")
		e.Remapped = hasOption(a.SecurityOptions, "userns")
	case failed != nil:
		return failed
	default:
		return errors.New("it does not say its version")
	}
	e.Version = printable(e.Version)
	return nil
}

// hasOption finds "name=rootless" or "name=userns,..." among docker's security
// options.
func hasOption(options []string, name string) bool {
	return slices.ContainsFunc(options, func(option string) bool {
		return slices.Contains(strings.Split(option, ","), "name="+name)
	})
}

// command makes a command of the engine's.
func (e Engine) command(args ...string) command.Command {
	return command.Command{Path: e.Path, Args: args, Env: e.environ}
}
