package archive

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestKilled is the process that TestProcessKilled kills: it runs a scenario
// and dies at the call that it was told.
func TestKilled(t *testing.T) {
	at, err := strconv.Atoi(os.Getenv("ARCHIVE_TEST_KILL_AT"))
	if err != nil {
		t.Skip("runs as a process of TestProcessKilled alone")
	}
	count := -1
	a := Archive{Dir: os.Getenv("ARCHIVE_TEST_DIR"), disk: watched{at: func(_ string, half, do func() error) error {
		if count++; count < at {
			return do()
		}
		if half != nil {
			_ = half()
		}
		os.Exit(9) // deferred functions do not run, as with SIGKILL
		return nil
	}}}
	err = scenarios()[os.Getenv("ARCHIVE_TEST_SCENARIO")].run(t.Context(), a, os.Getenv("ARCHIVE_TEST_SOURCE"))
	t.Fatal("still alive:", err)
}

// Real processes, killed at every call of what adds, prunes, restores and makes
// entries again.
func TestProcessKilled(t *testing.T) {
	t.Parallel()
	source := newWorld(t)
	var cases, gone atomic.Int64
	t.Run("at", func(t *testing.T) {
		for _, name := range []string{"add", "add more", "prune", "restore", "recreate"} {
			s := scenarios()[name]
			template := s.template(t, source)
			steps, want := s.steps(t, template, source)
			for n, step := range steps {
				if !tried(n) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%d %s", name, n, step), func(t *testing.T) {
					t.Parallel()
					a := begin(t, template)
					child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
					child.Env = append(os.Environ(), fmt.Sprint("ARCHIVE_TEST_KILL_AT=", n), "ARCHIVE_TEST_DIR="+a.Dir,
						"ARCHIVE_TEST_SOURCE="+source, "ARCHIVE_TEST_SCENARIO="+name)
					out, _ := child.CombinedOutput()
					if code := child.ProcessState.ExitCode(); code != 9 {
						t.Fatalf("exit %d: %s", code, out)
					}
					cases.Add(1)
					gone.Add(s.survives(t, a, source, name, want))
				})
			}
		}
	})
	t.Logf("processes killed %d, entries lost %d", cases.Load(), gone.Load())
}

// survives checks an archive after a crash: nothing is lost, nothing is there by
// half, and the same command again finishes and leaves what it always does. It
// gives how many tarballs are lost.
func (s scenario) survives(t *testing.T, a Archive, source, name string, want map[string]string) int64 {
	t.Helper()
	a.disk = unwatched()
	gone := lost(t, a, source, s.acknowledged)
	if len(gone) > 0 {
		t.Errorf("lost: %q of %q", gone, slices.Sorted(maps.Keys(s.files(t, a))))
	}
	if broken := halfway(t, a, s.subject(name)); broken != nil {
		t.Errorf("broken: %q", broken)
	}
	if err := s.run(t.Context(), a, source); err != nil {
		t.Errorf("again: %v", err)
		return int64(len(gone))
	}
	if got := s.files(t, a); !maps.Equal(got, want) {
		t.Errorf("after the same command again: %q, want %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	if got := stateOf(t, a, s.subject(name)); got != s.state {
		t.Errorf("state %q, want %q", got, s.state)
	}
	return int64(len(gone))
}

// Killed before, within and after every call of every command, nothing is lost,
// and the same command again finishes.
func TestKilledEverywhere(t *testing.T) {
	t.Parallel()
	source := newWorld(t)
	var cases, gone atomic.Int64
	t.Run("in", func(t *testing.T) {
		for name, s := range scenarios() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				template := s.template(t, source)
				steps, want := s.steps(t, template, source)
				if len(steps) < 2 {
					t.Fatalf("few calls: %q", steps)
				}
				for n, step := range steps {
					if !tried(n) {
						continue
					}
					for _, when := range []string{"before", "half", "after"} {
						a := begin(t, template)
						a.disk = dying(n, when)
						if err := s.run(t.Context(), a, source); err == nil && n < len(steps)-4 {
							t.Errorf("%s %d %s: no error", when, n, step)
						}
						cases.Add(1)
						gone.Add(s.survives(t, a, source, name, want))
						if t.Failed() {
							t.Fatalf("killed %s call %d, %s, of %q", when, n, step, steps)
						}
					}
				}
			})
		}
	})
	t.Logf("cases %d, entries lost %d", cases.Load(), gone.Load())
}

