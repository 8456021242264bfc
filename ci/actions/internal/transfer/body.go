package transfer

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

const (
	// pieces of pieceBytes are all the memory that a body takes. Reads as large
	// as these go past net/http's own buffer.
	pieces     = 8
	pieceBytes = 256 << 10

	// writebackBytes is how much is written before the disk is to start on it.
	writebackBytes = 8 << 20
)

// take reads the body to its end into the file and the hash.
func (d *download) take(watch *watcher, body io.Reader) (finished bool, err error) {
	free, filled, hashed := make(chan []byte, pieces), make(chan []byte, pieces), make(chan struct{})
	for range pieces {
		free <- nil // made when they are needed: most bodies need one or two
	}
	go func() {
		defer close(hashed)
		for piece := range filled {
			d.hash.Write(piece)
			free <- piece[:cap(piece)]
		}
	}()
	err = d.copy(watch, body, free, filled)
	close(filled)
	<-hashed
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		// The last byte came, whatever became of the connection then.
		_, coded := fault.As(err)
		return !coded && d.total >= 0 && d.done == d.total, err
	case d.total >= 0 && d.done < d.total:
		return false, errTruncated
	}
	return true, nil
}

// copy reads pieces, writes them and hands them on to be hashed, until the
// body ends.
func (d *download) copy(watch *watcher, body io.Reader, free <-chan []byte, filled chan<- []byte) error {
	for {
		piece := <-free
		if piece == nil {
			piece = make([]byte, pieceBytes)
		}
		n, err := body.Read(piece)
		d.transferred += int64(n)
		if n > 0 {
			watch.patience(d.Idle)
			if err := d.write(piece[:n]); err != nil {
				return err
			}
			filled <- piece[:n]
			d.Progress(d.done, d.total)
		}
		if err != nil {
			return watch.explain(err)
		}
		if n == 0 { // allowed, and the piece serves again; for ever it may not go on
			filled <- piece[:0]
			if err := watch.ctx.Err(); err != nil {
				return watch.explain(err)
			}
		}
	}
}

// write adds p to the file, unless that makes it longer than it may be.
func (d *download) write(p []byte) error {
	end := d.done + int64(len(p))
	switch {
	case d.total >= 0 && end > d.total:
		return refused(d.Path, "size-mismatch", "more than the %d bytes came that it should have", d.total)
	case end > d.MaxBytes:
		return tooLarge(d.Options, end)
	}
	if _, err := d.file.Write(p); err != nil {
		return failed(d.Path, err).WithHint("look whether there is room on that disk")
	}
	if block := d.done - d.done%writebackBytes; end-block >= writebackBytes {
		startWriteback(d.file.File, block, writebackBytes)
	}
	d.done = end
	d.furthest = max(d.furthest, end)
	return nil
}

// watcher ends a request when nothing came for too long.
type watcher struct {
	ctx    context.Context // to make the request with
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func newWatcher(ctx context.Context, patience time.Duration) *watcher {
	ctx, cancel := context.WithCancelCause(ctx)
	return &watcher{ctx, cancel, time.AfterFunc(patience, func() { cancel(errIdle) })}
}

// patience waits that long from now on.
func (w *watcher) patience(d time.Duration) { w.timer.Reset(d) }

func (w *watcher) stop() {
	w.timer.Stop()
	w.cancel(context.Canceled)
}

// explain gives errIdle for an error that the watcher brought about.
func (w *watcher) explain(err error) error {
	if !errors.Is(err, io.EOF) && errors.Is(context.Cause(w.ctx), errIdle) {
		return errIdle
	}
	return err
}
