package validate

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Records and locks are small: a lock of 10,000 wheels has 5 MB.
const (
	recordBytes = 16 << 20
	lockBytes   = 64 << 20
)

// recordPath gives where the record of a tarball lies: beside it under its
// name and .meta, else as old flat archives have it.
func recordPath(o Options) string {
	if o.Record != "" {
		return o.Record
	}
	path := o.Tarball + ".meta"
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if old := strings.TrimSuffix(o.Tarball, ".tgz") + ".meta"; exists(old) {
			return old
		}
	}
	return path
}

// record reads the record and holds it against the tarball and the
// requirements.
func record(o Options, inv *wheelhouse.Inventory) (*meta.Record, string, []finding.Finding) {
	path := recordPath(o)
	data, err := readBounded(path, recordBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, path, []finding.Finding{{
			Code: "meta-missing", Severity: finding.Warn, Subject: filepath.Base(path),
			Message: "no record beside the tarball, so nothing tells where it came from",
			Hint:    "mage " + strings.TrimSuffix(o.Typed, "validate") + "meta writes one",
		}}
	}
	var r meta.Record
	if err == nil {
		r, err = meta.Parse(data, path)
	}
	if err != nil {
		f := failure(err, filepath.Base(path))
		f.Code = "bad-meta"
		return nil, path, []finding.Finding{f}
	}
	return &r, path, append(meta.Compare(r, inv), differ(o, r)...)
}

// differ tells whether the record was made of other requirements.
func differ(o Options, r meta.Record) []finding.Finding {
	set := o.Requirements
	if set == nil {
		return nil
	}
	message := ""
	switch {
	case r.RequirementsHash != "" && r.RequirementsHash != set.Hash:
		message = fmt.Sprintf("the record was made of requirements with sha256 %s, this file has %s", short(r.RequirementsHash), short(set.Hash))
	case r.RequirementsInputs != "" && r.RequirementsInputs != set.Inputs:
		message = "a file that it includes is not the one that the record was made of"
	default:
		return nil
	}
	return []finding.Finding{{
		Code: "requirements-differ", Severity: finding.Warn, Subject: o.RequirementsFrom, Message: message,
		Hint: "give the requirements that the tarball was built from, or build again",
	}}
}

// lockOf reads the lock beside the tarball, if there is one. A lock of another
// tarball is reported and not believed.
func lockOf(o Options, inv *wheelhouse.Inventory) (*lock.Lock, []finding.Finding) {
	path := o.Lock
	if path == "" {
		path = filepath.Join(filepath.Dir(o.Tarball), lock.FileName(filepath.Base(o.Tarball)))
	}
	data, err := readBounded(path, lockBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var l lock.Lock
	if err == nil {
		l, err = lock.Parse(data, path)
	}
	if err != nil {
		f := failure(err, filepath.Base(path))
		f.Code = "bad-lock"
		return nil, []finding.Finding{f}
	}
	if why := lockDiffers(l, inv); why != "" {
		return nil, []finding.Finding{{
			Code: "lock-mismatch", Severity: finding.Fail, Subject: filepath.Base(path), Message: why,
			Hint: "it is the lock of another tarball; build again, or remove it",
		}}
	}
	return &l, nil
}

// lockDiffers says in what a lock is not this tarball's; empty: in nothing.
func lockDiffers(l lock.Lock, inv *wheelhouse.Inventory) string {
	if l.SHA256 != "" && l.SHA256 != inv.SHA256 {
		return fmt.Sprintf("it is of a tarball with sha256 %s, this one has %s", short(l.SHA256), short(inv.SHA256))
	}
	sums := map[string]string{}
	for _, w := range l.Wheels {
		sums[w.File] = w.SHA256
	}
	for _, w := range inv.Wheels {
		switch sum, listed := sums[w.Name]; {
		case !listed:
			return w.Name + " is in the tarball and not in the lock"
		case sum != w.SHA256:
			return fmt.Sprintf("it has sha256 %s for %s, the tarball's has %s", short(sum), w.Name, short(w.SHA256))
		}
		delete(sums, w.Name)
	}
	if extra := sortedKeys(sums); len(extra) > 0 {
		return listed(extra) + ": in the lock and not in the tarball"
	}
	return ""
}

// readBounded reads a regular file of at most most bytes.
func readBounded(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("reading %s: not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only: nothing to lose
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("reading %s: larger than %d bytes", path, most)
	}
	return data, err
}

// failure makes an error a FAIL with the error's code, message and hint.
func failure(err error, subject string) finding.Finding {
	f := finding.Finding{Code: "failed", Severity: finding.Fail, Subject: subject, Message: err.Error()}
	if e, ok := fault.As(err); ok {
		f.Code, f.Message, f.Hint = e.Code, e.Message, e.Hint
	}
	return f
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