// Where a call fails, once or from then on, the error says why in one line and
// with its code, nothing is lost, and the same command again finishes.
func TestFailsEverywhere(t *testing.T) {
	t.Parallel()
	source := newWorld(t)
	var cases, gone atomic.Int64
	t.Run("in", func(t *testing.T) {
		for name, s := range scenarios() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				template := s.template(t, source)
				steps, want := s.steps(t, template, source)
				for n, step := range steps {
					if !tried(n) {
						continue
					}
					for code, number := range map[string]syscall.Errno{"disk-full": noRoom, "archive-read-only": noWrites, "archive-failed": syscall.Errno(5)} {
						for _, forGood := range []bool{false, true} {
							if forGood && code != "disk-full" {
								continue // it stays so for others no more than for a full disk
							}
							a := begin(t, template)
							a.disk = failing(n, number, forGood)
							err := s.run(t.Context(), a, source)
							f, ok := err.(*fault.Error)
							if err != nil && (!ok || f.Code != code || f.ExitStatus() != fault.Unable || f.Hint == "" && code != "archive-failed") {
								t.Errorf("got %#v", err)
							}
							cases.Add(1)
							gone.Add(s.survives(t, a, source, name, want))
							if t.Failed() {
								t.Fatalf("%s at call %d, %s, for good %v, of %q", code, n, step, forGood, steps)
							}
						}
					}
				}
			})
		}
	})
	t.Logf("cases %d, entries lost %d", cases.Load(), gone.Load())
}

// What a failed Add staged and placed is gone at once where it can be.
func TestAddLeavesNothing(t *testing.T) {
	t.Parallel()
	source := newWorld(t)
	for _, name := range []string{"add", "add more"} {
		s := scenarios()[name]
		template := s.template(t, source)
		steps, _ := s.steps(t, template, source)
		placed := slices.Index(steps, "rename "+tgz+".meta")
		if placed < 0 {
			placed = slices.Index(steps, "rename "+folder)
		}
		for n := range placed {
			a := begin(t, template)
			before := s.files(t, a)
			a.disk = failing(n, noRoom, false)
			if err := s.run(t.Context(), a, source); fault.Code(err) != "disk-full" {
				t.Errorf("%s: got %v", steps[n], err)
			}
			if got := s.files(t, a); !maps.Equal(got, before) {
				t.Errorf("%s, %s: left %q", name, steps[n], got)
			}
		}
	}
}

// What only looks like the leftover of an Add is left alone, and a journal
// that lies removes nothing that a record tells of.
func TestSweepTakesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: tempDir(t)}
	s, _ := build(t, tgz, demo("1"))
	_, err := a.Add(t.Context(), s)
	must(t, err)
	victim := filepath.Join(tempDir(t), "victim.tgz")
	must(t, os.WriteFile(victim, nil, 0o644))
	write := func(name, text string) {
		path := filepath.Join(a.Dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	write(".staging-0123456789abcdef/mine", "no journal")
	write(".staging-mine/x", "another name")
	write(".index.md.0123456789abcdef.tmp", "unfinished")
	write("..gitignore.0123456789abcdef.tmp", "unfinished")
	write(".mine.0123456789abcdef.tmp", "another name")
	write(folder+"/notes.txt", "mine")
	write(folder+"/x.tgz.pointer", "a pointer")
	flat := `{"format":"wheelhouse-staging-1","entry":".","tarball":"`
	journals := []string{
		`{"format":"wheelhouse-staging-1","entry":"` + folder + `","tarball":"` + tgz + `","names":["` + tgz + `"]}`,
		`{"format":"wheelhouse-staging-1","entry":"` + folder + `","tarball":"x.tgz","names":["` + tgz + `","notes.txt","x.tgz.pointer","x.tgz./../notes.txt","../../victim.tgz"]}`,
		`{"format":"wheelhouse-staging-1","entry":"../` + filepath.Base(filepath.Dir(victim)) + `","tarball":"victim.tgz","names":["victim.tgz"]}`,
		`{"format":"wheelhouse-staging-1","entry":"","tarball":"notes.tgz","names":["` + folder + `"]}`,
		flat + `x.tgz","names":["` + folder + `","../victim.tgz",".gitignore"]}`,
		`{"format":"wheel`, ``,
	}
	for i, j := range journals {
		write(fmt.Sprintf(".staging-%016x/journal", i), j)
	}
	must(t, os.Mkdir(filepath.Join(a.Dir, ".staging-00000000000000ff"), 0o755))
	out, err := a.Add(t.Context(), s)
	must(t, err)
	if out.Entry.Wheelhouses[0].State != entry.Full {
		t.Errorf("got %+v", out)
	}
	want := []string{".mine.0123456789abcdef.tmp", ".staging-0123456789abcdef/mine", ".staging-mine/x"}
	for _, n := range []string{"notes.txt", "pylock.wheelhouse-311.toml", tgz, tgz + ".meta", "x.tgz.pointer"} {
		want = append(want, folder+"/"+n)
	}
	if got := names(t, a.Dir); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if _, err := os.Stat(victim); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(a.Dir, ".staging-00000000000000ff")); !os.IsNotExist(err) {
		t.Errorf("an empty staging folder is left: %v", err)
	}
}
