package retain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The reasons that are not a count's.
const (
	noTarball  = "no tarball"
	future     = "dated in the future"
	pinned     = "pinned"
	proven     = "newest proven"
	lastOne    = "last full one of its group"
	noRule     = "no rule keeps it"
	fits       = "kept while it fits"
	overTheTop = "over the largest size, oldest first"
)

// Apply decides over all items: groups together in the order of their names,
// in each the newest first. The same items in another order give the same.
func (p Policy) Apply(items []Item, now time.Time) []Decision {
	decided := make([]Decision, len(items))
	for i, item := range items {
		decided[i].Item = item
	}
	slices.SortStableFunc(decided, func(a, b Decision) int { return p.compare(a.Item, b.Item) })
	for begin := 0; begin < len(decided); {
		end := begin + 1
		for end < len(decided) && p.group(decided[end].Item) == p.group(decided[begin].Item) {
			end++
		}
		p.decide(decided[begin:end], now)
		begin = end
	}
	p.fit(decided)
	return decided
}

// compare orders by group, then newest first.
func (p Policy) compare(a, b Item) int {
	ga, gb := p.group(a), p.group(b)
	return cmp.Or(
		cmp.Compare(ga[0], gb[0]), cmp.Compare(ga[1], gb[1]), b.Time.Compare(a.Time),
		cmp.Compare(b.Entry, a.Entry), cmp.Compare(b.Tarball, a.Tarball))
}

// bucket is a rule that keeps the newest of each of so many periods.
type bucket struct {
	name string
	left int
	// period gives the one that a time lies in.
	period func(time.Time) string
	last   string
}

func (p Policy) buckets() []bucket {
	return []bucket{
		{"daily", p.KeepDaily, func(t time.Time) string { return t.Format("2006-01-02") }, ""},
		{"weekly", p.KeepWeekly, func(t time.Time) string {
			year, week := t.ISOWeek()
			return fmt.Sprintf("%d-W%02d", year, week)
		}, ""},
		{"monthly", p.KeepMonthly, func(t time.Time) string { return t.Format("2006-01") }, ""},
		{"yearly", p.KeepYearly, func(t time.Time) string { return t.Format("2006") }, ""},
	}
}

// decide decides over one group.
func (p Policy) decide(group []Decision, now time.Time) {
	buckets, count, provenOne := p.buckets(), 0, false
	since := p.since(group, now)
	for i := range group {
		d := &group[i]
		switch {
		case d.Item.Broken != "":
			d.keep("broken: " + d.Item.Broken)
			continue
		case !d.Item.Full:
			d.keep(noTarball)
			continue
		}
		if p.KeepPinned && d.Item.Pinned {
			d.keep(pinned)
		}
		if d.Item.Time.After(now) {
			d.keep(future) // and in no count: a wrong clock is to take no room
			continue
		}
		if p.KeepProven && d.Item.Proven && !provenOne {
			provenOne = true
			d.keep(proven)
		}
		if p.sizeAlone() {
			d.keep(fits)
		}
		if count++; count <= p.KeepLast {
			d.keep(fmt.Sprintf("last %d: %s", p.KeepLast, ordinal(count)))
		}
		if p.KeepWithin > 0 && !d.Item.Time.Before(since) {
			d.keep(fmt.Sprintf("within %dd", p.KeepWithin))
		}
		for j := range buckets {
			b := &buckets[j]
			if period := b.period(d.Item.Time.UTC()); b.left > 0 && period != b.last {
				b.left--
				b.last = period
				d.keep(b.name + " " + period)
			}
		}
	}
	p.spare(group)
}

// sizeAlone tells that MaxSize is the only rule that limits anything.
func (p Policy) sizeAlone() bool {
	return p.MaxSize > 0 && max(p.KeepLast, p.KeepDaily, p.KeepWeekly, p.KeepMonthly, p.KeepYearly, p.KeepWithin) == 0
}

// keep keeps for a reason.
func (d *Decision) keep(why string) {
	d.Keep = true
	d.Reasons = append(d.Reasons, why)
}

// since is the earliest time that KeepWithin keeps: counted from the newest
// entry, with a tarball or not, but not from one in the future.
func (p Policy) since(group []Decision, now time.Time) time.Time {
	for _, d := range group {
		if !d.Item.Time.After(now) {
			return d.Item.Time.AddDate(0, 0, -p.KeepWithin)
		}
	}
	return now
}

// spare keeps the newest tarball of a group that no rule keeps any of, and
// gives the rest its reason.
func (p Policy) spare(group []Decision) {
	any := slices.ContainsFunc(group, func(d Decision) bool { return d.Keep && d.full() })
	for i := range group {
		d := &group[i]
		switch {
		case d.Keep:
		case !any:
			any = true
			d.keep(lastOne)
		default:
			d.Reasons = []string{noRule}
		}
	}
}

func (d Decision) full() bool { return d.Item.Full && d.Item.Broken == "" }

// fit takes the oldest away until what is kept fits MaxSize.
func (p Policy) fit(decided []Decision) {
	if p.MaxSize == 0 {
		return
	}
	var total int64
	left := map[[2]string]int{} // tarballs kept of each group
	var kept []int
	for i, d := range decided {
		if d.Keep && d.full() {
			total += d.Item.Size
			left[p.group(d.Item)]++
			kept = append(kept, i)
		}
	}
	slices.SortStableFunc(kept, func(a, b int) int {
		x, y := decided[a].Item, decided[b].Item
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Entry, y.Entry), cmp.Compare(x.Tarball, y.Tarball))
	})
	for _, i := range kept {
		if total <= p.MaxSize {
			return
		}
		d := &decided[i]
		group := p.group(d.Item)
		if d.spared() || left[group] == 1 {
			continue
		}
		total -= d.Item.Size
		left[group]--
		d.Keep, d.Reasons = false, []string{overTheTop + "; else kept: " + strings.Join(d.Reasons, ", ")}
	}
}

// spared tells that the size is no reason to take it.
func (d Decision) spared() bool {
	return slices.ContainsFunc(d.Reasons, func(why string) bool {
		return why == pinned || why == proven || why == future
	})
}
