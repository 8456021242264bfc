package transfer

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	firstWait = time.Second
	lastWait  = 30 * time.Second
	// mostWait is the longest that a server can make us wait; when it asks for
	// more, that is an error to report and not a pause to sit through.
	mostWait = 10 * time.Minute
)

// backoff is the pause before the next try after that many breaks in a row
// that brought nothing.
func backoff(barren int) time.Duration {
	if barren == 0 {
		return 0
	}
	return min(firstWait<<min(barren-1, 10), lastWait)
}

// retryable tells whether asking again can bring another answer.
func retryable(status int, h http.Header) bool {
	switch status {
	case http.StatusForbidden:
		return h.Get("Retry-After") != "" || h.Get("X-RateLimit-Remaining") == "0"
	case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusTooEarly:
		return true
	}
	return status >= 500 && status <= 599
}

// asked gives how long the server asks to wait, 0 when it does not say. Times
// of day count from the answer's own Date: the two clocks may differ.
func asked(h http.Header) time.Duration {
	after := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(after, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	if at, err := http.ParseTime(after); err == nil {
		return max(at.Sub(date), 0)
	}
	if h.Get("X-RateLimit-Remaining") == "0" {
		if at, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return max(time.Unix(at, 0).Sub(date), 0)
		}
	}
	return 0
}

// span is a Content-Range: "bytes first-last/total", or "bytes */total", where
// first is -1. A total that is not told is -1.
type span struct{ first, last, total int64 }

func parseSpan(header string) (span, error) {
	bad := fmt.Errorf("the Content-Range %q is not valid", header)
	rest, ok := strings.CutPrefix(header, "bytes ")
	if !ok {
		return span{}, bad
	}
	extent, length, ok := strings.Cut(rest, "/")
	if !ok {
		return span{}, bad
	}
	s := span{-1, -1, -1}
	if length != "*" {
		if s.total, ok = number(length); !ok {
			return span{}, bad
		}
	}
	if extent == "*" {
		return s, nil
	}
	first, last, _ := strings.Cut(extent, "-")
	var okFirst, okLast bool
	s.first, okFirst = number(first)
	s.last, okLast = number(last)
	if !okFirst || !okLast || s.last < s.first || s.total >= 0 && s.last >= s.total {
		return span{}, bad
	}
	return s, nil
}

// number parses digits alone: no sign, no space.
func number(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err == nil
}
