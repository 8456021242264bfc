package archive

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
)

// recreateIn makes an entry again in a session of its own.
func recreateIn(t *testing.T, a Archive, name string, files ...File) (entry.Entry, error) {
	t.Helper()
	s, err := a.Exclusive(t.Context())
	must(t, err)
	defer s.Close()
	return s.Recreate(t.Context(), name, files)
}

// What belongs to a tarball comes back, and nothing else; the same again
// changes nothing.
func TestRecreate(t *testing.T) {
	t.Parallel()
	source := newWorld(t)
	files, err := recordFiles(filepath.Join(source, tgz), tgz)
	must(t, err)
	files = append(files, File{tgz + ".requirements/a/r.txt", []byte("demo\n")}, File{tgz + ".pin", nil}, File{tgz + ".sigstore.json", []byte("{}")})
	a := Archive{Dir: filepath.Join(t.TempDir(), "archive"), disk: unwatched()}
	e, err := recreateIn(t, a, folder, files...)
	must(t, err)
	if w, ok := find(e, tgz); !ok || w.State != entry.RecordOnly || !w.Pinned || !w.Proven {
		t.Errorf("got %+v", e)
	}
	before := snapshot(t, a.Dir)
	if len(names(t, a.Dir)) != len(files) {
		t.Errorf("got %q", names(t, a.Dir))
	}
	must(t, os.Remove(filepath.Join(a.Dir, folder, tgz+".sigstore.json")))
	_, err = recreateIn(t, a, folder, files...)
	must(t, err)
	if !maps.Equal(before, snapshot(t, a.Dir)) {
		t.Errorf("got %q", names(t, a.Dir))
	}
	files[0].Data = append(slices.Clone(files[0].Data), "git_commit=1\n"...)
	if _, err := recreateIn(t, a, folder, files...); fault.Code(err) != "run-taken" {
		t.Errorf("another record: %v", err)
	}
	must(t, os.Remove(filepath.Join(a.Dir, folder, tgz+".meta")))
	files[1].Data = []byte("another lock or verdict")
	if _, err := recreateIn(t, a, folder, files...); fault.Code(err) != "in-the-way" {
		t.Errorf("other files without a record: %v", err)
	}
	if _, err := recreateIn(t, a, "20261123-"+theRun, files...); fault.Code(err) != "run-duplicate" {
		t.Errorf("another entry of the run: %v", err)
	}
}

// A store that names what it should not is refused before anything is written.
func TestRecreateRefuses(t *testing.T) {
	t.Parallel()
	record := File{tgz + ".meta", []byte("x")}
	for name, c := range map[string]struct {
		entry string
		files []File
		code  string
	}{
		"no entry's name":       {"archive", []File{record}, "not-an-entry"},
		"a path for a name":     {"../20261122-7", []File{record}, "not-an-entry"},
		"a flat path":           {"../wheelhouse-3.11-run-7", []File{{"wheelhouse-3.11-run-7.meta", nil}}, "not-an-entry"},
		"no record":             {folder, []File{{tgz + ".pin", nil}}, "bad-entry-file"},
		"two records":           {folder, []File{record, {tgz12 + ".meta", nil}}, "bad-entry-file"},
		"the tarball":           {folder, []File{record, {tgz, nil}}, "bad-entry-file"},
		"in the tarball":        {folder, []File{record, {tgz + "/x", nil}}, "bad-entry-file"},
		"the pointer":           {folder, []File{record, {tgz + ".pointer", nil}}, "bad-entry-file"},
		"upward":                {folder, []File{record, {tgz + ".requirements/../../x", nil}}, "bad-entry-file"},
		"absolute":              {folder, []File{record, {"/etc/x", nil}}, "bad-entry-file"},
		"backslash":             {folder, []File{record, {tgz + `.requirements\..\x`, nil}}, "bad-entry-file"},
		"another's":             {folder, []File{record, {"index.md", nil}}, "bad-entry-file"},
		"hidden":                {folder, []File{record, {".gitignore", nil}}, "bad-entry-file"},
		"empty path":            {folder, []File{record, {"", nil}}, "bad-entry-file"},
		"too many":              {folder, slices.Repeat([]File{record}, maxEntryFiles+1), "bad-entry-file"},
		"too large":             {folder, []File{{record.Path, make([]byte, maxEntryBytes+1)}}, "bad-entry-file"},
		"a flat one of another": {"wheelhouse-3.11-run-7", []File{{"wheelhouse-3.12-run-7.meta", nil}}, "bad-entry-file"},
	} {
		a := Archive{Dir: filepath.Join(t.TempDir(), "archive"), disk: unwatched()}
		if _, err := recreateIn(t, a, c.entry, c.files...); fault.Code(err) != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
		if left := names(t, a.Dir); left != nil {
			t.Errorf("%s: left %q", name, left)
		}
	}
}

