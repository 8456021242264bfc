package provenance

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Trust says whose signatures count.
type Trust struct {
	// Keyring is a file of public keys, armored or binary. Fingerprints are
	// whole ones, as ParseFingerprint gives them, of the primary keys (or of
	// the one subkey) whose signatures count. Neither without the other; both
	// empty: signatures are looked at and not judged.
	Keyring      string
	Fingerprints []string
	// Now is the time that keys and signatures must be valid at. Not zero.
	Now time.Time
}

// ParseFingerprint gives a fingerprint as Trust has it: 40 hexadecimal digits,
// or 64 for a key of version 6, in upper case; blanks in it are left out. What
// is shorter is no fingerprint but a key's id, which anybody can have made. The
// error is lower case and says what is wrong.
func ParseFingerprint(text string) (string, error) {
	plain := strings.ToUpper(strings.ReplaceAll(text, " ", ""))
	if strings.Trim(plain, "0123456789ABCDEF") != "" || len(plain) != 40 && len(plain) != 64 {
		return "", fmt.Errorf("%.80q is no whole fingerprint: 40 hexadecimal digits, or 64", text)
	}
	return plain, nil
}

// Seals are the two signatures of a set of files, while their files are read.
type Seals struct {
	path    string
	trust   Trust
	keys    keyring
	tarball seal
	sums    seal
}

// seal is one signature, or why there is none to judge.
type seal struct {
	subject string
	sig     *signature // nil: check says all
	check   Check
}

// OpenSeals reads the keyring and the signatures of the tarball at path. Every
// byte of the tarball is then written to Tarball, and Checks says what they
// are. Codes: no-keyring, trust-incomplete (usage), bad-keyring (refused),
// keyring-unreadable, papers-unreadable (unable).
func OpenSeals(path string, t Trust) (*Seals, error) {
	s := &Seals{path: path, trust: t}
	if (t.Keyring == "") != (len(t.Fingerprints) == 0) {
		return nil, fault.New(fault.Usage, "trust-incomplete", "checking the signatures of %s: trust.keyring and trust.fingerprints go together, and only one is set", filepath.Base(path)).
			WithHint("name the keyring's file, and the whole fingerprints of the keys in it that count")
	}
	var err error
	if t.Keyring != "" {
		if s.keys, err = readKeyring(t.Keyring); err != nil {
			return nil, err
		}
	}
	if s.tarball, err = s.open(path, SignatureSuffix); err != nil {
		return nil, err
	}
	s.sums, err = s.open(path+ChecksumsSuffix, SignatureSuffix)
	return s, err
}

// open reads the signature of a file.
func (s *Seals) open(file, suffix string) (seal, error) {
	out := seal{subject: filepath.Base(file)}
	data, err := readBounded(file+suffix, maxSignature)
	if err == nil {
		out.sig, err = parseSignature(data)
		if err != nil {
			out.check = out.failed(Malformed, err.Error())
			out.sig = nil
		}
		if s.keys == nil {
			out.sig = nil
			if err == nil {
				out.check = Check{
					Name: CheckSignature, Result: Skip, Subject: out.subject, State: Unable, Reason: "no keyring is pinned, so it was not judged",
					Hint: "name the keys that count: trust.keyring, trust.fingerprints",
				}
			}
		}
		return out, nil
	}
	switch {
	case gone(err):
		out.check = Check{
			Name: CheckSignature, Result: Skip, Subject: out.subject, State: Unsigned, Reason: "it has no " + filepath.Base(file+suffix) + " beside it",
			Hint: "get the whole set of files, or have it signed",
		}
	case errors.Is(err, errTooLong):
		out.check = out.failed(Malformed, fmt.Sprintf("it has more than %d bytes", maxSignature))
	default:
		return out, fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", file+suffix, err)
	}
	return out, nil
}

// failed is a check that refuses.
func (s seal) failed(state, why string) Check {
	c := Check{Name: CheckSignature, Result: Fail, Subject: s.subject, State: state, Reason: why}
	switch state {
	case Tampered, Malformed:
		c.Hint = getAgain
	case UnknownKey, WrongSigner:
		c.Hint = "whoever signed it is not trusted here: if it should be, add its key to trust.keyring and its fingerprint to trust.fingerprints"
	case KeyExpired:
		c.Hint = "get the key anew where its owner prolonged it, or have the set signed by another"
	case KeyRevoked:
		c.Hint = "trust nothing that this key signed: have the set built and signed again"
	case SignatureExpired:
		c.Hint = "get a newer set"
	case FromFuture:
		c.Hint = "look at this machine's clock, and at the signer's"
	}
	return c
}

