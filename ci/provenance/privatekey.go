package provenance

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// unlocked is a private key that signs in this process.
type unlocked struct {
	entity *openpgp.Entity
	config *packet.Config
}

// unlock reads the armored key, chooses the one that ID names and unlocks it.
// No message repeats anything of the key but its fingerprint.
func (k Key) unlock() (*unlocked, error) {
	entity, err := k.entity()
	if err != nil {
		return nil, err
	}
	name := fingerprint(entity.PrimaryKey)
	u := &unlocked{entity, packetConfig(k.Now)}
	u.config.DefaultHash = crypto.SHA256
	if wanted := k.wanted(); wanted != "" {
		for _, sub := range entity.Subkeys {
			if fingerprint(sub.PublicKey) == wanted {
				u.config.SigningKeyId = sub.PublicKey.KeyId
			}
		}
	}
	switch _, err := entity.VerifyPrimaryKey(k.Now, u.config); {
	case entity.Revoked(k.Now) || isRevoked(err):
		return nil, fault.New(fault.Unable, "key-revoked", "signing with %s: the key was revoked", name).
			WithHint("sign with another key")
	case err != nil:
		return nil, fault.New(fault.Unable, "key-expired", "signing with %s: the key has expired", name).
			WithHint("prolong it, and put what `gpg --armor --export-secret-keys` gives into %s", PrivateKeyVariable)
	}
	signing, ok := entity.SigningKeyById(k.Now, u.config.SigningKeyId, u.config)
	switch {
	case !ok:
		return nil, u.noSigningKey(k)
	case signing.PrivateKey == nil || signing.PrivateKey.Dummy():
		return nil, fault.New(fault.Unable, "key-missing", "signing with %s: %s has no private key for signing", name, PrivateKeyVariable).
			WithHint("export it with the key: gpg --armor --export-secret-keys %s", name)
	case !signing.PrivateKey.Encrypted:
		return u, nil
	case len(k.Passphrase) == 0:
		return nil, fault.New(fault.Unable, "key-locked", "signing with %s: the key is locked", name).
			WithHint("put its passphrase into %s", PassphraseVariable)
	}
	if err := signing.PrivateKey.Decrypt(k.Passphrase); err != nil {
		return nil, fault.New(fault.Unable, "key-locked", "signing with %s: the key is locked, and the passphrase is not the right one", name).
			WithHint("look at %s", PassphraseVariable)
	}
	return u, nil
}

// noSigningKey says why a valid key has no key for signing.
func (u *unlocked) noSigningKey(k Key) error {
	name := fingerprint(u.entity.PrimaryKey)
	for _, sub := range u.entity.Subkeys {
		binding, err := sub.LatestValidBindingSignature(k.Now, u.config)
		if err == nil && binding.FlagSign && sub.Expired(binding, k.Now) {
			return fault.New(fault.Unable, "key-expired", "signing with %s: its subkey for signing has expired", name).
				WithHint("prolong it, and export the key anew")
		}
	}
	return fault.New(fault.Unable, "key-missing", "signing with %s: it has no key for signing", name).
		WithHint("make a subkey for signing, or name another key")
}

// wanted is the fingerprint that ID names, as fingerprint gives it.
func (k Key) wanted() string { return strings.ToUpper(strings.ReplaceAll(k.ID, " ", "")) }

// entity gives the key that ID names.
func (k Key) entity() (*openpgp.Entity, error) {
	block, rest, err := nextBlock(k.Armored)
	if err == nil && (block.kind != openpgp.PrivateKeyType || len(bytes.TrimSpace(rest)) > 0) {
		err = errors.New("it is not one private key block")
	}
	var keys openpgp.EntityList
	if err == nil {
		if keys, err = openpgp.ReadKeyRing(bytes.NewReader(block.body)); err != nil {
			err = errors.New("it is damaged") // the library's words may show what it read
		}
	}
	if err != nil {
		return nil, fault.New(fault.Usage, "bad-key", "reading the private key in %s: %w", PrivateKeyVariable, err).
			WithHint("put there what `gpg --armor --export-secret-keys FINGERPRINT` gives, all lines of it")
	}
	wanted := k.wanted()
	if wanted == "" {
		if len(keys) == 1 {
			return keys[0], nil
		}
		return nil, fault.New(fault.Usage, "bad-key", "choosing a key of %s: it holds %d", PrivateKeyVariable, len(keys)).
			WithHint("name the one to sign with: -key=FINGERPRINT")
	}
	for _, e := range keys {
		if fingerprint(e.PrimaryKey) == wanted {
			return e, nil
		}
		for _, sub := range e.Subkeys {
			if fingerprint(sub.PublicKey) == wanted {
				return e, nil
			}
		}
	}
	return nil, fault.New(fault.Unable, "key-missing", "choosing a key of %s: it holds none with the fingerprint %.80q", PrivateKeyVariable, k.ID).
		WithHint("leave -key out, or name a key's whole fingerprint")
}

// sign makes a detached signature of a file.
func (u *unlocked) sign(ctx context.Context, file string) ([]byte, error) {
	var out bytes.Buffer
	encoder, err := armor.EncodeWithChecksumOption(&out, openpgp.SignatureType, nil, true)
	if err != nil {
		return nil, err
	}
	w, err := openpgp.DetachSignWriter(encoder, []*openpgp.Entity{u.entity}, &openpgp.SignParams{Config: u.config})
	if err == nil {
		if err = hashable(ctx, file, w); err != nil {
			return nil, err
		}
		err = w.Close()
	}
	if err == nil {
		err = encoder.Close()
	}
	if err != nil {
		return nil, fault.New(fault.Unable, "sign-failed", "signing %s with %s: %w", file, fingerprint(u.entity.PrimaryKey), err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
