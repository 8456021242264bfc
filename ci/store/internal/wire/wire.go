// Package wire is what the stores behind a network share: bodies that fall
// silent are given up, and what servers say is printed without its tricks.
package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"
)

// Idle is how long a server may send nothing, or take nothing, before it is
// given up.
const Idle = time.Minute

// ErrSilent is the cause of a transfer that was given up.
var ErrSilent = errors.New("the server fell silent")

// Watch gives a body whose every read ends within Idle. cancel ends the
// request that the body belongs to; Close calls it too. Errors of reads other
// than io.EOF go through fail.
func Watch(body io.ReadCloser, cancel context.CancelCauseFunc, idle time.Duration, fail func(error) error) io.ReadCloser {
	w := &watched{body: body, cancel: cancel, idle: idle, fail: fail}
	w.timer = time.AfterFunc(idle, func() { cancel(ErrSilent) })
	w.timer.Stop()
	return w
}

type watched struct {
	body   io.ReadCloser
	cancel context.CancelCauseFunc
	idle   time.Duration
	timer  *time.Timer
	fail   func(error) error
}

func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(w.idle)
	n, err := w.body.Read(p)
	w.timer.Stop()
	if err != nil && err != io.EOF {
		err = w.fail(err)
	}
	return n, err
}

func (w *watched) Close() error {
	w.timer.Stop()
	w.cancel(context.Canceled)
	return w.body.Close()
}

// Feed gives the body of a request that is cancelled when nobody has read from
// it for idle, until its end.
func Feed(body io.Reader, cancel context.CancelCauseFunc, idle time.Duration) io.Reader {
	return &fed{body, time.AfterFunc(idle, func() { cancel(ErrSilent) }), idle}
}

type fed struct {
	body  io.Reader
	timer *time.Timer
	idle  time.Duration
}

func (f *fed) Read(p []byte) (int, error) {
	f.timer.Stop()
	n, err := f.body.Read(p)
	if err == nil {
		f.timer.Reset(f.idle)
	}
	return n, err
}

// maxSaid is the most of a server's words that is printed.
const maxSaid = 300

// Said gives what an error says, quoted where a server may have worded it, cut
// to a line's length. The address in front of a failed request, which may be
// long and signed, is left out.
func Said(err error) string {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	text := err.Error()
	if len(text) > maxSaid {
		text = text[:maxSaid] + "..."
	}
	quoted := strconv.Quote(text)
	if quoted == `"`+text+`"` {
		return text
	}
	return quoted
}

// Loopback tells whether host, with or without a port, is this machine.
func Loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
