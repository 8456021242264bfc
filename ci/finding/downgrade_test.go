package finding

import (
	"slices"
	"strings"
	"testing"
)

func TestParseDowngrade(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Downgrade{
		"record-mismatch":              {Code: "record-mismatch"},
		"record-mismatch:sentry-cli":   {Code: "record-mismatch", Project: "sentry-cli"},
		"tag-mismatch: Zope.Interface": {Code: "tag-mismatch", Project: "Zope.Interface"},
	} {
		if got, err := ParseDowngrade(text); err != nil || got != want {
			t.Errorf("%q gives %v, %v", text, got, err)
		}
	}
}

// An unknown code is answered with those there are, and one that guards
// somebody with the reason.
func TestParseDowngradeRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                     "these can: bad-file-name, ",
		"record":               "tag-mismatch",
		"record-mismatch:":     "no project",
		"unsafe-member":        "outside",
		"unsafe-member:demo":   "outside",
		"zip-bomb":             "limits.wheel-",
		"hash-not-listed:demo": "trusted",
		"meta-mismatch":        "record",
		"lock-mismatch":        "lock",
		"tests-failed":         "these can",
		"Record-Mismatch":      "these can",
	} {
		if got, err := ParseDowngrade(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, %v", text, got, err)
		}
	}
}

func TestDowngradable(t *testing.T) {
	t.Parallel()
	codes := Downgradable()
	if !slices.IsSorted(codes) {
		t.Error("not sorted")
	}
	for _, code := range codes {
		if undowngradable[code] != "" {
			t.Errorf("%s may and may not be a warning", code)
		}
	}
}
