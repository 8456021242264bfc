package actions

import (
	"fmt"
	"strings"
	"time"
)

// event is what a run is said to have been started by when it was dispatched.
const event = "workflow_dispatch"

// Ours is what is known of a run that was started here and whose id the server
// did not tell.
type Ours struct {
	// Workflow is its file's name or its id.
	Workflow string
	// Ref is the branch or tag it was started on, with or without refs/heads/.
	Ref string
	// After is the highest run id that was seen before it was started; 0 when
	// there was no run.
	After int64
	// Since is the server's time before it was started; zero where the server
	// does not say.
	Since time.Time
	// Actor is the login of who started it; empty when it is not known.
	Actor string
	// Commit is the ref's, the same before and after; empty when it is not
	// known.
	Commit string
}

// Recognise gives the runs that may be the one that was started here, and why
// the others are not. More than one means that they cannot be told apart.
func Recognise(runs []Run, ours Ours) (candidates []Run, passed []Passed) {
	for _, r := range runs {
		if why := ours.refuse(r); why != "" {
			passed = append(passed, Passed{r, why})
			continue
		}
		candidates = append(candidates, r)
	}
	return candidates, passed
}

// refuse says why a run is not the one that was started here; "" when it may be.
func (o Ours) refuse(r Run) string {
	// The server stamps its answers and its runs on several machines.
	const skew = 5 * time.Second
	switch {
	case r.ID <= o.After:
		return "it was there before"
	case r.Event != event:
		return "it was started by " + r.Event
	case r.Branch != shortRef(o.Ref):
		return "it is of the branch " + r.Branch
	case !Want{Workflow: o.Workflow}.ofWorkflow(r):
		return "it is of the workflow " + r.Workflow
	case !r.CreatedAt.IsZero() && r.CreatedAt.Before(o.Since.Add(-skew)):
		return fmt.Sprintf("it was made at %s, before this one was started", r.CreatedAt.UTC().Format(time.RFC3339))
	case o.Actor != "" && r.Actor != "" && !strings.EqualFold(r.Actor, o.Actor):
		return "it was started by " + r.Actor
	case o.Commit != "" && r.Commit != "" && r.Commit != o.Commit:
		return "it is of the commit " + r.Commit
	}
	return ""
}

// shortRef gives a ref as the runs of a workflow name it.
func shortRef(ref string) string {
	for _, prefix := range []string{"refs/heads/", "refs/tags/"} {
		if name, ok := strings.CutPrefix(ref, prefix); ok {
			return name
		}
	}
	return ref
}

// refusal gives code and hint of what a server says when it does not start a
// workflow; an empty code when its words are none that are known.
func refusal(said, workflow, ref string) (code, hint string) {
	said = strings.ToLower(said)
	has := func(words ...string) bool {
		for _, word := range words {
			if !strings.Contains(said, word) {
				return false
			}
		}
		return true
	}
	switch {
	case has("workflow_dispatch", "not have"), has("no workflow_dispatch"):
		code, hint = "no-trigger", fmt.Sprintf("write `workflow_dispatch:` under `on:` in %s, on %s and on the default branch", workflow, ref)
	case has("disabled"):
		code, hint = "dispatch-refused", "enable the workflow first: it is switched off"
	case has("no ref found"), has("ref", "not exist"), has("ref", "n't exist"), has("ref ", "not found"):
		code, hint = "no-such-ref", "push it first, or name another branch or tag: -ref=NAME"
	case has("input"):
		code, hint = "bad-inputs", fmt.Sprintf("give the inputs that %s names on %s: -inputs=name=value,name=value", workflow, ref)
	}
	return code, hint
}

// ParseInputs reads a workflow's inputs, name=value separated by commas; "\,"
// is a comma in a value. problem is a clause when they are none: that "x" has
// no "=". No text gives no inputs.
func ParseInputs(text string) (inputs map[string]string, problem string) {
	const most = 25 // GitHub takes no more
	if text == "" {
		return nil, ""
	}
	inputs = map[string]string{}
	for _, item := range splitInputs(text) {
		name, value, found := strings.Cut(item, "=")
		name = strings.TrimSpace(name)
		switch _, twice := inputs[name]; {
		case !found:
			return nil, fmt.Sprintf("%q has no =", item)
		case name == "":
			return nil, fmt.Sprintf("%q has no name", item)
		case twice:
			return nil, fmt.Sprintf("%q is there twice", name)
		case len(inputs) == most:
			return nil, fmt.Sprintf("there are more than %d", most)
		}
		inputs[name] = value
	}
	return inputs, ""
}

// splitInputs splits at the commas that have no backslash before them.
func splitInputs(text string) []string {
	var items []string
	var item strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == ',':
			i++
			item.WriteByte(',')
		case text[i] == ',':
			items = append(items, item.String())
			item.Reset()
		default:
			item.WriteByte(text[i])
		}
	}
	return append(items, item.String())
}
