package retain

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// slow is the policy once more, written as the manual says it and without any
// thought of speed: each rule asks all items anew.
type slow struct {
	Policy
	items []Item
	now   time.Time
}

// newer tells whether a comes before b in its group.
func newer(a, b Item) bool {
	if !a.Time.Equal(b.Time) {
		return a.Time.After(b.Time)
	}
	if a.Entry != b.Entry {
		return a.Entry > b.Entry
	}
	return a.Tarball > b.Tarball
}

func (s slow) together(a, b Item) bool {
	for _, by := range s.GroupBy {
		if by == "python" && a.Python != b.Python || by == "platform" && a.Platform != b.Platform {
			return false
		}
	}
	return true
}

// newerThan gives the items of the group that are newer and that pass.
func (s slow) newerThan(i Item, pass func(Item) bool) []Item {
	var found []Item
	for _, other := range s.items {
		if s.together(i, other) && newer(other, i) && pass(other) {
			found = append(found, other)
		}
	}
	return found
}

func takeable(i Item) bool { return i.Full && i.Broken == "" }

// counted tells whether an item is in the rules' counts.
func (s slow) counted(i Item) bool { return takeable(i) && !i.Time.After(s.now) }

// reasons gives why the rules keep an item; none: they do not.
func (s slow) reasons(i Item) []string {
	if i.Broken != "" {
		return []string{"broken: " + i.Broken}
	}
	if !i.Full {
		return []string{"no tarball"}
	}
	var why []string
	if i.Pinned && s.KeepPinned {
		why = append(why, "pinned")
	}
	if i.Time.After(s.now) {
		return append(why, "dated in the future")
	}
	if i.Proven && s.KeepProven && len(s.newerThan(i, func(o Item) bool { return s.counted(o) && o.Proven })) == 0 {
		why = append(why, "newest proven")
	}
	limits := []int{s.KeepLast, s.KeepWithin, s.KeepDaily, s.KeepWeekly, s.KeepMonthly, s.KeepYearly}
	if s.MaxSize > 0 && slices.Max(limits) == 0 {
		why = append(why, "kept while it fits")
	}
	if place := len(s.newerThan(i, s.counted)) + 1; place <= s.KeepLast {
		why = append(why, fmt.Sprintf("last %d: %s", s.KeepLast, ordinal(place)))
	}
	if s.KeepWithin > 0 && s.within(i) {
		why = append(why, fmt.Sprintf("within %dd", s.KeepWithin))
	}
	for _, rule := range []struct {
		name   string
		most   int
		period func(time.Time) string
	}{
		{"daily", s.KeepDaily, func(t time.Time) string { return t.Format("2006-01-02") }},
		{"weekly", s.KeepWeekly, func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprintf("%d-W%02d", y, w) }},
		{"monthly", s.KeepMonthly, func(t time.Time) string { return t.Format("2006-01") }},
		{"yearly", s.KeepYearly, func(t time.Time) string { return t.Format("2006") }},
	} {
		mine, periods, first := rule.period(i.Time.UTC()), map[string]bool{}, true
		for _, other := range s.newerThan(i, s.counted) {
			periods[rule.period(other.Time.UTC())] = true
		}
		if periods[mine] {
			first = false
		}
		if first && len(periods) < rule.most {
			why = append(why, rule.name+" "+mine)
		}
	}
	return why
}

// within tells whether an item is so near to the newest of its group.
func (s slow) within(i Item) bool {
	var newest time.Time
	for _, other := range s.items {
		if s.together(i, other) && !other.Time.After(s.now) && other.Time.After(newest) {
			newest = other.Time
		}
	}
	return !i.Time.Before(newest.Add(-time.Duration(s.KeepWithin) * 24 * time.Hour))
}

// plan gives what Apply should, by entry and tarball.
func (s slow) plan() map[string]Decision {
	plan := map[string]Decision{}
	for _, i := range s.items {
		why := s.reasons(i)
		plan[i.Entry+"/"+i.Tarball] = Decision{i, len(why) > 0, why}
	}
	for _, i := range s.items {
		d := plan[i.Entry+"/"+i.Tarball]
		if d.Keep {
			continue
		}
		d.Reasons = []string{"no rule keeps it"}
		anyKept := slices.ContainsFunc(s.items, func(o Item) bool {
			return s.together(i, o) && takeable(o) && len(s.reasons(o)) > 0
		})
		if !anyKept && len(s.newerThan(i, takeable)) == 0 {
			d = Decision{i, true, []string{"last full one of its group"}}
		}
		plan[i.Entry+"/"+i.Tarball] = d
	}
	if s.MaxSize > 0 {
		s.fit(plan)
	}
	return plan
}

