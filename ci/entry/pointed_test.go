package entry

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pointer gives a pointer's text for a tarball of size bytes.
func pointer(t *testing.T, name, sha256, size string) string {
	t.Helper()
	text := string(frozen(t)["ours"])
	for old, with := range map[string]string{"name=" + tgz: "name=" + name, sum: sha256, "size=48211968": "size=" + size} {
		text = strings.Replace(text, old, with, 1)
	}
	return text
}

// A pointer stands for its tarball; one that cannot be used breaks the entry
// only where there is no tarball.
func TestPointed(t *testing.T) {
	t.Parallel()
	good := pointer(t, tgz, sum, "4")
	for _, c := range []struct {
		name, pointer string
		there         bool
		state         State
		has           bool
		why           string
	}{
		{"pruned", good, false, Pointed, true, ""},
		{"restored", good, true, Full, true, ""},
		{"truncated", good[:100], false, Broken, false, "cut short"},
		{"truncated beside its tarball", good[:100], true, Full, false, "cut short"},
		{"empty", "", false, Broken, false, "empty"},
		{"large", strings.Repeat("x", MaxPointer+1), false, Broken, false, "more than 1024 bytes"},
		{"of another tarball", pointer(t, "wheelhouse-3.12.tgz", sum, "4"), false, Broken, false, `that of "wheelhouse-3.12.tgz"`},
		{"of another sha256", pointer(t, tgz, strings.Repeat("a", 64), "4"), false, Broken, false, "says sha256 aaaa"},
		{"of another size", pointer(t, tgz, sum, "5"), false, Broken, false, "says 5 bytes"},
		{"of another size beside its tarball", pointer(t, tgz, sum, "5"), true, Full, false, "says 5 bytes"},
	} {
		files := map[string]string{tgz + ".meta": record(tgz, "4"), tgz + ".pointer": c.pointer}
		if c.there {
			files[tgz] = "1234"
		}
		e, err := ReadDir(makeFolder(t, "20261122-77", files))
		if err != nil || len(e.Wheelhouses) != 1 {
			t.Fatalf("%s: %+v, %v", c.name, e, err)
		}
		w := e.Wheelhouses[0]
		if w.State != c.state || (w.Pointer != nil) != c.has || !strings.Contains(w.Why, c.why) || (w.Why == "") != (c.why == "") || w.Pinned {
			t.Errorf("%s: got %+v", c.name, w)
		}
		if e.Usable() != (c.state != Broken) {
			t.Errorf("%s: usable %v", c.name, e.Usable())
		}
	}
}

// A link in a pointer's place is not followed.
func TestPointerIsALink(t *testing.T) {
	t.Parallel()
	dir := makeFolder(t, "20261122-77", map[string]string{tgz + ".meta": record(tgz, "4"), "x": pointer(t, tgz, sum, "4")})
	if err := os.Symlink("x", filepath.Join(dir, tgz+".pointer")); err != nil {
		t.Skip(err) // Windows without the right to
	}
	e, err := ReadDir(dir)
	if err != nil || e.Wheelhouses[0].State != Broken || !strings.Contains(e.Wheelhouses[0].Why, "not a regular file") {
		t.Errorf("got %+v, %v", e, err)
	}
}

// A flat old record has neither size nor wheels: the pointer says the size.
func TestFlatPointed(t *testing.T) {
	t.Parallel()
	dir, name := t.TempDir(), "wheelhouse-3.11-run-7.tgz"
	for file, text := range map[string]string{
		"wheelhouse-3.11-run-7.meta": "run_id: 7\nsha256: " + sum + "\n",
		name + ".pointer":            pointer(t, name, sum, "1234"),
		name + ".pin":                "pinned_at=2026-11-22T10:00:00Z\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	e, err := ReadFlat(filepath.Join(dir, "wheelhouse-3.11-run-7.meta"))
	if err != nil {
		t.Fatal(err)
	}
	w := e.Wheelhouses[0]
	if w.State != Pointed || w.Size != 1234 || w.SHA256 != sum || !w.Pinned || w.Wheels != nil {
		t.Errorf("got %+v", w)
	}
	if want := "pointer: file:.wheelhouse-store (local only), pinned"; w.Status() != want {
		t.Errorf("got %q", w.Status())
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]Wheelhouse{
		"full":                       {State: Full},
		"full, pinned: no verdict":   {State: Full, Pinned: true, Why: "no verdict"},
		"broken: no record":          {State: Broken, Why: "no record"},
		"record only, pinned":        {State: RecordOnly, Pinned: true},
		"full, pinned":               {State: Full, Pinned: true, Pointer: &Pointer{}},
		"pointer: index:, s3://b/p":  {State: Pointed, Pointer: &Pointer{Locations: []Location{{URL: "index:"}, {URL: "s3://b/p"}}}},
		"pointer: index:: a verdict": {State: Pointed, Why: "a verdict", Pointer: &Pointer{Locations: []Location{{URL: "index:"}}}},
	} {
		if got := w.Status(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
