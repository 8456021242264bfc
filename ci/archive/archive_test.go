package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

func TestAdd(t *testing.T) {
	t.Parallel()
	s, r := build(t, tgz, demo("1"))
	req := []byte("demo==1.0\n")
	sum := sha256.Sum256(req)
	r.RequirementsHash = hex.EncodeToString(sum[:])
	writeRecord(t, s.Tarball, r)
	writeVerdict(t, s.Tarball, r.SHA256, created)
	s.Requirements = &requirements.Set{
		Path: "doc_processor/requirements.txt", Hash: r.RequirementsHash,
		Files: []requirements.File{{Path: "doc_processor/requirements.txt", Name: "requirements.txt", Data: req}},
	}
	a := Archive{Dir: filepath.Join(tempDir(t), "docs", "ci-archive")}
	out, err := a.Add(t.Context(), s)
	must(t, err)
	const dir = "20261122-" + theRun + "/"
	want := []string{
		dir + "pylock.wheelhouse-311.toml", dir + tgz, dir + tgz + ".meta",
		dir + tgz + ".requirements/requirements.txt", dir + tgz + ".verdict.json",
	}
	if got := names(t, a.Dir); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	w := out.Entry.Wheelhouses[0]
	if !out.Added || out.Renewed || out.Restored || len(out.Findings) != 0 || w.State != entry.Full || !w.Proven || w.SHA256 != r.SHA256 {
		t.Errorf("got %+v", out)
	}
	source, archived := snapshot(t, filepath.Dir(s.Tarball)), snapshot(t, filepath.Join(a.Dir, dir))
	for _, name := range []string{tgz, tgz + ".meta", tgz + ".verdict.json"} {
		if source[name] != archived[name] {
			t.Errorf("%s differs", name)
		}
	}
	if file, err := RequirementsFile(w, r.RequirementsHash); err != nil || filepath.Base(file) != "requirements.txt" {
		t.Errorf("got %q, %v", file, err)
	}
	text, err := os.ReadFile(filepath.Join(a.Dir, dir, "pylock.wheelhouse-311.toml"))
	must(t, err)
	l, err := lock.Parse(text, "")
	if err != nil || l.SHA256 != r.SHA256 || len(l.Wheels) != 1 {
		t.Errorf("got %+v, %v", l, err)
	}
}

func TestAddAgain(t *testing.T) {
	t.Parallel()
	s, r := build(t, tgz, demo("1"))
	a := Archive{Dir: tempDir(t)}
	_, err := a.Add(t.Context(), s)
	must(t, err)
	before := snapshot(t, a.Dir)

	s.Date = created.AddDate(0, 0, 5)
	out, err := a.Add(t.Context(), s)
	if err != nil || out.Added || out.Renewed || out.Restored || out.Entry.Date != "20261122" {
		t.Errorf("the same tarball on another day: %+v, %v", out, err)
	}
	if after := snapshot(t, a.Dir); len(after) != len(before) || after["20261122-"+theRun+"/"+tgz] != before["20261122-"+theRun+"/"+tgz] {
		t.Errorf("got %v", after)
	}
	for _, step := range []struct {
		at      time.Time
		renewed bool
	}{{created, true}, {created.Add(time.Hour), true}, {created.Add(time.Hour), false}, {created, false}} {
		writeVerdict(t, s.Tarball, r.SHA256, step.at)
		if out, err = a.Add(t.Context(), s); err != nil || out.Renewed != step.renewed || !out.Entry.Wheelhouses[0].Proven {
			t.Errorf("a verdict of %v: %+v, %v", step.at, out, err)
		}
	}
	archived := filepath.Join(out.Entry.Path, tgz)
	must(t, os.Truncate(archived, 10))
	if out, err = a.Add(t.Context(), s); err != nil || !out.Restored || out.Entry.Wheelhouses[0].State != entry.Full {
		t.Errorf("a tarball put back: %+v, %v", out, err)
	}
	if snapshot(t, a.Dir)["20261122-"+theRun+"/"+tgz] != r.SHA256 {
		t.Error("what was put back is not the tarball")
	}
	must(t, os.Remove(archived)) // as pruning does
	writeVerdict(t, s.Tarball, r.SHA256, created.Add(2*time.Hour))
	if out, err = a.Add(t.Context(), s); err != nil || out.Restored || !out.Renewed || out.Entry.Wheelhouses[0].State != entry.RecordOnly {
		t.Errorf("a tarball that was removed: %+v, %v", out, err)
	}
	must(t, os.WriteFile(s.Tarball, bytes.Repeat([]byte("x"), int(r.Size)), 0o644))
	if _, err := a.Add(t.Context(), s); fault.Code(err) != "meta-mismatch" {
		t.Errorf("a changed tarball whose record is archived: %v", err)
	}
}

