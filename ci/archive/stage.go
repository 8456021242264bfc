package archive

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// copyBuffer is how much is read at once.
const copyBuffer = 1 << 20

// staged is the folder of its own that an Add works in.
type staged struct {
	dir string
	journal
}

// content is the part of it that becomes the entry.
func (s staged) content() string { return filepath.Join(s.dir, contentDir) }

// stage makes a folder to work in, with its journal: what will be placed in
// the entry folder named target.
func (a Archive) stage(target, tarball string, names []string) (staged, error) {
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return staged{}, err
	}
	s := staged{
		dir:     filepath.Join(a.Dir, stagingPrefix+hex.EncodeToString(random)),
		journal: journal{Format: journalFormat, Entry: target, Tarball: tarball, Names: names},
	}
	if err := a.fs().Mkdir(s.dir); err != nil {
		return staged{}, err
	}
	if err := a.begin(s); err != nil {
		return staged{}, errors.Join(err, a.removeStaged(s.dir))
	}
	return s, nil
}

// removeStaged removes a staging folder, its journal last, and that after the
// rest is gone for good: a part of one can be told for what it is.
func (a Archive) removeStaged(dir string) error {
	if err := a.fs().RemoveAll(filepath.Join(dir, contentDir)); err != nil {
		return err
	}
	if err := a.fs().SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return a.fs().RemoveAll(dir)
}

// begin writes the journal and makes the folder for the content, in this
// order: where there is content, and where something was placed, there is a
// whole journal.
func (a Archive) begin(s staged) error {
	if err := s.journal.write(a.fs(), s.dir); err != nil {
		return err
	}
	if s.Entry != "" {
		if err := a.fs().SyncDir(a.Dir); err != nil {
			return err
		}
	}
	return a.fs().Mkdir(s.content())
}

// bringIn stages a new tarball with all that travels with it, and publishes it
// as the entry dir, or into it.
func (a Archive) bringIn(ctx context.Context, sub *submission, dir string) (err error) {
	t := sub.tree()
	names := t.names()
	if sub.lacksLock() {
		names = append(names, lock.FileName(sub.name))
	}
	s, err := a.stage(filepath.Base(dir), sub.name, names)
	if err != nil {
		return err
	}
	defer func() {
		if cleanup := a.removeStaged(s.dir); err == nil {
			err = cleanup
		}
	}()
	if err := a.fill(ctx, sub, t, s); err != nil {
		return err
	}
	return a.publish(s)
}

// tree is what of a submission can be copied.
func (sub *submission) tree() *tree {
	t := newTree()
	t.tarball, t.source = sub.name, sub.path
	t.texts[entry.MetaName(sub.name)] = sub.recordText
	if sub.lockText != nil {
		t.texts[lock.FileName(sub.name)] = sub.lockText
	}
	if sub.verdictText != nil {
		t.texts[entry.VerdictName(sub.name)] = sub.verdictText
	}
	maps.Copy(t.texts, sub.papers)
	for name, data := range sub.requirements {
		t.texts[path.Join(entry.RequirementsDir(sub.name), name)] = data
	}
	return t
}

// fill copies the tree, holds the copy against the record, writes the lock
// where there was none, and fsyncs all of it.
func (a Archive) fill(ctx context.Context, sub *submission, t *tree, s staged) error {
	inv, err := a.copyIn(ctx, sub, t, s)
	if err != nil {
		return err
	}
	if sub.lacksLock() {
		data, err := sub.makeLock(inv).Encode()
		if err != nil {
			return err
		}
		if err := writeFile(a.fs(), filepath.Join(s.content(), lock.FileName(sub.name)), text(data)); err != nil {
			return err
		}
	}
	return a.fs().SyncTree(s.content())
}