// judge gives the check of a signature whose file was read.
func (s seal) judge(keys keyring, t Trust) Check {
	if s.sig == nil {
		return s.check
	}
	j := s.sig.judge(keys, t.Fingerprints, t.Now)
	if j.state == OK {
		return Check{Name: CheckSignature, Result: Pass, Subject: s.subject, State: OK, Reason: j.why}
	}
	return s.failed(j.state, j.why)
}

// Tarball takes the tarball's bytes, in order. It is to be used by one
// goroutine at a time, and never fails.
func (s *Seals) Tarball() io.Writer {
	if s.tarball.sig == nil {
		return io.Discard
	}
	return s.tarball.sig.h
}

// GoesOn tells that the tarball's SHA-256, which whoever reads it has anyway,
// is what its signature needs: then that goes to GoOn, and nothing to Tarball.
func (s *Seals) GoesOn() bool {
	sig := s.tarball.sig
	return sig == nil || sig.sig.Hash == crypto.SHA256 && sig.sig.Version == 4
}

// GoOn takes the SHA-256 of all bytes of the tarball, where GoesOn.
func (s *Seals) GoOn(h hash.Hash) {
	if s.tarball.sig != nil {
		s.tarball.sig.h = h
	}
}

// Checks judges the signatures; the checksums file is read here. whole tells
// that the tarball went to Tarball: without it, a pruned one, its signature is
// skipped. Codes: papers-unreadable.
func (s *Seals) Checks(whole bool) ([]Check, error) {
	if s.tarball.sig != nil && !whole {
		s.tarball.sig, s.tarball.check = nil, Check{
			Name: CheckSignature, Result: Skip, Subject: s.tarball.subject, State: NotCompared, Reason: "the tarball is not here",
		}
	}
	if s.sums.sig != nil {
		sums, err := readBounded(s.path+ChecksumsSuffix, maxChecksums)
		switch {
		case gone(err):
			s.sums.sig, s.sums.check = nil, s.sums.failed(Tampered, "there is a signature, and no such file")
		case errors.Is(err, errTooLong):
			s.sums.sig, s.sums.check = nil, s.sums.failed(Tampered, fmt.Sprintf("it has more than %d bytes", maxChecksums))
		case err != nil:
			return nil, fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", s.path+ChecksumsSuffix, err)
		default:
			s.sums.sig.h.Write(sums)
		}
	}
	return []Check{s.tarball.judge(s.keys, s.trust), s.sums.judge(s.keys, s.trust)}, nil
}

// VerifySignatures judges the signatures of the tarball at path and of the
// checksums file beside it: a check for each, in this order, whose State is
// one of the signature's. It reads the tarball; who reads it anyway takes
// OpenSeals. Codes: those of OpenSeals; tar-missing (refused), tar-unreadable
// (unable).
func VerifySignatures(ctx context.Context, path string, t Trust) ([]Check, error) {
	s, err := OpenSeals(path, t)
	if err != nil {
		return nil, err
	}
	if s.tarball.sig != nil {
		if err := readAll(ctx, path, s.Tarball()); err != nil {
			return nil, err
		}
	}
	return s.Checks(true)
}

// readAll writes a tarball's bytes to w.
func readAll(ctx context.Context, path string, w io.Writer) error {
	info, err := os.Stat(path)
	if gone(err) {
		return fault.New(fault.Refused, "tar-missing", "no such tarball: %s", path)
	}
	if err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for ever
		return fault.New(fault.Unable, "tar-unreadable", "reading tarball %s: it is no plain file", path)
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err == nil {
		defer func() { _ = f.Close() }()
		_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{until{ctx, f}}, make([]byte, 256<<10))
	}
	if err != nil && !fault.Interrupted(err) {
		return fault.New(fault.Unable, "tar-unreadable", "reading tarball %s: %w", path, err)
	}
	return err
}

// until reads until its context ends.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
