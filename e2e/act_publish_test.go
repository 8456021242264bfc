//go:build e2e && unix

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// standInKey is the key that the stand-in of scripts/wheelhouse signs with,
// standInToken one that it publishes with.
const (
	standInKey   = "stand-in-key"
	standInToken = "do-not-print-me"
)

// asked is what somebody asks of the workflow by hand.
type asked struct {
	// python is the input of that name.
	python string
	// publish is the input of that name.
	publish bool
	// ref is what it is asked on; empty: the default branch, which is main.
	ref string
	// fork: the repository is one.
	fork bool
}

// args give the runner's arguments for it: the event as GitHub sends it.
func (a asked) args(t *testing.T) []string {
	t.Helper()
	publish := "false"
	if a.publish {
		publish = "true"
	}
	if a.ref == "" {
		a.ref = "refs/heads/main"
	}
	event, err := json.Marshal(map[string]any{
		"inputs":     map[string]string{"python": a.python, "publish": publish},
		"ref":        a.ref,
		"repository": map[string]any{"default_branch": "main", "fork": a.fork},
	})
	if err != nil {
		t.Fatal(err)
	}
	return []string{"--eventpath", write(t, filepath.Join(t.TempDir(), "event.json"), string(event))}
}

// secrets give the runner's arguments for secrets. They are in a file: what is
// in the runner's environment is in that of every step, too.
func secrets(t *testing.T, values map[string]string) []string {
	t.Helper()
	text, err := json.Marshal(values) // which is YAML
	if err != nil {
		t.Fatal(err)
	}
	return []string{"--secret-file", write(t, filepath.Join(t.TempDir(), "secrets.yml"), string(text))}
}

// TestWorkflowPublishes: the release has the whole set, which the standard tools
// and ours take with the key that signed it, and no secret is in anything.
func TestWorkflowPublishes(t *testing.T) {
	w, s := ran(t), sample(t)
	released := filepath.Join(w.released, "wheelhouse-3.11-"+w.hosted.run+"-1")
	var want []string
	for _, file := range w.hosted.uploaded(t, "signed-3.11") {
		if file != ".wheelhouse.lock" {
			want = append(want, file)
		}
	}
	if got := tree(t, released); !slices.Equal(got, want) || len(got) != 10 {
		t.Errorf("released is %q, signed was %q", got, want)
	}

	// What docs/publishing.md says one can type without us.
	received := t.TempDir()
	if err := os.CopyFS(received, os.DirFS(released)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(received, "keys.asc"), w.key.public)
	page := string(read(t, filepath.Join(s.clone, "docs", "publishing.md")))
	run(t, received, []string{"GNUPGHOME=" + gpgHome(t)}, "sh", "-euc", shellBlocks(t, page, "## Check what you received")).want(t, 0).
		has(t, "wheelhouse-3.11.tgz: OK", "wheelhouse-3.11.tgz.verdict.json: OK", w.key.fingerprint)

	const name = "wheelhouse-3.11.tgz"
	trust := []string{
		"WHEELHOUSE_TRUST_KEYRING=" + filepath.Join(received, "keys.asc"), "WHEELHOUSE_TRUST_FINGERPRINTS=" + w.key.fingerprint,
		"WHEELHOUSE_TRUST_REQUIRE=checksums,signature,statement,bundle",
		"WHEELHOUSE_TRUST_REPOSITORY=example/repository", // the runner tells of no workflow's path
		"PATH=" + w.hosted.path,                          // where gh is a stand-in
	}
	for _, dir := range []string{released, w.entry(t)} {
		s.ours(t, s.clone, trust, "verify", "-tar="+filepath.Join(dir, name), "-run="+w.hosted.run, "-commit="+w.commit).want(t, 0).
			has(t, "1 of them with a signature that counts", "gh verified it against example/repository")
		s.ours(t, s.clone, append(trust, "WHEELHOUSE_TRUST_REPOSITORY=fork/repository"), "verify", "-tar="+filepath.Join(dir, name)).want(t, 1).
			has(t, "wrong-repository")
	}

	for _, secret := range w.secrets {
		if strings.Contains(w.said.all(), secret) {
			t.Errorf("the log shows %q", secret)
		}
		for _, dir := range []string{w.hosted.artifacts, w.released, w.hosted.repository} {
			for _, file := range tree(t, dir) {
				if strings.Contains(string(read(t, filepath.Join(dir, filepath.FromSlash(file)))), secret) {
					t.Errorf("%s of %s has %q", file, dir, secret)
				}
			}
		}
	}
}

