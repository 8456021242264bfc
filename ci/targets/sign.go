package targets

import (
	"context"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// Sign signs a tarball and its checksums.
//
// It renews <tarball>.sha256sums and writes <tarball>.asc and
// <tarball>.sha256sums.asc with gpg, or with the armored private key in
// WHEELHOUSE_GPG_PRIVATE_KEY. WHEELHOUSE_GPG_PASSPHRASE unlocks either without
// a terminal. The setting trust.dsse-key wraps the statement in DSSE first. A
// signed set of files is not changed afterwards.
func Sign(ctx context.Context,
	tar *string, // the tarball (default: the one that build makes)
	key *string, // the key's fingerprint, or what gpg takes for a user (default: gpg's default key)
) error {
	return begin(ctx, "sign", func(ctx context.Context, s *session) error {
		id := ""
		if key != nil {
			id = *key
			if err := s.filled("key", id); err != nil {
				return err
			}
		}
		tarball, err := s.tarball(ctx, tar)
		if err != nil {
			return err
		}
		return s.sign(ctx, tarball, id)
	})
}

// sign signs the tarball's set of files.
func (s *session) sign(ctx context.Context, tarball, id string) error {
	key := provenance.Key{
		ID: id, Armored: s.secret(provenance.PrivateKeyVariable), Passphrase: s.secret(provenance.PassphraseVariable),
		Environ: s.environ, Unattended: s.unattended(), Now: s.now(),
	}
	dsse, err := s.dsseKey()
	if err != nil {
		return err
	}
	if dsse != nil {
		key.Wrap = func(statement []byte) ([]byte, error) { return provenance.WrapStatement(statement, dsse) }
	}
	end := s.steps.Step("signing " + s.show(tarball))
	done, err := provenance.Sign(ctx, tarball, key)
	end()
	if err != nil {
		return err
	}
	if len(done.Files) == 0 {
		return s.printf("%s  already signed, unchanged\n", s.show(tarball))
	}
	for _, name := range done.Files {
		if err := s.printf("%s\n", report.Visible(s.show(beside(tarball, name)))); err != nil {
			return err
		}
	}
	return nil
}

// unattended tells that nobody is there to be asked.
func (s *session) unattended() bool {
	ci, _ := s.getenv("CI")
	return ci == "true"
}

// beside gives the path of a file that lies beside a tarball.
func beside(tarball, name string) string { return filepath.Join(filepath.Dir(tarball), name) }
