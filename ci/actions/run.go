package actions

import (
	"fmt"
	"path"
	"strings"
	"time"
)

// Run is one run of a workflow.
type Run struct {
	ID      int64
	Attempt int
	// Status is "completed" when it ended; then Conclusion says how, "success".
	Status, Conclusion string
	Branch, Event      string
	Commit             string
	// Workflow is the path of its file; empty where the server does not say.
	Workflow string
	// Repository and Head are the ids of the repository and of the one that
	// the commit came from, HeadName the latter's name; 0 when it was removed.
	Repository, Head int64
	HeadName         string
	// HeadUnsaid: the server does not speak of that repository, as Gitea does
	// not; Head is 0.
	HeadUnsaid bool
	CreatedAt  time.Time
	// Actor is the login of who started it, URL the address of its page; empty
	// where the server does not say.
	Actor, URL string
}

// Want says which run is wanted.
type Want struct {
	// Workflow is its file's name or its id.
	Workflow string
	// Branch it must be of; empty for any.
	Branch string
	// Event it must have been started by; empty for any.
	Event string
	// Run is the only id to take; 0 for any.
	Run int64
	// Finished: a run that is still going is passed over and not waited for.
	Finished bool
	// Unfit are the runs that were looked into and will not do, each with the
	// reason as Passed.Why has it; nil for none.
	Unfit map[int64]string
}

// Passed is a run that was not taken, and why.
type Passed struct {
	Run Run
	// Why is a clause: "its conclusion is failure".
	Why string
}

// Decision is what Choose says. At most one of Take and Wait is set.
type Decision struct {
	// Take is the run to take; nil for none.
	Take *Run
	// Wait is the run to wait for; nil for none.
	Wait *Run
	// Passed are the runs that come before it, the newest first; all of them
	// when none is taken.
	Passed []Passed
}

// Choose takes the newest successful run that is wanted and whose commit is the
// repository's own: one from a fork may hold anything. runs are in the
// server's order, the newest first. A newer one that is still going is to be
// waited for.
func Choose(runs []Run, want Want) Decision {
	var d Decision
	for i := range runs {
		why := want.refuse(runs[i])
		switch {
		case why == "" && runs[i].Status == "completed":
			d.Take = &runs[i]
			return d
		case why == "" && !want.Finished:
			d.Wait = &runs[i]
			return d
		case why == "":
			why = "it is " + runs[i].state()
		}
		d.Passed = append(d.Passed, Passed{runs[i], why})
	}
	return d
}

// state is a run's status in words: "in progress".
func (r Run) state() string { return strings.ReplaceAll(r.Status, "_", " ") }

// refuse says why a run is not taken; "" when it is, or will be once it ended.
func (w Want) refuse(r Run) string {
	switch {
	case w.Run != 0 && r.ID != w.Run:
		return fmt.Sprintf("it is not run %d", w.Run)
	case !w.ofWorkflow(r):
		return "it is of the workflow " + path.Base(r.Workflow)
	case r.HeadUnsaid && !ownEvent(r.Event):
		return "it was started by " + r.Event + ", and the server does not say whose its commit is"
	case !r.HeadUnsaid && (r.Head == 0 || r.Head != r.Repository):
		if r.HeadName == "" {
			return "its commit is of a repository that is gone"
		}
		return "its commit is of the fork " + r.HeadName
	case w.Branch != "" && r.Branch != w.Branch:
		return "it is of the branch " + r.Branch
	case w.Event != "" && r.Event != w.Event:
		return "it was started by " + r.Event
	case r.Status == "completed" && r.Conclusion != "success":
		return "its conclusion is " + r.Conclusion
	}
	return w.Unfit[r.ID]
}

// ownEvent tells whether what the event starts is the repository's own commit,
// for none but those who may write to it can bring it about.
func ownEvent(event string) bool {
	switch event {
	case "push", "schedule", "workflow_dispatch", "repository_dispatch", "release":
		return true
	}
	return false
}

func (w Want) ofWorkflow(r Run) bool {
	file, _, _ := strings.Cut(r.Workflow, "@")
	if file == "" || !strings.Contains(w.Workflow, ".") {
		return true // the server answered for that workflow, or it is an id
	}
	return path.Base(file) == path.Base(w.Workflow)
}
