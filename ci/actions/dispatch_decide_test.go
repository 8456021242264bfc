package actions

import (
	"maps"
	"strings"
	"testing"
	"time"
)

func TestRecognise(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	ours := Ours{Workflow: "heavy-deps.yml", Ref: "refs/heads/main", After: 9, Since: at}
	run := func(id int64, change ...func(*Run)) Run {
		return good(id, append([]func(*Run){func(r *Run) {
			r.Event, r.CreatedAt, r.Actor, r.Commit = "workflow_dispatch", at.Add(time.Second), "me", "0a1b"
		}}, change...)...)
	}
	who, commit, tag, unknown := ours, ours, ours, ours
	who.Actor, commit.Commit, tag.Ref, unknown.Since = "ME", "0a1b", "refs/tags/v1", time.Time{}
	old := func(r *Run) { r.CreatedAt = at.Add(-time.Minute) }
	for _, test := range []struct {
		name       string
		ours       Ours
		runs       []Run
		candidates []int64
		why        string // of the first that was passed over
	}{
		{"none", ours, nil, nil, ""},
		{"one", ours, []Run{run(10)}, []int64{10}, ""},
		{"two", ours, []Run{run(11), run(10)}, []int64{11, 10}, ""},
		{"seen before", ours, []Run{run(9)}, nil, "it was there before"},
		{"a push", ours, []Run{run(10, eventRun)}, nil, "it was started by schedule"},
		{"another branch", ours, []Run{run(10, branchRun)}, nil, "it is of the branch topic"},
		{"a tag", tag, []Run{run(10, func(r *Run) { r.Branch = "v1" })}, []int64{10}, ""},
		{"another workflow", ours, []Run{run(10, otherFile)}, nil, "it is of the workflow .github/workflows/other.yml"},
		{"made before", ours, []Run{run(10, old)}, nil, "it was made at 2030-01-02T03:03:05Z, before this one was started"},
		{"made before, without a clock", unknown, []Run{run(10, old)}, []int64{10}, ""},
		{"made a little before", ours, []Run{run(10, func(r *Run) { r.CreatedAt = at.Add(-4 * time.Second) })}, []int64{10}, ""},
		{"without a time", ours, []Run{run(10, func(r *Run) { r.CreatedAt = time.Time{} })}, []int64{10}, ""},
		{"another actor", who, []Run{run(11, func(r *Run) { r.Actor = "you" }), run(10)}, []int64{10}, "it was started by you"},
		{"no actor", who, []Run{run(10, func(r *Run) { r.Actor = "" })}, []int64{10}, ""},
		{"another commit", commit, []Run{run(11, func(r *Run) { r.Commit = "ffff" }), run(10)}, []int64{10}, "it is of the commit ffff"},
	} {
		candidates, passed := Recognise(test.runs, test.ours)
		var ids []int64
		for _, r := range candidates {
			ids = append(ids, r.ID)
		}
		if len(ids) != len(test.candidates) || len(ids) > 0 && ids[0] != test.candidates[0] {
			t.Errorf("%s: %v, want %v", test.name, ids, test.candidates)
		}
		why := ""
		if len(passed) > 0 {
			why = passed[0].Why
		}
		if why != test.why || len(candidates)+len(passed) != len(test.runs) {
			t.Errorf("%s: passed over since %q, want %q", test.name, why, test.why)
		}
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"Workflow does not have 'workflow_dispatch' trigger":                 "no-trigger",
		"workflow has no workflow_dispatch event trigger":                    "no-trigger",
		"Cannot trigger a 'workflow_dispatch' on a disabled workflow":        "dispatch-refused",
		"workflow is disabled":                                               "dispatch-refused",
		"No ref found for: nosuch":                                           "no-such-ref",
		"target ref doesn't exist":                                           "no-such-ref",
		"Required input 'python' not provided":                               "bad-inputs",
		"Unexpected inputs provided: [\"x\"]":                                "bad-inputs",
		"Provided value 'x' for input 'y' not in the list of allowed values": "bad-inputs",
		"Not Found":                              "",
		"Resource not accessible by integration": "",
		"":                                       "",
	} {
		code, hint := refusal(said, "w.yml", "main")
		if code != want || (hint == "") != (want == "") {
			t.Errorf("%q: %q, %q, want %q", said, code, hint, want)
		}
	}
}

func TestParseInputs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text    string
		want    map[string]string
		problem string
	}{
		{"", nil, ""},
		{"a=1", map[string]string{"a": "1"}, ""},
		{"a=1,b=x=y", map[string]string{"a": "1", "b": "x=y"}, ""},
		{"a=, b=2", map[string]string{"a": "", "b": "2"}, ""},
		{`a=1\,2,b=\n`, map[string]string{"a": "1,2", "b": `\n`}, ""},
		{"a", nil, `"a" has no =`},
		{"a=1,", nil, `"" has no =`},
		{"=1", nil, `"=1" has no name`},
		{"a=1,a=2", nil, `"a" is there twice`},
		{manyInputs(26), nil, "there are more than 25"},
	} {
		got, problem := ParseInputs(test.text)
		if !maps.Equal(got, test.want) || problem != test.problem {
			t.Errorf("%q: %v, %q", test.text, got, problem)
		}
	}
}

// manyInputs are so many inputs of different names.
func manyInputs(n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.Repeat("a", i+1) + "="
	}
	return strings.Join(items, ",")
}

// FuzzParseInputs: inputs or a problem, and never too many, or without a name.
func FuzzParseInputs(f *testing.F) {
	for _, seed := range []string{"", "a=1", "a=1,b=2", `a=1\,2`, "=,", `\`, `a=\,,b=`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		inputs, problem := ParseInputs(text)
		if problem != "" && inputs != nil || len(inputs) > 25 || text != "" && problem == "" && len(inputs) == 0 {
			t.Errorf("%q: %v, %q", text, inputs, problem)
		}
		for name := range inputs {
			if name == "" || strings.ContainsAny(name, "=,") && !strings.Contains(text, `\,`) {
				t.Errorf("%q: the name %q", text, name)
			}
		}
	})
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://git.example.org/o/r/actions/runs/1":                  "https://git.example.org/o/r/actions/runs/1",
		"https://me:secret@git.example.org/o/r?sig=do-not-print-me#x": "https://git.example.org/o/r",
		"file:///etc/passwd": "",
		"/o/r":               "",
		"https://x/\x1b[2J":  "",
		"":                   "",
	} {
		if got := address(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