// Pins are for every tarball of an entry; a reason is one line.
func TestPins(t *testing.T) {
	t.Parallel()
	a, source := archived(t)
	must(t, scenarios()["pin"].run(t.Context(), a, source))
	e, err := a.holder(t.Context(), tgz)
	must(t, err)
	for _, w := range e.Wheelhouses {
		if !w.Pinned {
			t.Errorf("%s is not pinned", w.Tarball)
		}
	}
	const want = "pinned_at=2026-11-22T11:00:00Z\nwhy=the last for Python 3.11\n"
	if got := string(readFile(t, a.Dir, folder, tgz+".pin")); got != want {
		t.Errorf("got %q", got)
	}
	again := func(why string) error {
		return inSession(t.Context(), a, tgz, func(s *Session, e entry.Entry) error { return s.Pin(t.Context(), e, why, created) })
	}
	must(t, again("")) // the pin that is there stays
	if got := string(readFile(t, a.Dir, folder, tgz+".pin")); got != want {
		t.Errorf("got %q", got)
	}
	for _, why := range []string{"two\nlines", strings.Repeat("x", 201), "\x1b"} {
		if err := again(why); fault.Code(err) != "bad-reason" {
			t.Errorf("%q: %v", why, err)
		}
	}
	for range 2 {
		must(t, scenarios()["unpin"].run(t.Context(), a, source))
	}
	if e, err := a.holder(t.Context(), tgz); err != nil || e.Wheelhouses[0].Pinned {
		t.Errorf("got %+v, %v", e, err)
	}
	must(t, os.Mkdir(filepath.Join(a.Dir, "20261120-empty"), 0o755))
	err = func() error {
		s, err := a.Exclusive(t.Context())
		must(t, err)
		defer s.Close()
		return s.Pin(t.Context(), entry.Entry{Path: filepath.Join(a.Dir, "20261120-empty")}, "", created)
	}()
	if fault.Code(err) != "no-record" {
		t.Errorf("got %v", err)
	}
}

// A lock that is there stays, and one of another tarball is not written.
func TestComplete(t *testing.T) {
	t.Parallel()
	a, source := archived(t)
	must(t, scenarios()["flat complete"].run(t.Context(), a, source))
	lockFile := filepath.Join(a.Dir, "pylock.wheelhouse-310-run-7.toml")
	if got := string(readFile(t, lockFile)); !strings.Contains(got, "demo-1.0-py3-none-any.whl") || !strings.Contains(got, flatTgz) {
		t.Errorf("got %s", got)
	}
	must(t, os.WriteFile(lockFile, []byte("mine"), 0o644))
	must(t, scenarios()["flat complete"].run(t.Context(), a, source))
	if got := string(readFile(t, lockFile)); got != "mine" {
		t.Errorf("got %s", got)
	}
	must(t, os.Remove(lockFile))
	other := readFile(t, source, tgz, tgz)
	must(t, os.WriteFile(filepath.Join(a.Dir, flatTgz), other, 0o644))
	if err := scenarios()["flat complete"].run(t.Context(), a, source); fault.Code(err) != "meta-mismatch" {
		t.Errorf("got %v", err)
	}
}

// What is no entry, and an entry that is broken, are left alone, and the others
// are pruned all the same.
func TestHostileNeighbours(t *testing.T) {
	t.Parallel()
	a, source := archived(t)
	write := func(path, text string) {
		path = filepath.Join(a.Dir, path)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	write("20261101-cut/wheelhouse-3.11.tgz.meta", "name=wheelhouse-3.11.tgz\n")
	write("20261101-cut/wheelhouse-3.11.tgz", "bytes")
	write("20261102-pointer/wheelhouse-3.11.tgz.meta", string(readFile(t, a.Dir, folder, tgz+".meta")))
	write("20261102-pointer/wheelhouse-3.11.tgz.pointer", "version=1\nname=x")
	write("notes/wheelhouse-3.11.tgz", "mine")
	write("20261132-nodate/wheelhouse-3.11.tgz", "mine")
	write("wheelhouse-3.11-run-9.meta", "\x00")
	must(t, os.CopyFS(filepath.Join(a.Dir, "20261123-"+theRun), os.DirFS(filepath.Join(a.Dir, folder))))
	before := snapshot(t, a.Dir)
	ctx := t.Context()
	entries, err := a.List(ctx)
	must(t, err)
	s, err := a.Exclusive(ctx)
	must(t, err)
	refused := 0
	for _, e := range entries {
		for _, w := range e.Wheelhouses {
			if w.Tarball == flatTgz || w.State == entry.Full && w.Tarball == tgz {
				p, err := prove(ctx, source, w.Tarball)
				must(t, err)
				must(t, s.Prune(ctx, e, w.Tarball, []rebuild.Proof{p}, "r", pruned))
				continue
			}
			if w.State != entry.Broken {
				continue
			}
			p, err := prove(ctx, source, tgz)
			must(t, err)
			err = s.Prune(ctx, e, w.Tarball, []rebuild.Proof{p}, "r", pruned)
			if code := fault.Code(err); code != "entry-broken" && code != "no-record" {
				t.Errorf("%s: %v", e.Path, err)
			}
			refused++
		}
	}
	s.Close()
	if refused < 5 {
		t.Errorf("refused %d", refused)
	}
	after := snapshot(t, a.Dir)
	for file, sum := range before {
		gone := file == flatTgz || file == folder+"/"+tgz
		if _, there := after[file]; there == gone || !gone && after[file] != sum {
			t.Errorf("%s: there %v", file, there)
		}
	}
}
