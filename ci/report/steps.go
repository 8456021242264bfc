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
}

// spinner is drawn one after the other, one for each tick.
const spinner = `|/-\`

const (
	tick = 120 * time.Millisecond
	// widest keeps the line on one row of a terminal of 80 columns; a wrapped
	// one could not be erased.
	widest = 64
	erase  = "\r\x1b[K"
)

// NewSteps shows steps on w, normally standard error. terminal tells whether w
// is one: see IsTerminal. Call Stop when done.
func NewSteps(w io.Writer, terminal bool) *Steps {
	ticker := time.NewTicker(tick)
	return newSteps(w, terminal, time.Now, ticker.C, ticker.Stop)
}

func newSteps(w io.Writer, terminal bool, now func() time.Time, ticks <-chan time.Time, release func()) *Steps {
	s := &Steps{w: w, terminal: terminal, now: now, quit: make(chan struct{}), ended: make(chan struct{})}
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
	text := []rune(last.text)
	if len(text) > widest {
		text = append(text[:widest-3:widest-3], []rune("...")...)
	}
	fmt.Fprintf(s.w, "%s%c %s %ds", erase, spinner[s.frame%len(spinner)], string(text), int(s.now().Sub(last.begun).Seconds()))
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

// IsTerminal tells whether f is a terminal on which a line can be redrawn. The
// null device is a character device as well, and none.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
