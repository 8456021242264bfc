// Package workflows holds the rules for the workflows and the action that
// actionlint does not check: on a full SHA it knows no inputs.
package workflows

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// inputs are those of the actions used, as the action.yml of the release that
// is pinned declares them. Another release may have others, so its commit is
// named with them.
var inputs = map[string]release{
	"actions/checkout": {
		"3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1",
		"repository ref token ssh-key ssh-known-hosts ssh-strict ssh-user persist-credentials path clean filter sparse-checkout sparse-checkout-cone-mode fetch-depth fetch-tags show-progress lfs submodules set-safe-directory github-server-url allow-unsafe-pr-checkout",
	},
	"actions/setup-go": {
		"b7ad1dad31e06c5925ef5d2fc7ad053ef454303e", "v7.0.0",
		"go-version go-version-file check-latest token cache cache-dependency-path architecture go-download-base-url",
	},
	"actions/setup-python": {
		"5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0",
		"python-version python-version-file cache architecture check-latest token cache-dependency-path update-environment allow-prereleases freethreaded pip-version",
	},
	"actions/upload-artifact": {
		"bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0",
		"name path if-no-files-found retention-days compression-level overwrite include-hidden-files archive",
	},
	"actions/download-artifact": {
		"3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1",
		"name artifact-ids path pattern merge-multiple github-token repository run-id skip-decompress digest-mismatch",
	},
	"actions/attest": {
		"1e69f48acb82d1966a394da916b4c1698aa569d6", "v4.2.2",
		"subject-path subject-digest subject-name subject-checksums subject-version sbom-path predicate-type predicate predicate-path push-to-registry create-storage-record show-summary github-token",
	},
}

// release is one commit of an action: its version and its inputs, by blanks.
type release struct{ commit, version, inputs string }

var pinned = regexp.MustCompile(`^([\w.-]+/[\w.-]+)@([0-9a-f]{40})$`)

// problems gives what is wrong with a workflow or an action.
func problems(text string) []string {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil || len(root.Content) != 1 {
		return []string{fmt.Sprintf("no YAML: %v", err)}
	}
	top := root.Content[0]
	if runs := get(top, "runs"); runs != nil {
		return stepsOf(get(runs, "steps"), false, true)
	}
	var found []string
	if p := get(top, "permissions"); p == nil || p.Kind != yaml.MappingNode || len(p.Content) != 0 {
		found = append(found, "permissions on top are not {}")
	}
	if get(top, "concurrency") == nil {
		found = append(found, "no concurrency")
	}
	if on := get(top, "on"); on == nil || get(on, "pull_request_target") != nil || get(on, "workflow_run") != nil {
		found = append(found, "started by what a stranger may steer, or by nothing")
	}
	jobs := get(top, "jobs")
	for i := 0; jobs != nil && i+1 < len(jobs.Content); i += 2 {
		name, job := jobs.Content[i].Value, jobs.Content[i+1]
		for _, key := range []string{"timeout-minutes", "permissions"} {
			if get(job, key) == nil {
				found = append(found, name+": no "+key)
			}
		}
		if scalar(job, "runs-on") != "ubuntu-24.04" {
			found = append(found, name+": runs-on is not a fixed release")
		}
		found = append(found, granted(name, get(job, "permissions"))...)
		strategy := get(job, "strategy")
		matrix := strategy != nil && get(strategy, "matrix") != nil
		for _, p := range stepsOf(get(job, "steps"), matrix, false) {
			found = append(found, name+": "+p)
		}
	}
	return append(found, publishing(jobs)...)
}

// granted gives what is wrong with a job's permissions: each says what it is
// for, none writes but where something is published, and the consumer has none.
func granted(job string, permissions *yaml.Node) []string {
	if permissions == nil {
		return nil
	}
	if permissions.Kind != yaml.MappingNode {
		return []string{job + ": permissions are not named one by one"}
	}
	var found []string
	for i := 0; i+1 < len(permissions.Content); i += 2 {
		key, value := permissions.Content[i].Value, permissions.Content[i+1]
		if value.LineComment == "" {
			found = append(found, job+": permission "+key+" without a comment")
		}
		if value.Value == "write" && job != "publish" {
			found = append(found, job+": may write "+key)
		}
		if job == "validate_wheelhouse_consumer" {
			found = append(found, job+": has the permission "+key)
		}
	}
	return found
}

// stepsOf gives what is wrong with the steps of a job or of an action.
func stepsOf(steps *yaml.Node, matrix, composite bool) []string {
	if steps == nil || len(steps.Content) == 0 {
		return []string{"no steps"}
	}
	var found []string
	for _, step := range steps.Content {
		if run := scalar(step, "run"); strings.Contains(run, "${{") {
			found = append(found, "an expression inside run: "+run)
		} else if run != "" && composite && scalar(step, "shell") != "bash" {
			found = append(found, "a step without shell: bash")
		}
		if uses := get(step, "uses"); uses != nil {
			found = append(found, used(step, uses, matrix)...)
		}
	}
	return found
}

