// Package verdict is what a proof said: <tarball>.verdict.json, read and written.
package verdict

import (
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
)

// Verdict is the content of <tarball>.verdict.json.
type Verdict struct {
	// Version of this format: 1.
	Version int `json:"version"`
	// Tarball's base name, SHA256 and Size.
	Tarball string `json:"tarball"`
	SHA256  string `json:"sha256"`
	// ProvenAt is when the newest proof ended, UTC.
	ProvenAt time.Time `json:"proven_at"`
	Proofs   []Proof   `json:"proofs"`
}

// Proof is what one interpreter said.
type Proof struct {
	Python         string            `json:"python"`    // "3.11.7"
	Installer      string            `json:"installer"` // "pip 23.2.1"
	Isolation      string            `json:"isolation"` // "network-namespace" or "none: <why>"
	Platform       string            `json:"platform"`  // "linux_x86_64"
	Result         string            `json:"result"`    // "PASS" or "FAIL"
	Installed      int               `json:"installed"` // wheels installed
	Tests          Tests             `json:"tests"`
	Findings       []finding.Finding `json:"findings"`
	DurationMillis int64             `json:"duration_ms"`
}

// Tests are counts from pytest's junit file.
type Tests struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

// Proven tells whether every proof passed and there is one.
func (v Verdict) Proven() bool { panic("todo") }

// Encode gives the verdict's text: indented JSON, a final newline.
func (v Verdict) Encode() ([]byte, error) { panic("todo") }

// Parse reads a verdict; file names it in errors. Code: bad-verdict.
func Parse(data []byte, file string) (Verdict, error) { panic("todo") }
