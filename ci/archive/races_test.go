package archive

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
)

// raceRounds is how often each pair runs at once: 200 rounds in all, unless
// ARCHIVE_TEST_ROUNDS says how many for each.
func raceRounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ARCHIVE_TEST_ROUNDS")
	if text == "" {
		return 200 / len(pairs)
	}
	rounds, err := strconv.Atoi(text)
	must(t, err)
	return rounds
}

// pairs are the commands that run at once, and the states in which they may
// leave the tarball.
var pairs = []struct {
	start, one, other string
	left              []entry.State
}{
	{"prune", "prune", "prune", []entry.State{entry.Pointed}},
	{"prune", "prune", "add", []entry.State{entry.Pointed}},
	{"restore", "prune", "restore", []entry.State{entry.Pointed, entry.Full}},
	{"prune", "prune", "restore", []entry.State{entry.Pointed, entry.Full}},
}

// race runs the rounds of every pair; both runs one of its commands twice or
// two of them at once, in one archive.
func race(t *testing.T, both func(t *testing.T, one, other, dir, source string) []error) {
	source := newWorld(t)
	var rounds, gone atomic.Int64
	t.Run("at once", func(t *testing.T) {
		for _, p := range pairs {
			t.Run(p.one+" and "+p.other+" after "+p.start, func(t *testing.T) {
				template := scenarios()[p.start].template(t, source)
				for range raceRounds(t) {
					dir, err := os.MkdirTemp(tempDir(t), "round")
					must(t, err)
					must(t, os.CopyFS(dir, os.DirFS(template)))
					a := Archive{Dir: filepath.Join(dir, "ci", "archive"), disk: unwatched()}
					for _, err := range both(t, p.one, p.other, a.Dir, source) {
						if err != nil {
							t.Fatal(err)
						}
					}
					rounds.Add(1)
					lost := lost(t, a, source, []string{tgz, tgz12, flatTgz})
					gone.Add(int64(len(lost)))
					state := stateOf(t, a, tgz)
					if lost != nil || halfway(t, a, "") != nil || state != p.left[0] && state != p.left[len(p.left)-1] {
						t.Fatalf("lost %q, state %q, broken %q", lost, state, halfway(t, a, ""))
					}
					must(t, os.RemoveAll(dir))
				}
			})
		}
	})
	t.Logf("rounds %d, entries lost %d", rounds.Load(), gone.Load())
}

// Two goroutines at once.
func TestRacesOfGoroutines(t *testing.T) {
	t.Parallel()
	race(t, func(t *testing.T, one, other, dir, source string) []error {
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, name := range []string{one, other} {
			wg.Go(func() {
				errs[i] = scenarios()[name].run(context.Background(), Archive{Dir: dir, disk: unwatched()}, source)
			})
		}
		wg.Wait()
		return errs
	})
}

// TestRacer is a process of TestRacesOfProcesses: for each line that it is
// given, a command, an archive and a source, it runs the command once.
func TestRacer(t *testing.T) {
	if os.Getenv("ARCHIVE_TEST_RACER") == "" {
		t.Skip("runs as a process of TestRacesOfProcesses alone")
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Split(lines.Text(), "\t")
		err := scenarios()[words[0]].run(t.Context(), Archive{Dir: words[1]}, words[2])
		fmt.Printf("racer: %v\n", err)
	}
}

// racer is such a process.
type racer struct {
	in  io.Writer
	out *bufio.Scanner
}

func startRacer(t *testing.T) racer {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRacer$")
	child.Env = append(os.Environ(), "ARCHIVE_TEST_RACER=1")
	in, err := child.StdinPipe()
	must(t, err)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	t.Cleanup(func() {
		in.Close()
		_ = child.Wait()
	})
	return racer{in, bufio.NewScanner(out)}
}

// answer waits for the end of what the process was given.
func (r racer) answer() error {
	for r.out.Scan() {
		if text, ok := strings.CutPrefix(r.out.Text(), "racer: "); ok {
			if text == "<nil>" {
				return nil
			}
			return fmt.Errorf("in the other process: %s", text)
		}
	}
	return fmt.Errorf("the process ended: %w", io.ErrUnexpectedEOF)
}

// Two processes at once.
func TestRacesOfProcesses(t *testing.T) {
	t.Parallel()
	racers := []racer{startRacer(t), startRacer(t)}
	race(t, func(t *testing.T, one, other, dir, source string) []error {
		for i, name := range []string{one, other} {
			_, err := fmt.Fprintf(racers[i].in, "%s\t%s\t%s\n", name, dir, source)
			must(t, err)
		}
		return []error{racers[0].answer(), racers[1].answer()}
	})
}

// Several at once, of the same run and of others: each tarball comes in once.
func TestConcurrentAdds(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: filepath.Join(tempDir(t), "archive")}
	var subs []Submission
	for i := range 4 {
		s, _ := build(t, fmt.Sprintf("wheelhouse-3.%d.tgz", 10+i%2), demo(fmt.Sprint(i)))
		s.Run = fmt.Sprint("run", i/2)
		subs = append(subs, s, s)
	}
	added := make([]bool, len(subs))
	var wg sync.WaitGroup
	for i, s := range subs {
		wg.Go(func() {
			out, err := a.Add(t.Context(), s)
			if err != nil {
				t.Error(err)
			}
			added[i] = out.Added
			if err := a.WriteIndex(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := 0; i < len(added); i += 2 {
		if added[i] == added[i+1] {
			t.Errorf("tarball %d: added %v and %v", i/2, added[i], added[i+1])
		}
	}
	entries, err := a.List(t.Context())
	must(t, err)
	if len(entries) != 2 || len(entries[0].Wheelhouses) != 2 || len(entries[1].Wheelhouses) != 2 {
		t.Errorf("got %+v", entries)
	}
	if got := names(t, a.Dir); len(got) != 4*3+1 {
		t.Errorf("got %q", got)
	}
}
