package validate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// METADATA that can be read one by one, and together would fill the memory and
// keep the interpreter busy, is refused.
func TestInspectBounds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []wheelhouse.File
	for i := range 3 {
		w := wheeltest.Wheel{Project: fmt.Sprintf("p%d", i), RequiresDist: []string{strings.Repeat("x", requirementBytes*2/5)}}
		files = append(files, wheelhouse.File{Name: filepath.Base(w.Write(dir))})
	}
	contents, found, err := inspect(t.Context(), inFolder(dir), files, wheel.Limits{})
	if err != nil || len(contents) != 3 || len(found) != 1 || found[0].Code != "too-many-requirements" {
		t.Errorf("got %s, %v", brief(found), err)
	}
	_, found, err = inspect(t.Context(), inFolder(dir), files[:2], wheel.Limits{})
	if err != nil || len(found) != 0 {
		t.Errorf("within the bounds: %s, %v", brief(found), err)
	}
}

// A wheel that cannot be read is reported once, and still stands for its
// project.
func TestInspectUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, want := range map[string]string{
		"demo-1.0-py3-none-any.whl": "FAIL not-a-zip demo-1.0-py3-none-any.whl",
		"demo.whl":                  "FAIL not-a-zip demo.whl\nFAIL bad-file-name demo.whl",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("no zip"), 0o600); err != nil {
			t.Fatal(err)
		}
		contents, found, err := inspect(t.Context(), inFolder(dir), []wheelhouse.File{{Name: name}}, wheel.Limits{})
		if err != nil || brief(found) != want {
			t.Errorf("got %s, %v", brief(found), err)
		}
		if m, ok := contents[name]; ok && name != "demo.whl" && (m.Name != "demo" || m.Version != "1.0") {
			t.Errorf("got %v", m)
		}
	}
}

// A verdict is bounded, and its failures are never what is cut off.
func TestEndBoundsFindings(t *testing.T) {
	t.Parallel()
	r := &run{o: Options{Now: time.Now}, temp: t.TempDir(), result: &Result{Inventory: &wheelhouse.Inventory{Name: "x.tgz"}}}
	r.result.Findings = slices.Repeat([]finding.Finding{{Code: "w", Severity: finding.Warn}}, 2*mostFindings)
	r.result.Findings = append(r.result.Findings, finding.Finding{Code: "f", Severity: finding.Fail})
	res, err := r.end(t.Context(), nil)
	if err != nil || len(res.Findings) != mostFindings+1 || !res.Failed() || res.Proof.Result != "FAIL" {
		t.Errorf("got %d findings, %v, %v", len(res.Findings), res.Failed(), err)
	}
	if last := res.Findings[mostFindings]; last.Code != "more-findings" || !strings.HasPrefix(last.Message, "1001 more") {
		t.Errorf("got %v", last)
	}
}
