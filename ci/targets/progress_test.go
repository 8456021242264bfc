package targets

import (
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		done, total int64
		taken       time.Duration
		want        string
	}{
		{10e6, 40e6, 10 * time.Second, "10.0 MB of 40.0 MB at 1.0 MB/s, 30s left"},
		{10e6, -1, 10 * time.Second, "10.0 MB at 1.0 MB/s"},
		{0, 40e6, 10 * time.Second, "0 B at 0 B/s"},
		{40e6, 40e6, 0, "40.0 MB of 40.0 MB at 40.0 MB/s, 0s left"},
	} {
		if got := progressLine(test.done, test.total, test.taken); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
