package targets

import (
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// TestProgress holds that each part follows the one before, also where the
// transfer starts over at its end.
func TestProgress(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	s := &session{steps: report.NewSteps(&out, false)}
	show, end := s.progress("wheels")
	for _, done := range []int64{1, 2, 1, 2} {
		show(done, 2)
	}
	end()
	end()
	s.steps.Stop()
	const part = "unpacking and checking wheels ...\n"
	if got := out.String(); got != part+part {
		t.Errorf("%q", got)
	}
}
