package archive

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

const (
	tgz12   = "wheelhouse-3.12.tgz"
	flatTgz = "wheelhouse-3.10-run-7.tgz"
	flatRec = "wheelhouse-3.10-run-7.meta"
	folder  = "20261122-" + theRun
)

// pruned is when everything here is pruned.
var pruned = created.Add(time.Hour)

// world is an archive with a folder beside it, source, in which every tarball
// lies as well, as in a store: with its record, and the flat one.
func newWorld(t testing.TB) (source string) {
	t.Helper()
	source = tempDir(t)
	for _, name := range []string{tgz, tgz12} {
		s, r := build(t, name, demo(name))
		must(t, os.CopyFS(filepath.Join(source, name), os.DirFS(filepath.Dir(s.Tarball))))
		writeVerdict(t, filepath.Join(source, name, name), r.SHA256, created)
	}
	s, r := build(t, flatTgz, demo("flat"))
	must(t, os.CopyFS(filepath.Join(source, flatTgz), os.DirFS(filepath.Dir(s.Tarball))))
	must(t, os.Remove(filepath.Join(source, flatTgz, flatTgz+".meta")))
	must(t, os.WriteFile(filepath.Join(source, flatTgz, flatRec), []byte("run_id: 7\nsha256: "+r.SHA256+"\n"), 0o644))
	return source
}

// submit adds a tarball of the source.
func submit(ctx context.Context, a Archive, source, name string) error {
	_, err := a.Add(ctx, Submission{Tarball: filepath.Join(source, name, name), Run: theRun, Lock: lockOf})
	return err
}