// fit takes away the oldest that may go, one at a time.
func (s slow) fit(plan map[string]Decision) {
	for {
		var total int64
		var oldest *Item
		for i := range s.items {
			item := s.items[i]
			d := plan[item.Entry+"/"+item.Tarball]
			if !d.Keep || !takeable(item) {
				continue
			}
			total += item.Size
			spared := slices.ContainsFunc(d.Reasons, func(why string) bool {
				return why == "pinned" || why == "newest proven" || why == "dated in the future" || why == "last full one of its group"
			})
			others := 0
			for _, o := range s.items {
				if s.together(item, o) && takeable(o) && plan[o.Entry+"/"+o.Tarball].Keep {
					others++
				}
			}
			if !spared && others > 1 && (oldest == nil || newer(*oldest, item)) {
				oldest = &item
			}
		}
		if total <= s.MaxSize || oldest == nil {
			return
		}
		name := oldest.Entry + "/" + oldest.Tarball
		plan[name] = Decision{*oldest, false, []string{"over the largest size, oldest first; else kept: " + strings.Join(plan[name].Reasons, ", ")}}
	}
}

// TestAgainstTheSlowOne holds Apply against the second implementation in
// thousands of cases: few days, so that periods collide, and every state.
func TestAgainstTheSlowOne(t *testing.T) {
	t.Parallel()
	cases := 4000
	if testing.Short() {
		cases = 400
	}
	for seed := range cases {
		random := rand.New(rand.NewPCG(uint64(seed), 5))
		policy, items := anyPolicy(random), anyItems(random)
		want := slow{policy, items, noon}.plan()
		got := policy.Apply(items, noon)
		if len(got) != len(items) {
			t.Fatalf("seed %d: %d decisions over %d items", seed, len(got), len(items))
		}
		for _, d := range got {
			if w := want[d.Item.Entry+"/"+d.Item.Tarball]; !reflect.DeepEqual(d, w) {
				t.Fatalf("seed %d, %+v:\ngot  %+v\nwant %+v", seed, policy, d, w)
			}
		}
		holds(t, seed, policy, got)
		// The order of the items is nobody's business.
		random.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		if again := policy.Apply(items, noon); !reflect.DeepEqual(got, again) {
			t.Fatalf("seed %d: another order gives another plan", seed)
		}
	}
}

// holds checks what holds of every plan, whatever the policy.
func holds(t *testing.T, seed int, p Policy, plan []Decision) {
	t.Helper()
	full, kept := map[[2]string]int{}, map[[2]string]int{}
	for i, d := range plan {
		group := p.group(d.Item)
		if takeable(d.Item) {
			full[group]++
			if d.Keep {
				kept[group]++
			}
		}
		switch {
		case len(d.Reasons) == 0:
			t.Fatalf("seed %d: no reason: %+v", seed, d)
		case !d.Keep && !takeable(d.Item):
			t.Fatalf("seed %d: nothing is there to prune: %+v", seed, d)
		case !d.Keep && (p.KeepPinned && d.Item.Pinned || d.Item.Time.After(noon)):
			t.Fatalf("seed %d: pruned all the same: %+v", seed, d)
		case i > 0 && p.group(plan[i-1].Item) == group && newer(d.Item, plan[i-1].Item):
			t.Fatalf("seed %d: not the newest first", seed)
		}
	}
	for group, n := range full {
		if n > 0 && kept[group] == 0 {
			t.Fatalf("seed %d: the group %v has no tarball left", seed, group)
		}
	}
}

func anyPolicy(random *rand.Rand) Policy {
	few := func() int { return max(0, random.IntN(6)-2) }
	p := Policy{
		KeepLast: few(), KeepDaily: few(), KeepWeekly: few(), KeepMonthly: few(), KeepYearly: few(), KeepWithin: few() * 9,
		KeepPinned: random.IntN(3) > 0, KeepProven: random.IntN(3) > 0,
	}
	if random.IntN(3) == 0 {
		p.MaxSize = int64(random.IntN(150))
	}
	for _, by := range groupings() {
		if random.IntN(2) == 0 {
			p.GroupBy = append(p.GroupBy, by)
		}
	}
	return p
}

func anyItems(random *rand.Rand) []Item {
	items := make([]Item, random.IntN(25))
	for n := range items {
		// Days around a year's end, now and then the very same moment; a tenth
		// lies years back, a few in the future.
		at := noon.Add(-time.Duration(random.IntN(60*24)) * time.Hour)
		switch random.IntN(12) {
		case 0:
			at = noon.AddDate(-random.IntN(4), 0, 0)
		case 1:
			at = noon.Add(time.Duration(random.IntN(3)) * time.Hour)
		}
		items[n] = Item{
			Entry: fmt.Sprintf("%d", n/2), Tarball: fmt.Sprintf("%d.tgz", n),
			Python: pick(random, "3.11", "3.12"), Platform: pick(random, "linux x86_64", "darwin arm64"),
			Time: at.In(time.FixedZone("", random.IntN(27)*3600-13*3600)), Size: int64(random.IntN(30)),
			Full: random.IntN(6) > 0, Proven: random.IntN(4) == 0, Pinned: random.IntN(8) == 0,
		}
		if random.IntN(10) == 0 {
			items[n].Broken = "the record cannot be read"
		}
	}
	return items
}

func pick(random *rand.Rand, words ...string) string { return words[random.IntN(len(words))] }
