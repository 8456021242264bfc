package atomicfile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

func TestLockExcludes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	var inside, most int
	var watch sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			unlock, err := Lock(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			watch.Lock()
			inside++
			most = max(most, inside)
			watch.Unlock()
			watch.Lock()
			inside--
			watch.Unlock()
			unlock()
			unlock() // more than once is harmless
		})
	}
	all.Wait()
	if most != 1 {
		t.Errorf("%d held the lock at once", most)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the lock file is gone: %v", err)
	}
}

func TestLockWaitsUntilContextEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Lock(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, ok, err := TryLock(path); ok || err != nil {
		t.Errorf("TryLock of a held lock: %v, %v", ok, err)
	}
}

// TestLockOfAnotherProcess runs this test again as a process that takes the
// lock and is killed with it.
func TestLockOfAnotherProcess(t *testing.T) {
	t.Parallel()
	if path := os.Getenv("ATOMICFILE_TEST_LOCK"); path != "" {
		if _, err := Lock(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		fmt.Println("locked")
		io.Copy(io.Discard, os.Stdin) // until it is killed
	}
	path := filepath.Join(t.TempDir(), "lock")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLockOfAnotherProcess$")
	child.Env = append(os.Environ(), "ATOMICFILE_TEST_LOCK="+path)
	if _, err := child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() {
		t.Fatal("the child took no lock")
	}
	if _, ok, err := TryLock(path); ok || err != nil {
		t.Errorf("TryLock beside the other process: %v, %v", ok, err)
	}
	child.Process.Kill()
	child.Wait()
	if unlock, ok, err := TryLock(path); !ok || err != nil {
		t.Errorf("TryLock after it was killed: %v, %v", ok, err)
	} else {
		unlock()
	}
}

func TestLockInAbsentFolder(t *testing.T) {
	t.Parallel()
	if _, err := Lock(t.Context(), filepath.Join(t.TempDir(), "absent", "lock")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
