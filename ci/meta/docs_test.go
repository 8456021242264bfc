package meta

import (
	"os"
	"strings"
	"testing"
)

// The record that docs/formats.md shows is one, in its canonical form, and
// says of its wheels what Needs says.
func TestDocumentedRecord(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "```\nname=")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the page shows no record")
	}
	text = "name=" + text
	r, err := Parse([]byte(text), "docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	if back, err := r.Encode(); err != nil || string(back) != text {
		t.Errorf("got %v\n%s", err, back)
	}
	if platform, abi := Needs(r.Wheels); platform != r.Platform || abi != r.ABI {
		t.Errorf("the wheels need %s and %s", platform, abi)
	}
	if r.Unknown != nil {
		t.Errorf("unknown keys: %v", r.Unknown)
	}
}