// copyIn copies the tree into the staging folder and reads the tarball back
// from there. The sha256 is held against the record's twice: as it came out of
// the copying, and as it was read back.
func (a Archive) copyIn(ctx context.Context, sub *submission, t *tree, s staged) (*wheelhouse.Inventory, error) {
	err := a.fs().Copy(s.content(), t, func(r io.Reader) io.Reader { return interruptible{ctx, r} })
	if err != nil {
		return nil, err
	}
	if err := sub.sameTarball(t.sha256(), t.size); err != nil {
		return nil, err
	}
	inv, err := wheelhouse.Read(ctx, filepath.Join(s.content(), sub.name), wheelhouse.ReadOptions{Limits: sub.limits})
	if err != nil {
		return nil, err
	}
	return inv, sub.checkRead(inv)
}

// sameTarball holds a tarball's sha256 and size against the record.
func (sub *submission) sameTarball(sha256 string, size int64) error {
	if sha256 == sub.record.SHA256 && (sub.record.Size < 0 || size == sub.record.Size) {
		return nil
	}
	return fault.New(fault.Refused, "meta-mismatch",
		"archiving %s: its record does not agree with it: recorded sha256 %s and %d bytes, found %s and %d",
		sub.path, sub.record.SHA256, sub.record.Size, sha256, size).
		WithHint("the tarball or the record was changed after it was made: build it again, or run `mage %s` on it in another folder and compare", sub.typed("meta"))
}

// interruptible ends reading with its context.
type interruptible struct {
	ctx context.Context
	io.Reader
}

// Read reads, unless the context has ended.
func (i interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.Reader.Read(p)
}

// hashSource holds the tarball, where it lies, against the record.
func (sub *submission) hashSource(ctx context.Context) error {
	t := sub.tree()
	f, err := t.Open(sub.name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{interruptible{ctx, f}}, make([]byte, copyBuffer)); err != nil {
		return err
	}
	return sub.sameTarball(t.sha256(), t.size)
}

// checkSource holds the tarball, where it lies, against record and lock.
func (sub *submission) checkSource(ctx context.Context) error {
	if err := sub.hashSource(ctx); err != nil {
		return err
	}
	inv, err := wheelhouse.Read(ctx, sub.path, wheelhouse.ReadOptions{Limits: sub.limits})
	if err != nil {
		return err
	}
	return sub.checkRead(inv)
}

// restore puts a tarball back beside its record: staged, hashed, read back,
// renamed.
func (a Archive) restore(ctx context.Context, sub *submission, path string) (err error) {
	s, err := a.stage("", sub.name, nil)
	if err != nil {
		return err
	}
	defer func() {
		if cleanup := a.removeStaged(s.dir); err == nil {
			err = cleanup
		}
	}()
	t := newTree()
	t.tarball, t.source = sub.name, sub.path
	if _, err := a.copyIn(ctx, sub, t, s); err != nil {
		return err
	}
	if err := a.fs().SyncTree(s.content()); err != nil {
		return err
	}
	if err := a.fs().Rename(filepath.Join(s.content(), sub.name), path); err != nil {
		return err
	}
	return a.fs().SyncDir(filepath.Dir(path))
}

// replace writes a small file of an entry: staged, fsynced, renamed.
func (a Archive) replace(path string, data []byte) (err error) {
	s, err := a.stage("", "", nil)
	if err != nil {
		return err
	}
	defer func() {
		if cleanup := a.removeStaged(s.dir); err == nil {
			err = cleanup
		}
	}()
	return s.put(a.fs(), path, text(data))
}

// put writes a file and puts it in its place: written in the staging folder,
// fsynced, renamed, its folder fsynced. Whatever fails before the rename, the
// place is as it was.
func (s staged) put(d disk, path string, write func(io.Writer) error) error {
	temporary := filepath.Join(s.content(), filepath.Base(path))
	if err := d.RemoveAll(temporary); err != nil { // of a put that failed
		return err
	}
	if err := writeFile(d, temporary, write); err != nil {
		return err
	}
	if err := d.Rename(temporary, path); err != nil {
		return err
	}
	return d.SyncDir(filepath.Dir(path))
}

// exists tells whether there is something at path.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
