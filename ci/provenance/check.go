package provenance

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
)

// What stands beside a tarball goes by its path and one of these.
const (
	SBOMSuffix       = entry.SBOMSuffix
	StatementSuffix  = entry.StatementSuffix
	ChecksumsSuffix  = entry.ChecksumsSuffix
	SignatureSuffix  = entry.SignatureSuffix
	BundleSuffix     = entry.BundleSuffix
	SumsSealedSuffix = ChecksumsSuffix + SignatureSuffix
)

// Check is one thing that was held against a set of files.
type Check struct {
	// Name is one of the Check names.
	Name string `json:"name"`
	// Result is Pass, Fail, Warn or Skip.
	Result string `json:"result"`
	// Subject is the base name of the file that it is about.
	Subject string `json:"subject"`
	// State is what was seen, in one stable word: OK, Absent, Unable, one of
	// the states of a signature, or the check's own.
	State string `json:"state"`
	// Reason says why, in lower case, without name and subject.
	Reason string `json:"reason"`
	// Hint says what to do next; may be empty.
	Hint string `json:"hint,omitempty"`
}

// The results of a check.
const (
	Pass = "pass"
	Fail = "fail"
	Warn = "warn"
	Skip = "skip"
)

// The names of the checks. The first four are what can be required.
const (
	CheckChecksums = "checksums"
	CheckSignature = "signature"
	CheckStatement = "statement"
	CheckBundle    = "bundle"
	CheckAgreement = "agreement"
	CheckRun       = "run"
	CheckTarball   = "tarball"
)

// States that any check may have.
const (
	// OK: as it should be.
	OK = "ok"
	// Absent: the file is not there.
	Absent = "absent"
	// Unable: it could not be checked here, which is no word against it.
	Unable = "unable"
	// NotCompared: nothing says what it should be.
	NotCompared = "not-compared"
)

// getAgain is the hint where bytes are not what they should be.
const getAgain = "use none of these files: get the set again from where it was published"

// Requirable are the names that can be required, in the order of the checks.
func Requirable() []string {
	return []string{CheckChecksums, CheckSignature, CheckStatement, CheckBundle}
}

// Judge gives the checks as they count where some are required: a required
// check that was skipped because its file is not there, or of which nobody made
// any, is a failure, since nothing to check is not checked. One that could not
// be made here stays skipped; Unverified tells of it. checks is left as it is.
func Judge(checks []Check, require []string) []Check {
	out := slices.Clone(checks)
	for _, name := range require {
		made := false
		for i := range out {
			c := &out[i]
			if c.Name != name {
				continue
			}
			if c.Result == Skip && (c.State == Absent || c.State == Unsigned) {
				c.Result = Fail
				c.Reason += ", and the settings require it"
			}
			made = made || c.Result != Skip || c.State == Unable
		}
		if !made {
			out = append(out, Check{
				Name: name, Result: Fail, State: Absent, Reason: "nothing was there to check, and the settings require it",
				Hint: "get the whole set of files, or see trust.require",
			})
		}
	}
	return out
}

// Refused gives the checks that failed.
func Refused(checks []Check) []Check {
	var out []Check
	for _, c := range checks {
		if c.Result == Fail {
			out = append(out, c)
		}
	}
	return out
}

// Unverified gives the required checks that could not be made here: nothing is
// known against the set, and nothing for it.
func Unverified(checks []Check, require []string) []Check {
	var out []Check
	for _, c := range checks {
		if c.Result == Skip && c.State == Unable && slices.Contains(require, c.Name) {
			out = append(out, c)
		}
	}
	return out
}

// Signed tells whether a tarball's set of files is signed, wholly or in part,
// so that none of them may change any more. A signature that cannot be looked
// at counts as one.
func Signed(tarball string) bool {
	for _, suffix := range []string{SignatureSuffix, SumsSealedSuffix} {
		if _, err := os.Lstat(tarball + suffix); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// Files gives the paths of all files of a tarball's set that there may be: the
// tarball first, then what the checksums file lists, that file, the signatures
// and the bundle.
func Files(tarball string) []string {
	all := listed(tarball)
	for _, suffix := range []string{ChecksumsSuffix, SignatureSuffix, SumsSealedSuffix, BundleSuffix} {
		all = append(all, tarball+suffix)
	}
	return all
}

// maxChecksums is the most bytes of a checksums file, which has six lines.
const maxChecksums = 64 << 10
