package provenance

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// counted holds how many attacks a test refused against the page that tells
// people of them: the row of docs/reliability.md that names the test.
func counted(t *testing.T, refused int) {
	t.Helper()
	page, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(t.Name(), "/")
	row := regexp.MustCompile(`(?m)^\| [^|]* \| ` + "`ci/provenance` " + name + ` \| ([0-9,]+|over [0-9,]+) \| 0 \|$`).FindStringSubmatch(string(page))
	if row == nil {
		t.Fatalf("docs/reliability.md has no row of %s, which refused %d", name, refused)
	}
	said, over := strings.CutPrefix(row[1], "over ")
	n, err := strconv.Atoi(strings.ReplaceAll(said, ",", ""))
	if err != nil || !over && n != refused || over && n >= refused {
		t.Errorf("docs/reliability.md says %s, and %d were refused", row[1], refused)
	}
	t.Logf("attacks refused: %d", refused)
}
