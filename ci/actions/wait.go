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

// finder finds a run; asked again, one among those that it has listed.
type finder struct {
	api      api
	clock    Clock
	note     func(string)
	patience Patience
	// end is when waiting ends.
	end time.Time
	// runs are those that were listed, the newest first, on that many pages;
	// all tells that there are no more.
	runs  []Run
	pages int
	all   bool
}

func newFinder(api api, clock Clock, note func(string), p Patience) *finder {
	if p.Interval <= 0 {
		p.Interval = 15 * time.Second
	}
	return &finder{api: api, clock: clock, note: note, patience: p, end: clock.Now().Add(p.Timeout)}
}

// find gives the wanted run once it ended, and the newer ones that were passed
// over: all of them when there is none.
func (f *finder) find(ctx context.Context, want Want) (run Run, passed []Passed, err error) {
	pause, longest := f.patience.Interval, 4*f.patience.Interval
	want.Finished = want.Finished || f.patience.Timeout <= 0
	for {
		d, err := f.look(ctx, want)
		switch {
		case err != nil:
			return Run{}, nil, err
		case d.Take != nil:
			return *d.Take, d.Passed, nil
		case d.Wait == nil:
			return Run{}, d.Passed, noRun(want, d.Passed)
		}
		left := f.end.Sub(f.clock.Now())
		if left <= 0 {
			return Run{}, nil, fault.New(fault.Unable, "timed-out", "waiting for run %d: it is still %s after %s", d.Wait.ID, d.Wait.state(), f.patience.Timeout).
				WithHint("wait longer, -timeout=30m, or take the newest that finished, -timeout=0")
		}
		wait := min(pause, left)
		f.note(fmt.Sprintf("run %d is %s; looking again in %s", d.Wait.ID, d.Wait.state(), wait.Round(time.Second)))
		if err := f.clock.Sleep(ctx, wait); err != nil {
			return Run{}, nil, fmt.Errorf("waiting for run %d: %w", d.Wait.ID, err)
		}
		pause = min(pause*3/2, longest)
		f.runs, f.pages, f.all = nil, 0, false
	}
}

// look lists runs until one is found, or there are no more.
func (f *finder) look(ctx context.Context, want Want) (Decision, error) {
	for {
		d := Choose(f.runs, want)
		if d.Take != nil || d.Wait != nil || f.all {
			return d, nil
		}
		if want.Run != 0 {
			run, err := f.api.Run(ctx, want.Run)
			if err != nil {
				return d, err
			}
			f.runs, f.all = []Run{run}, true
			continue
		}
		page, more, err := f.api.Runs(ctx, want.Workflow, f.pages+1)
		if err != nil {
			return d, err
		}
		f.runs, f.pages, f.all = append(f.runs, page...), f.pages+1, !more
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