// used gives what is wrong with the use of an action.
func used(step, uses *yaml.Node, matrix bool) []string {
	match := pinned.FindStringSubmatch(uses.Value)
	if match == nil {
		return []string{uses.Value + " is not pinned to a full SHA"}
	}
	var found []string
	add := func(format string, args ...any) {
		found = append(found, uses.Value+": "+fmt.Sprintf(format, args...))
	}
	known, ok := inputs[match[1]]
	switch {
	case !ok:
		add("its inputs are not known to this test")
	case known.commit != match[2]:
		add("the inputs of this commit are not known to this test")
	case uses.LineComment != "# "+known.version:
		add("the version comment is %q, not # %s", uses.LineComment, known.version)
	}
	with := get(step, "with")
	for i := 0; with != nil && i+1 < len(with.Content); i += 2 {
		if key := with.Content[i].Value; !slices.Contains(strings.Fields(known.inputs), key) {
			add("it has no input %s", key)
		}
	}
	switch match[1] {
	case "actions/checkout":
		if scalar(with, "persist-credentials") != "false" {
			add("persist-credentials is not false")
		}
	case "actions/setup-go":
		if scalar(with, "cache") != "false" && !strings.Contains(scalar(with, "cache-dependency-path"), "go.sum") {
			add("it caches by another key than go.sum")
		}
	case "actions/upload-artifact":
		for key, want := range map[string]string{"if-no-files-found": "error", "compression-level": "0", "archive": ""} {
			if got := scalar(with, key); got != want {
				add("%s is %q, not %q", key, got, want)
			}
		}
		if scalar(with, "retention-days") == "" {
			add("no retention-days")
		}
		if matrix && !strings.Contains(scalar(with, "name"), "${{ matrix.") {
			add("each cell of the matrix has the same name")
		}
	}
	return found
}

// get gives a mapping's value; nil where there is none.
func get(node *yaml.Node, key string) *yaml.Node {
	for i := 0; node != nil && node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// scalar gives a mapping's plain value; empty where there is none.
func scalar(node *yaml.Node, key string) string {
	if value := get(node, key); value != nil {
		return value.Value
	}
	return ""
}

// files are the workflows and the action, by their paths from the top.
func files(t *testing.T) map[string]string {
	t.Helper()
	top := filepath.Join("..", "..")
	paths, err := filepath.Glob(filepath.Join(top, ".github", "workflows", "*"))
	if err != nil || len(paths) < 2 {
		t.Fatalf("workflows: %v, %v", paths, err)
	}
	found := map[string]string{}
	for _, path := range append(paths, filepath.Join(top, "action.yml")) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(path)] = string(data)
	}
	return found
}

func TestWorkflows(t *testing.T) {
	t.Parallel()
	texts := files(t)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		for _, p := range problems(texts[name]) {
			t.Errorf("%s: %s", name, p)
		}
	}
}

// TestEachRuleIsHeld breaks each rule once in the real files.
func TestEachRuleIsHeld(t *testing.T) {
	t.Parallel()
	held(t, []broken{
		{"heavy-deps.yml", "permissions: {} # each", "permissions: read-all # each", "permissions on top"},
		{"heavy-deps.yml", "  schedule:", "  pull_request_target:\n  schedule:", "stranger"},
		{"heavy-deps.yml", "concurrency:", "env:", "no concurrency"},
		{"heavy-deps.yml", "    timeout-minutes: 60\n", "", "build: no timeout-minutes"},
		{"heavy-deps.yml", "    permissions: {}\n", "", "validate_wheelhouse_consumer: no permissions"},
		{"heavy-deps.yml", "    permissions: {}\n", "    permissions:\n      contents: read # checkout\n", "consumer: has the permission contents"},
		{"heavy-deps.yml", "read # checkout", "read", "contents without a comment"},
		{"heavy-deps.yml", "contents: read #", "contents: write #", "archive: may write contents"},
		{"heavy-deps.yml", "    permissions: {}\n", "    permissions: read-all\n", "one by one"},
		{"heavy-deps.yml", "compression-level: 0", "compression-level: 0\n          archive: false", "archive is \"false\""},
		{"heavy-deps.yml", "ubuntu-24.04", "ubuntu-latest", "fixed release"},
		{"heavy-deps.yml", "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "not pinned"},
		{"heavy-deps.yml", " # v7.0.1", "", "version comment is \"\""},
		{"heavy-deps.yml", "# v7.0.1", "# v7.0.2", "version comment is \"# v7.0.2\""},
		{"heavy-deps.yml", "@3d3c42e5", "@3d3c42e6", "inputs of this commit"},
		{"action.yml", "go-version:", "go-versions:", "no input go-versions"},
		{"heavy-deps.yml", "persist-credentials: false", "persist-credentials: true", "persist-credentials"},
		{"heavy-deps.yml", "name: wheelhouse-${{ matrix.python }}", "name: wheelhouse", "same name"},
		{"heavy-deps.yml", "compression-level: 0", "compression-level: 6", "compression-level"},
		{"heavy-deps.yml", "retention-days: 90", "", "no retention-days"},
		{"heavy-deps.yml", "if-no-files-found: error", "if-no-files-found: warn", "if-no-files-found"},
		{"heavy-deps.yml", "compression-level:", "compression:", "no input compression"},
		{"heavy-deps.yml", "cache: false", "check-latest: false", "caches"},
		{"heavy-deps.yml", "actions/download-artifact@", "someone/else@", "not known"},
		{"heavy-deps.yml", `"$TARBALL"`, "${{ matrix.python }}", "inside run"},
		{"action.yml", "shell: bash", "shell: sh", "without shell"},
		{"action.yml", "$ACTION/", "${{ github.action_path }}/", "inside run"},
	})
}

// broken is a rule of a file that does not hold any more, and what is said of it.
type broken struct{ file, before, after, want string }

func held(t *testing.T, cases []broken) {
	t.Helper()
	texts := files(t)
	for _, c := range cases {
		t.Run(c.want+" in "+c.file, func(t *testing.T) {
			t.Parallel()
			text := strings.ReplaceAll(texts[c.file], c.before, c.after)
			if text == texts[c.file] {
				t.Fatalf("%q is not in it", c.before)
			}
			if found := strings.Join(problems(text), "\n"); !strings.Contains(found, c.want) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}
