package requirements

import (
	"regexp"
	"strings"
	"testing"
)

// TestSampleIsPinned holds the sample's lock to what the proof needs of it:
// every root has one version and hashes, nothing names a host or a folder, and
// everything that the .in file asks for is there as asked.
func TestSampleIsPinned(t *testing.T) {
	t.Parallel()
	locked, err := Load("../../doc_processor/requirements-heavy.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	pin := regexp.MustCompile(`^==[0-9a-z.]+$`)
	versions := map[string]string{}
	for _, r := range locked.Roots {
		if !pin.MatchString(r.Specifier) || len(r.SHA256) == 0 || r.URL != "" {
			t.Errorf("line %d: %s is not pinned with hashes", r.Line, r)
		}
		versions[r.Project] = r.Specifier
	}
	if len(locked.Options) > 0 || len(locked.Files) != 1 {
		t.Errorf("options %v, %d files", locked.Options, len(locked.Files))
	}
	if text := string(locked.Files[0].Data); strings.Contains(text, "://") || strings.Contains(text, "file:") {
		t.Error("the lock names a host or a folder")
	}
	asked, err := Load("../../doc_processor/requirements-heavy.in", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(asked.Roots) == 0 || len(locked.Roots) <= len(asked.Roots) {
		t.Errorf("%d asked for, %d locked", len(asked.Roots), len(locked.Roots))
	}
	for _, r := range asked.Roots {
		if versions[r.Project] != r.Specifier {
			t.Errorf("%s is locked as %q", r, versions[r.Project])
		}
	}
}
