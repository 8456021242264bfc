package workflows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// What the job that publishes must be, word by word: each of it keeps somebody
// out.
const (
	// environment is the protected one: its reviewers decide, and it has the key.
	environment = "wheelhouse-release"
	// requested: by hand, by somebody who asked for it, on the default branch of
	// no fork.
	requested = "${{ github.event_name == 'workflow_dispatch' && inputs.publish && !github.event.repository.fork" +
		" && github.ref == format('refs/heads/{0}', github.event.repository.default_branch) }}"
	// kept: what was proven, and published where that was asked for.
	kept = "${{ !cancelled() && needs.validate_wheelhouse_consumer.result == 'success'" +
		" && (needs.publish.result == 'success' || needs.publish.result == 'skipped') }}"
	// taken is the artifact that is archived.
	taken = "${{ needs.publish.result == 'success' && 'signed' || 'candidate' }}-${{ matrix.python }}"
)

// confided are what only steps which run one target may have, and nothing else
// in the workflow.
var confided = []struct {
	what   *regexp.Regexp
	target string
	env    map[string]string
}{
	{regexp.MustCompile(`\bsecrets\b`), "scripts/wheelhouse sign ", map[string]string{
		"WHEELHOUSE_GPG_PRIVATE_KEY": "${{ secrets.WHEELHOUSE_GPG_PRIVATE_KEY }}",
		"WHEELHOUSE_GPG_PASSPHRASE":  "${{ secrets.WHEELHOUSE_GPG_PASSPHRASE }}",
	}},
	{regexp.MustCompile(`\bgithub\.token\b`), "scripts/wheelhouse publish ", map[string]string{
		"GH_TOKEN": "${{ github.token }}",
	}},
}

// publishing gives what is wrong with the jobs of a workflow that publishes: who
// may start it, what it may do, who sees a secret, and what is archived.
func publishing(jobs *yaml.Node) []string {
	var found []string
	for i := 0; jobs != nil && i+1 < len(jobs.Content); i += 2 {
		name, job := jobs.Content[i].Value, jobs.Content[i+1]
		add := func(format string, args ...any) { found = append(found, name+": "+fmt.Sprintf(format, args...)) }
		for _, c := range confided {
			if uses(job, c.what) != granting(name, job, c.target, c.env) {
				add("%s is seen by more than the step that needs it", c.what)
			}
		}
		if name == "publish" {
			found = append(found, publisher(job)...)
			continue
		}
		if get(job, "environment") != nil {
			add("it has an environment")
		}
		for _, step := range list(get(job, "steps")) {
			if strings.HasPrefix(scalar(step, "uses"), "actions/attest@") {
				add("it attests what nobody has signed")
			}
		}
	}
	if get(jobs, "publish") != nil {
		found = append(found, archiver(get(jobs, "archive"))...)
	}
	return found
}

// uses counts the names and values below a node that match.
func uses(node *yaml.Node, what *regexp.Regexp) int {
	if node.Kind == yaml.ScalarNode {
		return len(what.FindAllString(node.Value, -1))
	}
	n := 0
	for _, below := range node.Content {
		n += uses(below, what)
	}
	return n
}

// granting counts the variables of the environment of the one step that may have
// them.
func granting(name string, job *yaml.Node, target string, want map[string]string) int {
	n := 0
	for _, step := range list(get(job, "steps")) {
		if name != "publish" || !strings.Contains(scalar(step, "run"), target) {
			continue
		}
		for key, value := range want {
			if scalar(get(step, "env"), key) == value {
				n++
			}
		}
	}
	return n
}

// publisher gives what is wrong with the job that publishes.
func publisher(job *yaml.Node) []string {
	var found []string
	want := func(what, got, want string) {
		if got != want {
			found = append(found, fmt.Sprintf("publish: %s is %q, not %q", what, got, want))
		}
	}
	want("environment", scalar(job, "environment"), environment)
	want("if", scalar(job, "if"), requested)
	want("needs", joined(get(job, "needs")), "plan build validate_wheelhouse_consumer")
	want("max-parallel", scalar(get(job, "strategy"), "max-parallel"), "1")
	want("permissions", joined(get(job, "permissions")), "contents write id-token write attestations write")
	var order []string
	for _, step := range list(get(job, "steps")) {
		action, _, _ := strings.Cut(scalar(step, "uses"), "@")
		run := scalar(step, "run")
		switch {
		case action == "actions/setup-go":
			want("cache", scalar(get(step, "with"), "cache"), "false")
		case action == "actions/attest":
			order = append(order, "attest")
			want("what is attested", scalar(get(step, "with"), "subject-checksums"), "dist/wheelhouse-${{ matrix.python }}.tgz.sha256sums")
		case action == "actions/upload-artifact":
			order = append(order, "upload")
		case strings.Contains(run, "scripts/wheelhouse sign "):
			order = append(order, "sign")
			if !strings.Contains(run, "[[ -z $WHEELHOUSE_GPG_PRIVATE_KEY ]]") {
				found = append(found, "publish: it signs without looking for the key")
			}
		case strings.Contains(run, "scripts/wheelhouse publish "):
			order = append(order, "publish")
			if !strings.Contains(run, `-release="wheelhouse-$PYTHON-$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT"`) {
				found = append(found, "publish: two cells or attempts may share a release")
			}
		}
	}
	want("the order", strings.Join(order, " "), "sign attest publish upload")
	return found
}

