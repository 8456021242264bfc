package archive

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// recorded is a wheelhouse of which the record alone is there.
func recorded(wheels ...string) entry.Wheelhouse {
	return entry.Wheelhouse{Tarball: tgz, Wheels: append([]string{}, wheels...)}
}

func TestDiffOfRecords(t *testing.T) {
	t.Parallel()
	a := recorded("Six-1.16.0-py3-none-any.whl", "numpy-1.26.3-cp311-cp311-linux_x86_64.whl", "charset_normalizer-3.0-py3-none-any.whl",
		"pillow-10.2.0-cp311-cp311-manylinux_2_17_x86_64.whl", "pinned-1.0-py3-none-any.whl")
	b := recorded("flask-3.0.0-py3-none-any.whl", "numpy-1.26.4-cp311-cp311-linux_x86_64.whl", "Charset.Normalizer-3.0-py3-none-any.whl",
		"pillow-10.2.0-cp311-cp311-manylinux_2_28_x86_64.whl", "pinned-1.0-py3-none-any.whl")
	got, err := Diff(a, b)
	must(t, err)
	want := []Change{
		{Project: "charset-normalizer", Kind: entry.Bytes, Before: "charset_normalizer-3.0-py3-none-any.whl", After: "Charset.Normalizer-3.0-py3-none-any.whl"},
		{Project: "flask", Kind: entry.Added, After: "3.0.0"},
		{Project: "numpy", Kind: entry.Version, Before: "1.26.3", After: "1.26.4"},
		{Project: "pillow", Kind: entry.Bytes, Before: "pillow-10.2.0-cp311-cp311-manylinux_2_17_x86_64.whl", After: "pillow-10.2.0-cp311-cp311-manylinux_2_28_x86_64.whl"},
		{Project: "six", Kind: entry.Removed, Before: "1.16.0"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if same, err := Diff(a, a); err != nil || len(same) != 0 {
		t.Errorf("got %+v, %v", same, err)
	}
	if _, err := Diff(a, entry.Wheelhouse{Tarball: tgz}); fault.Code(err) != "no-wheel-list" {
		t.Errorf("got %v", err)
	}
}

// Other bytes under one name show by the locks alone.
func TestDiffOfLocks(t *testing.T) {
	t.Parallel()
	archived := func(wheels ...wheeltest.Wheel) entry.Wheelhouse {
		s, _ := build(t, tgz, wheels...)
		out, err := Archive{Dir: t.TempDir()}.Add(t.Context(), s)
		must(t, err)
		return out.Entry.Wheelhouses[0]
	}
	same := wheeltest.Wheel{Project: "same"}
	a, b := archived(demo("1"), same), archived(demo("2"), same)
	got, err := Diff(a, b)
	must(t, err)
	const file = "demo-1.0-py3-none-any.whl sha256:"
	if len(got) != 1 || got[0].Project != "demo" || got[0].Kind != entry.Bytes ||
		!strings.HasPrefix(got[0].Before, file) || !strings.HasPrefix(got[0].After, file) || got[0].Before == got[0].After {
		t.Errorf("got %+v", got)
	}
	path := filepath.Join(filepath.Dir(b.Meta), lock.FileName(tgz))
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if got, err := Diff(a, b); err != nil || len(got) != 0 {
		t.Errorf("one without a lock: %+v, %v", got, err)
	}
	must(t, os.WriteFile(path, []byte("="), 0o644))
	if _, err := Diff(a, b); fault.Code(err) != "bad-lock" {
		t.Errorf("a garbled lock: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(a.Meta), lock.FileName(tgz)))
	must(t, err)
	must(t, os.WriteFile(path, text, 0o644))
	if _, err := Diff(a, b); fault.Code(err) != "bad-lock" {
		t.Errorf("another tarball's lock: %v", err)
	}
}
