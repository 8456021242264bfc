package python

import (
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"testing"
)

// pipTags prints what this interpreter's pip would install, best first.
const pipTags = `
import json
from pip._internal.utils.compatibility_tags import get_supported
print(json.dumps([str(tag) for tag in get_supported()]))
`

// TestTagsArePips holds the helper's list against the one that the same pip
// goes by: tags of old packaging alone lack cp311-none-any, so that wheels that
// pip installs would be refused, or another of two siblings chosen.
func TestTagsArePips(t *testing.T) {
	t.Parallel()
	i := realPython(t)
	o := Start(context.Background(), i)
	defer o.Close()
	env, err := o.Environment()
	if err != nil {
		t.Fatal(err)
	}
	if env.Pip == "" {
		lacking(t, "the Python found has no pip of its own: this test needs one")
	}
	cmd := exec.CommandContext(t.Context(), i.Path, "-c", pipTags)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(env.Tags, want) {
		return
	}
	for n := range min(len(env.Tags), len(want)) {
		if env.Tags[n] != want[n] {
			t.Fatalf("tag %d is %s, pip has %s; %d tags, pip has %d", n, env.Tags[n], want[n], len(env.Tags), len(want))
		}
	}
	t.Fatalf("%d tags, pip has %d", len(env.Tags), len(want))
}
