package targets_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files of the help")

// TestHelp holds the list of targets, each target's help and the names for
// completion against testdata/help.
func TestHelp(t *testing.T) {
	t.Parallel()
	list := wheelhouse(t, "-l")
	golden(t, "targets", list) // "list" is the help of the target
	for _, name := range targetNames(t, list) {
		help := wheelhouse(t, "-h", name)
		golden(t, name, help)
		if strings.Contains(help, "<flags>") && !strings.Contains(help, "default") {
			t.Errorf("-h %s names no default", name)
		}
	}
}

// TestCompletion holds mage's own list for shells against its golden file. It
// needs no compiled binary: mage reads the sources.
func TestCompletion(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "tool", "mage", "-autocomplete")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	golden(t, "autocomplete", string(out))
}

// TestSynopses holds the table of contents to a width that it is read at.
func TestSynopses(t *testing.T) {
	t.Parallel()
	const most = 60
	list := wheelhouse(t, "-l")
	lines := targetLine.FindAllStringSubmatch(list, -1)
	if len(lines) < 8 {
		t.Fatalf("%d targets in\n%s", len(lines), list)
	}
	for _, m := range lines {
		if n := len(m[2]); n == 0 || n > most {
			t.Errorf("%s: a synopsis of %d characters: %q", m[1], n, m[2])
		}
	}
}

var targetLine = regexp.MustCompile(`(?m)^  ([a-zA-Z0-9:]+) +(.*)$`)

func targetNames(t *testing.T, list string) []string {
	t.Helper()
	_, table, found := strings.Cut(list, "Targets:\n")
	if !found {
		t.Fatalf("no targets in\n%s", list)
	}
	var names []string
	for _, m := range targetLine.FindAllStringSubmatch(table, -1) {
		names = append(names, m[1])
	}
	return names
}

func wheelhouse(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(bin, "wheelhouse"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("wheelhouse %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "help", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(got)) {
		t.Errorf("%s is now\n%s\nand was\n%s\nwith -update it is written anew", path, got, want)
	}
}

// TestEveryOptionIsProven wants each option that the help names to be used by
// some script, on a line that names its target.
func TestEveryOptionIsProven(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, script := range scripts {
		data, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	options := 0
	for _, name := range targetNames(t, wheelhouse(t, "-l")) {
		if name == "benchArchive" {
			continue // this repository's own; a test of internal/bench runs it with few nights
		}
		for _, option := range helpOption.FindAllStringSubmatch(wheelhouse(t, "-h", name), -1) {
			options++
			used := regexp.MustCompile(`(?m)^.*wheelhouse.* ` + name + `\b.* '?` + regexp.QuoteMeta(option[1]) + `\b`)
			if !used.MatchString(text.String()) {
				t.Errorf("no script runs %s with %s", name, option[1])
			}
		}
	}
	if options < 20 {
		t.Errorf("only %d options found in the help", options)
	}
}

// helpOption is an option as mage's help prints it, inline or on its own line.
var helpOption = regexp.MustCompile(`(?m)(?:^\s*|\[)(-[a-zA-Z]+)(?:=<|\b)`)
