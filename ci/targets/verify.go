package targets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Verify checks tarballs, who says so, and the ways back.
//
// Every tarball that is there is hashed and held against its record, checksums,
// signatures, statement and bundle, each check with its reason: pass, fail,
// warn or skip. Signatures count by trust.keyring and trust.fingerprints;
// what trust.require names must be there. Of every pointer each location is
// asked whether it still has what is needed; -deep brings every pruned tarball
// back and hashes it, without keeping it. It fails when a check does, and ends
// with 3 where a required one could not be made here.
func Verify(ctx context.Context,
	run *string, // a run id, an entry's name or latest; with -tar, the run that it must be of (default: all)
	tar *string, // a tarball at hand and what lies beside it (default: the archive)
	commit *string, // the whole id of the commit that record and statement must name (default: any)
	deep *bool, // bring pruned tarballs back and hash them (default: ask whether all is there)
	json *bool, // print an object with "checks" and "findings" (default: a line each)
) error {
	return begin(ctx, "verify", func(ctx context.Context, s *session) error {
		path, err := s.path("tar", tar)
		if err != nil {
			return err
		}
		id, sum := "", ""
		if run != nil {
			id = *run
			if err := s.filled("run", id); err != nil {
				return err
			}
		}
		if commit != nil {
			if sum, err = s.wholeCommit(*commit); err != nil {
				return err
			}
		}
		if path != "" {
			v, err := s.verifyTarball(ctx, path, id, sum)
			if err != nil {
				return err
			}
			return s.printVerified(v, on(json))
		}
		if id == "" {
			id = "all"
		}
		return s.verify(ctx, id, sum, on(deep), on(json))
	})
}

// wholeCommit reads -commit. What is shorter than a commit's id names none for
// sure, and no record has it.
func (s *session) wholeCommit(text string) (string, error) {
	if err := s.filled("commit", text); err != nil {
		return "", err
	}
	sum := strings.ToLower(text)
	if strings.Trim(sum, "0123456789abcdef") != "" || len(sum) != 40 && len(sum) != 64 {
		return "", fault.New(fault.Usage, "bad-commit", "%s: -commit is %.80q, which is no commit's whole id: 40 hexadecimal digits, or 64", s.target, text).
			WithHint("git rev-parse HEAD prints one")
	}
	return sum, nil
}

// verifyTarball holds a tarball at hand against what lies beside it.
func (s *session) verifyTarball(ctx context.Context, path, run, commit string) (verified, error) {
	v := verified{tarballs: 1, all: true}
	record, err := readMeta(path + meta.Suffix)
	if err != nil {
		return v, fault.New(fault.Refused, "no-meta", "verifying %s: it has no record beside it: %w", s.show(path), err).
			WithHint("without one nothing says what it should be")
	}
	q := question{path: path, run: run, commit: commit}
	if q.run == "" {
		q.run, q.date = s.placeOf(path)
	}
	a, err := s.examine(ctx, q)
	if err != nil {
		return v, err
	}
	v.take(a, s.requiredOf(a))
	if a.inventory != nil {
		v.found = meta.Compare(record, a.inventory)
	}
	return v, nil
}

func (s *session) verify(ctx context.Context, run, commit string, deep, asJSON bool) error {
	all, err := s.runs(ctx, run)
	if fault.Code(err) == "no-such-run" && run == "all" {
		return s.printVerified(verified{}, asJSON)
	}
	if err != nil {
		return err
	}
	b, err := s.newBringer(ctx, false)
	if err != nil {
		return err
	}
	v := verifier{bringer: b, commit: commit, deep: deep, seen: map[string]error{}}
	for _, k := range all {
		if err := v.one(ctx, k); err != nil {
			return err
		}
	}
	v.tarballs = len(all)
	return s.printVerified(v.verified, asJSON)
}

// verifier verifies one tarball after another.
type verifier struct {
	*bringer
	verified
	commit string
	deep   bool
	// seen are the blobs that were asked for, by store and key.
	seen map[string]error
}

