package python

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bitfield/script"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// askScript is what the helper process runs.
//
//go:embed ask.py
var askScript string

const (
	// oracleTime is the most that the helper process may live.
	oracleTime = 60 * time.Second
	// oracleBytes is the most that it may print.
	oracleBytes = 64 << 20
	// questionBytes is the most that a question may hold, as JSON.
	questionBytes = 32 << 20
	// oracleMark begins the lines that count.
	oracleMark = "wheelhouse-oracle:"
)

// Oracle is one running helper process: it was asked for its environment when
// started, and answers one question. Its methods are called by one goroutine
// at a time.
type Oracle struct {
	interpreter Interpreter
	outer       context.Context
	limit       time.Duration
	ctx         context.Context
	cancel      context.CancelFunc
	question    *os.File // the helper's standard input
	pipe        *script.Pipe
	lines       *bufio.Reader

	ready       chan struct{} // closed when environment and err are set
	environment Environment
	err         error
}

// Start starts the helper; it runs while the caller does other things. It has
// a minute in all. Whoever starts it closes it.
func Start(ctx context.Context, i Interpreter) *Oracle { return start(ctx, i, oracleTime) }

// start is Start of a helper that has so much time.
func start(ctx context.Context, i Interpreter, limit time.Duration) *Oracle {
	o := &Oracle{interpreter: i, outer: ctx, limit: limit, ready: make(chan struct{})}
	o.ctx, o.cancel = context.WithTimeout(ctx, limit)
	input, question, err := os.Pipe()
	if err != nil {
		o.err = o.broken(err)
		close(o.ready)
		return o
	}
	o.question = question
	o.pipe = i.command(command.Command{
		Path:  i.Path,
		Args:  []string{"-I", "-c", askScript},
		Env:   i.cleanEnviron(),
		Stdin: input,
	}).Pipe(o.ctx)
	input.Close()
	o.lines = bufio.NewReader(io.LimitReader(o.pipe, oracleBytes))
	go func() {
		defer close(o.ready)
		o.environment, o.err = o.readEnvironment()
	}()
	return o
}

// Environment waits for what the interpreter says of itself. Codes:
// no-pip, python-broken.
func (o *Oracle) Environment() (Environment, error) {
	<-o.ready
	return o.environment, o.err
}

// readEnvironment reads the first line that counts.
func (o *Oracle) readEnvironment() (Environment, error) {
	var said struct {
		Environment
		Missing string `json:"missing"`
		Error   string `json:"error"`
	}
	if err := o.read(&said); err != nil {
		return Environment{}, err
	}
	short := o.interpreter.Short()
	switch {
	case said.Missing != "":
		return Environment{}, fault.New(fault.Unable, "python-broken", "Python %s (%s) lacks its own module %s", short, o.interpreter.Path, printable(said.Missing)).
			WithHint("install the whole of it; on Debian and Ubuntu: apt install python%s python%s-venv", short, short)
	case said.Error == "no-pip":
		return Environment{}, noPip(o.interpreter)
	case said.Error == "old-pip":
		return Environment{}, o.broken(errors.New("its pip is too old to be asked")).
			WithHint("bring it up to date: %s -m pip install -U pip", o.interpreter.Path)
	case len(said.Tags) == 0 || len(said.Markers) == 0:
		return Environment{}, o.broken(errors.New("it names no tags or no markers"))
	}
	return said.Environment, nil
}

// noPip says that an interpreter has no pip and how to get one.
func noPip(i Interpreter) *fault.Error {
	return fault.New(fault.Unable, "no-pip", "Python %s (%s) has no pip", i.Short(), i.Path).
		WithHint("install it: %s -m ensurepip, or on Debian and Ubuntu: apt install python3-pip", i.Path)
}

// broken is the one error for a helper that did not do its work.
func (o *Oracle) broken(err error) *fault.Error {
	return fault.New(fault.Unable, "python-broken", "asking Python %s (%s): %s", o.interpreter.Short(), o.interpreter.Path, why(err))
}

// read decodes the next line that counts into v. Lines that start-up files of
// the interpreter printed are passed over.
func (o *Oracle) read(v any) error {
	for {
		line, err := o.lines.ReadBytes('\n')
		if rest, ok := bytes.CutPrefix(line, []byte(oracleMark)); ok && err == nil {
			if err := json.Unmarshal(rest, v); err != nil {
				return o.broken(fmt.Errorf("its answer is not JSON: %w", err))
			}
			return nil
		}
		if err != nil {
			return o.failure(err)
		}
	}
}

// failure tells why there is no further line.
func (o *Oracle) failure(err error) error {
	if outer := o.outer.Err(); outer != nil {
		return fmt.Errorf("asking Python %s: %w", o.interpreter.Short(), outer)
	}
	if o.ctx.Err() != nil {
		return o.broken(fmt.Errorf("no answer in %s", o.limit))
	}
	if failed := o.pipe.Error(); failed != nil {
		return o.broken(failed)
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("it does not answer as Python does")
	}
	return o.broken(err)
}

// Ask asks the one question and ends the helper. Codes: question-too-large,
// python-broken, and those of Environment.
func (o *Oracle) Ask(q Question) (Answer, error) {
	defer o.Close()
	if _, err := o.Environment(); err != nil {
		return Answer{}, err
	}
	text, err := json.Marshal(q)
	if err != nil {
		return Answer{}, o.broken(err)
	}
	if len(text) > questionBytes {
		return Answer{}, fault.New(fault.Refused, "question-too-large", "the requirements of these wheels are too much to judge: %d bytes, at most %d", len(text), questionBytes)
	}
	// The pipe holds little and the helper may be gone: writing it ends with
	// the helper, whose end of the pipe is then closed.
	if _, err := o.question.Write(append(text, '\n')); err != nil {
		io.Copy(io.Discard, o.lines) // how it ended says more than the pipe
		return Answer{}, o.failure(err)
	}
	var a Answer
	if err := o.read(&a); err != nil {
		return Answer{}, err
	}
	if len(a.Judgements) != len(q.Lines) {
		return Answer{}, o.broken(fmt.Errorf("asked about %d requirements, it answered %d", len(q.Lines), len(a.Judgements)))
	}
	return a, nil
}

// Close ends the helper and waits for its end; safe to call after Ask, and
// again.
func (o *Oracle) Close() {
	o.cancel()
	<-o.ready
	if o.question == nil {
		return
	}
	o.question.Close()
	io.Copy(io.Discard, o.pipe) // at its end the helper is gone
}
