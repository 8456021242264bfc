package actions

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// starter is what starting a workflow needs of a server.
type starter interface {
	server
	Dispatch(ctx context.Context, workflow, ref string, inputs map[string]string) (Started, error)
	Served() time.Time
	Login(ctx context.Context) string
	Commit(ctx context.Context, ref string) string
}

// Dispatcher starts a workflow and fetches what its run made.
type Dispatcher struct {
	// Server starts it; a [Client].
	Server starter
	// Fetcher fetches the run. Its Server is not asked, and of its Want only
	// the workflow counts.
	Fetcher Fetcher
	// Ref is the branch or tag; empty for the default branch.
	Ref string
	// Inputs are the workflow's own; nil for none.
	Inputs map[string]string
	// Typed is how fetch is typed, for hints; default "fetch".
	Typed string
}

const (
	// appearing is how long a run may take until the server shows it.
	appearing = 2 * time.Minute
	// firstLook and longestLook are the pauses between two looks for it.
	firstLook, longestLook = 2 * time.Second, 10 * time.Second
)

// Dispatch starts the workflow, finds its run, waits for it and fetches it. It
// is started once; where it is not known whether it was, its run is looked for
// instead.
//
// Codes beside those of [Client.Dispatch] and [Fetcher.Fetch]: several-runs,
// run-failed (refused); run-not-found, dispatch-unclear, timed-out (unable).
func (d Dispatcher) Dispatch(ctx context.Context) (Made, error) {
	d.Fetcher = d.Fetcher.withDefaults()
	if d.Typed == "" {
		d.Typed = "fetch"
	}
	ours, err := d.before(ctx)
	if err != nil {
		return Made{}, err
	}
	started, err := d.Server.Dispatch(ctx, ours.Workflow, ours.Ref, d.Inputs)
	if err != nil {
		return Made{}, err
	}
	id := started.Run
	if id == 0 {
		if id, err = d.recognise(ctx, ours, started.Unsure); err != nil {
			return Made{}, err
		}
	}
	d.Fetcher.Note(fmt.Sprintf("started run %d of %s on %s", id, ours.Workflow, ours.Ref))
	want := Want{Workflow: ours.Workflow, Run: id}
	run, err := d.wait(ctx, want)
	if err != nil {
		return Made{}, err
	}
	d.Fetcher.Server, d.Fetcher.Want = known{d.Server, run}, want
	return d.Fetcher.Fetch(ctx)
}

// known is a server whose run was looked at already.
type known struct {
	server
	run Run
}

// Run gives the run.
func (k known) Run(context.Context, int64) (Run, error) { return k.run, nil }

// before notes what tells the run, once it is started, from those before it.
func (d Dispatcher) before(ctx context.Context) (Ours, error) {
	ours := Ours{Workflow: d.Fetcher.Want.Workflow, Ref: d.Ref}
	if ours.Ref == "" {
		branch, err := d.Server.DefaultBranch(ctx)
		if err != nil {
			return ours, err
		}
		ours.Ref = branch
	}
	runs, _, err := d.Server.Runs(ctx, ours.Workflow, 1)
	if err != nil {
		return ours, err
	}
	ours.Since = d.Server.Served()
	for _, r := range runs {
		ours.After = max(ours.After, r.ID)
	}
	ours.Commit = d.Server.Commit(ctx, ours.Ref)
	return ours, nil
}

// recognise looks for the run that was started. It is taken when two looks in
// a row show it alone: another's may be listed before ours. unsure is why it
// may not have been started at all; nil when it was.
func (d Dispatcher) recognise(ctx context.Context, ours Ours, unsure error) (int64, error) {
	clock, commit := d.Fetcher.Clock, ours.Commit
	ours.Commit = ""
	if unsure != nil {
		d.Fetcher.Note(fmt.Sprintf("%s; looking whether it was started", unsure))
		ours.Actor = d.Server.Login(ctx)
	}
	asked, alone := false, int64(0)
	end, pause := clock.Now().Add(appearing), firstLook
	for {
		runs, err := d.since(ctx, ours)
		if err != nil {
			return 0, err
		}
		candidates, _ := Recognise(runs, ours)
		if len(candidates) > 1 && !asked {
			asked = true
			ours.Actor = d.Server.Login(ctx)
			if d.Server.Commit(ctx, ours.Ref) == commit {
				ours.Commit = commit // the ref did not move meanwhile
			}
			candidates, _ = Recognise(runs, ours)
		}
		switch {
		case len(candidates) > 1:
			return 0, several(ours, candidates)
		case len(candidates) == 1 && candidates[0].ID == alone:
			return alone, nil
		case len(candidates) == 1:
			alone = candidates[0].ID
		}
		if !clock.Now().Add(pause).Before(end) {
			return 0, d.unseen(ours, unsure)
		}
		if err := clock.Sleep(ctx, pause); err != nil {
			return 0, fmt.Errorf("looking for the run that was started: %w", err)
		}
		pause = min(pause*3/2, longestLook)
	}
}