// archiver gives what is wrong with the job that archives.
func archiver(job *yaml.Node) []string {
	var found []string
	if got := scalar(job, "if"); got != kept {
		found = append(found, fmt.Sprintf("archive: if is %q, not %q", got, kept))
	}
	if !slices.Contains(strings.Fields(joined(get(job, "needs"))), "publish") {
		found = append(found, "archive: it does not wait for what is published")
	}
	for _, step := range list(get(job, "steps")) {
		if got := scalar(get(step, "with"), "name"); strings.HasPrefix(scalar(step, "uses"), "actions/download-artifact@") && got != taken {
			found = append(found, fmt.Sprintf("archive: it takes %q, not %q", got, taken))
		}
	}
	return found
}

// list gives what is in a sequence; nothing where there is none.
func list(node *yaml.Node) []*yaml.Node {
	if node == nil {
		return nil
	}
	return node.Content
}

// joined gives the words of a sequence or a mapping, by blanks.
func joined(node *yaml.Node) string {
	var words []string
	for _, word := range list(node) {
		words = append(words, word.Value)
	}
	return strings.Join(words, " ")
}

// TestPublishingIsGuarded breaks each rule on publishing once in the real file.
func TestPublishingIsGuarded(t *testing.T) {
	t.Parallel()
	const (
		file   = "heavy-deps.yml"
		key    = "WHEELHOUSE_GPG_PRIVATE_KEY: ${{ secrets.WHEELHOUSE_GPG_PRIVATE_KEY }}\n"
		secret = `\bsecrets\b is seen by more`
		token  = `\bgithub\.token\b is seen by more`
	)
	held(t, []broken{
		{file, "    environment: wheelhouse-release\n", "", `environment is "", not`},
		{file, "    environment: wheelhouse-release\n", "    environment: other\n", `environment is "other"`},
		{file, "    permissions: {}\n", "    permissions: {}\n    environment: wheelhouse-release\n", "consumer: it has an environment"},
		{file, "github.event_name == 'workflow_dispatch' && inputs.publish &&", "inputs.publish &&", "publish: if is"},
		{file, "inputs.publish && !github", "!github", "publish: if is \"${{ github.event_name == 'workflow_dispatch' && !github"},
		{file, " && !github.event.repository.fork", "", "publish: if is \"${{ github.event_name == 'workflow_dispatch' && inputs.publish && github.ref"},
		{file, "\n      && github.ref == format", "\n      && 'x' == format", "'x' == format"},
		{file, "  publish:\n    needs: [plan, build, validate_wheelhouse_consumer]", "  publish:\n    needs: [plan, build]", `needs is "plan build"`},
		{file, "      max-parallel: 1\n", "", `max-parallel is ""`},
		{file, "      id-token: write # ", "      actions: write # more\n      id-token: write # ", `permissions is "contents write actions write`},
		{file, "contents: write # the", "contents: write\n      # the", "publish: permission contents without a comment"},
		{file, "  publish:\n    needs", "  release:\n    needs", "release: may write contents"},
		{file, "          cache: false\n", "          cache-dependency-path: go.sum\n", `publish: cache is ""`},

		{file, "    env:\n      TARBALL: dist", "    env:\n      " + key + "      TARBALL: dist", "publish: " + secret},
		{file, "          SUM: ${{ matrix.sum }}\n", "          SUM: ${{ matrix.sum }}\n          " + key, "build: " + secret},
		{file, "          BUNDLE: $", "          " + key + "          BUNDLE: $", "publish: " + secret},
		{file, "          WHEELHOUSE_GPG_PASSPHRASE: $", "          OTHER: ${{ toJSON(secrets) }}\n          WHEELHOUSE_GPG_PASSPHRASE: $", "publish: " + secret},
		{file, "    environment: wheelhouse-release\n", "    environment: wheelhouse-release\n    secrets: inherit\n", "publish: " + secret},
		{file, "          subject-checksums:", "          subject-version: ${{ secrets.WHEELHOUSE_GPG_PRIVATE_KEY }}\n          subject-checksums:", "publish: " + secret},
		{file, "          SUM: ${{ matrix.sum }}\n", "          SUM: ${{ matrix.sum }}\n          GH_TOKEN: ${{ github.token }}\n", "build: " + token},
		{file, "          " + key, "          " + key + "          GH_TOKEN: ${{ github.token }}\n", "publish: " + token},

		{file, "[[ -z $WHEELHOUSE_GPG_PRIVATE_KEY ]]", "false", "without looking for the key"},
		{file, "subject-checksums: dist/wheelhouse-${{ matrix.python }}.tgz.sha256sums", "subject-path: dist/*", `what is attested is ""`},
		{file, "subject-checksums:", "subjects:", "no input subjects"},
		{file, "      - id: build\n", "      - uses: actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6 # v4.2.2\n      - id: build\n", "build: it attests"},
		{file, "scripts/wheelhouse sign -tar", "scripts/wheelhouse verify -tar", `the order is "attest publish upload"`},
		{file, "-$GITHUB_RUN_ATTEMPT", "", "may share a release"},
		{file, "wheelhouse-$PYTHON-$GITHUB_RUN_ID", "wheelhouse-$GITHUB_RUN_ID", "may share a release"},
		{file, "          name: signed-${{ matrix.python }}", "          name: signed", "same name"},

		{file, " || needs.publish.result == 'skipped')", " || needs.publish.result != 'success')", "archive: if is"},
		{file, "!cancelled() && needs.validate", "always() && needs.validate", "archive: if is"},
		{file, "consumer, publish]", "consumer]", "archive: it does not wait"},
		{file, "'signed' || 'candidate'", "'candidate' || 'candidate'", "archive: it takes"},
	})
}
