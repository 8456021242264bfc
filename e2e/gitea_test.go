//go:build e2e && gitea

package e2e

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// project makes a folder with a wheelhouse in dist, and gives it with the
// program that was compiled for it.
func project(t *testing.T) (dir, program string) {
	t.Helper()
	checkout := clone(t)
	run(t, checkout, nil, filepath.Join(checkout, "scripts", "wheelhouse"), "-l").want(t, 0)
	program, dir = filepath.Join(checkout, "bin", "wheelhouse"), t.TempDir()
	write(t, filepath.Join(dir, "ci", "wheelhouse.toml"), "requirements = \"requirements.txt\"\n[validate]\npackages = [\"demo\"]\n")
	write(t, filepath.Join(dir, "requirements.txt"), "demo==1.0\n")
	noise := make([]byte, 3<<20)
	_, _ = rand.Read(noise)
	wheel := pack(t, map[string]string{
		"demo/__init__.py": "ANSWER = 42\n", "demo/noise": string(noise),
		"demo-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
		"demo-1.0.dist-info/WHEEL":    "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"demo-1.0.dist-info/RECORD":   "",
	})
	write(t, filepath.Join(dir, "wheels", "demo-1.0-py3-none-any.whl"), wheel)
	run(t, dir, []string{"WHEELHOUSE_PYTHON=3.11"}, program, "build", "-wheels=wheels", "meta").want(t, 0)
	return dir, program
}

// pack makes a zip whose members are stored, as the workflow uploads it.
func pack(t *testing.T, files map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name})
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// publish pushes the workflow to the server.
func (g *gitea) publish(t *testing.T, dist string) {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{"wheelhouse-3.11.tgz", "wheelhouse-3.11.tgz.meta", "pylock.wheelhouse-311.toml"} {
		files["docs/ci-archive/20200101-1/"+name] = string(read(t, filepath.Join(dist, name)))
	}
	artifact := write(t, filepath.Join(g.dir, "artifact.zip"), pack(t, files))
	upload, err := filepath.Abs("testdata/gitea/upload.py")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("@UPLOAD@", upload, "@ARTIFACT@", artifact).Replace(string(read(t, "testdata/gitea/heavy-deps.yml")))
	if got := g.ask(t, http.MethodPost, "/user/repos", map[string]any{"name": "r", "private": true, "default_branch": "main"}, nil); got != http.StatusCreated {
		t.Fatalf("making the repository: %d", got)
	}
	tree := t.TempDir()
	write(t, filepath.Join(tree, ".gitea", "workflows", "heavy-deps.yml"), text)
	remote := strings.Replace(g.address, "://", "://o:"+g.token+"@", 1) + "/o/r.git"
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "-A"},
		{"-c", "user.name=o", "-c", "user.email=o@example.org", "commit", "-qm", "x"}, {"push", "-q", remote, "main"},
	} {
		run(t, tree, nil, append([]string{"git"}, args...)...).want(t, 0)
	}
}

// cutter stands before the server and ends each answer with bytes of an
// artifact after 800,000 of them. It counts those that asked for a Range.
func (g *gitea) cutter(t *testing.T) (address string, ranges *atomic.Int32) {
	t.Helper()
	const most = 800_000
	target, err := url.Parse(g.address)
	if err != nil {
		t.Fatal(err)
	}
	ranges = new(atomic.Int32)
	var front *httptest.Server
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		r.Header.Set("Location", strings.Replace(r.Header.Get("Location"), g.address, front.URL, 1))
		if r.ContentLength > most {
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(r.Body, most), r.Body}
		}
		if r.StatusCode == http.StatusPartialContent {
			ranges.Add(1)
		}
		return nil
	}
	front = httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return front.URL, ranges
}

