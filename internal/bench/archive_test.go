package bench

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/internal/compile"
)

// TestPlan wants the same nights each time, with few changes from one to the
// next and sizes around the mean.
func TestPlan(t *testing.T) {
	t.Parallel()
	nights := plan(yearRuns, yearMean)
	if again := plan(yearRuns, yearMean); len(nights) != yearRuns || nights[200][7] != again[200][7] {
		t.Errorf("%d nights, which differ from time to time", len(nights))
	}
	var total int64
	for _, w := range nights[0] {
		total += w.size
	}
	if mean := total / yearWheels; mean < yearMean*9/10 || mean > yearMean*11/10 {
		t.Errorf("a wheel has %d bytes on average", mean)
	}
	changed, last := 0, 0
	for n := 1; n < len(nights); n++ {
		last = 0
		for i, w := range nights[n] {
			if w != nights[n-1][i] {
				last++
			}
		}
		changed += last
	}
	if mean := float64(changed) / (yearRuns - 1); mean < 1.8 || mean > 2.2 || last != 2 {
		t.Errorf("%.2f wheels change on average, %d in the last night", mean, last)
	}
	sizes := map[nightWheel]int64{{0, 0, 5}: 7, {1, 0, 5}: 8, {1, 1, 5}: 9}
	if got := distinct([][]nightWheel{{{0, 0, 5}, {1, 0, 5}}, {{0, 0, 5}, {1, 1, 5}}}, sizes); got != 24 {
		t.Errorf("the distinct wheels have %d bytes", got)
	}
}

func TestSection(t *testing.T) {
	t.Parallel()
	page := withSection("# Page\n\ntext\n", "a", "one\n")
	if want := "# Page\n\ntext\n\n<!-- begin: a -->\none\n<!-- end: a -->\n"; page != want {
		t.Errorf("page is %q", page)
	}
	if again := withSection(page, "a", "two\n"); again != strings.Replace(page, "one", "two", 1) {
		t.Errorf("page is %q", again)
	}
	if kept := keepingSection("# New\n", page, "a"); kept != "# New\n\n<!-- begin: a -->\none\n<!-- end: a -->\n" {
		t.Errorf("kept %q", kept)
	}
	if kept := keepingSection("# New\n", "# Old\n<!-- begin: a -->\ncut", "a"); kept != "# New\n" {
		t.Errorf("kept %q", kept)
	}
}

// TestArchiveSmall measures a few nights of small wheels, so that the
// measurement does not rot; only what does not hang on time must be reached.
func TestArchiveSmall(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("measuring needs tar and gzip")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "wheelhouse")
	if _, err := compile.Binary(t.Context(), root, program, io.Discard); err != nil {
		t.Fatal(err)
	}
	m := &meter{progress: io.Discard, binary: binary{program, environ(os.Environ(), root)}, work: t.TempDir()}
	r, err := m.archive(t.Context(), year{runs: 5, gzipped: 2, mean: 3000, speed: 400_000, entries: 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + r.tablesText())
	all := 0
	for _, table := range r.tables {
		for _, l := range table.lines {
			if strings.HasPrefix(l.what, "runs restored") {
				all++
				if !l.reached {
					t.Errorf("%s: %s: %s", table.title, l.what, l.ours)
				}
			}
		}
	}
	if all != 2 || len(r.tables) != 4 {
		t.Errorf("%d tables, of which %d tell how many came back", len(r.tables), all)
	}
	if left, err := os.ReadDir(filepath.Join(m.work, "year")); err == nil {
		t.Errorf("left %v", left)
	}
}
