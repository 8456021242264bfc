package report

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// Steps shows long steps while they run: on a terminal one line with a spinner
// and the seconds elapsed, erased when the step ends; elsewhere a plain line as
// each begins. It may be used by several goroutines at once: of steps that run
// at the same time the terminal shows the one begun last. A nil *Steps shows
// nothing.
type Steps struct {
	w        io.Writer
	terminal bool
	now      func() time.Time
	columns  func() int // of the terminal
	quit     chan struct{}
	ended    chan struct{}

	mu      sync.Mutex
	running []*step
	frame   int
	drawn   bool
	stopped bool
}

type step struct {
	text  string
	begun time.Time
	// tail is what the line says after text; nil for the seconds.
	tail func(elapsed time.Duration) string
}

// spinner is drawn one after the other, one for each tick.
const spinner = `|/-\`

const (
	tick  = 120 * time.Millisecond
	erase = "\r\x1b[K"
	// widest is how long the line gets: no longer than "^C" and what mage says
	// of it, which then covers it.
	widest = 65
)

// NewSteps shows steps on w, normally standard error. terminal tells whether w
// is one: see IsTerminal. Call Stop when done.
func NewSteps(w io.Writer, terminal bool) *Steps {
	ticker := time.NewTicker(tick)
	s := newSteps(w, terminal, time.Now, ticker.C, ticker.Stop)
	if f, ok := w.(*os.File); ok && terminal {
		s.columns = func() int { return columns(f) }
	}
	return s
}

func newSteps(w io.Writer, terminal bool, now func() time.Time, ticks <-chan time.Time, release func()) *Steps {
	s := &Steps{w: w, terminal: terminal, now: now, columns: func() int { return usualColumns }, quit: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		defer release()
		if !terminal {
			return
		}
		for {
			select {
			case <-s.quit:
				return
			case <-ticks:
				s.draw()
			}
		}
	}()
	return s
}

// Step begins a step, "installing 13 wheels with pip 23.2.1, without network",
// and gives the function that ends it, which may be called more than once.
// After Stop it shows nothing.
func (s *Steps) Step(text string) (done func()) {
	if s == nil {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return func() {}
	}
	begun := &step{text: Visible(text), begun: s.now()}
	if !s.terminal {
		fmt.Fprintf(s.w, "%s ...\n", begun.text) // progress: nothing to do when it cannot be shown
		return func() {}
	}
	s.running = append(s.running, begun)
	return func() { s.finish(begun) }
}

func (s *Steps) finish(ended *step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = slices.DeleteFunc(s.running, func(other *step) bool { return other == ended })
	s.clear()
}

// Stop erases the line and shows nothing more; when it returns nothing writes
// to w. It may be called more than once.
func (s *Steps) Stop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	if !s.stopped {
		s.stopped = true
		close(s.quit)
		s.clear()
	}
	s.mu.Unlock()
	<-s.ended
}

// Write writes to w with the spinner's line out of the way, so that other
// lines (warnings, a child's output) do not run into it.
func (s *Steps) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	return s.w.Write(p)
}

// draw shows the step begun last. It shows nothing before the first tick:
// short steps do not flicker.
func (s *Steps) draw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || len(s.running) == 0 {
		return
	}
	last := s.running[len(s.running)-1]
	elapsed := s.now().Sub(last.begun)
	tail := fmt.Sprintf("%ds", int(elapsed.Seconds()))
	if last.tail != nil {
		tail = last.tail(elapsed)
	}
	// The spinner and a space go before it, and the last column stays free: a
	// line that wraps could not be erased. The cursor waits at the line's start,
	// so that what others print meanwhile writes over it, and not behind it.
	room := min(s.columns()-1, widest) - 2
	fmt.Fprintf(s.w, "%s%c %s\r", erase, spinner[s.frame%len(spinner)], fit(last.text, tail, room))
	s.frame++
	s.drawn = true
}

// clear erases what was drawn. The caller holds mu.
func (s *Steps) clear() {
	if s.drawn {
		io.WriteString(s.w, erase) // progress: nothing to do when it cannot be shown
		s.drawn = false
	}
}

// fit puts text and tail on a line of that many columns; text gives way.
func fit(text, tail string, columns int) string {
	text = cut(text, columns-len(tail)-1)
	if text == "" {
		return cut(tail, columns)
	}
	return text + " " + tail
}

// cut shortens text to that many characters; "" where nothing of it is left.
func cut(text string, most int) string {
	const dots = "..."
	runes := []rune(text)
	switch {
	case len(runes) <= most:
		return text
	case most <= len(dots):
		return ""
	}
	return string(runes[:most-len(dots)]) + dots
}
