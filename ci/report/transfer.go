package report

import (
	"fmt"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
)

// Transfer is a step that counts bytes: on a terminal its line has how many
// came, how fast, and how long the rest will take; elsewhere that is a plain
// line every ten seconds. A nil *Transfer shows nothing.
type Transfer struct {
	steps *Steps
	step  *step

	// Held by steps.mu.
	done, total int64
	from        int64 // what was there at the first count, which nobody waited for
	counted     bool
	told        time.Time // when the last plain line was
}

// plainEvery is how often a plain line tells of a transfer; a log wants few.
const plainEvery = 10 * time.Second

// Transfer begins to show a transfer: text says of what. Call End when it is
// over, however it went.
func (s *Steps) Transfer(text string) *Transfer {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &Transfer{steps: s, total: -1, told: s.now()}
	t.step = &step{text: Visible(text), begun: t.told, tail: t.tail}
	if s.terminal && !s.stopped {
		s.running = append(s.running, t.step)
	}
	return t
}

// Count tells how many bytes are there and how many there will be, -1 while
// that is unknown. It may be called for every piece: it draws nothing itself.
func (t *Transfer) Count(done, total int64) {
	if t == nil {
		return
	}
	s := t.steps
	s.mu.Lock()
	defer s.mu.Unlock()
	if !t.counted {
		t.counted, t.from = true, done
	}
	t.done, t.total, t.from = done, total, min(t.from, done)
	if s.terminal || s.stopped {
		return
	}
	if now := s.now(); now.Sub(t.told) >= plainEvery {
		t.told = now
		fmt.Fprintf(s.w, "%s: %s\n", t.step.text, t.tail(now.Sub(t.step.begun))) // progress: nothing to do when it cannot be shown
	}
}

// End erases the line. It may be called more than once.
func (t *Transfer) End() {
	if t != nil {
		t.steps.finish(t.step)
	}
}

// tail is what a transfer's line says after its name. The caller holds mu.
func (t *Transfer) tail(elapsed time.Duration) string {
	return transferred(t.done, t.total, t.done-t.from, elapsed)
}

// transferred tells of a transfer of which that many bytes came in that time;
// total is under 0 while it is unknown.
func transferred(done, total, came int64, elapsed time.Duration) string {
	rate := int64(float64(came) / max(elapsed.Seconds(), 1))
	switch size := entry.FormatSize(done); {
	case total < 0:
		return fmt.Sprintf("%s, %s/s", size, entry.FormatSize(rate))
	case rate == 0:
		return fmt.Sprintf("%s of %s", size, entry.FormatSize(total))
	default:
		left := time.Duration(max(total-done, 0)/rate) * time.Second
		return fmt.Sprintf("%s of %s, %s/s, %s left", size, entry.FormatSize(total), entry.FormatSize(rate), left)
	}
}
