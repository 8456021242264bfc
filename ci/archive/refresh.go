package archive

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

// refresh serves a tarball that is in the archive: it is held against its
// record, what was made since comes in, and one that is damaged there is put
// back. One that is gone stays gone: it may have been pruned.
func (a Archive) refresh(ctx context.Context, sub *submission, there found) (renewed, restored bool, err error) {
	dir := filepath.Dir(there.record.Meta)
	if there.record.State == entry.Broken {
		if err := a.restore(ctx, sub, filepath.Join(dir, there.record.Tarball)); err != nil {
			return false, false, err
		}
		restored = true
	} else if err := sub.hashSource(ctx); err != nil {
		return false, false, err
	}
	renewed, err = a.renew(sub, dir)
	return renewed, restored, err
}

// renew brings in what was made since: a newer verdict, and papers and
// signatures as the submission has them, together. A signed entry is not changed
// any more, but for a bundle, which comes later.
func (a Archive) renew(sub *submission, dir string) (renewed bool, err error) {
	signed, err := anyOf(dir, entry.Signatures(sub.name))
	if err != nil {
		return false, err
	}
	put := func(name string, data []byte) error {
		path := filepath.Join(dir, name)
		old, err := readSmall(path, maxBeside)
		bundle := name == entry.BundleName(sub.name)
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		case err == nil && bytes.Equal(old, data):
			return nil
		case signed && !(bundle && err != nil):
			sub.warn("entry-signed", name, "it is another one than the entry's, which is signed and stays as it is", "sign a new run's")
			return nil
		}
		renewed = true
		return a.replace(path, data)
	}
	if newer, err := sub.takesVerdict(dir); err != nil {
		return false, err
	} else if newer {
		if err := put(entry.VerdictName(sub.name), sub.verdictText); err != nil {
			return renewed, err
		}
	}
	for _, name := range entry.Papers(sub.name) {
		if data := sub.papers[name]; data != nil {
			if err := put(name, data); err != nil {
				return renewed, err
			}
		}
	}
	return renewed, nil
}

// lacksLock tells that the archive is to write a lock, since there is none. One
// that the checksums do not list would be nobody's word.
func (sub *submission) lacksLock() bool {
	return sub.lock == nil && sub.makeLock != nil && sub.papers[entry.ChecksumsName(sub.name)] == nil
}

// takesVerdict tells that the submission's verdict is the one to keep: it is
// newer than that in the folder, or its checksums tell of it.
func (sub *submission) takesVerdict(dir string) (bool, error) {
	path := filepath.Join(dir, entry.VerdictName(sub.name))
	if sub.verdict == nil {
		return false, nil
	}
	data, err := readSmall(path, maxBeside)
	if errors.Is(err, fs.ErrNotExist) || err == nil && sub.papers[entry.ChecksumsName(sub.name)] != nil {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	old, err := verdict.Parse(data, path)
	return err != nil || old.SHA256 != sub.verdict.SHA256 || sub.verdict.ProvenAt.After(old.ProvenAt), nil
}

// anyOf tells whether a folder has any of these files.
func anyOf(dir string, names []string) (bool, error) {
	var failed error
	return slices.ContainsFunc(names, func(name string) bool {
		there, err := exists(filepath.Join(dir, name))
		failed = errors.Join(failed, err)
		return there
	}), failed
}
