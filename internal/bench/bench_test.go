package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func of(times ...time.Duration) figures { return figures{times: times, peak: 50e6} }

func TestMedian(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		times []time.Duration
		want  time.Duration
	}{
		"none": {nil, 0},
		"one":  {[]time.Duration{3}, 3},
		"odd":  {[]time.Duration{9, 1, 5}, 5},
		"even": {[]time.Duration{9, 1, 5, 3}, 4},
	} {
		given := slices.Clone(test.times)
		if got := of(test.times...).median(); got != test.want {
			t.Errorf("%s: median is %d, want %d", name, got, test.want)
		}
		if !slices.Equal(given, test.times) {
			t.Errorf("%s: the times were put in another order", name)
		}
	}
}

func TestGoals(t *testing.T) {
	t.Parallel()
	second, tenth := of(time.Second), of(100*time.Millisecond)
	for name, test := range map[string]struct {
		line    line
		reached bool
		ratio   string
		reach   string
	}{
		"just fast enough": {faster("x", tenth, "y", second, 10), true, "10.0 times faster", "10 times faster"},
		"too slow":         {faster("x", tenth, "y", second, 10.5), false, "10.0 times faster", "10.5 times faster"},
		"as fast":          {faster("x", second, "y", second, 1), true, "1.0 times faster", "not slower"},
		"slower":           {faster("x", second, "y", tenth, 1), false, "0.1 times faster", "not slower"},
		"within":           {within("x", second, "y", second, 1.5), true, "1.00 times its time", "within 1.5 times"},
		"not within":       {within("x", second, "y", tenth, 1.5), false, "10.00 times its time", "within 1.5 times"},
		"under":            {under("x", tenth, time.Second), true, "", "under 1.00 s"},
		"at the limit":     {under("x", second, time.Second), false, "", "under 1.00 s"},
		"later":            {later("x", second, "y", tenth, 901*time.Millisecond), true, "900 ms later", "under 901 ms later"},
		"too late":         {later("x", second, "y", tenth, 900*time.Millisecond), false, "900 ms later", "under 900 ms later"},
		"size":             {larger("x", 1015, "y", 1000, 1.015), true, "+1.50 %", "at most 1.5 % larger"},
		"size over":        {larger("x", 1016, "y", 1000, 1.015), false, "+1.60 %", "at most 1.5 % larger"},
		"memory":           {memory("x", second, 64e6), true, "", "under 64 MB"},
		"memory over":      {memory("x", second, 50e6), false, "", "under 50 MB"},
		"memory unknown":   {memory("x", figures{}, 64e6), false, "", "under 64 MB"},
	} {
		if test.line.reached != test.reached {
			t.Errorf("%s: reached is %v", name, test.line.reached)
		}
		if test.line.ratio != test.ratio || test.line.reach != test.reach {
			t.Errorf("%s: ratio %q, reach %q, want %q, %q", name, test.line.ratio, test.line.reach, test.ratio, test.reach)
		}
	}
}

func TestRaceTakesTurns(t *testing.T) {
	t.Parallel()
	var order strings.Builder
	named := func(name string, peak int64) contender {
		return contender{
			name:    name,
			prepare: func() error { order.WriteString("-"); return nil },
			run:     func(context.Context) (int64, error) { order.WriteString(name); return peak, nil },
		}
	}
	got, err := race(t.Context(), named("A", 7), named("B", 9))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("-A-B", rounds); order.String() != want {
		t.Errorf("ran %s, want %s", order.String(), want)
	}
	if len(got) != 2 || len(got[0].times) != rounds || got[0].peak != 7 || got[1].peak != 9 {
		t.Errorf("figures are %+v", got)
	}
}

