package transfer

import (
	"context"
	"net/http"
	"time"
)

// Source asks for the file from offset on, with a Range when offset is over 0,
// and gives the answer, whatever its status. It asks for the signed address
// again each time, since those live a minute.
//
// The request must be made with ctx, which is how a stalled body is ended, and
// with "Accept-Encoding: identity". Source leaves waiting to Download: it gives
// a 429 back as it is. It has three times Options.Idle to give the answer.
//
// An error that holds a *fault.Error ends the transfer and is returned as it
// is, so it must hold no address; any other counts as a break.
type Source func(ctx context.Context, offset int64) (*http.Response, error)

// Options say what is downloaded, and how patiently.
type Options struct {
	// Path is the file to write; its folder exists. What is there already is
	// replaced.
	Path string
	// Size is the file's length in bytes; -1 is unknown.
	Size int64
	// SHA256 is the digest in lower-case hex; "" is unknown, and then
	// Result.Verified is false.
	SHA256 string
	// MaxBytes is the longest file that is taken; default 32 GiB.
	MaxBytes int64
	// Idle is how long no byte may come before that counts as a break; default
	// 10 s.
	Idle time.Duration
	// Tries is after how many breaks in a row without progress it gives up;
	// default 5. Progress is 64 KiB further than ever before.
	Tries int
	// Progress, when not nil, is called after every piece with the bytes that
	// are there and the length, -1 while unknown. done falls when the file
	// starts over.
	Progress func(done, total int64)
	// Wait waits before the next try and gives ctx's error when that ends
	// first; nil waits by the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Result tells what was downloaded.
type Result struct {
	Size        int64  // in bytes
	SHA256      string // lower-case hex
	Verified    bool   // SHA256 is what Options asked for
	Transferred int64  // bytes of bodies received, repeated ones included
	Tries       int    // how often Source was asked
}

const (
	defaultMaxBytes = 32 << 30
	defaultIdle     = 10 * time.Second
	defaultTries    = 5

	// progressBytes is what a try must bring to count as progress: a server
	// that gives a byte at a time would be asked for ever.
	progressBytes = 64 << 10
)

func (o Options) withDefaults() Options {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	if o.Tries == 0 {
		o.Tries = defaultTries
	}
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	return o
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
