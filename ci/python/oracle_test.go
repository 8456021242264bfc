package python

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestOracleEnvironment(t *testing.T) {
	t.Parallel()
	i := realPython(t)
	o := Start(context.Background(), i)
	defer o.Close()
	env, err := o.Environment()
	if err != nil {
		t.Fatal(err)
	}
	if env.Version != i.Version || !slices.Contains(env.Tags, "py3-none-any") || env.Markers["python_version"] != i.Short() || env.Platform == "" {
		t.Errorf("got %+v", env)
	}
	if env.Ensurepip != "" {
		if _, err := os.Stat(env.Ensurepip); err != nil {
			t.Error(err)
		}
	}
}

func TestOracleJudges(t *testing.T) {
	t.Parallel()
	lines := []struct {
		owner, text string
		want        Judgement
	}{
		{"", "App[Foo_Bar]>=1", Judgement{Project: "app", Extras: []string{"foo-bar"}, Specifier: ">=1", Satisfied: []string{"1.0", "2.0rc1"}, Applies: map[string]bool{"": true}}},
		{"app", "lib; extra == 'foo.bar'", Judgement{Project: "lib", Satisfied: []string{"1"}, Applies: map[string]bool{"": false, "foo-bar": true}}},
		{"app", "lib; 'Foo-Bar' == extra and python_version > '3'", Judgement{Project: "lib", Satisfied: []string{"1"}, Applies: map[string]bool{"": false, "foo-bar": true}}},
		{"app", "lib; (extra == 'x') or (extra == 'foo_bar')", Judgement{Project: "lib", Satisfied: []string{"1"}, Applies: map[string]bool{"": false, "foo-bar": true}}},
		{"app", "lib; python_version < '3'", Judgement{Project: "lib", Satisfied: []string{"1"}, Applies: map[string]bool{"": false, "foo-bar": false}}},
		{"other", "lib; extra == 'foo-bar'", Judgement{Project: "lib", Satisfied: []string{"1"}, Applies: map[string]bool{"": false}}},
		{"", "lib; python_version < '3'", Judgement{Project: "lib", Satisfied: []string{"1"}, Applies: map[string]bool{"": false}}},
		{"", "local==1.0", Judgement{Project: "local", Specifier: "==1.0", Satisfied: []string{"1.0+cpu"}, Applies: map[string]bool{"": true}}},
		{"", "old", Judgement{Project: "old", Satisfied: []string{"nonsense"}, Applies: map[string]bool{"": true}}},
		{"", "App @ https://example.org/app.whl", Judgement{Project: "app", URL: "https://example.org/app.whl", Satisfied: []string{"0.9", "1.0", "2.0rc1"}, Applies: map[string]bool{"": true}}},
	}
	q := Question{
		Versions:       map[string][]string{"app": {"0.9", "1.0", "2.0rc1"}, "lib": {"1"}, "local": {"1.0+cpu"}, "old": {"nonsense"}},
		RequiresPython: []string{">=3.0", "<3", "no such thing"},
	}
	for _, l := range lines {
		q.Lines = append(q.Lines, Line{Owner: l.owner, Text: l.text})
	}
	for _, bad := range []string{"(((", "", "lib; no_such == '1'", strings.Repeat("(", 5000), "\x00\u2028é"} {
		q.Lines = append(q.Lines, Line{Text: bad})
	}
	o := Start(context.Background(), realPython(t))
	defer o.Close()
	a, err := o.Ask(q)
	if err != nil {
		t.Fatal(err)
	}
	for n, l := range lines {
		got := a.Judgements[n]
		if len(got.Extras) == 0 {
			got.Extras = nil
		}
		if !reflect.DeepEqual(got, l.want) {
			t.Errorf("%s of %q: got %+v, want %+v", l.text, l.owner, got, l.want)
		}
	}
	for n, got := range a.Judgements[len(lines):] {
		if got.Error == "" {
			t.Errorf("no error for %q: %+v", q.Lines[len(lines)+n].Text, got)
		}
	}
	if want := map[string]bool{">=3.0": true, "<3": false, "no such thing": true}; !reflect.DeepEqual(a.RequiresPython, want) {
		t.Errorf("Requires-Python: got %v, want %v", a.RequiresPython, want)
	}
	o.Close()
	if _, err := o.Ask(q); err == nil {
		t.Error("a second question was answered")
	}
}

