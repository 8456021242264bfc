package provenance

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// The states of a signature, beside OK.
const (
	// Unsigned: there is no signature.
	Unsigned = "unsigned"
	// Tampered: the key that it names did not sign this file as it is.
	Tampered = "tampered"
	// UnknownKey: it is by a key that the keyring does not hold.
	UnknownKey = "unknown-key"
	// WrongSigner: it is by a key of the keyring whose fingerprint is not one
	// of those that count.
	WrongSigner = "wrong-signer"
	// KeyExpired: its key has expired by now, whenever it was made.
	KeyExpired = "key-expired"
	// KeyRevoked: its key, or the subkey that made it, was revoked.
	KeyRevoked = "key-revoked"
	// SignatureExpired: it was made to last until a time that has passed.
	SignatureExpired = "sig-expired"
	// FromFuture: it is dated later than now.
	FromFuture = "sig-future"
	// Malformed: it is not one detached OpenPGP signature, or it is of a kind
	// that does not count: by a weak hash or key, or over a text.
	Malformed = "malformed"
)

const (
	// maxSignature is the most bytes of a signature's file.
	maxSignature = 64 << 10
	// minRSABits is the shortest RSA key that counts.
	minRSABits = 2048
	// Skew is how far a signer's clock may be ahead.
	Skew = 5 * time.Minute
)

// signature is a detached signature, and the hash of the file that it is said
// to be of.
type signature struct {
	sig *packet.Signature
	h   hash.Hash
}

// parseSignature reads a detached signature, armored or binary: exactly one,
// and nothing beside it.
func parseSignature(data []byte) (*signature, error) {
	if bytes.Contains(data, []byte(armorBegin)) {
		block, rest, err := nextBlock(data)
		if err != nil {
			return nil, err
		}
		if block.kind != "PGP SIGNATURE" {
			return nil, fmt.Errorf("it is a block %q and no signature", block.kind)
		}
		if len(bytes.TrimSpace(rest)) > 0 {
			return nil, errors.New("something follows the signature")
		}
		data = block.body
	}
	r := bytes.NewReader(data)
	p, err := packet.Read(r)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("it is empty or cut short")
	}
	if err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	sig, ok := p.(*packet.Signature)
	switch {
	case !ok:
		return nil, errors.New("it is OpenPGP data and no signature")
	case r.Len() > 0:
		return nil, errors.New("it is more than one signature")
	case !exact(data):
		return nil, errors.New("it is not as long as it says")
	}
	if why := unfit(sig); why != "" {
		return nil, errors.New(why)
	}
	h, err := sig.PrepareVerify()
	if err != nil {
		return nil, err
	}
	return &signature{sig, h}, nil
}

// exact tells whether a packet's header (RFC 9580, 4.2) says how long it is.
// The library takes what is longer than it needs, and shorter than it says.
func exact(p []byte) bool {
	head, size := 0, 0
	switch {
	case len(p) < 6:
		return false
	case p[0]&0x40 == 0: // the old form: 1, 2 or 4 octets
		n := 1 << (p[0] & 3)
		if n > 4 {
			return false
		}
		for _, b := range p[1 : 1+n] {
			size = size<<8 | int(b)
		}
		head = 1 + n
	case p[1] < 192:
		head, size = 2, int(p[1])
	case p[1] < 224:
		head, size = 3, int(p[1]-192)<<8+int(p[2])+192
	case p[1] == 255:
		head, size = 6, int(p[2])<<24|int(p[3])<<16|int(p[4])<<8|int(p[5])
	default: // in parts, which no signature is
		return false
	}
	return len(p)-head == size
}

// unfit says why a signature does not count, whoever made it.
func unfit(sig *packet.Signature) string {
	strong := []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256, crypto.SHA3_512}
	switch {
	case sig.SigType != packet.SigTypeBinary:
		return "it is not a signature of a file's bytes"
	case !slices.Contains(strong, sig.Hash):
		return fmt.Sprintf("it is made with %s, which does not count any more", sig.Hash)
	case sig.CreationTime.IsZero():
		return "it bears no date"
	case !issuerAgrees(sig):
		return "it names two keys"
	}
	for _, n := range sig.Notations {
		if n.IsCritical {
			return "it bears a condition that is not known: " + fmt.Sprintf("%.60q", n.Name)
		}
	}
	return ""
}

