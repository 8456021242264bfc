package wheelhouse

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

func TestLists(t *testing.T) {
	t.Parallel()
	inv := &Inventory{
		Members: []string{".wheelhouse/", ".wheelhouse/Demo_Thing-1.0-py3-none-any.whl", ".wheelhouse/other-1.0-py3-none-any.whl", "note.txt"},
		Wheels:  []File{{Name: "Demo_Thing-1.0-py3-none-any.whl"}, {Name: "no-wheel's.whl"}, {Name: "other-1.0-py3-none-any.whl"}},
	}
	want := map[string]string{
		"tar_contents.txt":    ".wheelhouse/\n.wheelhouse/Demo_Thing-1.0-py3-none-any.whl\n.wheelhouse/other-1.0-py3-none-any.whl\nnote.txt\n",
		"whl_files.txt":       "Demo_Thing-1.0-py3-none-any.whl\nno-wheel's.whl\nother-1.0-py3-none-any.whl\n",
		"critical_wheels.txt": "Demo_Thing-1.0-py3-none-any.whl\n",
	}
	if got := Lists(inv, []string{"demo-thing", "absent"}); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	dir := t.TempDir()
	if err := WriteLists(dir, inv, []string{"demo-thing"}); err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		if got, err := os.ReadFile(filepath.Join(dir, "list", name)); err != nil || string(got) != text {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	if err := WriteLists(dir, inv, nil); err == nil {
		t.Error("lists that are there are written over")
	}
}
