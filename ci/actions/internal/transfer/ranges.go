package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// PartSource asks for the bytes first to last of the file, both included, and
// gives the answer; for all else it is as a [Source]. fresh tells that the last
// try broke, so that its signed address is not to be taken again.
type PartSource func(ctx context.Context, first, last int64, fresh bool) (*http.Response, error)

// PartError says that the server does not serve parts of the very file; errors.As
// finds it. The file can be downloaded whole all the same.
type PartError struct{ Why string }

// Error says why.
func (e *PartError) Error() string { return e.Why }

// Ranges reads parts of one file on a server, each resumed after breaks as
// Download does. One goroutine at a time uses it.
type Ranges struct {
	source   PartSource
	o        Options
	etag     string
	received int64
	asked    int
	expected int64
}

// NewRanges makes a reader of parts. Of the options, Path names the file in
// errors and is not written, Size is required, and SHA256 and MaxBytes are not
// looked at. Progress is told all bytes received, and what [Ranges.Expect] said.
func NewRanges(source PartSource, o Options) *Ranges {
	return &Ranges{source: source, o: o.withDefaults(), expected: -1}
}

// Received gives the bytes of bodies that came so far, repeated ones included.
func (r *Ranges) Received() int64 { return r.received }

// Requests gives how often the source was asked.
func (r *Ranges) Requests() int { return r.asked }

// Expect says how many bytes will have come in all, for Options.Progress.
func (r *Ranges) Expect(total int64) { r.expected = total }

// Open gives a reader of n bytes from offset on. Nothing is asked for before
// the first Read. Its errors are those of Download, but for a file that is not
// the one: that is a [*PartError], as is a server that sends the whole file.
// Close ends the request.
func (r *Ranges) Open(ctx context.Context, offset, n int64) io.ReadCloser {
	return &part{Ranges: r, ctx: ctx, next: offset, end: offset + n, mark: offset}
}

// part is one part on its way.
type part struct {
	*Ranges
	ctx       context.Context
	next, end int64 // what is still to come

	watch *watcher // both nil between tries
	body  io.ReadCloser

	cause  error // why the last try ended; nil before the first
	broke  bool
	barren int   // breaks in a row without progress
	mark   int64 // next when it broke last
}

// Read implements io.Reader.
func (p *part) Read(b []byte) (int, error) {
	for p.next < p.end {
		if p.body == nil {
			if err := p.connect(); err != nil {
				return 0, err
			}
		}
		p.watch.patience(p.o.Idle)
		n, err := p.body.Read(b[:min(int64(len(b)), p.end-p.next)])
		p.next, p.received = p.next+int64(n), p.received+int64(n)
		switch {
		case p.next == p.end:
			p.hangUp(nil)
		case err == io.EOF:
			p.hangUp(errTruncated)
		case err != nil:
			p.hangUp(p.watch.explain(err))
		case p.watch.ctx.Err() != nil: // a body may give nothing for ever
			p.hangUp(p.watch.explain(p.watch.ctx.Err()))
		}
		if n > 0 {
			p.o.Progress(p.received, p.expected)
			return n, nil
		}
		if len(b) == 0 {
			return 0, nil
		}
	}
	return 0, io.EOF
}

// Close implements io.Closer.
func (p *part) Close() error {
	p.hangUp(nil)
	p.end = p.next
	return nil
}

// hangUp ends the request; cause is why.
func (p *part) hangUp(cause error) {
	if p.body == nil {
		return
	}
	p.cause = cause
	p.watch.stop() // before the body is closed, which reads on to keep the connection
	_ = p.body.Close()
	p.watch, p.body = nil, nil
}

// connect asks for what is still to come until there is an answer to read.
func (p *part) connect() error {
	for {
		if p.cause != nil {
			if err := p.wait(); err != nil {
				return err
			}
		}
		if p.cause = p.ask(); p.cause == nil {
			return nil
		}
	}
}

// wait waits after a break, or says why there is no use in another try.
func (p *part) wait() error {
	var no *PartError
	if errors.As(p.cause, &no) {
		return no
	}
	pause, err := judge(p.ctx, p.o.Path, p.cause)
	if err != nil {
		return err
	}
	if p.next-p.mark >= progressBytes {
		p.barren = 0
	} else if p.barren++; p.barren >= p.o.Tries {
		return giveUp(p.o, pause.cause, p.received)
	}
	p.mark, p.broke = p.next, true
	if err := p.o.Wait(p.ctx, max(pause.asked, backoff(p.barren))); err != nil {
		return failed(p.o.Path, err)
	}
	return nil
}

// ask asks once.
func (p *part) ask() error {
	watch := newWatcher(p.ctx, 3*p.o.Idle)
	p.asked++
	response, err := p.source(watch.ctx, p.next, p.end-1, p.broke)
	if err != nil {
		err = watch.explain(err)
		watch.stop()
		return err
	}
	if err := p.accept(response); err != nil {
		watch.stop()
		_ = response.Body.Close()
		return err
	}
	p.watch, p.body = watch, response.Body
	return nil
}

// check holds an answer to be the part from next on, of the very file.
func (r *Ranges) check(response *http.Response, next int64) error {
	h := response.Header
	if encoding := h.Get("Content-Encoding"); response.Uncompressed || encoding != "" && encoding != "identity" {
		return &PartError{"the server compresses what it sends"}
	}
	got, err := parseSpan(h.Get("Content-Range"))
	switch {
	case err != nil:
		return &PartError{err.Error()}
	case got.total != r.o.Size:
		return &PartError{fmt.Sprintf("the server's file is not of the %d bytes that it should have", r.o.Size)}
	case got.first != next:
		return &PartError{errRange.Error()}
	}
	etag := h.Get("ETag")
	if etag != "" && r.etag != "" && etag != r.etag {
		return &PartError{errOther.Error()}
	}
	if r.etag == "" {
		r.etag = etag
	}
	return nil
}

// accept judges an answer's head.
func (p *part) accept(response *http.Response) error {
	switch status := response.StatusCode; {
	case status == http.StatusPartialContent:
		return p.check(response, p.next)
	case status == http.StatusOK:
		return &PartError{"the server sends the whole file where a part is asked for"}
	case status == http.StatusRequestedRangeNotSatisfiable:
		return &PartError{"the server has no such part of the file"}
	default:
		err := &StatusError{status, asked(response.Header)}
		if !retryable(status, response.Header) {
			return failed(p.o.Path, err)
		}
		return err
	}
}
