package actions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// The folders that are made beside the artifact's own files.
const (
	listDir    = wheelhouse.ListDir
	extractDir = "extracted"
)

// Folder says how the folders run-<run id> are made.
type Folder struct {
	// Outdir is the folder that they are made in; made when absent.
	Outdir string
	// Tarball is the base name to take where an artifact holds several
	// tarballs; empty: several are refused.
	Tarball string
	// Critical are the projects of list/critical_wheels.txt, normalised.
	Critical []string
	Limits   wheelhouse.Limits
	// Check judges the tarball at a path, and what lies beside it, before
	// anything of it is unpacked; nil takes any. run is the run that it came
	// from, empty where none is known. It gives the sha256 of the bytes that it
	// judged, which alone are unpacked; empty: any. Its error ends the work, and
	// nothing is left.
	Check func(ctx context.Context, path, run string) (sha256 string, err error)
}

// Made is a folder, and what was seen while it was made.
type Made struct {
	// Path of the folder.
	Path   string
	Record Record
	// Unchanged: it was there already, and its files still verify.
	Unchanged bool
	// Findings are what to tell: that there is no record, for one.
	Findings []finding.Finding
}

// path gives the final path of a run's folder.
func (f Folder) path(run string) string { return filepath.Join(f.Outdir, runPrefix+run) }

// failed is the error of the file system.
func failed(doing string, err error) error {
	if _, coded := fault.As(err); coded || fault.Interrupted(err) {
		return err
	}
	return fault.New(fault.Unable, "fetch-failed", "%s: %w", doing, err).WithHint("look whether there is room on that disk, and whether it can be written to")
}

// ours gives the record of the run's folder; nil when there is no such folder.
// A folder that was not made here is not touched. Code: folder-taken.
func (f Folder) ours(run string) (*Record, error) {
	dir := f.path(run)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	r, err := readRecord(dir)
	if errors.Is(err, errNotOurs) {
		return nil, fault.New(fault.Refused, "folder-taken", "making %s: it is there, and %w", dir, err).
			WithHint("move it away, or name another folder: -outdir=DIR")
	}
	if err != nil {
		return nil, failed("reading "+dir, err)
	}
	return &r, nil
}

// finish makes the run's folder of a staged one, whose content lies in
// content. what is the record as far as it is known.
func (f Folder) finish(ctx context.Context, content, staging string, what Record, now time.Time) (Made, error) {
	tarball, err := f.tarballIn(content)
	if err != nil {
		return Made{}, err
	}
	if tarball, err = raise(content, tarball); err != nil {
		return Made{}, err
	}
	judged := ""
	if f.Check != nil {
		if judged, err = f.Check(ctx, tarball, what.Run); err != nil {
			return Made{}, err
		}
	}
	inv, found, err := f.describe(ctx, content, tarball)
	if err != nil {
		return Made{}, err
	}
	if judged != "" && judged != inv.SHA256 {
		return Made{}, fault.New(fault.Refused, "tar-changed", "laying out %s: it was changed while it was looked at", inv.Name).
			WithHint("do it again once nobody writes to it")
	}
	what.Version, what.Tarball, what.SHA256, what.Size = 1, inv.Name, inv.SHA256, inv.Size
	what.FetchedAt = now.UTC().Truncate(time.Second)
	if what.Run == "" {
		what.Run = runOf(content, inv)
	}
	if what.Files, err = inventory(ctx, content, hashed(inv)); err != nil {
		return Made{}, failed("reading "+content, err)
	}
	text, err := encode(what)
	if err == nil {
		err = os.WriteFile(filepath.Join(content, RecordName), text, 0o644)
	}
	if err == nil {
		err = atomicfile.SyncTree(content)
	}
	if err != nil {
		return Made{}, failed("writing "+content, err)
	}
	unchanged, err := f.place(ctx, content, staging, what)
	return Made{Path: f.path(what.Run), Record: what, Unchanged: unchanged, Findings: found}, err
}

func encode(r Record) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(r)
	return out.Bytes(), err
}

// tarballIn finds the one tarball below a folder.
func (f Folder) tarballIn(content string) (string, error) {
	var all []string
	err := filepath.WalkDir(content, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(d.Name(), ".tgz") {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		return "", failed("reading "+content, err)
	}
	if len(all) > 1 {
		if named := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return filepath.Base(p) != f.Tarball }); len(named) == 1 {
			return named[0], nil
		}
	}
	switch len(all) {
	case 0:
		return "", fault.New(fault.Refused, "no-tarball", "looking for the tarball: the artifact holds no .tgz").
			WithHint("name the artifact that holds it: -artifact=NAME")
	case 1:
		return all[0], nil
	}
	return "", fault.New(fault.Refused, "several-tarballs", "looking for the tarball: the artifact holds %d, and not one named %s", len(all), f.Tarball).
		WithHint("name the Python whose tarball you want: WHEELHOUSE_PYTHON=3.12")
}