// TestGitea fetches from a Gitea that its own runner filled.
func TestGitea(t *testing.T) {
	g := startGitea(t)
	dir, program := project(t)
	g.publish(t, filepath.Join(dir, "dist"))
	at := func(address, token string) func(outdir string, args ...string) said {
		return func(outdir string, args ...string) said {
			t.Helper()
			env := []string{"GITHUB_API_URL=" + address + "/api/v1/", "GITHUB_TOKEN=" + token, "WHEELHOUSE_PYTHON=3.11"}
			s := run(t, dir, env, append([]string{program, "fetch", "-repo=o/r", "-outdir=" + outdir}, args...)...)
			if strings.Contains(s.all(), g.token) {
				t.Errorf("the token is in what was said:\n%s", s.all())
			}
			return s
		}
	}
	fetch := at(g.address, g.token)

	fetch("a").want(t, 1).has(t, "[no-runs]")
	g.start(t, "fail", "completed")
	fetch("a").want(t, 1).has(t, "[no-good-run]", "failure")
	first := g.start(t, "build", "completed")
	path := fmt.Sprintf("a/run-%d", first.ID)
	fetch("a").want(t, 0).has(t, path, "unverified")
	if want, got := read(t, filepath.Join(dir, "dist/wheelhouse-3.11.tgz")), read(t, filepath.Join(dir, path, "wheelhouse-3.11.tgz")); !bytes.Equal(want, got) {
		t.Error("another tarball came")
	}
	fetch("a", "-json").want(t, 0).has(t, `"unchanged": true`, `"event": "workflow_dispatch"`)
	at(g.address, "wrong")("b").want(t, 3).has(t, "[token-refused]")
	fetch("b", "-workflow=other.yml").want(t, 1).has(t, "[not-found]")

	skipped := g.start(t, "skip", "completed")
	fetch("a").want(t, 0).has(t, path, fmt.Sprintf("passed over run %d: it has no artifact", skipped.ID))

	// Another attempt leaves another artifact of the same name.
	if got := g.ask(t, http.MethodPost, "/repos/o/r/actions/runs/"+strconv.Itoa(first.ID)+"/rerun", nil, nil); got != http.StatusCreated {
		t.Fatalf("running it again: %d", got)
	}
	fetch("c", "-run="+strconv.Itoa(first.ID), "-interval=1s").want(t, 0)
	before, after := string(read(t, filepath.Join(dir, path, "fetch.json"))), string(read(t, filepath.Join(dir, "c", filepath.Base(path), "fetch.json")))
	if artifactID(before) == artifactID(after) {
		t.Errorf("both attempts gave artifact %s", artifactID(after))
	}

	// What breaks goes on where it was.
	cut, ranges := g.cutter(t)
	at(cut, g.token)("d", "-whole").want(t, 0)
	if got := ranges.Load(); got < 3 {
		t.Errorf("%d answers to a Range", got)
	}

	slow := g.start(t, "slow", "in_progress")
	fetch("e", "-timeout=0").want(t, 0).has(t, fmt.Sprintf("passed over run %d: it is in progress", slow.ID))
	fetch("e", "-interval=2s").want(t, 0).has(t, fmt.Sprintf("run %d is in_progress; looking again", slow.ID), fmt.Sprintf("e/run-%d", slow.ID))

	g.start(t, "expired", "completed")
	if got := g.ask(t, http.MethodPost, "/admin/cron/cleanup_actions", nil, nil); got != http.StatusNoContent {
		t.Fatalf("the server's cleanup: %d", got)
	}
	var s said
	await(t, "the end of the artifact", func() bool {
		_ = os.RemoveAll(filepath.Join(dir, "f"))
		s = fetch("f")
		return s.status != 0
	})
	s.want(t, 1).has(t, "[artifact-expired]", fmt.Sprintf("run %d still has one: -run=%d", slow.ID, slow.ID))
}

// artifactID gives the artifact's id of a fetch.json.
func artifactID(record string) string {
	_, rest, _ := strings.Cut(record, `"artifact": {`)
	_, rest, _ = strings.Cut(rest, `"id": `)
	id, _, _ := strings.Cut(rest, ",")
	return id
}
