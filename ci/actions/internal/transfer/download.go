package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"net/http"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
)

// Download writes the file that source gives to o.Path, resumes it after
// breaks, and holds it against o.Size and o.SHA256 before it gets its name. On
// an error, a cancelled ctx included, nothing is left and what was at o.Path is
// as before.
//
// Codes: transfer-failed (unable), where errors.As finds a [*StatusError] when
// the server's answer was the reason and [fault.Interrupted] a ctx that ended;
// size-mismatch, digest-mismatch and too-large (refused); or the Source's own.
func Download(ctx context.Context, source Source, o Options) (Result, error) {
	o = o.withDefaults()
	if o.Size > o.MaxBytes {
		return Result{}, tooLarge(o, o.Size)
	}
	file, err := atomicfile.Create(o.Path, 0o644)
	if err != nil {
		return Result{}, failed(o.Path, err)
	}
	defer file.Cleanup()
	d := &download{Options: o, source: source, file: file, hash: sha256.New(), total: max(o.Size, -1)}
	if err := d.run(ctx); err != nil {
		return Result{}, err
	}
	sum := hex.EncodeToString(d.hash.Sum(nil))
	if o.SHA256 != "" && sum != o.SHA256 {
		return Result{}, refused(o.Path, "digest-mismatch", "its sha256 is %s and should be %s", sum, o.SHA256).
			WithHint("download it again; when that does not help, what is stored there is damaged")
	}
	if err := file.Commit(); err != nil {
		return Result{}, failed(o.Path, err)
	}
	return Result{Size: d.done, SHA256: sum, Verified: o.SHA256 != "", Transferred: d.transferred, Tries: d.asked}, nil
}

// download is one file on its way.
type download struct {
	Options
	source Source
	file   *atomicfile.File
	hash   hash.Hash // over the first done bytes

	done  int64 // bytes in file
	total int64 // its length, -1 while unknown
	etag  string

	furthest    int64 // the most that done was
	transferred int64
	asked       int
}

// run tries until the file is whole.
func (d *download) run(ctx context.Context) error {
	barren := 0 // breaks in a row without progress
	for {
		before := d.furthest
		finished, err := d.try(ctx)
		if finished {
			return nil
		}
		pause, err := judge(ctx, d.Path, err)
		if err != nil {
			return err
		}
		if d.furthest-before >= progressBytes {
			barren = 0
		} else if barren++; barren >= d.Tries {
			return giveUp(d.Options, pause.cause, d.furthest)
		}
		if err := d.Wait(ctx, max(pause.asked, backoff(barren))); err != nil {
			return failed(d.Path, err)
		}
	}
}

// pause is why and for how long the next try waits.
type pause struct {
	cause error
	asked time.Duration // what the server asked for
}

// judge says whether another try can help after err; else the error to return.
func judge(ctx context.Context, path string, err error) (pause, error) {
	if ctx.Err() != nil {
		return pause{}, failed(path, ctx.Err()).WithHint("start it again, with more time where that was short")
	}
	if coded, ok := fault.As(err); ok {
		return pause{}, coded
	}
	err = bare(err)
	var status *StatusError
	if !errors.As(err, &status) {
		return pause{cause: err}, nil
	}
	if status.RetryAfter > mostWait {
		return pause{}, failed(path, err).WithHint("start it again in %s", status.RetryAfter)
	}
	return pause{err, status.RetryAfter}, nil
}

// giveUp is the error after too many breaks in a row.
func giveUp(o Options, cause error, came int64) error {
	return failed(o.Path, cause).WithHint("it broke %d times in a row and %d bytes came: look at the network and start it again", o.Tries, came)
}

// try asks once and takes what comes; finished tells that the file is whole.
// An error without a code is a break.
func (d *download) try(ctx context.Context) (finished bool, err error) {
	watch := newWatcher(ctx, 3*d.Idle)
	defer watch.stop()
	d.asked++
	response, err := d.source(watch.ctx, d.done)
	if err != nil {
		return false, watch.explain(err)
	}
	defer response.Body.Close()
	// Ended before it is closed, since closing reads on to keep the connection.
	defer watch.stop()
	if finished, err := d.accept(response); finished || err != nil {
		return finished, err
	}
	watch.patience(d.Idle)
	return d.take(watch, response.Body)
}

// accept looks at the answer's head and prepares the file for its body.
func (d *download) accept(response *http.Response) (finished bool, err error) {
	h := response.Header
	if encoding := h.Get("Content-Encoding"); response.Uncompressed || encoding != "" && encoding != "identity" {
		return false, failed(d.Path, errors.New("the server sent it compressed, though that was not asked for"))
	}
	switch response.StatusCode {
	case http.StatusOK:
		if d.done > 0 {
			if err := d.startOver(); err != nil {
				return false, err
			}
		}
		d.etag = h.Get("ETag")
		return false, d.expect(response.ContentLength)
	case http.StatusPartialContent:
		return false, d.acceptPart(h)
	case http.StatusRequestedRangeNotSatisfiable:
		return d.acceptEnd(h)
	}
	status := &StatusError{response.StatusCode, asked(h)}
	if !retryable(response.StatusCode, h) {
		return false, failed(d.Path, status)
	}
	return false, status
}

// acceptPart is for a 206: the very range, of the very file.
func (d *download) acceptPart(h http.Header) error {
	part, err := parseSpan(h.Get("Content-Range"))
	if err != nil {
		return err
	}
	if part.first != d.done {
		return errRange
	}
	if d.total < 0 && part.total < 0 { // nothing would tell where it ends
		return errors.Join(errRange, d.startOver())
	}
	if d.Size < 0 && d.total >= 0 && part.total >= 0 && part.total != d.total {
		return errors.Join(errOther, d.startOver())
	}
	if etag := h.Get("ETag"); d.done > 0 && etag != "" && d.etag != "" && etag != d.etag {
		return errors.Join(errOther, d.startOver())
	}
	return d.expect(part.total)
}

// acceptEnd is for a 416: we have everything, or something else.
func (d *download) acceptEnd(h http.Header) (finished bool, err error) {
	end, err := parseSpan(h.Get("Content-Range"))
	switch {
	case err != nil || d.done == 0:
	case d.Size >= 0 && end.total >= 0 && end.total != d.Size:
		return false, wrongSize(d.Options, end.total)
	case d.total < 0 && end.total == d.done:
		return true, nil
	}
	return false, errors.Join(errOther, d.startOver())
}

// expect notes the length that the server tells; -1 when it does not.
func (d *download) expect(length int64) error {
	switch {
	case length < 0:
	case d.Size >= 0 && length != d.Size:
		return wrongSize(d.Options, length)
	case length > d.MaxBytes:
		return tooLarge(d.Options, length)
	default:
		d.total = length
	}
	return nil
}

// startOver forgets what came so far.
func (d *download) startOver() error {
	if err := d.file.Truncate(0); err != nil {
		return failed(d.Path, err)
	}
	if _, err := d.file.Seek(0, 0); err != nil {
		return failed(d.Path, err)
	}
	d.hash.Reset()
	d.done, d.total, d.etag = 0, max(d.Size, -1), ""
	return nil
}

func tooLarge(o Options, size int64) error {
	return refused(o.Path, "too-large", "it has %d bytes or more, over %d", size, o.MaxBytes)
}

func wrongSize(o Options, size int64) error {
	return refused(o.Path, "size-mismatch", "the server has %d bytes, and it should be %d", size, o.Size)
}
