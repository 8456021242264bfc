package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// maxBeside is the most bytes of a record, lock or verdict beside a tarball.
const maxBeside = 16 << 20

// submission is a Submission with what lies beside its tarball.
type submission struct {
	path, name string // of the tarball
	run        string
	date       time.Time
	limits     wheelhouse.Limits
	typed      func(target string) string // for hints

	record     meta.Record
	recordText []byte

	lock     *lock.Lock // nil: none beside the tarball
	lockText []byte
	makeLock func(*wheelhouse.Inventory) lock.Lock

	verdict     *verdict.Verdict // nil: none of this tarball
	verdictText []byte

	// papers by name: inventory, statement, checksums, signatures, bundle.
	papers map[string][]byte

	// requirements by their paths below their folder; nil: none.
	requirements map[string][]byte

	findings []finding.Finding
}

// tarballName is what a tarball may be called: it names files in git. Its
// length is bounded apart, since {0,150} takes a millisecond to compile.
var tarballName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*\.tgz$`)

// validTarball tells whether a tarball of that name may be archived.
func validTarball(name string) bool {
	const most = 155
	return len(name) <= most && tarballName.MatchString(name)
}

// read reads everything of a submission but the tarball.
func (a Archive) read(s Submission) (*submission, error) {
	sub := &submission{
		path: s.Tarball, name: filepath.Base(s.Tarball), run: s.Run, date: s.Date,
		limits: s.Limits, typed: a.typed, makeLock: s.Lock,
	}
	if !entry.ValidRun(s.Run) {
		return nil, fault.New(fault.Usage, "bad-run", "no run id for the archive: %q", s.Run).
			WithHint("a run id has 1 to 100 letters, digits, '.', '_' and '-', starts with neither '.' nor '-', and is not %q", entry.Latest)
	}
	if !validTarball(sub.name) {
		return nil, fault.New(fault.Usage, "bad-tarball-name", "no name for a tarball in the archive: %q", sub.name).
			WithHint("it ends with .tgz and has letters, digits, '.', '_', '+' and '-' only, 155 at most")
	}
	info, err := os.Stat(s.Tarball)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.Refused, "tar-missing", "no such tarball: %s", s.Tarball)
	case err != nil:
		return nil, unreadable(s.Tarball, err)
	case !info.Mode().IsRegular():
		return nil, fault.New(fault.Refused, "tar-missing", "no tarball, but a folder or a special file: %s", s.Tarball)
	}
	for _, part := range []func() error{sub.readRecord, sub.readLock, sub.readVerdict, sub.readPapers} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	if sub.date.IsZero() {
		sub.date = sub.record.CreatedAt
	}
	if y := sub.date.UTC().Year(); sub.date.IsZero() || y < 1 || y > 9999 {
		return nil, fault.New(fault.Refused, "bad-meta", "archiving %s: its record does not say when it was made", sub.name)
	}
	return sub, sub.takeRequirements(s.Requirements)
}

// unreadable is the error of a file of the submission's that cannot be read.
func unreadable(path string, err error) error {
	return fault.New(fault.Unable, "tar-unreadable", "reading %s: %w", path, err)
}

// beside reads a file beside the tarball; nil when it is not there.
func (sub *submission) beside(name string) ([]byte, error) {
	path := filepath.Join(filepath.Dir(sub.path), name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxBeside {
		return nil, unreadable(path, fmt.Errorf("not a regular file of at most %d bytes", maxBeside))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBeside))
	if err != nil {
		return nil, unreadable(path, err)
	}
	return data, nil
}

// readRecord reads the record, which must be there and name this tarball.
func (sub *submission) readRecord() (err error) {
	name := entry.MetaName(sub.name)
	if sub.recordText, err = sub.beside(name); err != nil {
		return err
	}
	if sub.recordText == nil {
		return fault.New(fault.Refused, "no-meta", "archiving %s: there is no %s beside it", sub.path, name).
			WithHint("write it: mage %s -tar=%s", sub.typed("meta"), sub.path)
	}
	path := filepath.Join(filepath.Dir(sub.path), name)
	if sub.record, err = meta.Parse(sub.recordText, path); err != nil {
		return err
	}
	if sub.record.SHA256 == "" {
		return fault.New(fault.Refused, "bad-meta", "archiving %s: %s does not say its sha256", sub.name, path).
			WithHint("move it away and let `mage %s` write one, with -createdAt for the old date", sub.typed("meta"))
	}
	if sub.record.Name != "" && sub.record.Name != sub.name {
		return fault.New(fault.Refused, "meta-mismatch", "archiving %s: %s is the record of %q", sub.name, path, sub.record.Name)
	}
	return nil
}

// readPapers reads what says who made the tarball. What they say is for verify
// to judge: they are kept as they are.
func (sub *submission) readPapers() error {
	sub.papers = map[string][]byte{}
	for _, name := range entry.Papers(sub.name) {
		data, err := sub.beside(name)
		if err != nil {
			return err
		}
		if data != nil {
			sub.papers[name] = data
		}
	}
	return nil
}

// readLock reads the lock, if there is one.
func (sub *submission) readLock() (err error) {
	name := lock.FileName(sub.name)
	if sub.lockText, err = sub.beside(name); err != nil || sub.lockText == nil {
		return err
	}
	l, err := lock.Parse(sub.lockText, filepath.Join(filepath.Dir(sub.path), name))
	sub.lock = &l
	return err
}

// readVerdict reads the verdict, if there is one and it is of this tarball.
func (sub *submission) readVerdict() (err error) {
	name := entry.VerdictName(sub.name)
	if sub.verdictText, err = sub.beside(name); err != nil || sub.verdictText == nil {
		return err
	}
	v, err := verdict.Parse(sub.verdictText, filepath.Join(filepath.Dir(sub.path), name))
	if err != nil {
		return err
	}
	if v.SHA256 != sub.record.SHA256 {
		sub.verdictText = nil
		sub.warn("verdict-differs", name, "left out: it is the verdict on another tarball", "validate this one")
		return nil
	}
	sub.verdict = &v
	return nil
}

// warn notes what was left out.
func (sub *submission) warn(code, subject, message, hint string) {
	sub.findings = append(sub.findings, finding.Finding{
		Code: code, Severity: finding.Warn, Subject: subject, Message: message, Hint: hint,
	})
}

// checkRead holds the tarball as it was read back against record and lock.
func (sub *submission) checkRead(inv *wheelhouse.Inventory) error {
	for _, f := range meta.Compare(sub.record, inv) {
		if f.Severity == finding.Fail {
			return fault.New(fault.Refused, "meta-mismatch",
				"archiving %s: its record does not agree with it: %s: %s", sub.path, f.Subject, f.Message)
		}
	}
	if sub.lock == nil {
		return nil
	}
	listed := map[string]string{}
	for _, w := range sub.lock.Wheels {
		listed[w.File] = w.SHA256
	}
	for _, w := range inv.Wheels {
		if listed[w.Name] != w.SHA256 {
			return sub.lockMismatch(fmt.Sprintf("%s is not in it with sha256 %s", w.Name, w.SHA256))
		}
		delete(listed, w.Name)
	}
	for file := range listed {
		return sub.lockMismatch("it lists " + file + ", which the tarball does not hold")
	}
	if sub.lock.SHA256 != "" && sub.lock.SHA256 != inv.SHA256 {
		return sub.lockMismatch("it is the lock of the tarball with sha256 " + sub.lock.SHA256)
	}
	return nil
}

// lockMismatch is the refusal of a lock that is not the tarball's.
func (sub *submission) lockMismatch(why string) error {
	return fault.New(fault.Refused, "lock-mismatch",
		"archiving %s: %s beside it does not agree with it: %s", sub.path, lock.FileName(sub.name), why).
		WithHint("move the lock away: `mage %s` then writes one from the tarball", sub.typed("archive"))
}
