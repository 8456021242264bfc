package targets

import (
	"fmt"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
)

// progressEvery is how often the transfer is told of; a log wants fewer lines.
const progressEvery = 10 * time.Second

// progress tells of a transfer every ten seconds: bytes, rate, time left.
func (s *session) progress() func(done, total int64) {
	begun := s.now()
	last := begun
	return func(done, total int64) {
		now := s.now()
		if now.Sub(last) < progressEvery {
			return
		}
		last = now
		s.note("%s", progressLine(done, total, now.Sub(begun)))
	}
}

// progressLine is one line about a transfer that has taken that long; total is
// -1 while it is unknown.
func progressLine(done, total int64, taken time.Duration) string {
	rate := int64(float64(done) / max(taken.Seconds(), 1))
	size := entry.FormatSize(done)
	if total <= 0 || rate == 0 {
		return fmt.Sprintf("%s at %s/s", size, entry.FormatSize(rate))
	}
	left := time.Duration(float64(max(total-done, 0))/float64(rate)) * time.Second
	return fmt.Sprintf("%s of %s at %s/s, %s left", size, entry.FormatSize(total), entry.FormatSize(rate), left)
}
