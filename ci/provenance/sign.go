package provenance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
)

// The variables that secrets are read from. No setting, option or file of this
// program ever holds one, and no child of it gets them.
const (
	PassphraseVariable = "WHEELHOUSE_GPG_PASSPHRASE"
	PrivateKeyVariable = "WHEELHOUSE_GPG_PRIVATE_KEY"
)

// Key says what to sign with. The zero value is gpg's default key, which its
// agent unlocks.
type Key struct {
	// ID chooses the key: a fingerprint, or whatever gpg takes for a user. For
	// Armored it must be a fingerprint, of a primary key or a signing subkey.
	// Empty: gpg's default key, or the only one in Armored.
	ID string
	// Armored is an armored private key, which signs in this process; empty:
	// gpg signs.
	Armored []byte
	// Passphrase unlocks the key; empty: it is not locked, or gpg's agent
	// knows.
	Passphrase []byte
	// GPG is the program; empty means gpg, looked up in PATH of Environ.
	GPG string
	// Environ is gpg's environment. It must hold neither of the variables
	// above.
	Environ []string
	// Unattended: nobody is there to be asked for a passphrase.
	Unattended bool
	// Now dates signatures that are made in this process; gpg has its own
	// clock. Not zero with Armored.
	Now time.Time
	// Wrap gives the statement as it is signed; nil leaves it as it is.
	Wrap func(statement []byte) ([]byte, error)
}

// Signing tells what Sign did.
type Signing struct {
	// Files are the base names of what was written, in order; none where the
	// set was signed already and is as it was.
	Files []string
}

// Sign signs the set of files of the tarball at path: it wraps the statement
// as key.Wrap has it, writes the checksums anew, and then the detached
// signatures, that of the checksums last. Each file appears complete or not at
// all; what broke off before the last is done again from the start. A set that
// is signed already stays as it is, but for a tarball's signature that is gone,
// and is refused when it is no longer what was signed.
//
// Codes: already-signed, tar-missing (refused), bad-key (usage), gpg-missing,
// gpg-failed, sign-failed, key-missing, key-expired, key-revoked, key-locked,
// papers-unreadable, not-written (unable).
func Sign(ctx context.Context, path string, key Key) (Signing, error) {
	var done Signing
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return done, fault.New(fault.Refused, "tar-missing", "no such tarball: %s", path)
	}
	_, err := os.Lstat(path + SumsSealedSuffix)
	signed := !gone(err)
	if signed {
		if err := unchanged(ctx, path); err != nil {
			return done, err
		}
		if _, err := os.Lstat(path + SignatureSuffix); !gone(err) {
			return done, nil
		}
	}
	signer, err := key.signer(ctx)
	if err != nil {
		return done, err
	}
	if signed { // and the tarball's signature was lost
		err := done.sign(ctx, signer, path)
		return done, err
	}
	if err := wrapStatement(path, key.Wrap, &done); err != nil {
		return done, err
	}
	sums, err := Checksums(ctx, path)
	if err != nil {
		return done, err
	}
	if err := done.write(path+ChecksumsSuffix, sums); err != nil {
		return done, err
	}
	for _, file := range []string{path, path + ChecksumsSuffix} {
		if err := done.sign(ctx, signer, file); err != nil {
			return done, err
		}
	}
	return done, nil
}

// sign writes the signature of a file.
func (d *Signing) sign(ctx context.Context, s signer, file string) error {
	sealed, err := s.sign(ctx, file)
	if err != nil {
		return err
	}
	if _, err := parseSignature(sealed); err != nil {
		return fault.New(fault.Unable, "gpg-failed", "signing %s: what came is no signature: %w", file, err)
	}
	return d.write(file+SignatureSuffix, sealed)
}

// signer makes detached, armored signatures.
type signer interface {
	sign(ctx context.Context, file string) ([]byte, error)
}

// signer gives what the key signs with. What can be told of the key before
// anything is written is told here.
func (k Key) signer(ctx context.Context) (signer, error) {
	if len(k.Armored) > 0 {
		return k.unlock()
	}
	return k.gpg(ctx)
}

// unchanged refuses a signed set that is not as it was.
func unchanged(ctx context.Context, path string) error {
	sums, err := Checksums(ctx, path)
	if err != nil {
		return err
	}
	old, err := readBounded(path+ChecksumsSuffix, maxChecksums)
	if err != nil && !gone(err) {
		return fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", path+ChecksumsSuffix, err)
	}
	if err == nil && bytes.Equal(old, sums) {
		return nil
	}
	return fault.New(fault.Refused, "already-signed", "signing %s: it is signed already, and its files are no longer those that were signed", path).
		WithHint("if they are right, remove %s and %s and sign again", filepath.Base(path)+SignatureSuffix, filepath.Base(path)+SumsSealedSuffix)
}

// wrapStatement replaces the statement by what wrap makes of it.
func wrapStatement(path string, wrap func([]byte) ([]byte, error), done *Signing) error {
	if wrap == nil {
		return nil
	}
	statement, err := readBounded(path+StatementSuffix, maxStatement)
	if gone(err) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", path+StatementSuffix, err)
	}
	wrapped, err := wrap(statement)
	if err != nil || bytes.Equal(wrapped, statement) {
		return err
	}
	return done.write(path+StatementSuffix, wrapped)
}

// write writes a file of the set.
func (d *Signing) write(path string, data []byte) error {
	if err := atomicfile.Write(path, data, 0o644); err != nil {
		return fault.New(fault.Unable, "not-written", "writing %s: %w", path, err).
			WithHint("look whether there is room on that disk, and whether it can be written to")
	}
	d.Files = append(d.Files, filepath.Base(path))
	return nil
}

// hide leaves what is secret out of a text of another program.
func hide(text string, secret []byte) string {
	if len(secret) == 0 {
		return text
	}
	return string(bytes.ReplaceAll([]byte(text), secret, []byte("***")))
}

// hashable opens a file to be signed.
func hashable(ctx context.Context, file string, to io.Writer) error {
	if err := readAll(ctx, file, to); err != nil {
		return fmt.Errorf("signing %s: %w", file, err)
	}
	return nil
}
