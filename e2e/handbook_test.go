//go:build e2e && unix

package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestValidateByHand runs what the archive's README says one can type without
// us, on the sample's entry.
func TestValidateByHand(t *testing.T) {
	s := sample(t)
	entry := archived(t, s)
	script := shellBlocks(t, string(read(t, filepath.Join(s.clone, "docs", "ci-archive", "README.md"))), "## Validate one by hand")
	temp := t.TempDir()
	replace := []string{
		"docs/ci-archive/<YYYYMMDD>-<run_id>", entry,
		"/tmp/", temp + "/",
		"python3.11 ", interpreter(t).Path + " ",
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(script, replace[i]) {
			t.Errorf("the page does not say %q", replace[i])
		}
	}
	script = strings.NewReplacer(replace...).Replace(script)
	got := run(t, s.clone, offline(), "sh", "-euc", script).want(t, 0)
	got.has(t, "wheelhouse-3.11.tgz: OK", "No broken requirements found")
	if strings.Contains(got.stdout, "\n< ") || strings.Contains(got.stdout, "\n> ") {
		t.Errorf("the lists differ:\n%s", got.stdout)
	}
}

// shellBlocks gives the shell commands of one section of a page.
func shellBlocks(t *testing.T, page, heading string) string {
	t.Helper()
	_, section, found := strings.Cut(page, heading+"\n")
	if !found {
		t.Fatalf("no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks strings.Builder
	for {
		_, rest, found := strings.Cut(section, "```sh\n")
		if !found {
			break
		}
		block, after, _ := strings.Cut(rest, "```")
		blocks.WriteString(block)
		section = after
	}
	if blocks.Len() == 0 {
		t.Fatalf("no commands under %q", heading)
	}
	return blocks.String()
}
