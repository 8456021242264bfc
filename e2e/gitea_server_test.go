//go:build e2e && gitea

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// gitea is a server with a repository o/r, and a runner that runs on this
// machine.
type gitea struct {
	dir, address, token string
}

const appIni = `I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = %[2]s
ROOT_URL = http://127.0.0.1:%[2]s/
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = %[1]s/gitea.db
[repository]
ROOT = %[1]s/repositories
[security]
INSTALL_LOCK = true
SECRET_KEY = of-this-test-alone
[actions]
ENABLED = true
[log]
LEVEL = Warn
`

// startGitea starts what GITEA_BINARY and GITEA_RUNNER name.
func startGitea(t *testing.T) *gitea {
	t.Helper()
	server, runner := os.Getenv("GITEA_BINARY"), os.Getenv("GITEA_RUNNER")
	if server == "" || runner == "" {
		t.Fatal("GITEA_BINARY and GITEA_RUNNER must be the paths of Gitea (1.27) and of its runner")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	_ = free.Close()
	g := &gitea{dir: filepath.Join(scratch, "gitea"), address: "http://127.0.0.1:" + port}
	ini := write(t, filepath.Join(g.dir, "app.ini"), fmt.Sprintf(appIni, g.dir, port))
	env := []string{"GITEA_WORK_DIR=" + g.dir}
	last := func(args ...string) []string {
		out := run(t, g.dir, env, append(append([]string{server}, args...), "-c", ini)...).want(t, 0).stdout
		words := strings.Fields(out)
		return words[max(len(words)-1, 0):]
	}
	last("migrate")
	last("admin", "user", "create", "--username", "o", "--password", "Of-this-test-1", "--email", "o@example.org", "--admin", "--must-change-password=false")
	g.token = word(t, last("admin", "user", "generate-access-token", "--username", "o", "--token-name", "t", "--scopes", "all", "--raw"))
	g.background(t, env, server, "web", "-c", ini)
	await(t, "the server", func() bool { return g.ask(t, http.MethodGet, "/version", nil, nil) == http.StatusOK })
	registration := word(t, last("actions", "generate-runner-token"))
	run(t, g.dir, nil, runner, "register", "--no-interactive", "--instance", g.address, "--token", registration, "--name", "here", "--labels", "host:host").want(t, 0)
	g.background(t, nil, runner, "daemon")
	return g
}

// word gives the one word that there is.
func word(t *testing.T, words []string) string {
	t.Helper()
	if len(words) != 1 {
		t.Fatal("the server's program said nothing")
	}
	return words[0]
}

// background runs a command until the test ends.
func (g *gitea) background(t *testing.T, more []string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(t.Context(), g.dir, more, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop(cmd)
		if t.Failed() {
			t.Logf("%s said:\n%s", args[0], out.String())
		}
	})
}

func stop(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait() // WaitDelay bounds it
}

// await looks until something is there, for a minute at most.
func await(t *testing.T, what string, there func() bool) {
	t.Helper()
	for range 600 {
		if there() {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatalf("%s did not come within a minute", what)
}

// ask asks the API and gives the status, 0 for no answer.
func (g *gitea) ask(t *testing.T, method, path string, body, answer any) int {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, g.address+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "token "+g.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err == nil && answer != nil && response.StatusCode < 300 {
		err = json.Unmarshal(data, answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

// giteaRun is what is needed of a run.
type giteaRun struct {
	ID      int
	Status  string
	Attempt int `json:"run_attempt"`
}

// newest gives the newest run.
func (g *gitea) newest(t *testing.T) giteaRun {
	t.Helper()
	var runs struct {
		WorkflowRuns []giteaRun `json:"workflow_runs"`
	}
	if g.ask(t, http.MethodGet, "/repos/o/r/actions/runs", nil, &runs); len(runs.WorkflowRuns) == 0 {
		return giteaRun{}
	}
	return runs.WorkflowRuns[0]
}

// start starts the workflow, and gives the run once it has that status.
func (g *gitea) start(t *testing.T, what, status string) giteaRun {
	t.Helper()
	before := g.newest(t).ID
	body := map[string]any{"ref": "main", "inputs": map[string]string{"what": what}}
	if got := g.ask(t, http.MethodPost, "/repos/o/r/actions/workflows/heavy-deps.yml/dispatches", body, nil); got != http.StatusNoContent {
		t.Fatalf("starting the workflow: %d", got)
	}
	await(t, "the run", func() bool { r := g.newest(t); return r.ID > before && r.Status == status })
	return g.newest(t)
}
