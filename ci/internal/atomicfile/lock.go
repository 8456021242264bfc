package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// A waiting lock is tried again after firstPause, then after twice as long,
// up to lastPause: the kernel's own waiting cannot be ended by a context.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 100 * time.Millisecond
)

// Lock takes the kernel's exclusive lock on path, which is made when absent,
// waiting until ctx ends; then the error is the context's. The kernel frees it
// with the process, so that nobody ever unlocks by hand; the file itself is
// never removed. unlock may be called more than once. Two goroutines of one
// process exclude each other as two processes do. On systems without such
// locks the error is errors.ErrUnsupported.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		unlock, ok, err := TryLock(path)
		if err != nil || ok {
			return unlock, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("waiting for the lock %s: %w", path, ctx.Err())
		case <-timer.C:
		}
	}
}

// TryLock is Lock without waiting: ok is false when somebody else has it.
func TryLock(path string) (unlock func(), ok bool, err error) {
	f, err := openLock(path)
	if err != nil {
		return nil, false, err
	}
	ok, err = lockFile(f)
	if err != nil || !ok {
		f.Close()
		if err != nil {
			err = &fs.PathError{Op: "lock", Path: path, Err: err}
		}
		return nil, false, err
	}
	// Closing the only descriptor of the open file frees its lock.
	return sync.OnceFunc(func() { f.Close() }), true, nil
}

// openLock opens for writing, or, somebody else's lock file, for reading: the
// kernel locks either.
func openLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if errors.Is(err, fs.ErrPermission) {
		if readable, readErr := os.Open(path); readErr == nil {
			return readable, nil
		}
	}
	return f, err
}
