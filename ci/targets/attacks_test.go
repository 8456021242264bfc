package targets_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestAttacksAreCounted holds docs/reliability.md against the lines "attack ROW"
// of the command line's proofs: each row there, and how many it says.
func TestAttacksAreCounted(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| [^|]* \\| `attack ([a-z]+)` \\| ([0-9]+) \\| 0 \\|$").FindAllStringSubmatch(string(page), -1) {
		said[row[1]], err = strconv.Atoi(row[2])
		if err != nil {
			t.Fatal(err)
		}
	}
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	tried, all := map[string]int{}, 0
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range regexp.MustCompile("(?m)^attack ([a-z]+) ").FindAllSubmatch(text, -1) {
			tried[string(line[1])]++
			all++
		}
	}
	for row, n := range tried {
		if said[row] != n {
			t.Errorf("attack %s: docs/reliability.md says %d, and %d are tried", row, said[row], n)
		}
	}
	for row := range said {
		if tried[row] == 0 {
			t.Errorf("attack %s: docs/reliability.md tells of it, and none is tried", row)
		}
	}
	t.Logf("attacks tried: %d", all)
}