func (v *verifier) add(code string, severity finding.Severity, k kept, hint, format string, args ...any) {
	v.found = append(v.found, finding.Finding{
		Code: code, Severity: severity, Subject: k.name() + "/" + k.Tarball, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// one verifies one tarball. The error is that of ctx.
func (v *verifier) one(ctx context.Context, k kept) error {
	end := v.steps.Step("verifying " + report.Visible(k.name()) + "/" + report.Visible(k.Tarball))
	defer end()
	if k.State == entry.Broken {
		v.add("entry-broken", finding.Fail, k, "look at it by hand; nothing touches it", "%s", k.Why)
		return nil
	}
	inv, err := v.papers(ctx, k)
	if err != nil {
		return err
	}
	switch k.State {
	case entry.Full:
		v.tarball(k, inv)
	case entry.RecordOnly:
		v.add("no-way-back", finding.Info, k, "", "its record alone is left; nothing says where its bytes are")
	}
	if k.Pointer != nil {
		for _, l := range k.Pointer.Locations {
			if err := v.location(ctx, k, l); err != nil {
				if ctx.Err() != nil {
					return err
				}
				v.add("way-back-gone", finding.Fail, k, v.hint(k), "%s: %v", l.URL, err)
			}
		}
	}
	return ctx.Err()
}

// hint says what to do about a way that is gone.
func (v *verifier) hint(k kept) string {
	if k.State == entry.Full {
		return fmt.Sprintf("its tarball is here: store it again, mage %s %s", v.typed("push"), k.Run)
	}
	return fmt.Sprintf("bring it back by another way before that goes as well: mage %s %s", v.typed("restore"), k.Run)
}

// papers holds a tarball, where it is there, and what lies beside it against
// the settings. The error is one that no other entry would do without.
func (v *verifier) papers(ctx context.Context, k kept) (*wheelhouse.Inventory, error) {
	q := asked(k)
	q.commit = v.commit
	a, err := v.examine(ctx, q)
	if err == nil {
		v.take(a, v.requiredOf(a))
	}
	return a.inventory, err
}

// tarball holds a tarball that was read against its record and its lock.
func (v *verifier) tarball(k kept, inv *wheelhouse.Inventory) {
	if inv == nil {
		v.add("tarball-damaged", finding.Fail, k, v.again(k), "it cannot be read: its check says why")
		return
	}
	if inv.SHA256 != k.SHA256 {
		v.add("tarball-damaged", finding.Fail, k, v.again(k), "its sha256 is %s, its record says %s", inv.SHA256, k.SHA256)
	}
	if l, err := readLockBeside(k); err == nil {
		listed := map[string]string{}
		for _, w := range l.Wheels {
			listed[w.File] = w.SHA256
		}
		for _, w := range inv.Wheels {
			if listed[w.Name] != w.SHA256 {
				v.add("lock-mismatch", finding.Fail, k, "the lock is another tarball's: put the right one beside it", "%s is not in its lock with sha256 %s", w.Name, w.SHA256)
				return
			}
		}
	} else if !gone(err) {
		v.add("bad-lock", finding.Fail, k, "put the right one beside it", "%v", err)
	}
}

func (v *verifier) again(k kept) string {
	return fmt.Sprintf("bring it back: mage %s %s", v.typed("restore"), k.Run)
}

// location asks one place of a pointer whether the tarball still comes back.
func (v *verifier) location(ctx context.Context, k kept, l entry.Location) error {
	if v.deep {
		h, size := sha256.New(), int64(0)
		if err := v.writeFrom(ctx, l.URL, k, false, io.MultiWriter(h, counter{&size})); err != nil {
			return err
		}
		if sum := hex.EncodeToString(h.Sum(nil)); sum != k.SHA256 {
			return fmt.Errorf("bytes with sha256 %s come back", sum)
		}
		return nil
	}
	if l.URL == indexURL {
		return nil // only fetching them would tell: -deep
	}
	if !isStore(l) {
		_, _, err := v.archived().GitBlob(ctx, l.URL)
		return err
	}
	st, err := v.store(ctx, l.URL)
	if err != nil {
		return err
	}
	m, err := v.made(ctx, st, k)
	if err != nil {
		return err
	}
	for sum, size := range m.blobs(k.SHA256) {
		if err := v.blob(ctx, st, sum, size); err != nil {
			return err
		}
	}
	return nil
}

// blob asks for a blob, of each store once.
func (v *verifier) blob(ctx context.Context, st store.Store, sum string, size int64) error {
	key := filepath.ToSlash(st.URL()) + " " + sum
	if err, ok := v.seen[key]; ok {
		return err
	}
	o, err := st.Stat(ctx, store.BlobKey(sum))
	if err == nil && size >= 0 && o.Size != size {
		err = fmt.Errorf("%s has %d bytes where it should have %d", store.BlobKey(sum), o.Size, size)
	}
	if ctx.Err() == nil {
		v.seen[key] = err
	}
	return err
}
