package targets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Verify checks the archive: records, tarballs, ways back.
//
// Every tarball that is there is hashed and held against its record; of every
// pointer each location is asked whether it still has what is needed. -deep
// brings every pruned tarball back and hashes it, without keeping it. It fails
// when a tarball is damaged or a way back is gone, and names the runs.
func Verify(ctx context.Context,
	run *string, // a run id, an entry's name or latest (default: all)
	tar *string, // a tarball at hand and its record (default: the archive)
	deep *bool, // bring pruned tarballs back and hash them (default: ask whether all is there)
	json *bool, // print an object with "findings" (default: a line each)
) error {
	return begin(ctx, "verify", func(ctx context.Context, s *session) error {
		path, err := s.path("tar", tar)
		if err != nil {
			return err
		}
		if path != "" {
			found, err := s.verifyTarball(ctx, path)
			if err != nil {
				return err
			}
			return s.printVerified(1, found, on(json))
		}
		id := "all"
		if run != nil {
			id = *run
		}
		return s.verify(ctx, id, on(deep), on(json))
	})
}

// verifyTarball holds a tarball at hand against the record beside it.
func (s *session) verifyTarball(ctx context.Context, path string) ([]finding.Finding, error) {
	record, err := readMeta(path + meta.Suffix)
	if err != nil {
		return nil, fault.New(fault.Refused, "no-meta", "verifying %s: it has no record beside it: %w", s.show(path), err).
			WithHint("without one nothing says what it should be")
	}
	inv, err := wheelhouse.Read(ctx, path, wheelhouse.ReadOptions{Limits: s.limits()})
	if err != nil {
		return nil, err
	}
	return meta.Compare(record, inv), nil
}

func (s *session) verify(ctx context.Context, run string, deep, asJSON bool) error {
	all, err := s.runs(ctx, run)
	if fault.Code(err) == "no-such-run" && run == "all" {
		return s.printVerified(0, nil, asJSON)
	}
	if err != nil {
		return err
	}
	b, err := s.newBringer(ctx, false)
	if err != nil {
		return err
	}
	v := verifier{bringer: b, deep: deep, seen: map[string]error{}}
	for _, k := range all {
		if err := v.one(ctx, k); err != nil {
			return err
		}
	}
	return s.printVerified(len(all), v.found, asJSON)
}

// printVerified prints what was found, and fails where something failed.
func (s *session) printVerified(checked int, found []finding.Finding, asJSON bool) error {
	var err error
	if asJSON {
		err = report.JSON(s.stdout, struct {
			Checked  int               `json:"checked"`
			Findings []finding.Finding `json:"findings"`
		}{checked, append([]finding.Finding{}, found...)})
	} else {
		err = report.Findings(s.stdout, found)
	}
	if err != nil {
		return err
	}
	failed := 0
	for _, f := range found {
		if f.Severity == finding.Fail {
			failed++
		}
	}
	if failed > 0 {
		return fault.New(fault.Refused, "verify-failed", "verifying %d tarballs: %d findings fail it", checked, failed).
			WithHint("each says what to do")
	}
	if !asJSON {
		return s.printf("verified: %d tarballs\n", checked)
	}
	return nil
}

// verifier verifies one tarball after another.
type verifier struct {
	*bringer
	deep  bool
	found []finding.Finding
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
	switch k.State {
	case entry.Broken:
		v.add("entry-broken", finding.Fail, k, "look at it by hand; nothing touches it", "%s", k.Why)
		return nil
	case entry.Full:
		v.tarball(ctx, k)
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

// tarball holds a tarball against its record and its lock.
func (v *verifier) tarball(ctx context.Context, k kept) {
	inv, err := wheelhouse.Read(ctx, k.path(), wheelhouse.ReadOptions{Limits: v.limits()})
	if err != nil {
		v.add("tarball-damaged", finding.Fail, k, v.again(k), "%v", err)
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