// What is refused makes no archive where there was none.
func TestRefusedMakesNoArchive(t *testing.T) {
	t.Parallel()
	for code, spoil := range map[string]func(s Submission) error{
		"meta-mismatch": func(s Submission) error { return os.Truncate(s.Tarball, 100) },
		"lock-mismatch": func(s Submission) error {
			other, _ := build(t, tgz, demo("2"))
			inv, err := wheelhouse.Read(t.Context(), other.Tarball, wheelhouse.ReadOptions{})
			must(t, err)
			text, err := lockOf(inv).Encode()
			must(t, err)
			return os.WriteFile(filepath.Join(filepath.Dir(s.Tarball), lock.FileName(tgz)), text, 0o644)
		},
	} {
		a := Archive{Dir: filepath.Join(tempDir(t), "docs", "archive")}
		s, _ := build(t, tgz, demo("1"))
		must(t, spoil(s))
		if _, err := a.Add(t.Context(), s); fault.Code(err) != code {
			t.Errorf("%s: got %v", code, err)
		}
		if there, err := exists(filepath.Dir(a.Dir)); err != nil || there {
			t.Errorf("%s: there is an archive, %v", code, err)
		}
	}
}

// TestHintsNameTargetsAsTyped holds that who imports the targets under a
// prefix reads it in the hints.
func TestHintsNameTargetsAsTyped(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: tempDir(t), Typed: func(target string) string { return "wheelhouse:" + target }}
	s, _ := build(t, tgz, demo("1"))
	must(t, os.Remove(s.Tarball+".meta"))
	_, noMeta := a.Add(t.Context(), s)
	_, noRun := a.Find(t.Context(), "5")
	for want, err := range map[string]error{"mage wheelhouse:meta -tar=": noMeta, "mage wheelhouse:archive`": noRun} {
		if e, ok := fault.As(err); !ok || !strings.Contains(e.Hint, want) {
			t.Errorf("want a hint with %q, got %+v", want, err)
		}
	}
}

func TestAnotherTarballIsRefused(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: tempDir(t)}
	s, first := build(t, tgz, demo("1"))
	_, err := a.Add(t.Context(), s)
	must(t, err)
	before := snapshot(t, a.Dir)
	s, second := build(t, tgz, demo("2"))
	_, err = a.Add(t.Context(), s)
	if fault.Code(err) != "run-taken" || !strings.Contains(err.Error(), first.SHA256) || !strings.Contains(err.Error(), second.SHA256) {
		t.Errorf("got %v", err)
	}
	if after := snapshot(t, a.Dir); len(after) != len(before) {
		t.Errorf("got %v", after)
	}
	s.Run = "18884042881"
	if out, err := a.Add(t.Context(), s); err != nil || !out.Added {
		t.Errorf("under another run: %+v, %v", out, err)
	}
}

func TestTwoPythonsOfOneRun(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: tempDir(t)}
	s, _ := build(t, tgz, demo("1"))
	_, err := a.Add(t.Context(), s)
	must(t, err)
	s, _ = build(t, "wheelhouse-3.12.tgz", demo("2"))
	s.Date = created.AddDate(0, 0, 1)
	out, err := a.Add(t.Context(), s)
	must(t, err)
	if !out.Added || len(out.Entry.Wheelhouses) != 2 || out.Entry.Date != "20261122" {
		t.Errorf("got %+v", out)
	}
	entries, err := a.List(t.Context())
	if err != nil || len(entries) != 1 {
		t.Errorf("got %+v, %v", entries, err)
	}
	if got := names(t, a.Dir); len(got) != 6 {
		t.Errorf("got %q", got)
	}
}