// inSession does something to the entry that holds a tarball.
func inSession(ctx context.Context, a Archive, name string, do func(s *Session, e entry.Entry) error) error {
	s, err := a.Exclusive(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	e, err := a.holder(ctx, name)
	if err != nil {
		return err
	}
	return do(s, e)
}

// holder gives the entry that has a tarball's record.
func (a Archive) holder(ctx context.Context, name string) (entry.Entry, error) {
	entries, err := a.List(ctx)
	for _, e := range entries {
		if _, ok := find(e, name); ok {
			return e, err
		}
	}
	return entry.Entry{}, errors.Join(err, errors.New("no entry has "+name))
}

// prove reads a tarball of the source.
func prove(ctx context.Context, source, name string) (rebuild.Proof, error) {
	path := filepath.Join(source, name, name)
	sum, size, err := hashFile(ctx, path)
	if err != nil {
		return rebuild.Proof{}, err
	}
	return rebuild.ProveBytes(ctx, wheelhouse.File{Name: name, SHA256: sum, Size: size},
		func(context.Context) (io.ReadCloser, error) { return os.Open(path) },
		entry.Location{URL: "file:source", Method: entry.ReadBack, VerifiedAt: pruned})
}

// pruneOne prunes a tarball to the source.
func pruneOne(ctx context.Context, a Archive, source, name string) error {
	return inSession(ctx, a, name, func(s *Session, e entry.Entry) error {
		p, err := prove(ctx, source, name)
		if err != nil {
			return err
		}
		return s.Prune(ctx, e, name, []rebuild.Proof{p}, "no rule keeps it", pruned)
	})
}

// restoreOne restores a tarball from the source.
func restoreOne(ctx context.Context, a Archive, source, name string) error {
	return inSession(ctx, a, name, func(s *Session, e entry.Entry) error {
		return s.Restore(ctx, e, name, copyOf(filepath.Join(source, name, name)))
	})
}

// copyOf writes a file.
func copyOf(path string) func(io.Writer) error {
	return func(w io.Writer) error {
		data, err := os.ReadFile(path)
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
}

// recordFiles gives the files of an entry beside tarball and pointer.
func recordFiles(dir, name string) ([]File, error) {
	var files []File
	for _, n := range []string{name + ".meta", lock.FileName(name), name + ".verdict.json", flatRec} {
		data, err := os.ReadFile(filepath.Join(dir, n))
		if err == nil {
			files = append(files, File{Path: n, Data: data})
		}
	}
	return files, nil
}

// recreateOne makes an entry again from the source and restores its tarball.
func recreateOne(ctx context.Context, a Archive, source, entryName, name string) error {
	s, err := a.Exclusive(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	files, err := recordFiles(filepath.Join(source, name), name)
	if err != nil {
		return err
	}
	e, err := s.Recreate(ctx, entryName, files)
	if err != nil {
		return err
	}
	return s.Restore(ctx, e, name, copyOf(filepath.Join(source, name, name)))
}

// scenario is a command in an archive that looks like something.
type scenario struct {
	// start makes the archive.
	start func(t testing.TB, a Archive, source string)
	// run is the command.
	run func(ctx context.Context, a Archive, source string) error
	// acknowledged are the tarballs that the archive has before: whatever
	// happens, each is there, or a pointer to it.
	acknowledged []string
	// state of tgz (the flat tarball in flat scenarios) when it is done.
	state entry.State
}

// subject is the tarball that a scenario is about.
func (s scenario) subject(name string) string {
	if strings.HasPrefix(name, "flat") {
		return flatTgz
	}
	return tgz
}

// both starts with two tarballs in one entry, and a flat one.
func both(t testing.TB, a Archive, source string) {
	ctx := context.Background()
	must(t, submit(ctx, a, source, tgz12))
	must(t, submit(ctx, a, source, tgz))
	must(t, os.CopyFS(a.Dir, os.DirFS(filepath.Join(source, flatTgz))))
}

// bothPruned is both with tgz and the flat one pruned.
func bothPruned(t testing.TB, a Archive, source string) {
	both(t, a, source)
	must(t, pruneOne(context.Background(), a, source, tgz))
	must(t, pruneOne(context.Background(), a, source, flatTgz))
}

// scenarios are all commands that change an archive.
func scenarios() map[string]scenario {
	all := []string{tgz, tgz12, flatTgz}
	others := []string{tgz12, flatTgz}
	nothing := func(testing.TB, Archive, string) {}
	lost := func(t testing.TB, a Archive, source string) {
		both(t, a, source)
		must(t, os.RemoveAll(filepath.Join(a.Dir, folder)))
		must(t, os.Remove(filepath.Join(a.Dir, flatRec)))
		must(t, os.Remove(filepath.Join(a.Dir, flatTgz)))
	}
	pin := func(unpin bool) func(context.Context, Archive, string) error {
		return func(ctx context.Context, a Archive, _ string) error {
			return inSession(ctx, a, tgz, func(s *Session, e entry.Entry) error {
				if unpin {
					return s.Unpin(ctx, e)
				}
				return s.Pin(ctx, e, "the last for Python 3.11", pruned)
			})
		}
	}
	command := func(do func(context.Context, Archive, string, string) error, name string) func(context.Context, Archive, string) error {
		return func(ctx context.Context, a Archive, source string) error { return do(ctx, a, source, name) }
	}
	return map[string]scenario{
		"add":      {nothing, command(submit, tgz), nil, entry.Full},
		"add more": {func(t testing.TB, a Archive, source string) { must(t, submit(context.Background(), a, source, tgz12)) }, command(submit, tgz), []string{tgz12}, entry.Full},
		"add a damaged one again": {func(t testing.TB, a Archive, source string) {
			both(t, a, source)
			must(t, os.Truncate(filepath.Join(a.Dir, folder, tgz), 10))
		}, command(submit, tgz), others, entry.Full},
		"prune":      {both, command(pruneOne, tgz), all, entry.Pointed},
		"flat prune": {both, command(pruneOne, flatTgz), all, entry.Pointed},
		"prune a restored one": {func(t testing.TB, a Archive, source string) {
			bothPruned(t, a, source)
			must(t, restoreOne(context.Background(), a, source, tgz))
		}, command(pruneOne, tgz), all, entry.Pointed},
		"prune to the record": {both, func(ctx context.Context, a Archive, _ string) error {
			return inSession(ctx, a, tgz, func(s *Session, e entry.Entry) error { return s.PruneToRecord(ctx, e, tgz) })
		}, others, entry.RecordOnly},
		"restore":      {bothPruned, command(restoreOne, tgz), all, entry.Full},
		"flat restore": {bothPruned, command(restoreOne, flatTgz), all, entry.Full},
		"restore a damaged one": {func(t testing.TB, a Archive, source string) {
			bothPruned(t, a, source)
			must(t, os.WriteFile(filepath.Join(a.Dir, folder, tgz), []byte("damaged"), 0o644))
		}, command(restoreOne, tgz), all, entry.Full},
		"recreate": {lost, func(ctx context.Context, a Archive, source string) error {
			return recreateOne(ctx, a, source, folder, tgz)
		}, nil, entry.Full},
		"recreate more": {func(t testing.TB, a Archive, source string) {
			must(t, submit(context.Background(), a, source, tgz12))
		}, func(ctx context.Context, a Archive, source string) error {
			return recreateOne(ctx, a, source, folder, tgz)
		}, []string{tgz12}, entry.Full},
		"flat recreate": {lost, func(ctx context.Context, a Archive, source string) error {
			return recreateOne(ctx, a, source, strings.TrimSuffix(flatTgz, ".tgz"), flatTgz)
		}, nil, entry.Full},
		"pin": {both, pin(false), all, entry.Full},
		"unpin": {func(t testing.TB, a Archive, source string) {
			both(t, a, source)
			must(t, pin(false)(context.Background(), a, source))
		}, pin(true), all, entry.Full},
		"flat complete": {both, func(ctx context.Context, a Archive, source string) error {
			return inSession(ctx, a, flatTgz, func(s *Session, e entry.Entry) error {
				inv, err := wheelhouse.Read(ctx, filepath.Join(a.Dir, flatTgz), wheelhouse.ReadOptions{})
				if err != nil {
					return err
				}
				return s.Complete(ctx, e, flatTgz, inv)
			})
		}, all, entry.Full},
	}
}

// template gives a folder that holds the archive in which a scenario starts.
func (s scenario) template(t testing.TB, source string) string {
	t.Helper()
	dir := tempDir(t)
	s.start(t, Archive{Dir: filepath.Join(dir, "ci", "archive"), disk: unwatched()}, source)
	return dir
}

// tried tells which of a scenario's calls something happens at: each third, in
// the time that `mage test` has, and with TEST_CASES=all, as `mage e2e` and
// `mage reliability` set it, every one.
func tried(n int) bool { return n%3 == 0 || os.Getenv("TEST_CASES") == "all" }

// begin gives a new archive in which a scenario starts.
func begin(t testing.TB, template string) Archive {
	t.Helper()
	dir := tempDir(t)
	must(t, os.CopyFS(dir, os.DirFS(template)))
	return Archive{Dir: filepath.Join(dir, "ci", "archive"), disk: unwatched()}
}

// steps gives the calls of a scenario, and the files that it leaves.
func (s scenario) steps(t testing.TB, template, source string) (steps []string, left map[string]string) {
	t.Helper()
	a := begin(t, template)
	a.disk = calls(&steps)
	must(t, s.run(context.Background(), a, source))
	return steps, s.files(t, a)
}

// files gives what is in an archive, without what every archive has.
func (s scenario) files(t testing.TB, a Archive) map[string]string {
	t.Helper()
	if _, err := os.Stat(a.Dir); err != nil {
		return map[string]string{}
	}
	files := snapshot(t, a.Dir)
	delete(files, lockFile)
	delete(files, ignoreFile)
	return files
}

// lost gives the tarballs of which neither the bytes nor a pointer to them are
// there.
func lost(t testing.TB, a Archive, source string, acknowledged []string) []string {
	t.Helper()
	entries, err := a.List(context.Background())
	must(t, err)
	var gone []string
	for _, name := range acknowledged {
		want, size, err := hashFile(context.Background(), filepath.Join(source, name, name))
		must(t, err)
		kept := slices.ContainsFunc(entries, func(e entry.Entry) bool {
			w, ok := find(e, name)
			if !ok || w.SHA256 != want {
				return false
			}
			h := held{dir: filepath.Dir(w.Meta), w: w}
			if sum, _, err := hashFile(context.Background(), h.path(name)); err == nil && sum == want {
				return true
			}
			data, err := readSmall(h.path(entry.PointerName(name)), entry.MaxPointer)
			if err != nil {
				return false
			}
			p, err := entry.ParsePointer(data, name)
			return err == nil && p.SHA256 == want && p.Size == size && p.Name == name
		})
		if !kept {
			gone = append(gone, name)
		}
	}
	return gone
}

// halfway gives what an archive should never show: wheelhouses that are broken,
// but for those that were when the scenario started.
func halfway(t testing.TB, a Archive, subject string) []string {
	t.Helper()
	entries, err := a.List(context.Background())
	must(t, err)
	var all []string
	for _, e := range entries {
		for _, w := range e.Wheelhouses {
			if w.State == entry.Broken && w.Tarball != subject {
				all = append(all, w.Tarball+": "+w.Why)
			}
		}
	}
	return all
}

// stateOf gives the state of a tarball; empty: no entry has it.
func stateOf(t testing.TB, a Archive, name string) entry.State {
	t.Helper()
	e, err := a.holder(context.Background(), name)
	if err != nil {
		return ""
	}
	w, _ := find(e, name)
	return w.State
}
