package actions

import (
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestParseRepositoryBounds holds the lengths that the expressions leave open.
func TestParseRepositoryBounds(t *testing.T) {
	t.Parallel()
	name, host := strings.Repeat("a", 100), strings.Repeat("h", 259)
	if _, err := parseRepository("owner/"+name, host); err != nil {
		t.Error(err)
	}
	for _, c := range [][2]string{
		{"owner/" + name + "a", "example.org"}, {name + "a/name", "example.org"}, {"owner/name", host + "h"},
		{"owner/..", "example.org"}, {"owner/a b", "example.org"}, {"owner", "example.org"}, {"owner/name", "-example.org"},
	} {
		if _, err := parseRepository(c[0], c[1]); fault.Code(err) != "bad-repository" {
			t.Errorf("%.20q on %.20q: %v", c[0], c[1], err)
		}
	}
}
