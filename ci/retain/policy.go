package retain

import (
	"fmt"
	"slices"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Policy says what is kept. The zero value keeps nothing by itself, and Check
// refuses it. A rule that is 0 is off.
type Policy struct {
	KeepLast    int
	KeepDaily   int
	KeepWeekly  int
	KeepMonthly int
	KeepYearly  int
	// KeepWithin is a number of days, counted back from the newest entry of the
	// group.
	KeepWithin int
	KeepPinned bool
	// KeepProven keeps the newest proven tarball of each group.
	KeepProven bool
	// MaxSize is the most bytes that all kept tarballs may have together; 0:
	// any.
	MaxSize int64
	// GroupBy are "python" and "platform", or fewer; empty: all in one group.
	GroupBy []string
}

// groupings are what GroupBy may hold.
func groupings() []string { return []string{"python", "platform"} }

// Check refuses a policy that keeps nothing, or that cannot be meant. Codes:
// empty-policy, bad-policy (both wrong use).
func (p Policy) Check() error {
	counts := []int{p.KeepLast, p.KeepDaily, p.KeepWeekly, p.KeepMonthly, p.KeepYearly, p.KeepWithin}
	if slices.Min(counts) < 0 || p.MaxSize < 0 {
		return fault.New(fault.Usage, "bad-policy", "a rule of the retention is below 0")
	}
	for i, by := range p.GroupBy {
		if !slices.Contains(groupings(), by) || slices.Contains(p.GroupBy[:i], by) {
			return fault.New(fault.Usage, "bad-policy", "tarballs cannot be grouped by %q, or not twice", by).
				WithHint("it is python, platform, or both")
		}
	}
	if slices.Max(counts) == 0 && p.MaxSize == 0 {
		return fault.New(fault.Usage, "empty-policy", "no rule of the retention keeps anything").
			WithHint("set one: -keepLast=3, -keepWithin=30d")
	}
	return nil
}

// Item is one tarball of the archive.
type Item struct {
	// Entry and Tarball name it.
	Entry, Tarball string
	Python         string
	Platform       string
	// Time is its record's, else its entry's date.
	Time time.Time
	// Size in bytes.
	Size int64
	// Full: the tarball is there, and not broken.
	Full bool
	// Broken says what is wrong; empty for nothing.
	Broken string
	Proven bool
	Pinned bool
}

// Decision is what becomes of an item, and why.
type Decision struct {
	Item Item
	// Keep: it stays as it is.
	Keep bool
	// Reasons, at least one: "last 3: 1st", "no rule keeps it".
	Reasons []string
}

// group is what an item counts with.
func (p Policy) group(i Item) [2]string {
	var g [2]string
	if slices.Contains(p.GroupBy, "python") {
		g[0] = i.Python
	}
	if slices.Contains(p.GroupBy, "platform") {
		g[1] = i.Platform
	}
	return g
}

// ordinal gives "1st".
func ordinal(n int) string {
	suffix := "th"
	switch {
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		suffix = "st"
	case n%10 == 2:
		suffix = "nd"
	case n%10 == 3:
		suffix = "rd"
	}
	return fmt.Sprintf("%d%s", n, suffix)
}
