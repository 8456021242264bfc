package archive

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
)

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
