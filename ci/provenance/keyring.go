package provenance

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// maxKeyring is the most bytes of a keyring: it holds the few keys that are
// pinned, and is no copy of a key server.
const maxKeyring = 4 << 20

// keyring are the keys whose signatures can be told.
type keyring openpgp.EntityList

// readKeyring reads a file of public keys, armored (one block or several) or
// binary. Codes: no-keyring (usage), bad-keyring (refused), keyring-unreadable
// (unable).
func readKeyring(path string) (keyring, error) {
	data, err := readBounded(path, maxKeyring)
	switch {
	case gone(err):
		return nil, fault.New(fault.Usage, "no-keyring", "reading the pinned keyring: no such file: %s", path).
			WithHint("write it: gpg --armor --export FINGERPRINT > FILE, and look at trust.keyring")
	case errors.Is(err, errTooLong):
		return nil, badKeyring(path, "it has more than %d bytes", maxKeyring)
	case err != nil:
		return nil, fault.New(fault.Unable, "keyring-unreadable", "reading the pinned keyring %s: %w", path, err)
	}
	return parseKeyring(data, path)
}

func badKeyring(path, format string, args ...any) error {
	return fault.New(fault.Refused, "bad-keyring", "reading the pinned keyring %s: "+format, append([]any{path}, args...)...).
		WithHint("write it anew: gpg --armor --export FINGERPRINT > FILE")
}

// parseKeyring reads keys; path is for messages.
func parseKeyring(data []byte, path string) (keyring, error) {
	blocks := [][]byte{data}
	if bytes.Contains(data, []byte(armorBegin)) {
		blocks = nil
		for rest := data; ; {
			var block armored
			var err error
			if block, rest, err = nextBlock(rest); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, badKeyring(path, "%w", err)
			}
			if block.kind != openpgp.PublicKeyType {
				return nil, badKeyring(path, "it holds a block %q, which is no public key", block.kind)
			}
			blocks = append(blocks, block.body)
		}
	}
	var all keyring
	for _, block := range blocks {
		keys, err := openpgp.ReadKeyRing(bytes.NewReader(block))
		if err != nil {
			return nil, badKeyring(path, "%w", err)
		}
		all = append(all, keys...)
	}
	if len(all) == 0 {
		return nil, badKeyring(path, "it holds no key")
	}
	for _, e := range all {
		if e.PrivateKey != nil {
			return nil, badKeyring(path, "it holds the private key of %s", fingerprint(e.PrimaryKey))
		}
	}
	return all, nil
}

// candidate is a key that a signature may be of.
type candidate struct {
	entity *openpgp.Entity
	public *packet.PublicKey
	// subkey is nil for the primary key.
	subkey *openpgp.Subkey
}

// find gives the keys that a signature says it is of. A fingerprint tells
// more than a key's id, which others can have as well.
func (k keyring) find(sig *packet.Signature) []candidate {
	var found []candidate
	for _, e := range k {
		if sig.CheckKeyIdOrFingerprint(e.PrimaryKey) {
			found = append(found, candidate{entity: e, public: e.PrimaryKey})
		}
		for i := range e.Subkeys {
			if sub := &e.Subkeys[i]; sig.CheckKeyIdOrFingerprint(sub.PublicKey) {
				found = append(found, candidate{entity: e, public: sub.PublicKey, subkey: sub})
			}
		}
	}
	return found
}

// fingerprint gives a key's whole fingerprint, in upper case.
func fingerprint(pk *packet.PublicKey) string {
	return strings.ToUpper(hex.EncodeToString(pk.Fingerprint))
}

// standing says what speaks against a key at a time: KeyRevoked, KeyExpired or
// Malformed with why; OK when nothing does.
func (c candidate) standing(at time.Time) (state, why string) {
	config := packetConfig(at)
	// Without a date first: a self-signature that expired is a key that
	// expired, and the library keeps what it found out.
	_, err := c.entity.VerifyPrimaryKey(time.Time{}, config)
	if c.subkey != nil && err == nil {
		_, err = c.subkey.Verify(time.Time{}, config)
	}
	switch {
	case isRevoked(err):
		return KeyRevoked, "the key was revoked"
	case err != nil:
		return Malformed, "the key in the keyring is not whole: " + err.Error()
	}
	flags, err := c.entity.VerifyPrimaryKey(at, config)
	if err == nil && c.subkey != nil {
		flags, err = c.subkey.Verify(at, config)
	}
	switch {
	case isRevoked(err):
		return KeyRevoked, "the key was revoked"
	case err != nil:
		return KeyExpired, "the key has expired" // valid without a date, and with today's not
	case !flags.FlagsValid || !flags.FlagSign:
		// A subkey that is for signing was bound by itself as well; any other
		// might have been taken from somebody else's key.
		return Malformed, "the key is not for signing"
	}
	if bits, err := c.public.BitLength(); err == nil && c.public.PubKeyAlgo == packet.PubKeyAlgoRSA && bits < minRSABits {
		return Malformed, "the key is too short"
	}
	return OK, ""
}

// readBounded reads a small plain file. The error is errTooLong where it is
// longer.
func readBounded(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("no plain file: " + filepath.Base(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, errTooLong
	}
	return data, err
}

var errTooLong = errors.New("too long")
