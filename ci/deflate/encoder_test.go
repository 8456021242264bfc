package deflate

import (
	"strings"
	"testing"
)

// TestParse reads what String wrote, and nothing else.
func TestParse(t *testing.T) {
	t.Parallel()
	all := Encoders()
	if len(all) != 18 {
		t.Errorf("%d encoders", len(all))
	}
	for _, e := range all {
		if got, err := Parse(e.String()); got != e || err != nil {
			t.Errorf("%v: got %v, %v", e, got, err)
		}
	}
	for _, text := range []string{"", "gzip", "gzip-", "gzip-0", "gzip-10", "gzip-06", "Gzip-6", "zlib-6 ", "pigz-6", "family(2)-6", "\xff"} {
		if got, err := Parse(text); err == nil || got != (Encoder{}) {
			t.Errorf("%q: got %v, %v", text, got, err)
		} else if !strings.Contains(err.Error(), "want gzip-1") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got := (Encoder{Family(7), 3}).String(); got != "family(7)-3" {
		t.Errorf("got %s", got)
	}
}
