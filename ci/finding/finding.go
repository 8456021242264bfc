// Package finding is what one check saw: code, subject, message, severity.
// Checks return findings and never print; whoever asked collects them all and
// then decides.
package finding

// Severity says what a finding does to the verdict.
type Severity string

// The severities, from the one that fails a verdict to the one that only tells.
const (
	Fail Severity = "FAIL"
	Warn Severity = "WARN"
	Info Severity = "INFO"
)

// Finding is one thing that a check saw.
type Finding struct {
	// Code is stable and in kebab case: "missing-dependency".
	Code string `json:"code"`
	// Severity is Fail, Warn or Info.
	Severity Severity `json:"severity"`
	// Subject is what it is about: a wheel's file name, a project, a file.
	Subject string `json:"subject"`
	// Message says what is wrong, in lower case, without code and subject.
	Message string `json:"message"`
	// Hint says what to do about it; may be empty.
	Hint string `json:"hint,omitempty"`
}

// Passed is one check that found nothing to fail.
type Passed struct {
	// Check names it: "tarball", "record", "install".
	Check string `json:"check"`
	// Text says what was seen: "13 wheels, 27.9 MB, sha256 1234567890ab".
	Text string `json:"text"`
}

// Failed tells whether any of the findings fails a verdict.
func Failed(findings []Finding) bool {
	for _, f := range findings {
		if f.Severity == Fail {
			return true
		}
	}
	return false
}
