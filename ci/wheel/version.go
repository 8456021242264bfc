package wheel

import (
	"strings"

	pep440 "github.com/aquasecurity/go-pep440-version"
)

// maxVersion bounds what is parsed as a version, in bytes.
const maxVersion = 256

// SameVersion tells whether two versions are equal under PEP 440 ("1.0" and
// "1.0.0"); versions that are not PEP 440 are compared as text.
func SameVersion(a, b string) bool {
	if a == b {
		return true
	}
	va, okA := parseVersion(a)
	vb, okB := parseVersion(b)
	return okA && okB && va.Equal(vb)
}

// IsVersion tells whether a text is a version after PEP 440.
func IsVersion(s string) bool {
	_, ok := parseVersion(s)
	return ok
}

// parseVersion parses a version; false when it is not one of PEP 440. The
// library takes letters that fold to ASCII ("ſ") and white space around, and
// compares the separators of a local version as they are spelled: all three
// are put right here.
func parseVersion(s string) (pep440.Version, bool) {
	if s == "" || len(s) > maxVersion || !only(s, "._+!-") {
		return pep440.Version{}, false
	}
	public, local, found := strings.Cut(s, "+")
	if found {
		s = public + "+" + strings.NewReplacer("-", ".", "_", ".").Replace(local)
	}
	v, err := pep440.Parse(s)
	return v, err == nil
}
