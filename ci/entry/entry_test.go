package entry

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

const sum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// record gives a record's text for a tarball of size bytes.
func record(name, size string) string {
	return "name=" + name + "\nsha256=" + sum + "\nsize=" + size + `
created_at=2026-11-22T10:00:00Z
runner=Linux test
python=3.11
requirements_hash=` + sum + `
wheels=a-1-py3-none-any.whl,b-1-py3-none-any.whl
git_commit=0123456789abcdef0123456789abcdef01234567
`
}

// makeFolder makes an entry's folder with these files.
func makeFolder(t *testing.T, name string, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const tgz = "wheelhouse-3.11.tgz"

func TestReadDir(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		state State
		why   string
	}{
		{"full", map[string]string{tgz: "1234", tgz + ".meta": record(tgz, "4")}, Full, ""},
		{"gone", map[string]string{tgz + ".meta": record(tgz, "4")}, RecordOnly, ""},
		{"short", map[string]string{tgz: "123", tgz + ".meta": record(tgz, "4")}, Broken, "3 bytes, its record says 4"},
		{"other", map[string]string{tgz + ".meta": record("wheelhouse-3.12.tgz", "4")}, Broken, "wheelhouse-3.12.tgz"},
		{"garbage", map[string]string{tgz + ".meta": "\x00"}, Broken, ""},
		{"huge", map[string]string{tgz + ".meta": strings.Repeat("x", maxRecord+1)}, Broken, "more than"},
		{"nothing", nil, Broken, "no record"},
		{"unrecorded", map[string]string{tgz: "1234"}, Broken, "no record"},
		{"hidden", map[string]string{"." + tgz + ".meta": record(tgz, "4")}, Broken, "no record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := ReadDir(makeFolder(t, "20261122-77", c.files))
			if err != nil {
				t.Fatal(err)
			}
			if e.Run != "77" || e.Date != "20261122" || len(e.Wheelhouses) != 1 {
				t.Fatalf("got %+v", e)
			}
			w := e.Wheelhouses[0]
			if w.State != c.state || !strings.Contains(w.Why, c.why) || (w.Why == "") != (c.state != Broken) {
				t.Errorf("got %q, %q; want %q, %q", w.State, w.Why, c.state, c.why)
			}
			if e.Usable() != (c.state != Broken) {
				t.Errorf("usable: %v", e.Usable())
			}
		})
	}
}

func TestReadDirFields(t *testing.T) {
	t.Parallel()
	dir := makeFolder(t, "20261122-77", map[string]string{
		tgz: "1234", tgz + ".meta": record(tgz, "4"),
		"wheelhouse-3.12.tgz.meta": record("wheelhouse-3.12.tgz", "4"),
		"notes.txt":                "mine",
	})
	e, err := ReadDir(dir)
	if err != nil || len(e.Wheelhouses) != 2 {
		t.Fatalf("got %+v, %v", e, err)
	}
	w := e.Wheelhouses[0]
	if w.Tarball != tgz || w.Meta != filepath.Join(dir, tgz+".meta") || w.Python != "3.11" || w.Size != 4 || w.SHA256 != sum ||
		w.Commit != "0123456789abcdef0123456789abcdef01234567" || w.Proven ||
		!slices.Equal(w.Wheels, []string{"a-1-py3-none-any.whl", "b-1-py3-none-any.whl"}) ||
		!w.CreatedAt.Equal(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)) || !e.Created().Equal(w.CreatedAt) {
		t.Errorf("got %+v", w)
	}
}

