package verdict

import (
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
)

// Version is the format that Encode writes.
const Version = 1

// Suffix is what a verdict's file name adds to its tarball's.
const Suffix = ".verdict.json"

// The results of a proof.
const (
	Pass = "PASS"
	Fail = "FAIL"
)

// Verdict is the content of <tarball>.verdict.json. The zero value holds no
// proof and is of no tarball yet.
type Verdict struct {
	// Version of this format: 1; 0 is written as 1.
	Version int `json:"version"`
	// Tarball is the base name, SHA256 in lower-case hex.
	Tarball string `json:"tarball"`
	SHA256  string `json:"sha256"`
	// ProvenAt is when the newest proof ended, UTC, in whole seconds.
	ProvenAt time.Time `json:"proven_at"`
	// Proofs, sorted by Python, platform and image.
	Proofs []Proof `json:"proofs"`
}

// Proof is what one interpreter said.
type Proof struct {
	Python         string            `json:"python"`          // "3.11.7"
	Installer      string            `json:"installer"`       // "pip 23.2.1"
	Isolation      string            `json:"isolation"`       // "network-namespace", "container: <engine>, --network none" or "none: <why>"
	Image          string            `json:"image,omitempty"` // of the container; none: the machine itself
	Platform       string            `json:"platform"`        // "linux_x86_64"
	Result         string            `json:"result"`          // Pass or Fail
	Installed      int               `json:"installed"`       // wheels installed
	Tests          Tests             `json:"tests"`
	Findings       []finding.Finding `json:"findings"`    // may be empty
	DurationMillis int64             `json:"duration_ms"` // how long it took
}

// Tests are counts from pytest's junit file; all 0 when no test ran.
type Tests struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

// Proven tells whether every proof passed and there is one.
func (v Verdict) Proven() bool {
	return len(v.Proofs) > 0 && !slices.ContainsFunc(v.Proofs, func(p Proof) bool { return p.Result != Pass })
}

// With gives the verdict with the proof p, which ended at the given time: it
// replaces the proof of the same Python (by its first two numbers, and "t"
// where it is free-threaded), platform and image; the others are kept. v itself stays
// as it is. Proofs of another tarball must not be handed on: the caller
// compares SHA256, and starts a new Verdict when it differs.
func (v Verdict) With(p Proof, at time.Time) Verdict {
	kept := make([]Proof, 0, len(v.Proofs)+1)
	for _, old := range v.Proofs {
		if old.Platform != p.Platform || old.Image != p.Image || Short(old.Python) != Short(p.Python) {
			kept = append(kept, old)
		}
	}
	v.Proofs = append(kept, p)
	slices.SortStableFunc(v.Proofs, compare)
	v.ProvenAt = at.UTC().Truncate(time.Second)
	return v
}

// Short gives a Python version's first two numbers: "3.11" of "3.11.7", and
// "3.13t" of "3.13.1t".
func Short(python string) string {
	parts := strings.SplitN(python, ".", 3)
	if len(parts) < 3 {
		return python
	}
	short := parts[0] + "." + parts[1]
	if strings.HasSuffix(parts[2], "t") {
		short += "t"
	}
	return short
}

// compare orders proofs by Python, 3.9 before 3.10, then by platform and image.
func compare(a, b Proof) int {
	sa, sb := Short(a.Python), Short(b.Python)
	if len(sa) != len(sb) {
		return len(sa) - len(sb)
	}
	if c := strings.Compare(sa, sb); c != 0 {
		return c
	}
	if c := strings.Compare(a.Platform, b.Platform); c != 0 {
		return c
	}
	return strings.Compare(a.Image, b.Image)
}
