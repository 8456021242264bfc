package actions

import (
	"context"
	"fmt"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// api is what finding a run and its artifact needs of a server.
type api interface {
	DefaultBranch(ctx context.Context) (string, error)
	Runs(ctx context.Context, workflow string, page int) ([]Run, bool, error)
	Run(ctx context.Context, id int64) (Run, error)
	Artifacts(ctx context.Context, run int64) ([]Artifact, error)
}

// Patience says how long to wait for a run that is still going.
type Patience struct {
	// Timeout is how long in all; 0 does not wait.
	Timeout time.Duration
	// Interval is the first pause between two looks; default 15 s. Pauses grow
	// by half up to four times the first.
	Interval time.Duration
}

// finder finds a run.
type finder struct {
	api   api
	clock Clock
	note  func(string)
}

// find gives the wanted run once it ended, and the newer ones that were passed
// over: all of them when there is none. older are the runs behind it, as far as
// they were listed.
func (f finder) find(ctx context.Context, want Want, p Patience) (run Run, passed []Passed, older []Run, err error) {
	pause := p.Interval
	if pause <= 0 {
		pause = 15 * time.Second
	}
	longest, end := 4*pause, f.clock.Now().Add(p.Timeout)
	want.Finished = want.Finished || p.Timeout <= 0
	for {
		runs, d, err := f.look(ctx, want)
		switch {
		case err != nil:
			return Run{}, nil, nil, err
		case d.Take != nil:
			return *d.Take, d.Passed, runs[len(d.Passed)+1:], nil
		case d.Wait == nil:
			return Run{}, d.Passed, nil, noRun(want, d.Passed)
		}
		left := end.Sub(f.clock.Now())
		if left <= 0 {
			return Run{}, nil, nil, fault.New(fault.Unable, "timed-out", "waiting for run %d: it is still %s after %s", d.Wait.ID, d.Wait.Status, p.Timeout).
				WithHint("wait longer, -timeout=30m, or take the newest that finished, -timeout=0")
		}
		wait := min(pause, left)
		f.note(fmt.Sprintf("run %d is %s; looking again in %s", d.Wait.ID, d.Wait.Status, wait.Round(time.Second)))
		if err := f.clock.Sleep(ctx, wait); err != nil {
			return Run{}, nil, nil, fmt.Errorf("waiting for run %d: %w", d.Wait.ID, err)
		}
		pause = min(pause*3/2, longest)
	}
}

// look lists runs until one is found, or there are no more.
func (f finder) look(ctx context.Context, want Want) (runs []Run, d Decision, err error) {
	if want.Run != 0 {
		run, err := f.api.Run(ctx, want.Run)
		if err != nil {
			return nil, d, err
		}
		runs = []Run{run}
		return runs, Choose(runs, want), nil
	}
	for n := 1; ; n++ {
		page, more, err := f.api.Runs(ctx, want.Workflow, n)
		if err != nil {
			return nil, d, err
		}
		runs = append(runs, page...)
		d = Choose(runs, want)
		if d.Take != nil || d.Wait != nil || !more {
			return runs, d, nil
		}
	}
}

// noRun is the error when no run is to be had, with the newest one's reason.
func noRun(want Want, passed []Passed) error {
	switch {
	case len(passed) == 0:
		return fault.New(fault.Refused, "no-runs", "looking for a run of %s: there is none", want.Workflow).
			WithHint("start one, or name another workflow: -workflow=FILE")
	case want.Run != 0:
		return fault.New(fault.Refused, "run-refused", "taking run %d: %s", want.Run, passed[0].Why).
			WithHint("leave -run out for the newest good one")
	}
	newest := passed[0]
	return fault.New(fault.Refused, "no-good-run", "looking for a good run of %s: none of %d will do; the newest is %d, and %s",
		want.Workflow, len(passed), newest.Run.ID, newest.Why).
		WithHint("name what you want: -branch=NAME, -event=NAME, or -run=ID")
}
