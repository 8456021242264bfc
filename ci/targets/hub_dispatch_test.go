package targets_test

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// dispatched answers for the runs of heavy-deps.yml that are started by hand,
// and gives false for anything else. The input end says how they end: run 11
// well, run 12 with a failure, run 13 not at all. There is no ref but main.
func dispatched(w http.ResponseWriter, r *http.Request, path string, artifact hubtest.Object) bool {
	run := func(id int, status, conclusion string) hubtest.Object {
		return hubtest.Run(id, status, conclusion).With("event", "workflow_dispatch", "html_url", fmt.Sprintf("https://git.example.org/o/r/actions/runs/%d?sig=do-not-print-me", id))
	}
	switch path {
	case "/actions/workflows/heavy-deps.yml/dispatches":
		start(w, r)
	case "/actions/runs/11":
		hubtest.Answer(w, run(11, "completed", "success"))
	case "/actions/runs/12":
		hubtest.Answer(w, run(12, "completed", "failure"))
	case "/actions/runs/13":
		hubtest.Answer(w, run(13, "queued", ""))
	case "/actions/runs/11/artifacts":
		hubtest.Answer(w, hubtest.Artifacts(artifact))
	default:
		return false
	}
	return true
}

// start answers a request to start the workflow.
func start(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Ref    string            `json:"ref"`
		Inputs map[string]string `json:"inputs"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Method != http.MethodPost {
		http.Error(w, "no start", http.StatusMethodNotAllowed)
		return
	}
	end := asked.Inputs["end"]
	delete(asked.Inputs, "end")
	if asked.Inputs["python"] == "3.11, 3.12" {
		delete(asked.Inputs, "python")
	}
	switch id := map[string]int{"": 11, "badly": 12, "never": 13}[end]; {
	case asked.Ref != "main":
		hubtest.Wrong(w) // an error that the description leaves out
		hubtest.Error(w, http.StatusUnprocessableEntity, "No ref found for: "+asked.Ref)
	case len(asked.Inputs) > 0:
		hubtest.Wrong(w)
		hubtest.Error(w, http.StatusUnprocessableEntity, fmt.Sprintf("Unexpected inputs provided: %q", asked.Inputs))
	default:
		hubtest.Answer(w, hubtest.Dispatched(id))
	}
}
