package report

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen is a writer that tells of each write, so that a test need not wait by
// the clock.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{}
}

func newScreen() *screen { return &screen{written: make(chan struct{}, 1000)} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.written <- struct{}{} }()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestStepsPlain(t *testing.T) {
	t.Parallel()
	out := newScreen()
	s := newSteps(out, false, time.Now, nil, func() {})
	done := s.Step("installing 13 wheels")
	done()
	done()
	s.Step("running\x1b[2J")()
	s.Stop()
	s.Stop()
	s.Step("after the end")()
	if got, want := out.String(), "installing 13 wheels ...\n\"running\\x1b[2J\" ...\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStepsTerminal(t *testing.T) {
	t.Parallel()
	out := newScreen()
	ticks := make(chan time.Time)
	var mu sync.Mutex
	at := time.Unix(0, 0)
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return at
	}
	released := false
	s := newSteps(out, true, now, ticks, func() { released = true })
	first := s.Step("reading")
	if got := out.String(); got != "" {
		t.Errorf("before the first tick: %q", got)
	}
	mu.Lock()
	at = at.Add(3 * time.Second)
	mu.Unlock()
	ticks <- at
	<-out.written
	second := s.Step(strings.Repeat("x", 200))
	ticks <- at
	<-out.written
	second()
	<-out.written
	if _, err := s.Write([]byte("warning\n")); err != nil {
		t.Fatal(err)
	}
	<-out.written
	ticks <- at
	<-out.written
	first()
	s.Stop()
	s.Step("after the end")()
	want := erase + "| reading 3s\r" + erase + "/ " + strings.Repeat("x", 57) + "... 0s\r" + erase + "warning\n" + erase + "- reading 3s\r" + erase
	if got := out.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !released {
		t.Error("the ticker was not released")
	}
}

func TestStepsNil(t *testing.T) {
	t.Parallel()
	var s *Steps
	s.Step("x")()
	s.Stop()
}

func TestStepsTogether(t *testing.T) {
	t.Parallel()
	s := NewSteps(newScreen(), true)
	var wait sync.WaitGroup
	for range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			done := s.Step("x")
			s.draw()
			done()
		}()
	}
	wait.Wait()
	s.Stop()
	if len(s.running) != 0 {
		t.Errorf("%d steps left", len(s.running))
	}
}
