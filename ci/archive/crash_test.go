package archive

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestKilled is the process that TestAddKilled kills: it adds a tarball and
// dies at the step that it was told.
func TestKilled(t *testing.T) {
	at := os.Getenv("ARCHIVE_TEST_KILL_AT")
	if at == "" {
		t.Skip("runs as a process of TestAddKilled alone")
	}
	a := Archive{Dir: os.Getenv("ARCHIVE_TEST_DIR"), step: func(name string) error {
		if name == at {
			os.Exit(9) // deferred functions do not run, as with SIGKILL
		}
		return nil
	}}
	_, err := a.Add(t.Context(), Submission{Tarball: os.Getenv("ARCHIVE_TEST_TARBALL"), Run: theRun, Lock: lockOf})
	t.Fatal("still alive:", err)
}

// stepsOf gives the steps of adding s to an archive that looks like a.
func stepsOf(t *testing.T, a Archive, s Submission) []string {
	t.Helper()
	var steps []string
	a.step = func(name string) error { steps = append(steps, name); return nil }
	_, err := a.Add(t.Context(), s)
	must(t, err)
	return steps
}

// archives gives two makers of archives: an empty one, and one whose run has
// an entry already, for another Python.
func archives(t *testing.T) map[string]func(t *testing.T) Archive {
	other, _ := build(t, "wheelhouse-3.12.tgz", demo("2"))
	other.Run = theRun
	return map[string]func(t *testing.T) Archive{
		"new entry": func(t *testing.T) Archive { return Archive{Dir: filepath.Join(t.TempDir(), "archive")} },
		"same entry": func(t *testing.T) Archive {
			a := Archive{Dir: filepath.Join(t.TempDir(), "archive")}
			_, err := a.Add(t.Context(), other)
			must(t, err)
			return a
		},
	}
}

// Killed at any step, there is the whole entry or none of it; the next Add
// brings it in and leaves nothing else.
func TestAddKilled(t *testing.T) {
	t.Parallel()
	s, _ := build(t, tgz, demo("1"))
	for name, make := range archives(t) {
		whole := make(t)
		steps := stepsOf(t, whole, s)
		if len(steps) < 8 {
			t.Fatalf("few steps: %q", steps)
		}
		want := names(t, whole.Dir)
		for _, step := range steps {
			t.Run(name+"/"+step, func(t *testing.T) {
				t.Parallel()
				a := make(t)
				before, err := a.List(t.Context())
				must(t, err)
				child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
				child.Env = append(os.Environ(), "ARCHIVE_TEST_KILL_AT="+step, "ARCHIVE_TEST_DIR="+a.Dir, "ARCHIVE_TEST_TARBALL="+s.Tarball)
				out, _ := child.CombinedOutput()
				if code := child.ProcessState.ExitCode(); code != 9 {
					t.Fatalf("exit %d: %s", code, out)
				}
				checkWhole(t, a, before)
				if _, err := a.Add(t.Context(), s); err != nil {
					t.Fatal(err)
				}
				if got := names(t, a.Dir); !slices.Equal(got, want) {
					t.Errorf("after the next add: %q, want %q", got, want)
				}
			})
		}
	}
}

// checkWhole checks that every wheelhouse listed is whole, and that those
// before are still there.
func checkWhole(t *testing.T, a Archive, before []entry.Entry) {
	t.Helper()
	entries, err := a.List(t.Context())
	must(t, err)
	count := 0
	for _, e := range entries {
		for _, w := range e.Wheelhouses {
			count++
			if w.State != entry.Full {
				t.Errorf("%s is %s: %s", w.Tarball, w.State, w.Why)
			}
			if _, err := os.Stat(filepath.Join(e.Path, "pylock."+strings.ReplaceAll(strings.TrimSuffix(w.Tarball, ".tgz"), ".", "")+".toml")); err != nil {
				t.Error(err)
			}
		}
	}
	if count < len(before) || count > len(before)+1 {
		t.Errorf("got %+v", entries)
	}
}

// Where a step fails, the error says why in one line, and nothing is left.
func TestAddFails(t *testing.T) {
	t.Parallel()
	s, _ := build(t, tgz, demo("1"))
	for name, make := range archives(t) {
		steps := stepsOf(t, make(t), s)
		for code, number := range map[string]syscall.Errno{"disk-full": noRoom, "archive-read-only": noWrites, "archive-failed": syscall.Errno(5)} {
			for _, step := range steps {
				if step == "published" || step == "placed" {
					continue // it is there already, and only its fsync failed
				}
				t.Run(name+"/"+code+"/"+step, func(t *testing.T) {
					t.Parallel()
					a := make(t)
					var before []string
					if _, err := os.Stat(a.Dir); err == nil {
						before = names(t, a.Dir)
					}
					a.step = func(name string) error {
						if name == step {
							return &fs.PathError{Op: "write", Path: "x", Err: number}
						}
						return nil
					}
					_, err := a.Add(t.Context(), s)
					if f, ok := err.(*fault.Error); !ok || f.Code != code || f.ExitStatus() != fault.Unable || f.Hint == "" && code != "archive-failed" {
						t.Errorf("got %#v", err)
					}
					if _, err := os.Stat(a.Dir); err != nil {
						return
					}
					left, err := dirNames(a.Dir)
					must(t, err)
					if slices.ContainsFunc(left, stagingName.MatchString) || !slices.Equal(names(t, a.Dir), before) {
						t.Errorf("left %q", names(t, a.Dir))
					}
				})
			}
		}
	}
}

// Several at once, of the same run and of others: each tarball comes in once.
func TestConcurrentAdds(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: filepath.Join(t.TempDir(), "archive")}
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

// What only looks like the leftover of an Add is left alone, and a journal
// that lies removes nothing that a record tells of.
func TestSweepTakesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: t.TempDir()}
	s, _ := build(t, tgz, demo("1"))
	_, err := a.Add(t.Context(), s)
	must(t, err)
	victim := filepath.Join(t.TempDir(), "victim.tgz")
	must(t, os.WriteFile(victim, nil, 0o644))
	write := func(name, text string) {
		path := filepath.Join(a.Dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	write(".staging-0123456789abcdef/mine", "no journal")
	write(".staging-mine/x", "another name")
	write("20261122-"+theRun+"/notes.txt", "mine")
	journals := []string{
		`{"format":"wheelhouse-staging-1","entry":"20261122-` + theRun + `","tarball":"` + tgz + `","names":["` + tgz + `"]}`,
		`{"format":"wheelhouse-staging-1","entry":"20261122-` + theRun + `","tarball":"x.tgz","names":["` + tgz + `","notes.txt","../../victim.tgz"]}`,
		`{"format":"wheelhouse-staging-1","entry":"../` + filepath.Base(filepath.Dir(victim)) + `","tarball":"victim.tgz","names":["victim.tgz"]}`,
		`{"format":"wheelhouse-staging-1","entry":"","tarball":"notes.tgz","names":["20261122-` + theRun + `"]}`,
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
	want := []string{".staging-0123456789abcdef/mine", ".staging-mine/x"}
	for _, n := range []string{"notes.txt", "pylock.wheelhouse-311.toml", tgz, tgz + ".meta"} {
		want = append(want, "20261122-"+theRun+"/"+n)
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
