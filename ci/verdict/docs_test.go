package verdict

import (
	"os"
	"strings"
	"testing"
)

// The verdict that docs/formats.md shows is one, in its canonical form.
func TestDocumentedVerdict(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "```json\n")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the page shows no verdict")
	}
	v, err := Parse([]byte(text), "docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	if back, err := v.Encode(); err != nil || string(back) != text {
		t.Errorf("got %v\n%s", err, back)
	}
}
