package report

import (
	"strings"
	"testing"
	"time"
)

func TestTransferred(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		done, total, came int64
		elapsed           time.Duration
		want              string
	}{
		{10e6, 40e6, 10e6, 10 * time.Second, "10.0 MB of 40.0 MB, 1.0 MB/s, 30s left"},
		{30e6, 40e6, 10e6, 10 * time.Second, "30.0 MB of 40.0 MB, 1.0 MB/s, 10s left"},
		{10e6, -1, 10e6, 10 * time.Second, "10.0 MB, 1.0 MB/s"},
		{0, 40e6, 0, 10 * time.Second, "0 B of 40.0 MB"},
		{0, 0, 0, 0, "0 B of 0 B"},
		{40e6, 40e6, 40e6, 0, "40.0 MB of 40.0 MB, 40.0 MB/s, 0s left"},
		{41e6, 40e6, 41e6, time.Second, "41.0 MB of 40.0 MB, 41.0 MB/s, 0s left"},
		{1e3, 1e12, 1e3, time.Second, "1.0 KB of 1.0 TB, 1.0 KB/s, 277777h46m39s left"},
	} {
		if got := transferred(test.done, test.total, test.came, test.elapsed); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// TestTransferTerminal holds that a note erases the line, that the line comes
// back below it, and that nothing is left at the end.
func TestTransferTerminal(t *testing.T) {
	t.Parallel()
	out := newScreen()
	ticks := make(chan time.Time)
	at := time.Unix(0, 0)
	s := newSteps(out, true, func() time.Time { return at }, ticks, func() {})
	s.columns = func() int { return 54 }
	drawn := func() { ticks <- at; <-out.written }

	transfer := s.Transfer("wheels\x1b[2J")
	transfer.Count(5e6, 40e6) // at hand already
	drawn()
	if _, err := s.Write([]byte("broke; asking again\n")); err != nil {
		t.Fatal(err)
	}
	<-out.written
	<-out.written
	transfer.Count(15e6, 40e6)
	drawn()
	s.columns = func() int { return 40 }
	drawn()
	transfer.End()
	transfer.End()
	s.Stop()
	transfer.Count(16e6, 40e6)
	want := erase + `| "wheels\x1b[2J" 5.0 MB of 40.0 MB` + "\r" + erase + "broke; asking again\n" +
		erase + `/ "wheels\x... 15.0 MB of 40.0 MB, 10.0 MB/s, 2s left` + "\r" +
		erase + `- 15.0 MB of 40.0 MB, 10.0 MB/s, 2s ...` + "\r" + erase
	if got := out.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestTransferPlain(t *testing.T) {
	t.Parallel()
	out := newScreen()
	at := time.Unix(0, 0)
	s := newSteps(out, false, func() time.Time { return at }, nil, func() {})
	transfer := s.Transfer("wheels")
	for range 25 {
		at = at.Add(time.Second)
		transfer.Count(at.Unix()*1e6, 100e6)
	}
	transfer.End()
	s.Stop()
	transfer.Count(99e6, 100e6)
	const want = "wheels: 10.0 MB of 100.0 MB, 900.0 KB/s, 100s left\nwheels: 20.0 MB of 100.0 MB, 950.0 KB/s, 84s left\n"
	if got := strings.ReplaceAll(out.String(), "1m40s", "100s"); strings.ReplaceAll(got, "1m24s", "84s") != want {
		t.Errorf("got %q", got)
	}
	var none *Steps
	none.Transfer("x").Count(1, 2)
	none.Transfer("x").End()
}
