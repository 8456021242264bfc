//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// coded is how a command that failed ends what it says.
var coded = regexp.MustCompile(`(?m)^Error: .*\[[a-z0-9-]+\]$`)

var (
	// muted is strace's line of a message that could not be printed.
	muted = regexp.MustCompile(`(?m)write(\([12], | resumed).*\(INJECTED\)$`)
	// unwoken is that of Go's runtime, which could not (or, on a line of two
	// parts, may not) write the 8 bytes to an eventfd by which it wakes its own
	// poller; it throws then, and no program could do anything about it.
	unwoken = regexp.MustCompile(`(?m)write\(\d+, "\\1\\0\\0\\0\\0\\0\\0\\0", 8(\).*\(INJECTED\)| <unfinished \.\.\.>)$`)
)

// killedCommand is a command that is killed, and what was there before it.
type killedCommand struct {
	name string
	args []string
	// before are the commands that make what is there.
	before [][]string
	// states are those of the archive's tarballs, newest first, once it is done.
	states string
}

func killedCommands() []killedCommand {
	archive := func(run string) []string {
		return []string{"archive", "-tar=dist-" + run + "/wheelhouse-3.11.tgz", "-run=" + run}
	}
	prune := []string{"prune", "-keepLast=1", "-keepWithin=0", "-keepProven=false", "-localOnly"}
	both := [][]string{archive("1"), archive("2")}
	return []killedCommand{
		{"archive", archive("2"), [][]string{archive("1")}, "full full"},
		{"push", []string{"push", "1"}, both, "full full"},
		{"prune", prune, both, "full pointer"},
		{"restore", []string{"restore", "1"}, append(slices.Clone(both), prune), "full full"},
		{"prune again", prune, append(slices.Clone(both), prune, []string{"restore", "1"}), "full pointer"},
	}
}

// house is a repository with two tarballs to archive, and the program.
type house struct{ program, dir string }

// newHouse packs two wheelhouses that share a wheel.
func newHouse(t *testing.T, program string) house {
	t.Helper()
	h := house{program, t.TempDir()}
	write(t, filepath.Join(h.dir, "ci", "wheelhouse.toml"), string(read(t, filepath.Join("..", "ci", "wheelhouse.toml"))))
	write(t, filepath.Join(h.dir, "requirements.txt"), "p0\np1\n")
	for run, second := range map[string]string{"1": "1.0", "2": "2.0"} {
		wheels := filepath.Join(h.dir, "wheels-"+run)
		for name, version := range map[string]string{"p0": "1.0", "p1": second} {
			tinyWheel(t, wheels, name, version)
		}
		tarball := "dist-" + run + "/wheelhouse-3.11.tgz"
		h.run(t, "build", "-wheels="+wheels, "-out=dist-"+run, "meta", "-tar="+tarball, "-createdAt=2020-01-0"+run+"T00:00:00Z").want(t, 0)
	}
	return h
}

// tinyWheel writes a wheel of some kilobytes that hang on its name and version.
func tinyWheel(t *testing.T, dir, name, version string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 5000)
	_, _ = rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%-32s", name+version)))).Read(data) // it never fails
	info := name + "-" + version + ".dist-info/"
	writeWheel(t, filepath.Join(dir, name+"-"+version+"-py3-none-any.whl"), map[string]string{
		name + "/data": string(data), info + "METADATA": "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n",
		info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n", info + "RECORD": "",
	})
}

// environ is over the user's; with CI unset, since the store is the checkout's.
func (h house) environ() []string {
	return []string{"WHEELHOUSE_ROOT=" + h.dir, "WHEELHOUSE_REQUIREMENTS=requirements.txt", "CI="}
}

func (h house) run(t *testing.T, args ...string) said {
	t.Helper()
	return quietly(t, h.dir, h.environ(), append([]string{h.program}, args...)...)
}

// copied gives a copy of the house.
func (h house) copied(t *testing.T) house {
	t.Helper()
	dir, err := os.MkdirTemp(scratch, "house-*")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(h.dir)); err != nil {
		t.Fatal(err)
	}
	return house{h.program, dir}
}

// survives checks what is left after a command ended in the middle: every
// tarball that was archived is there or comes back bit for bit, and the same
// command again finishes. It gives how many are lost.
func (h house) survives(t *testing.T, c killedCommand, what string) (lost int64) {
	t.Helper()
	verified := h.run(t, "verify", "-deep")
	archived := 0
	for _, before := range c.before {
		if before[0] == "archive" {
			archived++
		}
	}
	var checked int
	if _, last, ok := strings.Cut(verified.stdout, "verified: "); ok {
		_, _ = fmt.Sscan(last, &checked) // 0 where it says something else
	}
	if verified.status != 0 || strings.Contains(verified.all(), "no-way-back") || checked < archived {
		t.Errorf("%s: verify: exit %d: %s", what, verified.status, verified.all())
		lost++
	}
	again := h.run(t, c.args...)
	if again.status != 0 {
		t.Errorf("%s: again: exit %d: %s", what, again.status, again.all())
	}
	if got := h.states(t); got != c.states {
		t.Errorf("%s: again: the states are %q, not %q", what, got, c.states)
	}
	return lost
}

