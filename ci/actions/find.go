package actions

import (
	"context"
	"fmt"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// maxLooked bounds the runs whose artifacts are asked for.
const maxLooked = 20

// find gives the newest wanted run that has the artifact, and says which newer
// ones were passed over. A workflow that skips a build when nothing changed
// leaves successful runs without one; but a run that was asked for by its id
// has it, and one whose artifact expired had it.
func (f Fetcher) find(ctx context.Context, want Want) (Run, Artifact, error) {
	finder := newFinder(f.Server, f.Clock, f.Note, f.Patience)
	want.Unfit = map[int64]string{}
	var missing error // the newest run's
	for {
		run, passed, err := finder.find(ctx, want)
		if err != nil {
			f.tell(passed)
			if missing != nil && fault.Code(err) == "no-good-run" {
				err = noneHasIt(missing, len(want.Unfit), "")
			}
			return Run{}, Artifact{}, err
		}
		artifacts, err := f.Server.Artifacts(ctx, run.ID)
		if err != nil {
			return Run{}, Artifact{}, err
		}
		artifact, err := Pick(artifacts, f.Artifact, run.ID)
		if want.Run == 0 && fault.Code(err) == "artifact-missing" {
			if missing == nil {
				missing = err
			}
			want.Unfit[run.ID] = fmt.Sprintf("it has no artifact %s; a skipped build leaves none", f.Artifact)
			if len(want.Unfit) < maxLooked {
				continue
			}
			f.tell(passed)
			return Run{}, Artifact{}, noneHasIt(missing, len(want.Unfit), ", and no more were looked into")
		}
		f.Note(fmt.Sprintf("run %d of %s, %s, by %s on %s", run.ID, f.Want.Workflow, run.CreatedAt.UTC().Format(time.RFC3339), run.Event, run.Branch))
		f.tell(passed)
		if fault.Code(err) == "artifact-expired" {
			err = f.olderOne(ctx, err, finder.runs[len(passed)+1:], want)
		}
		return run, artifact, err
	}
}

// noneHasIt is the newest run's error where the good ones before it have no
// such artifact either; looked is how many there are with it.
func noneHasIt(missing error, looked int, more string) error {
	e, _ := fault.As(missing)
	if looked == 1 {
		return e
	}
	older := "the good run"
	if looked > 2 {
		older = fmt.Sprintf("any of the %d good runs", looked-1)
	}
	return fault.New(fault.Refused, e.Code, "%s; nor has %s before it%s", e.Message, older, more).WithHint("%s", e.Hint)
}

// tell says which runs were passed over, and why.
func (f Fetcher) tell(passed []Passed) {
	const most = 10
	for i, p := range passed {
		if i == most {
			f.Note(fmt.Sprintf("and %d more were passed over", len(passed)-most))
			return
		}
		f.Note(fmt.Sprintf("passed over run %d: %s", p.Run.ID, p.Why))
	}
}

// olderOne says which older run still has the artifact that expired.
func (f Fetcher) olderOne(ctx context.Context, expired error, older []Run, want Want) error {
	const most = 5
	e, _ := fault.As(expired)
	want.Finished = true
	for range most {
		d := Choose(older, want)
		if d.Take == nil {
			break
		}
		older = older[len(d.Passed)+1:]
		artifacts, err := f.Server.Artifacts(ctx, d.Take.ID)
		if err != nil {
			break // what is to be said is that it expired
		}
		if _, err := Pick(artifacts, f.Artifact, d.Take.ID); err == nil {
			return e.WithHint("run %d still has one: -run=%d; or start a new run", d.Take.ID, d.Take.ID)
		}
	}
	return e.WithHint("start a new run: no older one was found that still has it")
}