// issuerAgrees tells whether the key's id, which nothing protects, goes with
// the fingerprint, where a signature has both.
func issuerAgrees(sig *packet.Signature) bool {
	if sig.IssuerKeyId == nil || len(sig.IssuerFingerprint) < 20 {
		return true
	}
	id := sig.IssuerFingerprint[:8] // as of version 5
	if sig.IssuerKeyVersion == 4 {
		id = sig.IssuerFingerprint[12:20]
	}
	return hex.EncodeToString(id) == fmt.Sprintf("%016x", *sig.IssuerKeyId)
}

// packetConfig are the library's settings, at a time.
func packetConfig(at time.Time) *packet.Config {
	return &packet.Config{Time: func() time.Time { return at }, MinRSABits: minRSABits}
}

// judgement is what a signature is found to be.
type judgement struct {
	state, why string
	// signer is the primary key's fingerprint; empty where no key is known.
	signer string
}

// judge says what the signature is, once its file went into its hash. It can
// be called once.
func (s *signature) judge(keys keyring, fingerprints []string, now time.Time) judgement {
	found := keys.find(s.sig)
	if len(found) == 0 {
		return judgement{state: UnknownKey, why: "it is by " + s.named() + ", which the pinned keyring does not hold"}
	}
	at := now
	if s.sig.CreationTime.After(now) {
		at = s.sig.CreationTime // within the skew, a key may be as young
	}
	digest := s.digest()
	var last judgement
	for _, c := range found {
		last = judgement{signer: fingerprint(c.entity.PrimaryKey)}
		if err := c.public.VerifySignature(&digested{digest}, s.sig); err != nil || !bytes.HasPrefix(digest, s.sig.HashTag[:]) {
			last.state, last.why = Tampered, "the file is not the one that "+last.signer+" signed"
			continue
		}
		last.state, last.why = c.judge(s.sig, fingerprints, now, at)
		return last
	}
	return last
}

// judge judges a signature that this key did make.
func (c candidate) judge(sig *packet.Signature, fingerprints []string, now, at time.Time) (state, why string) {
	signer := fingerprint(c.entity.PrimaryKey)
	if !slices.Contains(fingerprints, signer) && !slices.Contains(fingerprints, fingerprint(c.public)) {
		return WrongSigner, "it is by " + signer + ", which is not in trust.fingerprints"
	}
	if sig.CreationTime.After(now.Add(Skew)) {
		return FromFuture, "it is dated " + date(sig.CreationTime) + ", and now is " + date(now)
	}
	if state, why := c.standing(at); state != OK {
		return state, why + ": " + signer
	}
	if life := sig.SigLifetimeSecs; life != nil && *life > 0 {
		if end := sig.CreationTime.Add(time.Duration(*life) * time.Second); now.After(end) {
			return SignatureExpired, "it was good until " + date(end)
		}
	}
	if sig.CreationTime.Before(c.public.CreationTime) {
		return Malformed, "it is older than the key that made it"
	}
	return OK, "signed by " + signer + " on " + date(sig.CreationTime)
}

func date(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// isRevoked tells whether the library means a revoked key.
func isRevoked(err error) bool { return errors.Is(err, pgperrors.ErrKeyRevoked) }

// named gives the key that a signature says it is by.
func (s *signature) named() string {
	switch {
	case len(s.sig.IssuerFingerprint) >= 20:
		return fmt.Sprintf("%X", s.sig.IssuerFingerprint)
	case s.sig.IssuerKeyId != nil:
		return fmt.Sprintf("%016X", *s.sig.IssuerKeyId)
	}
	return "a key that it does not name"
}

// digest ends the hash.
func (s *signature) digest() []byte {
	s.h.Write(s.sig.HashSuffix)
	return s.h.Sum(nil)
}

// digested is a hash that was ended: the library wants to end one for every
// key that it tries.
type digested struct{ sum []byte }

func (d *digested) Write(p []byte) (int, error) { return len(p), nil }
func (d *digested) Sum(b []byte) []byte         { return append(b, d.sum...) }
func (d *digested) Reset()                      {}
func (d *digested) Size() int                   { return len(d.sum) }
func (d *digested) BlockSize() int              { return 1 }