// TestWorkflowPublishing tries who may publish, and what is archived then: the
// signed set where it was published, the candidate where nobody asked for it,
// nothing where it broke off. Nothing is attested that was not signed.
func TestWorkflowPublishing(t *testing.T) {
	const (
		candidate = "candidate-3.11"
		archived  = candidate + " wheelhouse-3.11"
		signed    = candidate + " signed-3.11 wheelhouse-3.11"
		files     = " dist/wheelhouse-3.11.tgz dist/wheelhouse-3.11.tgz.asc dist/wheelhouse-3.11.tgz.sha256sums dist/wheelhouse-3.11.tgz.sigstore.json"
		told      = "\u2757  ::error::" // as the runner shows it, unlike the script's own text
		refused   = told + "only the default branch publishes, and never that of a fork"
		attesting = "attesting dist/wheelhouse-3.11.tgz.sha256sums"
	)
	ask := asked{python: "3.11", publish: true}
	for name, test := range map[string]struct {
		event           string // empty: by hand
		asked           asked
		keyless, breaks bool
		status          int
		artifacts       string
		says, keeps     []string // what is said, and what is not
	}{
		"published":    {asked: ask, artifacts: signed, says: []string{attesting, "published to wheelhouse-3.11-4715-1:" + files}},
		"not asked":    {asked: asked{python: "3.11"}, artifacts: archived},
		"pull request": {event: "pull_request", asked: ask, artifacts: archived},
		"schedule":     {event: "schedule", asked: ask, artifacts: archived},
		"no key": {
			asked: ask, keyless: true, status: 1, artifacts: candidate,
			says:  []string{told + "the environment wheelhouse-release has no secret WHEELHOUSE_GPG_PRIVATE_KEY"},
			keeps: []string{attesting},
		},
		"unreached":       {asked: ask, breaks: true, status: 1, artifacts: candidate, says: []string{attesting}},
		"another branch":  {asked: asked{python: "3.11", publish: true, ref: "refs/heads/try"}, status: 1, says: []string{refused}},
		"a tag, main":     {asked: asked{python: "3.11", publish: true, ref: "refs/tags/main"}, status: 1, says: []string{refused}},
		"a fork":          {asked: asked{python: "3.11", publish: true, fork: true}, status: 1, says: []string{refused}},
		"a fork, unasked": {asked: asked{python: "3.11", fork: true, ref: "refs/heads/try"}, artifacts: archived},
	} {
		t.Run(name, func(t *testing.T) {
			h := wired(t, "4715", "")
			if test.breaks {
				h.more = append(h.more, "STAND_IN_UNREACHED=yes")
			}
			values := map[string]string{"GITHUB_TOKEN": standInToken, "WHEELHOUSE_GPG_PRIVATE_KEY": standInKey}
			if test.keyless {
				delete(values, "WHEELHOUSE_GPG_PRIVATE_KEY")
			}
			args := append(test.asked.args(t), secrets(t, values)...)
			event := test.event
			if event == "" {
				event = "workflow_dispatch"
			}
			all := h.start(t, event, workflow, args...).want(t, test.status).has(t, test.says...).all()
			for _, text := range append(test.keeps, standInKey, standInToken) {
				if strings.Contains(all, text) {
					t.Errorf("it says %q:\n%s", text, all)
				}
			}
			if names := h.names(t); names != test.artifacts {
				t.Errorf("artifacts are %q, want %q\n%s", names, test.artifacts, all)
			}
			published := strings.Contains(test.artifacts, "signed-")
			if said := strings.Contains(all, "published to "); said != published {
				t.Errorf("published: %v, want %v", said, published)
			}
			if !strings.Contains(test.artifacts, "wheelhouse-") {
				return
			}
			got := strings.Join(h.uploaded(t, "wheelhouse-3.11"), " ")
			if signed := strings.Contains(got, "wheelhouse-3.11.tgz.asc"); signed != published {
				t.Errorf("archived is %q", got)
			}
		})
	}
}

// TestWorkflowPublishesEach publishes two Pythons of one run, each to a release
// of its own. Each has a process of the runner's, as in TestWorkflowMatrix.
func TestWorkflowPublishesEach(t *testing.T) {
	h := wired(t, "4716", "")
	for _, python := range []string{"3.11", "3.13t"} {
		args := asked{python: "3.11,3.13t", publish: true}.args(t)
		args = append(args, secrets(t, map[string]string{"GITHUB_TOKEN": standInToken, "WHEELHOUSE_GPG_PRIVATE_KEY": standInKey})...)
		args = append(args, "--matrix", "python:"+python)
		h.start(t, "workflow_dispatch", workflow, args...).want(t, 0).has(t, "published to wheelhouse-"+python+"-4716-1:")
	}
	if names := h.names(t); names != "candidate-3.11 candidate-3.13t signed-3.11 signed-3.13t wheelhouse-3.11 wheelhouse-3.13t" {
		t.Errorf("artifacts are %q", names)
	}
}
