package bench

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// line is one row of the table: ours beside theirs, and whether the goal is
// reached.
type line struct {
	what, ours, beside, theirs, ratio, reach string
	reached                                  bool
}

// verdict is how a line's last column says it.
func (l line) verdict() string {
	if l.reach == "" {
		return "" // there is no goal
	}
	if l.reached {
		return "reached"
	}
	return "not reached"
}

// faster is a goal of so many times the other's speed; 1 is "not slower".
func faster(what string, ours figures, beside string, theirs figures, times float64) line {
	ratio := float64(theirs.median()) / float64(ours.median())
	reach := fmt.Sprintf("%s times faster", number(times))
	if times == 1 {
		reach = "not slower"
	}
	return line{
		what: what, ours: shown(ours.median()), beside: beside, theirs: shown(theirs.median()),
		ratio: fmt.Sprintf("%.1f times faster", ratio), reach: reach, reached: ratio >= times,
	}
}

// within is a goal of at most so many times the other's time.
func within(what string, ours figures, beside string, theirs figures, times float64) line {
	ratio := float64(ours.median()) / float64(theirs.median())
	return line{
		what: what, ours: shown(ours.median()), beside: beside, theirs: shown(theirs.median()),
		ratio: fmt.Sprintf("%.2f times its time", ratio),
		reach: fmt.Sprintf("within %s times", number(times)), reached: ratio <= times,
	}
}

// later is a goal of less than so much time more than the other.
func later(what string, ours figures, beside string, theirs figures, most time.Duration) line {
	more := ours.median() - theirs.median()
	return line{
		what: what, ours: shown(ours.median()), beside: beside, theirs: shown(theirs.median()),
		ratio: shown(more) + " later", reach: "under " + shown(most) + " later", reached: more < most,
	}
}

// under is a goal of less than a time.
func under(what string, ours figures, limit time.Duration) line {
	return line{
		what: what, ours: shown(ours.median()),
		reach: "under " + shown(limit), reached: ours.median() < limit,
	}
}

// larger is a goal of output at most so many times the other's size.
func larger(what string, ours int64, beside string, theirs int64, times float64) line {
	ratio := float64(ours) / float64(theirs)
	return line{
		what: what, ours: megabytes(ours), beside: beside, theirs: megabytes(theirs),
		ratio:   fmt.Sprintf("%+.2f %%", (ratio-1)*100),
		reach:   fmt.Sprintf("at most %s %% larger", number((times-1)*100)),
		reached: ratio <= times,
	}
}

// memory is a goal of less than so many bytes at the peak.
func memory(what string, ours figures, limit int64) line {
	l := line{what: what + ", peak memory", ours: megabytes(ours.peak), reach: "under " + strconv.FormatInt(limit/1e6, 10) + " MB"}
	if ours.peak == 0 {
		l.ours = "unknown here"
		return l
	}
	l.reached = ours.peak < limit
	return l
}

// atMost is a goal of no more than so many.
func atMost(what string, ours, limit int64) line {
	return line{
		what: what, ours: strconv.FormatInt(ours, 10),
		reach: "at most " + strconv.FormatInt(limit, 10), reached: ours <= limit,
	}
}

// share is a goal of less than a part of the other.
func share(what, ours string, mine float64, beside, theirs string, other, most float64) line {
	return line{
		what: what, ours: ours, beside: beside, theirs: theirs,
		ratio: fmt.Sprintf("%.1f %%", mine/other*100), reach: fmt.Sprintf("under %s %%", number(most*100)), reached: mine < most*other,
	}
}

// allOf is a goal of every one.
func allOf(what string, right, of int64) line {
	return line{
		what: what, ours: strconv.FormatInt(right, 10),
		reach: fmt.Sprintf("%d of %d", of, of), reached: right == of,
	}
}

// beside tells of two sizes, without a goal.
func beside(what string, ours int64, name string, theirs int64) line {
	return line{
		what: what, ours: megabytes(ours), beside: name, theirs: megabytes(theirs),
		ratio: fmt.Sprintf("%.2f times its size", float64(ours)/float64(theirs)),
	}
}

// besideTime tells of two times, without a goal.
func besideTime(what string, ours figures, name string, theirs figures) line {
	return line{
		what: what, ours: shown(ours.median()), beside: name, theirs: shown(theirs.median()),
		ratio: fmt.Sprintf("%.2f times its time", float64(ours.median())/float64(theirs.median())),
	}
}

// notHere tells that what was to be measured beside is not there.
func notHere(what, ours, name string) line {
	return line{what: what, ours: ours, beside: name, theirs: "not installed"}
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

func number(n float64) string {
	text := strconv.FormatFloat(n, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// shown gives a time with about three digits.
func shown(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	default:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
}
