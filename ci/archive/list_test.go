package archive

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
)

// put writes an entry of a record alone.
func put(t testing.TB, dir, date, run string, at time.Time, wheels ...string) {
	t.Helper()
	folder := filepath.Join(dir, date+"-"+run)
	must(t, os.MkdirAll(folder, 0o755))
	writeRecord(t, filepath.Join(folder, tgz), meta.Record{
		Name: tgz, SHA256: strings.Repeat("1", 64), Size: 4, CreatedAt: at, Runner: "Linux", Python: "3.11",
		RequirementsHash: strings.Repeat("0", 64), Wheels: append([]string{"a-1-py3-none-any.whl"}, wheels...),
	})
}

const flatRecord = "run_id: 7\nsource: x\narchived_at: 2025-10-28T19:22:11Z\ngit_commit: abc1234\n" +
	"sha256: 2222222222222222222222222222222222222222222222222222222222222222\nnotes: \"n\"\n"

// mixed is an archive with everything that may lie in one.
func mixed(t testing.TB) Archive {
	t.Helper()
	dir := tempDir(t)
	put(t, dir, "20261121", "5", created)
	put(t, dir, "20261122", "99", created)
	put(t, dir, "20261122", "100", created)
	put(t, dir, "20261122", "local-abc", created)
	put(t, dir, "20261122", "zz", created.Add(time.Hour))
	must(t, os.Mkdir(filepath.Join(dir, "20261120-empty"), 0o755))
	must(t, os.Mkdir(filepath.Join(dir, "20269999-notadate"), 0o755))
	must(t, os.Mkdir(filepath.Join(dir, "notes"), 0o755))
	for name, text := range map[string]string{
		"README.md": "x", "POLICY.md": "x", "index.md": "x", "wheelhouse-18858633130.txt": "note", "notes.meta": "note",
		"20261122-file": "a file", ".hidden-run-1.meta": flatRecord,
		"wheelhouse-3.11-run-7.meta": flatRecord, "wheelhouse-3.11-run-8.meta": "\x00",
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return Archive{Dir: dir}
}

func TestList(t *testing.T) {
	t.Parallel()
	a := mixed(t)
	entries, err := a.List(t.Context())
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, fmt.Sprint(e.Date, "/", e.Run, "/", e.Wheelhouses[0].State))
	}
	want := "20261122/zz/record only 20261122/100/record only 20261122/99/record only 20261122/local-abc/record only " +
		"20261121/5/record only 20261120/empty/broken 20251028/7/record only /8/broken"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	none, err := Archive{Dir: filepath.Join(a.Dir, "none")}.List(t.Context())
	if err != nil || len(none) != 0 {
		t.Errorf("an archive that is not there: %v, %v", none, err)
	}
	if _, err := (Archive{Dir: filepath.Join(a.Dir, "README.md")}).List(t.Context()); fault.Code(err) != "archive-unreadable" {
		t.Errorf("a file as archive: %v", err)
	}
}

// What is wrong with an entry is told without this machine's paths: the index,
// which lies in git, shows it.
func TestBrokenIsToldWithoutPaths(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: tempDir(t)}
	must(t, os.WriteFile(filepath.Join(a.Dir, "wheelhouse-3.11-run-7.meta"), nil, 0o644))
	put(t, a.Dir, "20261120", "8", created)
	put(t, a.Dir, "20261121", "8", created)
	must(t, os.WriteFile(filepath.Join(a.Dir, "20261120-8", "wheelhouse-3.12.tgz.meta"), []byte("x"), 0o644))
	entries, err := a.List(t.Context())
	must(t, err)
	broken := 0
	for _, e := range entries {
		for _, w := range e.Wheelhouses {
			if w.State == entry.Broken {
				broken++
			}
			if strings.Contains(w.Why, a.Dir) {
				t.Errorf("%s: %s", e.Run, w.Why)
			}
		}
	}
	if broken != 3 {
		t.Errorf("%d are broken, not 3: %+v", broken, entries)
	}
	if text := why(&fs.PathError{Op: "open", Path: a.Dir, Err: fs.ErrPermission}); strings.Contains(text, a.Dir) {
		t.Error(text)
	}
}

// A record made later for a flat tarball stands for the old one.
func TestFlatRecordInTodaysForm(t *testing.T) {
	t.Parallel()
	a := mixed(t)
	const flat = "wheelhouse-3.11-run-7.tgz"
	writeRecord(t, filepath.Join(a.Dir, flat), meta.Record{
		Name: flat, SHA256: strings.Repeat("2", 64), Size: 4, CreatedAt: created, Runner: "Linux", Python: "3.11",
		RequirementsHash: strings.Repeat("0", 64), Wheels: []string{"a-1-py3-none-any.whl"},
	})
	e, err := a.Find(t.Context(), "7")
	if err != nil || e.Wheelhouses[0].Size != 4 || e.Date != "20261122" {
		t.Errorf("got %+v, %v", e, err)
	}
}

// A run that lies here in the old flat form is in the archive.
func TestAddToFlatRun(t *testing.T) {
	t.Parallel()
	s, r := build(t, tgz, demo("1"))
	s.Run = "7"
	a := Archive{Dir: tempDir(t)}
	path := filepath.Join(a.Dir, "wheelhouse-3.11-run-7.meta")
	must(t, os.WriteFile(path, []byte(flatRecord), 0o644))
	if _, err := a.Add(t.Context(), s); fault.Code(err) != "run-taken" {
		t.Errorf("another tarball: %v", err)
	}
	must(t, os.WriteFile(path, []byte(strings.ReplaceAll(flatRecord, strings.Repeat("2", 64), r.SHA256)), 0o644))
	must(t, os.Link(s.Tarball, filepath.Join(a.Dir, "wheelhouse-3.11-run-7.tgz")))
	out, err := a.Add(t.Context(), s)
	if err != nil || out.Added || out.Restored || !out.Entry.Flat {
		t.Errorf("the same tarball: %+v, %v", out, err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	a := mixed(t)
	for run, want := range map[string]string{
		"latest": "zz", "100": "100", "20261121-5": "5", "7": "7", "wheelhouse-3.11-run-7.meta": "7",
	} {
		if e, err := a.Find(t.Context(), run); err != nil || e.Run != want {
			t.Errorf("%s: got %+v, %v", run, e, err)
		}
	}
	_, err := a.Find(t.Context(), "1")
	if f, ok := fault.As(err); !ok || f.Code != "no-such-run" || !strings.Contains(f.Hint, "zz, 100, 99") {
		t.Errorf("got %v", err)
	}
	_, err = Archive{Dir: tempDir(t)}.Find(t.Context(), entry.Latest)
	if f, ok := fault.As(err); !ok || f.Code != "no-such-run" || !strings.Contains(f.Hint, "empty") {
		t.Errorf("got %v", err)
	}
}

// BenchmarkList reads 10,000 entries of 33 wheels.
func BenchmarkList(b *testing.B) {
	a := Archive{Dir: b.TempDir()}
	var wheels []string
	for i := range 32 {
		wheels = append(wheels, fmt.Sprintf("project_%02d-1.2.3-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", i))
	}
	for i := range 10_000 {
		put(b, a.Dir, created.AddDate(0, 0, -i/10).Format("20060102"), fmt.Sprint(18_000_000_000+i), created, wheels...)
	}
	b.ReportAllocs()
	for b.Loop() {
		entries, err := a.List(b.Context())
		if err != nil || len(entries) != 10_000 {
			b.Fatal(len(entries), err)
		}
	}
}
