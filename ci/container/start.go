package container

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

const (
	// inspectTime is the most that a question about an image may take.
	inspectTime = 30 * time.Second
	// startTime is the most that a container may take to start once its image
	// is there; some drivers copy the whole image.
	startTime = 2 * time.Minute
)

// Options say which container Start makes. Only Image is required.
type Options struct {
	// Image is its name, "python:3.11". One that is not there is pulled.
	Image string
	// Mounts are what it sees of this machine, in any order; none: nothing.
	Mounts []Mount
	// Step is told each long step as it starts, and each line that a pull
	// prints; it gives a function that ends it. May be nil.
	Step func(text string) (done func())
}

// Start starts one container, without network and capabilities, that lives
// until Close; before, it removes those that killed runs left behind. ctx ends
// the starting and the pulling alone; Close is called in any case when Start
// gave no error. Codes: bad-image (usage), no-image, container-failed.
func (e Engine) Start(ctx context.Context, o Options) (*Container, error) {
	if err := checkImage(o.Image); err != nil {
		return nil, err
	}
	if o.Step == nil {
		o.Step = func(string) func() { return func() {} }
	}
	me := self()
	e.sweep(ctx, me)
	environ, err := e.image(ctx, o)
	if err != nil {
		return nil, err
	}
	name, err := me.name()
	if err != nil {
		return nil, fault.New(fault.Unable, "container-failed", "naming a container: %w", err)
	}
	words, err := runWords(e, name, o, os.Getuid(), os.Getgid())
	if err != nil {
		return nil, err
	}
	defer o.Step(fmt.Sprintf("starting %s with %s", o.Image, e))()
	c := &Container{Name: name, Environ: environ, engine: e, image: o.Image}
	if err := c.start(ctx, words); err != nil {
		return nil, err
	}
	if err := c.await(ctx, startTime); err != nil {
		return nil, err
	}
	return c, nil
}

// image gives the environment that the image sets, pulling it where it is not
// there.
func (e Engine) image(ctx context.Context, o Options) ([]string, error) {
	ask := func() ([]string, error) {
		text, err := e.ask(ctx, inspectTime, "image", "inspect", "--format", "{{json .Config.Env}}", o.Image)
		if err != nil {
			return nil, err
		}
		var environ []string
		if err := json.Unmarshal([]byte(text), &environ); err != nil {
			return nil, errors.New("what is said of the image is not JSON")
		}
		return environ, nil
	}
	environ, err := ask()
	if err != nil && ctx.Err() == nil {
		if err = e.pull(ctx, o); err == nil {
			environ, err = ask()
		}
	}
	if cause := ctx.Err(); cause != nil {
		return nil, fmt.Errorf("getting the image %s: %w", o.Image, cause)
	}
	if err == nil {
		return environ, nil
	}
	failed := fault.New(fault.Unable, "no-image", "%s cannot get the image %s: %w", e, o.Image, err)
	if e.Name == "podman" && strings.Contains(err.Error(), "short-name") {
		return nil, failed.WithHint("name the image with its registry")
	}
	return nil, failed.WithHint("see whether it can be had: %s pull %s", e.Path, o.Image)
}

// pull lets the engine bring the image, however long that takes; each line that
// it prints is a step.
func (e Engine) pull(ctx context.Context, o Options) error {
	// Ended by the lines' own end, and when we return.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines, writer := io.Pipe()
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		e.showPull(lines, o)
	}()
	c := e.command("pull", o.Image)
	kept := &tail{}
	c.Stderr = io.MultiWriter(kept, writer)
	_, err := c.Pipe(ctx).WithStdout(writer).Stdout()
	writer.Close()
	<-shown
	var exit *command.ExitError
	if errors.As(err, &exit) {
		if text := said(string(kept.data)); text != "" {
			return errors.New(text)
		}
	}
	return err
}

// showPull makes each line a step, until there are no more.
func (e Engine) showPull(lines io.Reader, o Options) {
	done := o.Step(fmt.Sprintf("pulling %s with %s", o.Image, e))
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		if line := printable(strings.TrimSpace(scanner.Text())); line != "" {
			done()
			done = o.Step("pulling: " + line)
		}
	}
	done()
	io.Copy(io.Discard, lines) // a line too long to be one must not hold the engine up
}

// tail keeps the end of what is written to it.
type tail struct{ data []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 64 << 10
	t.data = append(t.data, p...)
	if len(t.data) > 2*most {
		t.data = append(t.data[:0], t.data[len(t.data)-most:]...)
	}
	return len(p), nil
}
