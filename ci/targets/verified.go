package targets

import (
	"fmt"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// verified is what verify found.
type verified struct {
	tarballs int
	found    []finding.Finding
	checks   []provenance.Check
	// open are the required checks that could not be made here.
	open []provenance.Check
	// signed is how many tarballs bear a signature that counts, with none that
	// does not.
	signed int
	// all prints what was not there to be checked as well.
	all bool
}

// take adds what was found of one tarball.
func (v *verified) take(a answer, require []string) {
	v.checks = append(v.checks, a.checks...)
	v.open = append(v.open, provenance.Unverified(a.checks, require)...)
	good, bad := false, false
	for _, c := range a.checks {
		if c.Name == provenance.CheckSignature {
			good, bad = good || c.Result == provenance.Pass, bad || c.Result == provenance.Fail
		}
	}
	if good && !bad {
		v.signed++
	}
}

// shown are the checks worth a line: of many tarballs, not what none has.
func (v *verified) shown() []provenance.Check {
	var out []provenance.Check
	for _, c := range v.checks {
		if v.all || c.Result != provenance.Skip || c.State == provenance.Unable {
			out = append(out, c)
		}
	}
	return out
}

// failed counts the checks and findings that refuse.
func (v *verified) failed() int {
	n := len(provenance.Refused(v.checks))
	for _, f := range v.found {
		if f.Severity == finding.Fail {
			n++
		}
	}
	return n
}

// printVerified prints what was found, and fails where something failed.
func (s *session) printVerified(v verified, asJSON bool) error {
	var err error
	if asJSON {
		err = report.JSON(s.stdout, struct {
			Checked  int                `json:"checked"`
			Signed   int                `json:"signed"`
			Checks   []provenance.Check `json:"checks"`
			Findings []finding.Finding  `json:"findings"`
		}{v.tarballs, v.signed, append([]provenance.Check{}, v.checks...), append([]finding.Finding{}, v.found...)})
	} else if err = writeChecks(s.stdout, v.shown()); err == nil {
		err = report.Findings(s.stdout, v.found)
	}
	if err != nil {
		return err
	}
	switch failed := v.failed(); {
	case failed > 0:
		return fault.New(fault.Refused, "verify-failed", "verifying %d tarballs: %d findings fail it", v.tarballs, failed).
			WithHint("each says what to do")
	case len(v.open) > 0:
		return verdictOn(fmt.Sprintf("%d tarballs", v.tarballs), nil, v.open)
	case asJSON:
		return nil
	}
	return s.printf("verified: %d tarballs, %d of them with a signature that counts here\n", v.tarballs, v.signed)
}
