package retain

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

var update = flag.Bool("update", false, "write the golden plans")

// noon is now: a Saturday near a year's end, in whose week another ISO year
// begins soon.
var noon = time.Date(2026, 12, 26, 12, 0, 0, 0, time.UTC)

// days gives items of one group, a day apart, the newest first and of today.
func days(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		at := noon.AddDate(0, 0, -i)
		items[i] = Item{Entry: at.Format("20060102") + fmt.Sprintf("-%d", 1000-i), Tarball: "w.tgz", Time: at, Size: 10, Full: true}
	}
	return items
}

// reasonsOf gives each decision's reasons in one line, "-" before what goes.
func reasonsOf(plan []Decision) []string {
	lines := make([]string, len(plan))
	for i, d := range plan {
		lines[i] = strings.Join(d.Reasons, ", ")
		if !d.Keep {
			lines[i] = "-" + lines[i]
		}
	}
	return lines
}

// Every reason's text is what somebody greps for.
func TestReasons(t *testing.T) {
	t.Parallel()
	edit := func(items []Item, change func([]Item)) []Item { change(items); return items }
	for name, c := range map[string]struct {
		policy Policy
		items  []Item
		want   []string
	}{
		"nothing":   {Policy{KeepLast: 1}, nil, []string{}},
		"last":      {Policy{KeepLast: 2}, days(3), []string{"last 2: 1st", "last 2: 2nd", "-no rule keeps it"}},
		"within":    {Policy{KeepWithin: 2}, days(4), []string{"within 2d", "within 2d", "within 2d", "-no rule keeps it"}},
		"daily":     {Policy{KeepDaily: 1}, days(2), []string{"daily 2026-12-26", "-no rule keeps it"}},
		"weekly":    {Policy{KeepWeekly: 2}, days(8), []string{"weekly 2026-W52", "-no rule keeps it", "-no rule keeps it", "-no rule keeps it", "-no rule keeps it", "-no rule keeps it", "weekly 2026-W51", "-no rule keeps it"}},
		"monthly":   {Policy{KeepMonthly: 1}, days(2), []string{"monthly 2026-12", "-no rule keeps it"}},
		"yearly":    {Policy{KeepYearly: 1}, days(2), []string{"yearly 2026", "-no rule keeps it"}},
		"all rules": {Policy{KeepLast: 1, KeepDaily: 1, KeepWeekly: 1, KeepMonthly: 1, KeepYearly: 1, KeepWithin: 7}, days(1), []string{"last 1: 1st, within 7d, daily 2026-12-26, weekly 2026-W52, monthly 2026-12, yearly 2026"}},
		"pinned": {Policy{KeepLast: 1, KeepPinned: true}, edit(days(3), func(i []Item) { i[2].Pinned = true }),
			[]string{"last 1: 1st", "-no rule keeps it", "pinned"}},
		"pinned is off": {Policy{KeepLast: 1}, edit(days(2), func(i []Item) { i[1].Pinned = true }),
			[]string{"last 1: 1st", "-no rule keeps it"}},
		"proven": {Policy{KeepLast: 1, KeepProven: true}, edit(days(4), func(i []Item) { i[2].Proven, i[3].Proven = true, true }),
			[]string{"last 1: 1st", "-no rule keeps it", "newest proven", "-no rule keeps it"}},
		"proven is off": {Policy{KeepLast: 1}, edit(days(2), func(i []Item) { i[1].Proven = true }),
			[]string{"last 1: 1st", "-no rule keeps it"}},
		"proven in the future counts not": {Policy{KeepLast: 1, KeepProven: true}, edit(days(3), func(i []Item) { i[0].Time, i[0].Proven, i[2].Proven = noon.Add(1), true, true }),
			[]string{"dated in the future", "last 1: 1st", "newest proven"}},
		"future takes no room": {Policy{KeepLast: 1, KeepWithin: 1, KeepDaily: 1}, edit(days(4), func(i []Item) { i[0].Time = noon.AddDate(0, 1, 0) }),
			[]string{"dated in the future", "last 1: 1st, within 1d, daily 2026-12-25", "within 1d", "-no rule keeps it"}},
		"now is no future": {Policy{KeepLast: 1}, days(1), []string{"last 1: 1st"}},
		"no tarball counts for within alone": {Policy{KeepLast: 1, KeepWithin: 1}, edit(days(3), func(i []Item) { i[0].Full = false }),
			[]string{"no tarball", "last 1: 1st, within 1d", "-no rule keeps it"}},
		"broken": {Policy{KeepLast: 1}, edit(days(3), func(i []Item) { i[0].Broken = "the record cannot be read" }),
			[]string{"broken: the record cannot be read", "last 1: 1st", "-no rule keeps it"}},
		"last full one": {Policy{KeepDaily: 1, KeepPinned: true, GroupBy: []string{"python"}}, edit(days(1), func(i []Item) { i[0].Python = "3.12" }),
			[]string{"daily 2026-12-26"}},
		"size": {Policy{KeepLast: 3, MaxSize: 20}, days(4),
			[]string{"last 3: 1st", "last 3: 2nd", "-over the largest size, oldest first; else kept: last 3: 3rd", "-no rule keeps it"}},
		"size just right": {Policy{KeepLast: 2, MaxSize: 20}, days(2), []string{"last 2: 1st", "last 2: 2nd"}},
		"size alone": {Policy{MaxSize: 25}, days(3),
			[]string{"kept while it fits", "kept while it fits", "-over the largest size, oldest first; else kept: kept while it fits"}},
		"size takes not the last": {Policy{KeepLast: 2, MaxSize: 1}, days(2),
			[]string{"last 2: 1st", "-over the largest size, oldest first; else kept: last 2: 2nd"}},
		"size takes neither pinned nor proven": {Policy{KeepLast: 4, KeepPinned: true, KeepProven: true, MaxSize: 1}, edit(days(4), func(i []Item) { i[3].Pinned, i[2].Proven = true, true }),
			[]string{"-over the largest size, oldest first; else kept: last 4: 1st", "-over the largest size, oldest first; else kept: last 4: 2nd", "newest proven, last 4: 3rd", "pinned, last 4: 4th"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := reasonsOf(c.policy.Apply(c.items, noon)); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// No rule keeps any of a group: its newest stays, whatever the rules are.
func TestTheLastOfAGroupStays(t *testing.T) {
	t.Parallel()
	items := days(3)
	items[0].Full = false
	// A policy that Check refuses, for there is no other that keeps nothing.
	got := reasonsOf(Policy{}.Apply(items, noon))
	if want := []string{"no tarball", "last full one of its group", "-no rule keeps it"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// The rules count in each group; GroupBy says what makes one.
func TestGroups(t *testing.T) {
	t.Parallel()
	items := days(4)
	for i := range items {
		items[i].Python, items[i].Platform = []string{"3.11", "3.12"}[i%2], []string{"linux", "darwin"}[i/2]
	}
	for by, kept := range map[string]int{"": 1, "python": 2, "platform": 2, "python platform": 4} {
		n := 0
		for _, d := range (Policy{KeepLast: 1, GroupBy: strings.Fields(by)}).Apply(items, noon) {
			if d.Keep {
				n++
			}
		}
		if n != kept {
			t.Errorf("by %q: %d kept, want %d", by, n, kept)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy Policy
		code   string
	}{
		"zero":              {Policy{}, "empty-policy"},
		"pins alone":        {Policy{KeepPinned: true, KeepProven: true, GroupBy: []string{"python"}}, "empty-policy"},
		"below zero":        {Policy{KeepLast: 1, KeepDaily: -1}, "bad-policy"},
		"size below zero":   {Policy{KeepLast: 1, MaxSize: -1}, "bad-policy"},
		"unknown grouping":  {Policy{KeepLast: 1, GroupBy: []string{"glibc"}}, "bad-policy"},
		"grouped by twice":  {Policy{KeepLast: 1, GroupBy: []string{"python", "python"}}, "bad-policy"},
		"last":              {Policy{KeepLast: 1}, ""},
		"within":            {Policy{KeepWithin: 1}, ""},
		"daily":             {Policy{KeepDaily: 1}, ""},
		"weekly":            {Policy{KeepWeekly: 1}, ""},
		"monthly":           {Policy{KeepMonthly: 1}, ""},
		"yearly":            {Policy{KeepYearly: 1}, ""},
		"size":              {Policy{MaxSize: 1}, ""},
		"grouped by either": {Policy{KeepLast: 1, GroupBy: []string{"platform", "python"}}, ""},
	} {
		err := c.policy.Check()
		if fault.Code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if e, ok := err.(*fault.Error); ok && e.ExitStatus() != fault.Usage {
			t.Errorf("%s: status %d", name, e.ExitStatus())
		}
	}
}

func TestOrdinal(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 111: "111th", 122: "122nd"} {
		if got := ordinal(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

// year is a year of nightlies: two Pythons, a night in twenty without one, some
// pruned before, one broken, one pinned, one of the future.
func year() []Item {
	var items []Item
	for day := range 365 {
		at := noon.AddDate(0, 0, -day).Add(-9 * time.Hour)
		if day%20 == 7 {
			continue
		}
		for n, python := range []string{"3.11", "3.12"} {
			items = append(items, Item{
				Entry: fmt.Sprintf("%s-%d", at.Format("20060102"), 9000-day), Tarball: "wheelhouse-" + python + ".tgz",
				Python: python, Platform: "linux x86_64", Time: at.Add(time.Duration(n) * time.Minute), Size: 200_000_000,
				Full: day < 300 || n == 0, Proven: day%5 == 4, Pinned: day == 200,
			})
		}
	}
	items[20].Broken = "the record names another tarball"
	items = append(items, Item{
		Entry: "20270301-9999", Tarball: "wheelhouse-3.11.tgz", Python: "3.11", Platform: "linux x86_64",
		Time: noon.AddDate(0, 2, 3), Size: 200_000_000, Full: true,
	})
	return items
}

// The golden plans show what policies do to a year.
func TestGoldenPlans(t *testing.T) {
	t.Parallel()
	both := groupings()
	for name, p := range map[string]Policy{
		"default":      {KeepLast: 3, KeepWithin: 30, KeepPinned: true, KeepProven: true, GroupBy: both},
		"grandfather":  {KeepDaily: 7, KeepWeekly: 4, KeepMonthly: 12, KeepYearly: 2, KeepPinned: true, GroupBy: both},
		"last-of-all":  {KeepLast: 3, GroupBy: nil},
		"size":         {KeepLast: 30, KeepPinned: true, KeepProven: true, MaxSize: 5_000_000_000, GroupBy: both},
		"proven-alone": {KeepLast: 1, KeepProven: true, GroupBy: []string{"python"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var text strings.Builder
			fmt.Fprintf(&text, "%+v\n\n", p)
			gone := 0
			for _, d := range p.Apply(year(), noon) {
				if !d.Keep {
					gone++
				}
				if what := strings.Join(d.Reasons, ", "); what != noRule && what != noTarball {
					fmt.Fprintf(&text, "%-5s %-14s %-4s %s\n", map[bool]string{true: "keep", false: "prune"}[d.Keep], d.Item.Entry, d.Item.Python, what)
				}
			}
			fmt.Fprintf(&text, "\n%d of %d are pruned; left out: %q and %q\n", gone, len(year()), noRule, noTarball)
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got := text.String(); got != strings.ReplaceAll(string(want), "\r\n", "\n") {
				t.Errorf("another plan than %s; -update writes it:\n%s", file, got)
			}
		})
	}
}

// The items are left as they were, and so is the policy.
func TestApplyIsPure(t *testing.T) {
	t.Parallel()
	items := year()
	p := Policy{KeepLast: 3, MaxSize: 1_000_000_000, GroupBy: groupings()}
	p.Apply(items, noon)
	if !reflect.DeepEqual(items, year()) || !reflect.DeepEqual(p.GroupBy, groupings()) {
		t.Error("the arguments were changed")
	}
}

// Twice as many items take about twice the memory, and no more comparisons
// than sorting does: nothing here asks every item about every other. Not
// parallel: allocations are counted.
func TestLinear(t *testing.T) {
	many := func(n int) []Item {
		items := make([]Item, n)
		for i := range items {
			items[i] = Item{Entry: fmt.Sprintf("%06d", i), Python: fmt.Sprint(i % 3), Time: noon.Add(-time.Duration(i) * time.Hour), Size: 1, Full: true}
		}
		return items
	}
	p := Policy{KeepLast: 100, KeepDaily: 100, KeepWeekly: 100, KeepWithin: 100, KeepProven: true, MaxSize: 200, GroupBy: groupings()}
	cost := func(n int) float64 {
		items := many(n)
		return testing.AllocsPerRun(1, func() { p.Apply(items, noon) })
	}
	if small, large := cost(5_000), cost(10_000); large > 2.2*small {
		t.Errorf("10,000 items take %.0f allocations, 5,000 take %.0f", large, small)
	}
}

func BenchmarkApply(b *testing.B) {
	items := make([]Item, 10_000)
	for i := range items {
		items[i] = Item{Entry: fmt.Sprintf("%06d", i), Python: fmt.Sprint(i % 3), Time: noon.Add(-time.Duration(i) * time.Hour), Size: 1, Full: true}
	}
	p := Policy{KeepLast: 3, KeepWithin: 30, KeepDaily: 7, KeepWeekly: 4, KeepProven: true, MaxSize: 50, GroupBy: groupings()}
	b.ReportAllocs()
	for b.Loop() {
		p.Apply(items, noon)
	}
}