func TestRaceStops(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := race(t.Context(), contender{name: "A", run: func(context.Context) (int64, error) { return 0, broken }})
	if !errors.Is(err, broken) || fault.Code(err) != "bench-failed" || !strings.Contains(err.Error(), "running A") {
		t.Errorf("a failing contender gave %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := race(ended, contender{name: "A"}); !fault.Interrupted(err) {
		t.Errorf("an ended context gave %v", err)
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()
	sh := func(script string) process { return process{args: []string{"sh", "-c", script}, dir: t.TempDir()} }
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("no sh on this system")
	}
	peak, err := processes(sh("exit 0"), sh("exit 0"))(t.Context())
	if err != nil || peak <= 0 {
		t.Errorf("two programs gave %d bytes, %v", peak, err)
	}
	_, err = processes(sh("echo why >&2; exit 3"), sh("exit 0"))(t.Context())
	if err == nil || !strings.Contains(err.Error(), "why") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("a failing program gave %v", err)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	var kept tail
	for range 10 {
		if n, err := kept.Write([]byte(strings.Repeat("a", 1000) + "end")); n != 1003 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(kept.text) != 4<<10 || !strings.HasSuffix(string(kept.text), "end") {
		t.Errorf("kept %d bytes", len(kept.text))
	}
}

func TestEnvironDropsSettings(t *testing.T) {
	t.Parallel()
	got := environ([]string{"PATH=/bin", "WHEELHOUSE_PYTHON=3.9", "WHEELHOUSE_ROOT=/other", "MAGEFILE_VERBOSE=1"}, "/repo")
	if want := []string{"WHEELHOUSE_ROOT=/repo", "PATH=/bin"}; !slices.Equal(got, want) {
		t.Errorf("environment is %q, want %q", got, want)
	}
}

func TestParseInits(t *testing.T) {
	t.Parallel()
	const trace = "init quick @0.1 ms, 0.004 ms clock, 0 bytes, 0 allocs\nother words\n" +
		"init example.org/slow @2.0 ms, 31.5 ms clock, 300 bytes, 3 allocs\n"
	found := parseInits(strings.NewReader(trace))
	if len(found) != 2 || found[0] != (initTime{"example.org/slow", 31500 * time.Microsecond}) {
		t.Fatalf("found %v", found)
	}
	if got := initText(found); got != "Inits over 1 ms: example.org/slow (32 ms)." {
		t.Errorf("text is %q", got)
	}
	if got := initText(found[1:]); got != "No package's init takes over 1 ms; the slowest of 1, quick, takes 0.00 ms." {
		t.Errorf("text is %q", got)
	}
}

func TestMachineFields(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "facts")
	if err := os.WriteFile(file, []byte("MemTotal:       24610712 kB\nPRETTY_NAME=\"Example 12 (b=ook)\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := kibibytes(field(file, "MemTotal")); got != "23 GiB" {
		t.Errorf("memory is %q", got)
	}
	if got := field(file, "PRETTY_NAME"); got != `"Example 12 (b=ook)"` {
		t.Errorf("name is %q", got)
	}
	if got := field(file, "absent") + field(file+".absent", "x") + kibibytes("x") + bytesText("x"); got != "" {
		t.Errorf("what is not there gave %q", got)
	}
	if got := secondWord("pip 23.2.1 from /somewhere/private (python 3.11)"); got != "23.2.1" {
		t.Errorf("pip's version is %q", got)
	}
}

func TestCachedLeavesNoHalfSet(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	dir := filepath.Join(cache, "set")
	broken := errors.New("broken")
	_, err := cached(dir, func(fresh string) error {
		if err := os.WriteFile(filepath.Join(fresh, "a.whl"), []byte("half"), 0o600); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("a broken fetch gave %v", err)
	}
	if left, _ := os.ReadDir(cache); len(left) != 0 {
		t.Fatalf("left %v", left)
	}
	fill := func(fresh string) error {
		for _, name := range []string{"a.whl", "b.whl", "pip.log"} {
			if err := os.WriteFile(filepath.Join(fresh, name), []byte("four"), 0o600); err != nil {
				return err
			}
		}
		return nil
	}
	set, err := cached(dir, fill)
	if err != nil || set != (wheelSet{dir, 2, 8}) {
		t.Fatalf("the set is %+v, %v", set, err)
	}
	set, err = cached(dir, func(string) error { return broken })
	if err != nil || set.count != 2 {
		t.Errorf("the kept set is %+v, %v", set, err)
	}
}

func TestReportShowsEveryLine(t *testing.T) {
	t.Parallel()
	r := &report{
		machine: []fact{{"cores", "2"}, {"tar", "a|b"}},
		tables: []table{{"Pack", []line{
			faster("pack", of(time.Second), "`tar -czf`", of(9*time.Second), 25),
			under("list", of(time.Millisecond), time.Second),
		}}},
		inits: []initTime{{"quick", 0}},
	}
	text, page := r.text(), r.markdown()
	for _, want := range []string{"tar -czf: 9.00 s", "9.0 times faster", "to reach: 25 times faster", "not reached", "under 1.00 s"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	for _, want := range []string{
		"| cores | 2 |", `| tar | a\|b |`, "## Pack",
		"| pack | 1.00 s | `tar -czf` | 9.00 s | 9.0 times faster | 25 times faster | not reached |",
		"| list | 1.0 ms |  |  |  | under 1.00 s | reached |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

func TestPinsAreExact(t *testing.T) {
	t.Parallel()
	lines := strings.Fields(pins)
	if len(lines) < 30 {
		t.Errorf("%d pins", len(lines))
	}
	for _, each := range lines {
		if name, version, found := strings.Cut(each, "=="); !found || name == "" || version == "" {
			t.Errorf("%q pins no version", each)
		}
	}
}
