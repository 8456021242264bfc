package bench

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
)

// papers measures attest, sign and verify beside meta of the same tarball, and
// beside the standard tools that tell as much of a signed one.
func (m *meter) papers(ctx context.Context, set wheelSet) ([]line, error) {
	dir, err := m.folder("papers")
	if err != nil {
		return nil, err
	}
	key, err := newSigner(dir)
	if err != nil {
		return nil, err
	}
	open, err := m.attested(ctx, filepath.Join(dir, "open"), set)
	if err != nil {
		return nil, err
	}
	signed, err := m.attested(ctx, filepath.Join(dir, "signed"), set)
	if err != nil {
		return nil, err
	}
	if _, err := m.ours(key.signs, "sign", "-tar="+signed).run(ctx); err != nil {
		return nil, err
	}
	contenders := []contender{
		m.meta(open),
		{name: "attest", run: processes(m.ours(nil, "attest", "-tar="+open))},
		{name: "sign", prepare: unsign(open), run: processes(m.ours(key.signs, "sign", "-tar="+open))},
		{name: "verify", run: processes(m.ours(key.trusts, "verify", "-tar="+signed))},
	}
	_, missing := exec.LookPath("gpgv")
	if missing == nil {
		contenders = append(contenders, standard(signed, key))
	}
	// attest leaves a signed set alone.
	contenders[1].prepare = contenders[2].prepare
	raced, err := race(ctx, contenders...)
	if err != nil {
		return nil, err
	}
	const meta, tools = "`mage meta`", "`sha256sum -c`, and `gpgv` of both signatures"
	lines := []line{
		within("attest", raced[1], meta, raced[0], 1.3),
		memory("attest", raced[1], tarballMemory),
		besideTime("sign, by a key in the environment", raced[2], meta, raced[0]),
		within("verify of checksums, signatures and statement", raced[3], meta, raced[0], 1.3),
		memory("verify of checksums, signatures and statement", raced[3], tarballMemory),
	}
	if missing != nil {
		lines = append(lines, notHere("verify", shown(raced[3].median()), tools))
	} else {
		lines = append(lines, besideTime("verify", raced[3], tools, raced[4]))
	}
	return lines, os.RemoveAll(dir)
}

// attested packs the set into a folder and gives the tarball, with its record
// and papers beside it.
func (m *meter) attested(ctx context.Context, dir string, set wheelSet) (string, error) {
	if _, err := m.ours(nil, "build", "-wheels="+set.dir, "-out="+dir).run(ctx); err != nil {
		return "", err
	}
	tarball, err := onlyTarball(dir)
	if err != nil {
		return "", err
	}
	for _, target := range []string{"meta", "attest"} {
		if _, err := m.ours(nil, target, "-tar="+tarball).run(ctx); err != nil {
			return "", err
		}
	}
	return tarball, nil
}

// unsign takes a tarball's signatures away.
func unsign(tarball string) func() error {
	return func() error {
		return errors.Join(os.RemoveAll(tarball+provenance.SignatureSuffix), os.RemoveAll(tarball+provenance.SumsSealedSuffix))
	}
}

// standard is what checks a signed set without us. Wheels, record and statement
// are held against nothing.
func standard(tarball string, key signer) contender {
	dir, name := filepath.Split(tarball)
	steps := []process{{args: []string{"sha256sum", "-c", "--quiet", name + provenance.ChecksumsSuffix}, dir: dir}}
	for _, file := range []string{name, name + provenance.ChecksumsSuffix} {
		steps = append(steps, process{args: []string{"gpgv", "-q", "--keyring", key.ring, file + provenance.SignatureSuffix, file}, dir: dir})
	}
	return contender{name: "sha256sum -c and gpgv", run: processes(steps...)}
}

// signer is a new key: settings to sign with it and to trust it.
type signer struct {
	ring          string // the public key's file
	signs, trusts []string
}

// newSigner makes a key, and its public half's file in dir.
func newSigner(dir string) (signer, error) {
	var s signer
	key, err := openpgp.NewEntity("bench", "", "bench@example.org", nil)
	if err != nil {
		return s, fault.New(fault.Unable, "bench-failed", "making a key: %w", err)
	}
	var private, public bytes.Buffer
	w, err := armor.Encode(&private, openpgp.PrivateKeyType, nil)
	if err == nil {
		err = errors.Join(key.SerializePrivate(w, nil), w.Close(), key.Serialize(&public))
	}
	s.ring = filepath.Join(dir, "keys.gpg")
	if err == nil {
		err = os.WriteFile(s.ring, public.Bytes(), 0o644)
	}
	if err != nil {
		return s, fault.New(fault.Unable, "bench-failed", "writing a key: %w", err)
	}
	s.signs = []string{provenance.PrivateKeyVariable + "=" + private.String()}
	s.trusts = []string{
		"WHEELHOUSE_TRUST_KEYRING=" + s.ring,
		"WHEELHOUSE_TRUST_FINGERPRINTS=" + strings.ToUpper(hex.EncodeToString(key.PrimaryKey.Fingerprint)),
		"WHEELHOUSE_TRUST_REQUIRE=checksums,signature,statement",
	}
	return s, nil
}
