package targets

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/validate"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Proofs for several interpreters that end at once are all kept.
func TestKeepVerdictTogether(t *testing.T) {
	t.Parallel()
	tarball := filepath.Join(t.TempDir(), "w.tgz")
	if err := os.WriteFile(tarball, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := &session{steps: report.NewSteps(os.Stderr, false), now: func() time.Time { return time.Unix(0, 0) }}
	const proofs = 8
	var all sync.WaitGroup
	for i := range proofs {
		all.Go(func() {
			if err := s.keepVerdict(t.Context(), tarball, &validate.Result{
				Inventory: &wheelhouse.Inventory{Name: "w.tgz", SHA256: strings.Repeat("a", 64)},
				Proof: verdict.Proof{
					Python: fmt.Sprintf("3.%d.0", i), Installer: "pip 1", Isolation: "network-namespace",
					Platform: "linux_x86_64", Result: "PASS",
				},
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	data, err := os.ReadFile(tarball + ".verdict.json")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := verdict.Parse(data, "w.tgz.verdict.json"); err != nil || len(v.Proofs) != proofs {
		t.Errorf("kept %d of %d proofs, %v", len(v.Proofs), proofs, err)
	}
}