// since lists the runs that are newer than those seen before.
func (d Dispatcher) since(ctx context.Context, ours Ours) ([]Run, error) {
	var runs []Run
	for n := 1; ; n++ {
		page, more, err := d.Server.Runs(ctx, ours.Workflow, n)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			if r.ID <= ours.After {
				more = false // what comes behind it was there before
				continue
			}
			runs = append(runs, r)
		}
		if !more {
			return runs, nil
		}
	}
}

// several is the error of runs that cannot be told apart.
func several(ours Ours, candidates []Run) error {
	const most = 5
	var named []string
	for i, r := range candidates {
		if i == most {
			named = append(named, fmt.Sprintf("and %d more", len(candidates)-most))
			break
		}
		named = append(named, fmt.Sprintf("%d by %q at %s", r.ID, r.Actor, r.CreatedAt.UTC().Format(time.RFC3339)))
	}
	return fault.New(fault.Refused, "several-runs", "looking for the run of %s that was started on %s: several began at once and cannot be told apart: %s",
		ours.Workflow, ours.Ref, strings.Join(named, ", ")).
		WithHint("look at them, and fetch the one that you want: -run=ID")
}

// unseen is the error of a run that did not appear.
func (d Dispatcher) unseen(ours Ours, unsure error) error {
	if unsure != nil {
		return fault.New(fault.Unable, "dispatch-unclear", "%w; no run of it was seen within %s, and it was not sent again", unsure, appearing).
			WithHint("look at the runs of %s before you start it again", ours.Workflow)
	}
	return fault.New(fault.Unable, "run-not-found", "looking for the run of %s that was started on %s: the server does not show it after %s", ours.Workflow, ours.Ref, appearing).
		WithHint("look at the runs of %s, and fetch it by its id: mage %s -run=ID", ours.Workflow, d.Typed)
}

// wait gives the run once it ended well. It may not be shown at once.
func (d Dispatcher) wait(ctx context.Context, want Want) (Run, error) {
	f := d.Fetcher
	end, pause := f.Clock.Now().Add(appearing), firstLook
	for {
		run, passed, err := newFinder(d.Server, f.Clock, f.Note, f.Patience).find(ctx, want)
		if err == nil {
			return run, nil
		}
		if fault.Code(err) != "not-found" || !f.Clock.Now().Add(pause).Before(end) {
			return Run{}, d.ended(want, passed, err)
		}
		if err := f.Clock.Sleep(ctx, pause); err != nil {
			return Run{}, fmt.Errorf("waiting for run %d: %w", want.Run, err)
		}
		pause = min(pause*3/2, longestLook)
	}
}

// ended says of a run that was started here why it is not fetched.
func (d Dispatcher) ended(want Want, passed []Passed, err error) error {
	e, ok := fault.As(err)
	if !ok {
		return err
	}
	if e.Code == "timed-out" {
		return e.WithHint("it goes on; once it ended: mage %s -run=%d", d.Typed, want.Run)
	}
	if e.Code != "run-refused" || len(passed) == 0 {
		return err
	}
	run := passed[0].Run
	where := ""
	if run.URL != "" {
		where = ": " + run.URL
	}
	switch {
	case run.Status != "completed":
		return fault.New(fault.Unable, "timed-out", "fetching run %d: %s%s", run.ID, passed[0].Why, where).
			WithHint("it goes on; once it ended: mage %s -run=%d", d.Typed, run.ID)
	case run.Conclusion != "success":
		return fault.New(fault.Refused, "run-failed", "fetching run %d of %s: %s%s", run.ID, want.Workflow, passed[0].Why, where).
			WithHint("its log says what went wrong")
	}
	return e.WithHint("look at the run%s", where)
}

// address gives a page's address without what may be secret in it; "" when it
// is none.
func address(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
