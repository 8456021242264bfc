package unpack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// FuzzZip holds that whatever is unpacked lies in its folder and is a file or
// a folder, and that a refusal leaves nothing.
func FuzzZip(f *testing.F) {
	for _, test := range refusals(f) {
		f.Add(test.data)
	}
	f.Add(pack(f, file("d/", ""), deflated(file("d/a", "1"))))
	f.Add(pack(f, file("x.zip", string(pack(f, file("a", "1"))))))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir, err := run(t, t.Context(), data, Limits{Members: 20, MemberBytes: 1 << 16, TotalBytes: 1 << 17})
		if _, coded := fault.As(err); err != nil && !coded {
			t.Errorf("an error without a code: %v", err)
		}
		names, _ := os.ReadDir(dir)
		switch {
		case err != nil && len(names) != 1, err == nil && len(names) != 2:
			t.Errorf("left %v after %v", names, err)
		case err == nil:
			if all := tree(t, filepath.Join(dir, "out")); len(all) > 20*maxDepth {
				t.Errorf("%d members", len(all))
			}
		}
	})
}
