package archive

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"path/filepath"
)

// allOf is up to how many unsynced events every subset of them is tried; of
// more, each alone, all but each, and sampled ones.
const (
	allOf   = 7
	sampled = 60
)

// subsets calls do with what of n events survived.
func subsets(n int, do func(survived func(int) bool)) {
	if n <= allOf {
		for mask := range 1 << n {
			do(func(i int) bool { return mask>>i&1 == 1 })
		}
		return
	}
	do(func(int) bool { return true })
	do(func(int) bool { return false })
	for one := range n {
		do(func(i int) bool { return i == one })
		do(func(i int) bool { return i != one })
		do(func(i int) bool { return i < one }) // in order, as most file systems have it
	}
	random := rand.New(rand.NewPCG(1, uint64(n)))
	for range sampled {
		mask := random.Uint64()
		do(func(i int) bool { return mask>>(i%64)&1 == 1 })
	}
}

// The power fails after any call of any command, and of what was not fsynced
// any part is lost: no entry is, and the same command again finishes.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	source := newWorld(t)
	var cases, distinct, gone atomic.Int64
	t.Run("in", func(t *testing.T) {
		for name, s := range scenarios() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				template := s.template(t, source)
				_, want := s.steps(t, template, source)
				a := begin(t, template)
				root := filepath.Dir(filepath.Dir(a.Dir))
				disk := newForgetful(t, root)
				start := before(t, disk.top)
				a.disk = disk
				must(t, s.run(t.Context(), a, source))
				seen := map[[32]byte]bool{}
				for cut := range len(disk.log) + 1 {
					if cut < len(disk.log) && !tried(cut) {
						continue
					}
					good := start.clone()
					log := disk.log[:cut]
					unsure := pending(log)
					for i, e := range log {
						if !e.sync && slices.ContainsFunc(log[i+1:], func(later event) bool { return later.sync && later.of == e.of }) {
							good.apply(e)
						}
					}
					subsets(len(unsure), func(survived func(int) bool) {
						cases.Add(1)
						left := good.clone()
						for i, e := range unsure {
							if survived(i) {
								left.apply(e)
							}
						}
						files := left.files(disk.top, "", map[string]string{})
						done := cut == len(disk.log)
						if key := fingerprint(files, done); seen[key] {
							return
						} else {
							seen[key] = true
						}
						distinct.Add(1)
						after := Archive{Dir: filepath.Join(tempDir(t), "ci", "archive")}
						lay(t, filepath.Dir(filepath.Dir(after.Dir)), files)
						if done && stateOf(t, after, s.subject(name)) != s.state {
							t.Errorf("it was done, and is %q", stateOf(t, after, s.subject(name)))
						}
						gone.Add(s.survives(t, after, source, name, want))
						if t.Failed() {
							t.Fatalf("cut after event %d of %d, left %q", cut, len(disk.log), slices.Sorted(maps.Keys(files)))
						}
					})
				}
			})
		}
	})
	t.Logf("cases %d, of them different %d, entries lost %d", cases.Load(), distinct.Load(), gone.Load())
}

// fingerprint tells files apart; the random names of staging folders do not.
func fingerprint(files map[string]string, done bool) (key [32]byte) {
	h := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%q %q\n", strings.TrimPrefix(path, "ci/"), files[path])
	}
	fmt.Fprint(h, done)
	h.Sum(key[:0])
	return key
}
