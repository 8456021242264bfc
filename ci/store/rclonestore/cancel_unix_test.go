//go:build unix

package rclonestore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestCancelled ends rclone with its context: when List returns, there is no
// such process.
func TestCancelled(t *testing.T) {
	t.Parallel()
	s, dir := remote(t, hangs)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pid := filepath.Join(dir, "..", "pid")
	go func() {
		for { // until it runs
			if data, err := os.ReadFile(pid); err == nil && len(data) > 0 {
				cancel()
				return
			}
		}
	}()
	var failed error
	for _, failed = range s.List(ctx, "") {
	}
	if !fault.Interrupted(failed) {
		t.Error(failed)
	}
	data, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	process, err := strconv.Atoi(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(process, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("rclone %d still runs: %v", process, err)
	}
}