// TestOracleWithoutPip asks a venv's interpreter: there is no pip in it, but
// the one that ensurepip carries is found.
func TestOracleWithoutPip(t *testing.T) {
	t.Parallel()
	i := realPython(t)
	v, err := NewVenv(context.Background(), i, filepath.Join(t.TempDir(), "venv"))
	if err != nil {
		t.Fatal(err)
	}
	o := Start(context.Background(), Interpreter{Path: v.Python, Version: i.Version})
	defer o.Close()
	env, err := o.Environment()
	if err != nil {
		wantCode(t, err, "no-pip", fault.Unable)
		return
	}
	if env.Pip != "" || env.Ensurepip == "" || len(env.Tags) == 0 {
		t.Errorf("got pip %q, ensurepip %q and %d tags", env.Pip, env.Ensurepip, len(env.Tags))
	}
}

func TestOracleBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	environment := oracleMark + `{"tags":["py3-none-any"],"markers":{"os_name":"posix"}}`
	for name, c := range map[string]struct{ body, code, part string }{
		"rubbish":  {"echo rubbish", "python-broken", "does not answer"},
		"not-json": {"echo '" + oracleMark + "{'", "python-broken", "not JSON"},
		"fails":    {"echo 'ImportError: x' >&2; exit 1", "python-broken", "exited 1: ImportError: x"},
		"no-pip":   {"echo '" + oracleMark + `{"error":"no-pip"}'`, "no-pip", "has no pip"},
		"old-pip":  {"echo '" + oracleMark + `{"error":"old-pip"}'`, "python-broken", "too old"},
		"minimal":  {"echo '" + oracleMark + `{"missing":"json"}'`, "python-broken", "lacks its own module json"},
		"silent":   {"echo '" + environment + "'; read line", "python-broken", "does not answer"},
		"gone":     {"echo '" + environment + "'; exec <&-; exit 3", "python-broken", "exited 3"},
		"few":      {"echo '" + environment + "'; read line; echo '" + oracleMark + `{"judgements":[]}'`, "python-broken", "it answered 0"},
		"floods":   {"yes 'a line that says nothing of any use to anybody' | head -c 70000000", "python-broken", "does not answer"},
	} {
		i := Interpreter{Path: fake(t, dir, name, c.body), Version: "3.11.7"}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Start(context.Background(), i)
			defer o.Close()
			_, err := o.Ask(Question{Lines: []Line{{Text: "a"}}})
			if e := wantCode(t, err, c.code, fault.Unable); !strings.Contains(e.Message, c.part) {
				t.Errorf("%q is not in: %s", c.part, e.Message)
			}
		})
	}
}

// TestOracleIsBounded: one that hangs before it says anything, and one that
// hangs at the question.
func TestOracleIsBounded(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"silent":      "exec sleep 600",
		"in a prompt": "echo '" + oracleMark + `{"tags": ["py3-none-any"], "markers": {"a": "b"}}'; exec sleep 600`,
	} {
		i := Interpreter{Path: fake(t, t.TempDir(), "python", body), Version: "3.11.7"}
		o := start(context.Background(), i, 500*time.Millisecond)
		_, err := o.Ask(Question{})
		o.Close()
		if e := wantCode(t, err, "python-broken", fault.Unable); !strings.Contains(e.Message, "no answer in 500ms") {
			t.Errorf("%s: %s", name, e.Message)
		}
	}
}

func TestOracleInterrupted(t *testing.T) {
	t.Parallel()
	i := Interpreter{Path: fake(t, t.TempDir(), "hangs", "sleep 600"), Version: "3.11.7"}
	ctx, cancel := context.WithCancel(context.Background())
	o := Start(ctx, i)
	cancel()
	if _, err := o.Environment(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	o.Close()
	o.Close()
}

func TestQuestionTooLarge(t *testing.T) {
	t.Parallel()
	o := Start(context.Background(), realPython(t))
	defer o.Close()
	_, err := o.Ask(Question{Lines: []Line{{Text: strings.Repeat("x", questionBytes)}}})
	wantCode(t, err, "question-too-large", fault.Refused)
}