// A file that no record tells of is neither replaced nor removed.
func TestInTheWay(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: tempDir(t)}
	s, _ := build(t, tgz, demo("1"))
	mine := filepath.Join(a.Dir, "20261122-"+theRun, tgz)
	must(t, os.Mkdir(filepath.Dir(mine), 0o755))
	must(t, os.WriteFile(mine, []byte("mine"), 0o644))
	if _, err := a.Add(t.Context(), s); fault.Code(err) != "in-the-way" {
		t.Errorf("got %v", err)
	}
	if data, err := os.ReadFile(mine); err != nil || string(data) != "mine" || len(names(t, a.Dir)) != 1 {
		t.Errorf("got %q, %v, %q", data, err, names(t, a.Dir))
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(t *testing.T, s *Submission, r meta.Record)
		code   string
		status int
	}{
		{"no run", func(_ *testing.T, s *Submission, _ meta.Record) { s.Run = "" }, "bad-run", fault.Usage},
		{"a path as run", func(_ *testing.T, s *Submission, _ meta.Record) { s.Run = "../x" }, "bad-run", fault.Usage},
		{"latest as run", func(_ *testing.T, s *Submission, _ meta.Record) { s.Run = "latest" }, "bad-run", fault.Usage},
		{"no tarball", func(t *testing.T, s *Submission, _ meta.Record) { must(t, os.Remove(s.Tarball)) }, "tar-missing", fault.Refused},
		{"a bad name", func(_ *testing.T, s *Submission, _ meta.Record) { s.Tarball = "a\nb.tgz" }, "bad-tarball-name", fault.Usage},
		{"a long name", func(_ *testing.T, s *Submission, _ meta.Record) { s.Tarball = strings.Repeat("a", 160) + ".tgz" }, "bad-tarball-name", fault.Usage},
		{"no record", func(t *testing.T, s *Submission, _ meta.Record) { must(t, os.Remove(s.Tarball+".meta")) }, "no-meta", fault.Refused},
		{"a garbled record", func(t *testing.T, s *Submission, _ meta.Record) {
			must(t, os.WriteFile(s.Tarball+".meta", []byte("\x00"), 0o644))
		}, "bad-meta", fault.Refused},
		{"another file's record", func(t *testing.T, s *Submission, r meta.Record) {
			r.Name = "wheelhouse-3.12.tgz"
			writeRecord(t, s.Tarball, r)
		}, "meta-mismatch", fault.Refused},
		{"another sha256", func(t *testing.T, s *Submission, r meta.Record) {
			r.SHA256 = strings.Repeat("1", 64)
			writeRecord(t, s.Tarball, r)
		}, "meta-mismatch", fault.Refused},
		{"another size", func(t *testing.T, s *Submission, r meta.Record) {
			r.Size++
			writeRecord(t, s.Tarball, r)
		}, "meta-mismatch", fault.Refused},
		{"another wheel list", func(t *testing.T, s *Submission, r meta.Record) {
			r.Wheels = []string{"other-1.0-py3-none-any.whl"}
			writeRecord(t, s.Tarball, r)
		}, "meta-mismatch", fault.Refused},
		{"cut short", func(t *testing.T, s *Submission, r meta.Record) { must(t, os.Truncate(s.Tarball, r.Size-1)) }, "meta-mismatch", fault.Refused},
		{"a garbled lock", func(t *testing.T, s *Submission, _ meta.Record) {
			must(t, os.WriteFile(filepath.Join(filepath.Dir(s.Tarball), lock.FileName(tgz)), []byte("="), 0o644))
		}, "bad-lock", fault.Refused},
		{"another tarball's lock", func(t *testing.T, s *Submission, _ meta.Record) {
			other, _ := build(t, tgz, demo("2"))
			inv, err := wheelhouse.Read(t.Context(), other.Tarball, wheelhouse.ReadOptions{})
			must(t, err)
			text, err := lockOf(inv).Encode()
			must(t, err)
			must(t, os.WriteFile(filepath.Join(filepath.Dir(s.Tarball), lock.FileName(tgz)), text, 0o644))
		}, "lock-mismatch", fault.Refused},
		{"a garbled verdict", func(t *testing.T, s *Submission, _ meta.Record) {
			must(t, os.WriteFile(s.Tarball+".verdict.json", []byte("{"), 0o644))
		}, "bad-verdict", fault.Refused},
		{"no tarball at all", func(t *testing.T, s *Submission, r meta.Record) {
			text := []byte("not a tarball")
			sum := sha256.Sum256(text)
			must(t, os.WriteFile(s.Tarball, text, 0o644))
			r.SHA256, r.Size = hex.EncodeToString(sum[:]), int64(len(text))
			writeRecord(t, s.Tarball, r)
		}, "not-gzip", fault.Refused},
		{"a folder as archive's parent file", nil, "archive-failed", fault.Unable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, r := build(t, tgz, demo("1"))
			a := Archive{Dir: filepath.Join(tempDir(t), "archive")}
			if c.change != nil {
				c.change(t, &s, r)
			} else {
				must(t, os.WriteFile(a.Dir, nil, 0o644))
			}
			_, err := a.Add(t.Context(), s)
			f, ok := err.(*fault.Error)
			if !ok || f.Code != c.code || f.ExitStatus() != c.status {
				t.Errorf("got %#v, want %s", err, c.code)
			}
			if c.change == nil {
				return
			}
			if _, err := os.Stat(a.Dir); err == nil && len(names(t, a.Dir)) != 0 {
				t.Errorf("left %q", names(t, a.Dir))
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	s, _ := build(t, tgz, demo("1"))
	ctx, cancel := context.WithCancel(t.Context())
	a := Archive{Dir: tempDir(t), disk: watched{at: func(name string, _, do func() error) error {
		if name == "copy" {
			cancel()
		}
		return do()
	}}}
	if _, err := a.Add(ctx, s); !fault.Interrupted(err) {
		t.Errorf("got %v", err)
	}
	if left, err := dirNames(a.Dir); err != nil || len(left) != 2 {
		t.Errorf("left %q, %v", left, err)
	}
}

// A verdict on another tarball, and other requirements, stay out.
func TestWhatIsNotTheTarballsStaysOut(t *testing.T) {
	t.Parallel()
	s, _ := build(t, tgz, demo("1"))
	writeVerdict(t, s.Tarball, strings.Repeat("1", 64), created)
	s.Requirements = &requirements.Set{Path: "r.txt", Hash: strings.Repeat("2", 64), Files: []requirements.File{{Path: "r.txt", Name: "r.txt"}}}
	a := Archive{Dir: tempDir(t)}
	out, err := a.Add(t.Context(), s)
	must(t, err)
	var codes []string
	for _, f := range out.Findings {
		codes = append(codes, f.Code)
	}
	if !slices.Equal(codes, []string{"verdict-differs", "requirements-differ"}) || len(names(t, a.Dir)) != 3 {
		t.Errorf("got %q, %q", codes, names(t, a.Dir))
	}
}

func TestDuplicateRuns(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: tempDir(t)}
	s, _ := build(t, tgz, demo("1"))
	_, err := a.Add(t.Context(), s)
	must(t, err)
	must(t, os.CopyFS(filepath.Join(a.Dir, "20261123-"+theRun), os.DirFS(filepath.Join(a.Dir, "20261122-"+theRun))))
	entries, err := a.List(t.Context())
	must(t, err)
	newer, older := entries[0].Wheelhouses[0], entries[1].Wheelhouses[0]
	if newer.State != entry.Broken || !strings.Contains(newer.Why, "20261122-"+theRun) || older.State != entry.Full {
		t.Errorf("got %+v", entries)
	}
	if e, err := a.Find(t.Context(), "latest"); err != nil || e.Date != "20261122" {
		t.Errorf("got %+v, %v", e, err)
	}
	if _, err := a.Find(t.Context(), theRun); fault.Code(err) != "run-duplicate" {
		t.Errorf("got %v", err)
	}
	if out, err := a.Add(t.Context(), s); err != nil || out.Added {
		t.Errorf("the same tarball: %+v, %v", out, err)
	}
	s, _ = build(t, "wheelhouse-3.12.tgz", demo("2"))
	if _, err := a.Add(t.Context(), s); fault.Code(err) != "run-duplicate" || !strings.Contains(err.Error(), "20261123-"+theRun) {
		t.Errorf("got %v", err)
	}
}