func TestProven(t *testing.T) {
	t.Parallel()
	verdict := func(sha, result string) string {
		return `{"version":1,"tarball":"` + tgz + `","sha256":"` + sha + `","proven_at":"2026-11-22T11:00:00Z","proofs":[` +
			`{"python":"3.11.7","installer":"pip 23.2.1","isolation":"network-namespace","platform":"linux_x86_64","result":"` + result +
			`","installed":2,"tests":{"passed":1,"failed":0,"skipped":0},"findings":[],"duration_ms":1}]}`
	}
	for _, c := range []struct {
		name, verdict string
		proven        bool
		why           string
	}{
		{"passed", verdict(sum, "PASS"), true, ""},
		{"failed", verdict(sum, "FAIL"), false, ""},
		{"of another tarball", verdict(strings.Repeat("a", 64), "PASS"), false, ""},
		{"garbage", "{", false, "verdict"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := ReadDir(makeFolder(t, "20261122-77", map[string]string{
				tgz + ".meta": record(tgz, "4"), VerdictName(tgz): c.verdict,
			}))
			if err != nil {
				t.Fatal(err)
			}
			w := e.Wheelhouses[0]
			if w.Proven != c.proven || w.State != RecordOnly || !strings.Contains(w.Why, c.why) || (w.Why == "") != (c.why == "") {
				t.Errorf("got %+v", w)
			}
		})
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	dir := makeFolder(t, "20261122-77", map[string]string{"real": record(tgz, "4")})
	if err := os.Symlink("real", filepath.Join(dir, tgz+".meta")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	e, err := ReadDir(dir)
	if err != nil || e.Wheelhouses[0].State != Broken {
		t.Errorf("got %+v, %v", e, err)
	}
	dir = makeFolder(t, "20261122-77", map[string]string{"real": "1234", tgz + ".meta": record(tgz, "4")})
	if err := os.Symlink("real", filepath.Join(dir, tgz)); err != nil {
		t.Fatal(err)
	}
	e, err = ReadDir(dir)
	if err != nil || e.Wheelhouses[0].State != Broken {
		t.Errorf("got %+v, %v", e, err)
	}
}

// The old helper's record, with and without its tarball.
func TestReadFlat(t *testing.T) {
	t.Parallel()
	const old = "run_id: 18884042880\nsource: ci_artifacts/run-1/wheelhouse-3.11.tgz\narchived_at: 2025-10-28T19:22:11Z\n" +
		"git_commit: abc1234\nsha256: " + sum + "\nnotes: \"first one\"\n"
	dir := makeFolder(t, "archive", map[string]string{"wheelhouse-3.11-run-18884042880.meta": old})
	path := filepath.Join(dir, "wheelhouse-3.11-run-18884042880.meta")
	e, err := ReadFlat(path)
	if err != nil {
		t.Fatal(err)
	}
	w := e.Wheelhouses[0]
	if e.Run != "18884042880" || e.Date != "20251028" || !e.Flat || e.Path != path {
		t.Errorf("got %+v", e)
	}
	if w.State != RecordOnly || w.Python != "3.11" || w.Size != -1 || w.Wheels != nil || w.SHA256 != sum ||
		w.Commit != "abc1234" || w.Tarball != "wheelhouse-3.11-run-18884042880.tgz" {
		t.Errorf("got %+v", w)
	}
	if err := os.WriteFile(filepath.Join(dir, w.Tarball), []byte("any size"), 0o644); err != nil {
		t.Fatal(err)
	}
	if e, err = ReadFlat(path); err != nil || e.Wheelhouses[0].State != Full {
		t.Errorf("got %+v, %v", e, err)
	}
	if link := dir + "-link"; os.Symlink(dir, link) == nil {
		if e, err = ReadFlat(filepath.Join(link, filepath.Base(path))); err != nil || e.Wheelhouses[0].State != Full {
			t.Errorf("by a link to the archive: %+v, %v", e, err)
		}
	}
	if _, err := ReadFlat(filepath.Join(dir, "notes.meta")); fault.Code(err) != "not-an-entry" {
		t.Errorf("got %v", err)
	}
	if _, err := ReadFlat(filepath.Join(dir, "x-run-1.meta")); fault.Code(err) != "entry-unreadable" {
		t.Errorf("got %v", err)
	}
}

func TestParseName(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]string{
		"20261122-18884042880": "18884042880", "20261122-local-0123abcd": "local-0123abcd", "20261122-a_b.c": "a_b.c",
		"20261122": "", "20261122-": "", "20261322-1": "", "2026112-1": "", "20261122--1": "", "20261122-.x": "",
		"20261122-a b": "", "20261122-é": "", "20261122-latest": "", "+2026112-1": "", "x20261122-1": "",
		"20261122-" + strings.Repeat("a", 101): "",
	} {
		date, got, ok := ParseName(name)
		if got != run || ok != (run != "") || ok && date != "20261122" {
			t.Errorf("%q: got %q, %q, %v", name, date, got, ok)
		}
	}
	if got := Name(time.Date(2026, 11, 22, 23, 0, 0, 0, time.FixedZone("", -7200)), "7"); got != "20261123-7" {
		t.Errorf("the date is not in UTC: %s", got)
	}
	if _, err := ReadDir("x/notes"); fault.Code(err) != "not-an-entry" {
		t.Errorf("got %v", err)
	}
	if _, err := ReadDir(filepath.Join(t.TempDir(), "20261122-1")); fault.Code(err) != "entry-unreadable" {
		t.Errorf("got %v", err)
	}
}

func TestParseFlatName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][3]string{
		"wheelhouse-3.11-run-7.meta":       {"wheelhouse-3.11", "7", "wheelhouse-3.11-run-7.tgz"},
		"wheelhouse-3.11-run-7.tgz.meta":   {"wheelhouse-3.11", "7", "wheelhouse-3.11-run-7.tgz"},
		"a-run-b-run-7.meta":               {"a-run-b", "7", "a-run-b-run-7.tgz"},
		"wheelhouse-3.11-run-7.tgz":        {},
		"wheelhouse-18858633130.txt":       {},
		"README.md":                        {},
		"notes.meta":                       {},
		"-run-7.meta":                      {},
		".wheelhouse-run-7.meta":           {},
		"wheelhouse-run-.meta":             {},
		"wheelhouse-run-a b.meta":          {},
		"wheelhouse-3.11.tgz.verdict.json": {},
	} {
		base, run, tarball, ok := ParseFlatName(name)
		if got := [3]string{base, run, tarball}; got != want || ok != (want[1] != "") {
			t.Errorf("%q: got %q, %v", name, got, ok)
		}
	}
}

func TestPythonOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"wheelhouse-3.11.tgz": "3.11", "wheelhouse-3.13t.tgz": "3.13t", "wheelhouse-3.11-run-7.tgz": "3.11",
		"wheelhouse-linux-3.9.tgz": "3.9", "wheelhouse.tgz": "", "x-run-3.11.tgz": "", "wheelhouse-3.11.2.tgz": "",
	} {
		if got := pythonOf(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestFormatSize(t *testing.T) {
	t.Parallel()
	for size, want := range map[int64]string{
		-1: "", 0: "0 B", 999: "999 B", 1000: "1.0 KB", 27_900_000: "27.9 MB", 999_949: "999.9 KB", 999_950: "1.0 MB",
		4_000_000_000: "4.0 GB", 5_000_000_000_000: "5.0 TB",
	} {
		if got := FormatSize(size); got != want {
			t.Errorf("%d: got %q, want %q", size, got, want)
		}
	}
}