// raise moves the tarball, and what goes by its name, to the top.
func raise(content, tarball string) (string, error) {
	name := filepath.Base(tarball)
	for _, reserved := range []string{listDir, extractDir, RecordName} {
		if _, err := os.Lstat(filepath.Join(content, reserved)); err == nil {
			return "", fault.New(fault.Refused, "name-taken", "laying out the artifact: it has a file named %s, which is ours to write", reserved).
				WithHint("leave it out of the artifact")
		}
	}
	companions, err := companionsOf(content, tarball)
	if err != nil {
		return "", failed("reading "+content, err)
	}
	for _, from := range append(companions, tarball) {
		to := filepath.Join(content, filepath.Base(from))
		if from == to {
			continue
		}
		if _, err := os.Lstat(to); err == nil {
			return "", fault.New(fault.Refused, "name-taken", "laying out the artifact: it has two files named %s", filepath.Base(from))
		}
		if err := os.Rename(from, to); err != nil {
			return "", failed("laying out the artifact", err)
		}
		for dir := filepath.Dir(from); dir != content && os.Remove(dir) == nil; { // the folders that this leaves empty
			dir = filepath.Dir(dir)
		}
	}
	return filepath.Join(content, name), nil
}

// companionsOf gives what goes by the tarball's name: record, verdict,
// requirements and lock in its folder; record and lock from anywhere else
// where they are not there.
func companionsOf(content, tarball string) ([]string, error) {
	name := filepath.Base(tarball)
	entries, err := os.ReadDir(filepath.Dir(tarball))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), name+".") || e.Name() == lock.FileName(name) {
			all = append(all, filepath.Join(filepath.Dir(tarball), e.Name()))
		}
	}
	for _, wanted := range []string{name + meta.Suffix, lock.FileName(name)} {
		if slices.ContainsFunc(all, func(path string) bool { return filepath.Base(path) == wanted }) {
			continue
		}
		var elsewhere []string
		err := filepath.WalkDir(content, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && d.Name() == wanted {
				elsewhere = append(elsewhere, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(elsewhere) == 1 {
			all = append(all, elsewhere[0])
		}
	}
	return all, nil
}

// describe reads the tarball once: the wheels are laid out, the lists written,
// and the record compared.
func (f Folder) describe(ctx context.Context, content, tarball string) (*wheelhouse.Inventory, []finding.Finding, error) {
	extracted := filepath.Join(content, extractDir)
	if err := os.Mkdir(extracted, 0o755); err != nil {
		return nil, nil, failed("making "+extracted, err)
	}
	inv, err := wheelhouse.Read(ctx, tarball, wheelhouse.ReadOptions{Limits: f.Limits, Extract: extracted})
	if err != nil {
		return nil, nil, err
	}
	found, err := compare(tarball, inv)
	if err != nil {
		return nil, nil, err
	}
	if err := wheelhouse.WriteLists(content, inv, f.Critical); err != nil {
		return nil, nil, failed("writing the lists", err)
	}
	return inv, found, nil
}

// compare holds the record beside the tarball against it.
func compare(tarball string, inv *wheelhouse.Inventory) ([]finding.Finding, error) {
	record, err := readMeta(tarball)
	if errors.Is(err, fs.ErrNotExist) {
		return []finding.Finding{{
			Code: "meta-missing", Severity: finding.Warn, Subject: inv.Name,
			Message: "no record came with it, so nothing says what it should be", Hint: "the workflow writes one with the target meta",
		}}, nil
	}
	if err != nil {
		return nil, failed("reading the record", err)
	}
	found := meta.Compare(record, inv)
	for _, one := range found {
		if one.Severity == finding.Fail {
			return nil, fault.New(fault.Refused, "meta-mismatch", "comparing %s with the record that came with it: %s", inv.Name, one.Message).
				WithHint("tarball and record are not of one build: fetch another run, -run=ID")
		}
	}
	return found, nil
}

func readMeta(tarball string) (meta.Record, error) {
	file, err := os.Open(tarball + meta.Suffix)
	if err != nil {
		return meta.Record{}, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, meta.MaxBytes+1))
	if err != nil {
		return meta.Record{}, err
	}
	return meta.Parse(data, filepath.Base(file.Name()))
}

// runOf gives the run that a tarball at hand is of.
func runOf(content string, inv *wheelhouse.Inventory) string {
	const digits = 12
	if record, err := readMeta(filepath.Join(content, inv.Name)); err == nil && validName(record.RunID) {
		return record.RunID
	}
	return "local-" + inv.SHA256[:digits]
}