var stateOf = regexp.MustCompile(`"state": *"([a-z ]+)"`)

// states gives those of the archive's tarballs.
func (h house) states(t *testing.T) string {
	t.Helper()
	var all []string
	for _, found := range stateOf.FindAllStringSubmatch(h.run(t, "list", "-json").stdout, -1) {
		all = append(all, found[1])
	}
	return strings.Join(all, " ")
}

// TestKilledAtEveryCall kills the program before each call that could change a
// file. After each, nothing is lost, and the same command again finishes.
func TestKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	fresh := newHouse(t, compiledBinary(t))
	var cases, lost atomic.Int64
	t.Run("at", func(t *testing.T) {
		for _, c := range killedCommands() {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				template := fresh.prepared(t, c)
				for at := 0; ; at++ {
					h := template.copied(t)
					r := tracer{at: at}
					status, text := r.run(t, command(t.Context(), h.dir, h.environ(), append([]string{h.program}, c.args...)...))
					if len(r.calls) <= at {
						if status != 0 || at < 20 {
							t.Errorf("it ended with %d after %d calls: %v\n%s", status, at, r.calls, text)
						}
						return
					}
					cases.Add(1)
					lost.Add(h.survives(t, c, fmt.Sprintf("killed before call %d, %s", at, r.calls[at])))
					if t.Failed() {
						return
					}
					_ = os.RemoveAll(h.dir) // all goes at the end
				}
			})
		}
	})
	t.Logf("processes killed %d, entries lost %d", cases.Load(), lost.Load())
}

// TestCallsFail lets strace make some calls fail, for once or from then on. The
// command says why, with its code, or was not hindered; nothing is lost.
func TestCallsFail(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	need(t, err, "strace")
	fresh := newHouse(t, compiledBinary(t))
	var cases, lost atomic.Int64
	t.Run("in", func(t *testing.T) {
		for _, c := range killedCommands()[:4] { // the fifth is the third again
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				template := fresh.prepared(t, c)
				for _, inject := range []string{
					"fsync:error=EIO:when=1", "fsync:error=EIO:when=3", "fsync:error=EIO:when=5+", "fsync:error=ENOSPC:when=2",
					"pwrite64,write:error=ENOSPC:when=2", "pwrite64,write:error=ENOSPC:when=4+", "pwrite64,write:error=EIO:when=3",
					"renameat:error=EIO:when=1", "renameat:error=ENOSPC:when=2", "unlinkat:error=EIO:when=1", "unlinkat:error=EIO:when=2+",
					"mkdirat:error=ENOSPC:when=1", "mkdirat:error=ENOSPC:when=2+", "linkat:error=EIO:when=1", "linkat:error=ENOSPC:when=2",
				} {
					h, ended, calls := template.hindered(t, c, strace, inject)
					mute := muted.MatchString(calls) // nothing can be said
					if ended.status > 3 || ended.status != 0 && !mute && !coded.MatchString(ended.stderr) || strings.Contains(ended.all(), "goroutine ") {
						t.Errorf("%s: exit %d: %s", inject, ended.status, ended.all())
					}
					if strings.Contains(calls, "(INJECTED)") {
						cases.Add(1)
					}
					lost.Add(h.survives(t, c, inject))
				}
			})
		}
	})
	t.Logf("cases %d, entries lost %d", cases.Load(), lost.Load())
}

// hindered runs a command in a copy of the house, with some calls failing. It
// gives what strace saw.
func (h house) hindered(t *testing.T, c killedCommand, strace, inject string) (copied house, ended said, calls string) {
	t.Helper()
	for range 20 {
		copied = h.copied(t)
		output := filepath.Join(copied.dir, "strace.txt")
		ended = quietly(t, copied.dir, copied.environ(), append([]string{strace, "-f", "-qq", "-o", output, "-e", "inject=" + inject, h.program}, c.args...)...)
		if calls = string(read(t, output)); !unwoken.MatchString(calls) {
			return copied, ended, calls
		}
		_ = os.RemoveAll(copied.dir) // all goes at the end
	}
	t.Fatalf("%s: Go's runtime was hit 20 times of 20", inject)
	return copied, ended, calls
}

// prepared gives the house as it is before a command.
func (h house) prepared(t *testing.T, c killedCommand) house {
	t.Helper()
	to := h.copied(t)
	for _, args := range c.before {
		to.run(t, args...).want(t, 0)
	}
	return to
}

var (
	binaryOnce sync.Once
	binaryMade string
)

// compiledBinary compiles a clone of this repository; the first test that asks
// pays for it.
func compiledBinary(t *testing.T) string {
	t.Helper()
	binaryOnce.Do(func() {
		dir := clone(t)
		run(t, dir, nil, filepath.Join(dir, "scripts", "wheelhouse"), "-l").want(t, 0)
		binaryMade = filepath.Join(dir, "bin", "wheelhouse")
	})
	if binaryMade == "" {
		t.Fatal("the program was not compiled: see the test that tried")
	}
	return binaryMade
}
