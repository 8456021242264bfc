package bench

import (
	"context"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// rounds is how often each contender runs.
const rounds = 5

// contender is one way of doing a piece of work.
type contender struct {
	name string
	// prepare puts things back as they were before the last run; not timed;
	// nil when there is nothing to put back.
	prepare func() error
	// run does the work and gives the most memory that it took, in bytes; 0
	// where that is not known.
	run func(ctx context.Context) (peak int64, err error)
}

// figures are what a contender's rounds gave.
type figures struct {
	times []time.Duration
	peak  int64 // the largest of all rounds
}

// median is the middle one of the times, zero when there are none.
func (f figures) median() time.Duration {
	if len(f.times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(f.times))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// race lets the contenders take turns and gives their figures in their order.
func race(ctx context.Context, contenders ...contender) ([]figures, error) {
	result := make([]figures, len(contenders))
	for range rounds {
		for i, c := range contenders {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			took, peak, err := turn(ctx, c)
			if err != nil {
				return nil, err
			}
			result[i].times = append(result[i].times, took)
			result[i].peak = max(result[i].peak, peak)
		}
	}
	return result, nil
}

func turn(ctx context.Context, c contender) (time.Duration, int64, error) {
	if c.prepare != nil {
		if err := c.prepare(); err != nil {
			return 0, 0, fault.New(fault.Unable, "bench-failed", "preparing %s: %w", c.name, err)
		}
	}
	// What an earlier contender left unwritten must not be paid for by this
	// one's fsync. Where there is no such program, the figures are only noisier.
	_ = exec.CommandContext(ctx, "sync").Run()
	start := time.Now()
	peak, err := c.run(ctx)
	took := time.Since(start)
	if err != nil {
		return 0, 0, fault.New(fault.Unable, "bench-failed", "running %s: %w", c.name, err)
	}
	return took, peak, nil
}

// process is one program with its arguments.
type process struct {
	args []string
	// dir is the folder that it runs in; empty means the caller's.
	dir string
	// env is its whole environment; nil means the caller's.
	env []string
}

// processes makes a run of programs one after the other, in one timing. They
// are not pipelines of ci/command, since the kernel's account of each process
// is what is wanted.
func processes(steps ...process) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) {
		var peak int64
		for _, step := range steps {
			used, err := step.run(ctx)
			if err != nil {
				return 0, err
			}
			peak = max(peak, used)
		}
		return peak, nil
	}
}

func (p process) run(ctx context.Context) (peak int64, err error) {
	said := &tail{}
	cmd := exec.CommandContext(ctx, p.args[0], p.args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stderr = p.dir, p.env, said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return 0, fault.New(fault.Unable, "bench-failed", "%s: %w: %s", p.args[0], err, said.text)
	}
	return peakMemory(cmd.ProcessState), nil
}

// tail keeps the end of what a program says on standard error.
type tail struct{ text []byte }

// Write never fails.
func (t *tail) Write(data []byte) (int, error) {
	const most = 4 << 10
	t.text = append(t.text, data...)
	if extra := len(t.text) - most; extra > 0 {
		t.text = slices.Delete(t.text, 0, extra)
	}
	return len(data), nil
}
