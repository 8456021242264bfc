package provenance

import (
	"os"
	"strings"
	"testing"
)

// TestChosenSubkey signs with the subkey that is named, however its fingerprint
// is written.
func TestChosenSubkey(t *testing.T) {
	t.Parallel()
	e := newKey(t, noon.Add(-100*day), 0)
	for range 2 {
		must(t, e.AddSigningSubkey(at(noon.Add(-90*day))))
	}
	armored := privateKeys(t, e)
	for _, subkey := range e.Subkeys[1:] { // the first is for encryption
		named := fingerprint(subkey.PublicKey)
		for _, id := range []string{named, strings.ToLower(named[:20] + " " + named[20:])} {
			path := paperSet(t)
			_, err := Sign(t.Context(), path, Key{Armored: armored, ID: id, Now: noon})
			must(t, err)
			data, err := os.ReadFile(path + SignatureSuffix)
			must(t, err)
			sig, err := parseSignature(data)
			must(t, err)
			if sig.named() != named {
				t.Errorf("%q signed with %s", id, sig.named())
			}
		}
	}
}
