package provenance

import (
	"bytes"
	"crypto"
	"fmt"
	"strings"
	"testing"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// TestSignatureStates makes a signature of each state, and each attack on one.
func TestSignatureStates(t *testing.T) {
	t.Parallel()
	file, sums := []byte("the tarball"), []byte("the checksums")
	key := newKey(t, noon.Add(-100*day), 0)
	twin := newKey(t, noon.Add(-100*day), 0) // of the same name
	short := newKey(t, noon.Add(-100*day), 50*day)
	revoked := newKey(t, noon.Add(-100*day), 0)
	before := sealOf(t, revoked, file, at(noon.Add(-60*day)))
	if err := revoked.Revoke(packet.KeySuperseded, "a newer one", at(noon.Add(-day))); err != nil {
		t.Fatal(err)
	}
	subkeyed := newKey(t, noon.Add(-100*day), 0)
	if err := subkeyed.AddSigningSubkey(at(noon.Add(-90 * day))); err != nil {
		t.Fatal(err)
	}
	gone := newKey(t, noon.Add(-100*day), 0)
	if err := gone.AddSigningSubkey(at(noon.Add(-90 * day))); err != nil {
		t.Fatal(err)
	}
	bySubkey := sealOf(t, gone, file, at(noon.Add(-60*day)))
	if err := gone.Subkeys[len(gone.Subkeys)-1].Revoke(packet.KeyCompromised, "lost", at(noon.Add(-day))); err != nil {
		t.Fatal(err)
	}
	briefly := newKey(t, noon.Add(-100*day), 0)
	c := at(noon.Add(-90 * day))
	c.KeyLifetimeSecs = uint32(50 * day / time.Second)
	if err := briefly.AddSigningSubkey(c); err != nil {
		t.Fatal(err)
	}
	lasting := at(noon.Add(-10 * day))
	lasting.SigLifetimeSecs = uint32(5 * day / time.Second)
	all := []*openpgp.Entity{key, short, revoked, subkeyed, gone, briefly}
	good := sealOf(t, key, file, at(noon))
	refused := 2 // those of the subtests behind the table

	for name, test := range map[string]struct {
		seal  []byte // nil: none
		state string
		now   time.Time // zero: noon
	}{
		"good":                          {seal: good, state: OK},
		"old, of a key that goes on":    {seal: sealOf(t, key, file, at(noon.Add(-90*day))), state: OK},
		"by a subkey":                   {seal: sealOf(t, subkeyed, file, at(noon)), state: OK},
		"a clock that is a little fast": {seal: sealOf(t, key, file, at(noon.Add(Skew))), state: OK},
		"none":                          {state: Unsigned},
		"of another file":               {seal: sealOf(t, key, []byte("another"), at(noon)), state: Tampered},
		"of the checksums":              {seal: sealOf(t, key, sums, at(noon)), state: Tampered},
		"by a key of the same name":     {seal: sealOf(t, twin, file, at(noon)), state: UnknownKey},
		"old, of an expired key":        {seal: sealOf(t, short, file, at(noon.Add(-60*day))), state: KeyExpired},
		"of a key in its last second":   {seal: sealOf(t, short, file, at(noon.Add(-60*day))), state: OK, now: noon.Add(-50 * day)},
		"of a key after its last":       {seal: sealOf(t, short, file, at(noon.Add(-60*day))), state: KeyExpired, now: noon.Add(-50*day + time.Second)},
		"old, of a revoked key":         {seal: before, state: KeyRevoked},
		"old, of an expired subkey":     {seal: sealOf(t, briefly, file, at(noon.Add(-60*day))), state: KeyExpired},
		"old, of a revoked subkey":      {seal: bySubkey, state: KeyRevoked},
		"that lasted until yesterday":   {seal: sealOf(t, key, file, lasting), state: SignatureExpired},
		"dated tomorrow":                {seal: sealOf(t, key, file, at(noon.Add(day))), state: FromFuture},
		"dated six minutes ahead":       {seal: sealOf(t, key, file, at(noon.Add(Skew+time.Second))), state: FromFuture},
		"empty":                         {seal: []byte{}, state: Malformed},
		"binary":                        {seal: unarmored(t, good), state: OK},
		"two signatures":                {seal: append(bytes.Clone(good), good...), state: Malformed},
		"two in one":                    {seal: append(unarmored(t, good), unarmored(t, good)...), state: Malformed},
		"one and half a one":            {seal: append(unarmored(t, good), 0x88), state: Malformed},
		"text before it":                {seal: append([]byte("signed by CI:\n"), good...), state: Malformed},
		"text after it":                 {seal: append(bytes.Clone(good), "and more"...), state: Malformed},
		"cut short":                     {seal: good[:len(good)/2], state: Malformed},
		"a public key":                  {seal: publicKeys(t, key), state: Malformed},
		"garbage":                       {seal: []byte("\x88\x05garbage"), state: Malformed},
		"too long":                      {seal: bytes.Repeat([]byte("\n"), maxSignature+1), state: Malformed},
	} {
		if test.state != OK && test.state != Unsigned {
			refused++
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := test.now
			if now.IsZero() {
				now = noon
			}
			files := map[string][]byte{"": file, ChecksumsSuffix: sums}
			if test.seal != nil {
				files[SignatureSuffix] = test.seal
			}
			checks, err := VerifySignatures(t.Context(), aSet(t, files), trusting(t, now, all))
			if err != nil {
				t.Fatal(err)
			}
			got := checks[0]
			want := map[string]string{OK: Pass, Unsigned: Skip}[test.state]
			if want == "" {
				want = Fail
			}
			if got.State != test.state || got.Result != want || got.Reason == "" || (got.Result == Pass) != (got.Hint == "") {
				t.Errorf("%+v, want %s and %s", got, want, test.state)
			}
			if checks[1].State != Unsigned {
				t.Errorf("the checksums: %+v", checks[1])
			}
		})
	}
	counted(t, refused)
	t.Run("a key that does not count", func(t *testing.T) {
		t.Parallel()
		path := aSet(t, map[string][]byte{"": file, SignatureSuffix: sealOf(t, twin, file, at(noon))})
		checks, err := VerifySignatures(t.Context(), path, trusting(t, noon, []*openpgp.Entity{key}, twin))
		if err != nil || checks[0].State != WrongSigner || checks[0].Result != Fail {
			t.Errorf("%+v, %v", checks, err)
		}
	})
	t.Run("a key for something else", func(t *testing.T) {
		t.Parallel()
		other := newKey(t, noon.Add(-day), 0)
		for _, id := range other.Identities {
			self := id.SelfCertifications[0].Packet
			self.FlagSign = false
		}
		seal := sealOf(t, newKeyLike(t, other), file, at(noon))
		if err := other.Identities["CI <ci@example.org>"].ReSign(at(noon)); err != nil {
			t.Fatal(err)
		}
		path := aSet(t, map[string][]byte{"": file, SignatureSuffix: seal})
		checks, err := VerifySignatures(t.Context(), path, trusting(t, noon, []*openpgp.Entity{other}))
		if err != nil || checks[0].State != Malformed {
			t.Errorf("%+v, %v", checks, err)
		}
	})
}

// A key that is too short does not count, whoever has it.
func TestShortRSA(t *testing.T) {
	t.Parallel()
	c := at(noon.Add(-day))
	c.Algorithm, c.RSABits, c.MinRSABits = packet.PubKeyAlgoRSA, 1024, 1024
	key, err := openpgp.NewEntity("CI", "", "ci@example.org", c)
	if err != nil {
		t.Fatal(err)
	}
	path := aSet(t, map[string][]byte{"": []byte("x"), SignatureSuffix: sealOf(t, key, []byte("x"), c)})
	checks, err := VerifySignatures(t.Context(), path, trusting(t, noon, []*openpgp.Entity{key}))
	if err != nil || checks[0].State != Malformed || !strings.Contains(checks[0].Reason, "too short") {
		t.Errorf("%+v, %v", checks, err)
	}
	counted(t, 1)
}

// The signature of the checksums file, with and without what it is of.
func TestSumsSignature(t *testing.T) {
	t.Parallel()
	key := newKey(t, noon.Add(-day), 0)
	seal := sealOf(t, key, []byte("sums"), at(noon))
	refused := 0
	for name, test := range map[string]struct {
		sums  []byte // nil: none
		state string
	}{
		"right":    {[]byte("sums"), OK},
		"other":    {[]byte("sum5"), Tampered},
		"none":     {nil, Tampered},
		"too long": {bytes.Repeat([]byte("sums"), maxChecksums), Tampered},
	} {
		if test.state != OK {
			refused++
		}
		files := map[string][]byte{"": []byte("x"), SumsSealedSuffix: seal}
		if test.sums != nil {
			files[ChecksumsSuffix] = test.sums
		}
		checks, err := VerifySignatures(t.Context(), aSet(t, files), trusting(t, noon, []*openpgp.Entity{key}))
		if err != nil || checks[1].State != test.state || checks[0].State != Unsigned {
			t.Errorf("%s: %+v, %v", name, checks, err)
		}
	}
	counted(t, refused)
}

// newKeyLike gives the same key with a self-signature that lets it sign.
func newKeyLike(t *testing.T, e *openpgp.Entity) *openpgp.Entity {
	t.Helper()
	like := *e
	like.Identities = map[string]*openpgp.Identity{}
	if err := like.AddUserId("CI", "", "ci@example.org", at(noon)); err != nil {
		t.Fatal(err)
	}
	return &like
}

// The kinds of signature that never count, whoever made them.
func TestUnfitSignatures(t *testing.T) {
	t.Parallel()
	key, file := newKey(t, noon.Add(-day), 0), []byte("the tarball")
	make := func(change func(*packet.Signature)) []byte {
		sig := &packet.Signature{
			Version: 4, SigType: packet.SigTypeBinary, PubKeyAlgo: key.PrimaryKey.PubKeyAlgo, Hash: crypto.SHA256, CreationTime: noon,
			IssuerKeyId: &key.PrimaryKey.KeyId, IssuerFingerprint: key.PrimaryKey.Fingerprint, IssuerKeyVersion: 4,
		}
		change(sig)
		h := sig.Hash.New()
		h.Write(file)
		if err := sig.Sign(h, key.PrivateKey, at(noon)); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := sig.Serialize(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for name, test := range map[string]struct {
		change func(*packet.Signature)
		why    string
	}{
		"as it should be": {func(*packet.Signature) {}, ""},
		"over a text":     {func(s *packet.Signature) { s.SigType = packet.SigTypeText }, "a file's bytes"},
		"a condition": {func(s *packet.Signature) {
			s.Notations = []*packet.Notation{{Name: "if@example.org", Value: []byte("never"), IsCritical: true}}
		}, "condition"},
	} {
		_, err := parseSignature(make(test.change))
		if (err == nil) != (test.why == "") || err != nil && !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
	weak := make(func(*packet.Signature) {})
	const algorithm = 5 // behind the packet's header, its version, type and key's algorithm
	if weak[algorithm] != 8 {
		t.Fatal("the hash is not where it was")
	}
	weak[algorithm] = 2
	if _, err := parseSignature(weak); err == nil || !strings.Contains(err.Error(), "SHA-1") {
		t.Errorf("by SHA-1: %v", err)
	}
	// Older than its key: made with a date, or with a key, that is not true.
	keys, err := parseKeyring(publicKeys(t, key), "keys")
	if err != nil {
		t.Fatal(err)
	}
	old, err := parseSignature(make(func(s *packet.Signature) { s.CreationTime = noon.Add(-2 * day) }))
	if err != nil {
		t.Fatal(err)
	}
	old.h.Write(file)
	if j := old.judge(keys, []string{fingerprint(key.PrimaryKey)}, noon); j.state != Malformed || !strings.Contains(j.why, "older than the key") {
		t.Errorf("%+v", j)
	}
	// gpg puts the key's id where nothing protects it.
	id := key.PrimaryKey.KeyId
	for _, test := range []struct {
		id  uint64
		fit bool
	}{{id, true}, {id + 1, false}} {
		sig := &packet.Signature{
			SigType: packet.SigTypeBinary, Hash: crypto.SHA256, CreationTime: noon,
			IssuerKeyId: &test.id, IssuerFingerprint: key.PrimaryKey.Fingerprint, IssuerKeyVersion: 4,
		}
		if why := unfit(sig); (why == "") != test.fit {
			t.Errorf("%x: %q", test.id, why)
		}
	}
	counted(t, 5) // text, condition, SHA-1, older than its key, two issuers
}

// Every byte of an armored signature matters.
func TestEveryByteOfASignature(t *testing.T) {
	t.Parallel()
	key, file := newKey(t, noon.Add(-day), 0), []byte("the tarball")
	good := sealOf(t, key, file, at(noon))
	keys, err := parseKeyring(publicKeys(t, key), "keys")
	if err != nil {
		t.Fatal(err)
	}
	state := func(data []byte) string {
		sig, err := parseSignature(data)
		if err != nil {
			return Malformed
		}
		sig.h.Write(file)
		return sig.judge(keys, []string{fingerprint(key.PrimaryKey)}, noon).state
	}
	if got := state(good); got != OK {
		t.Fatal(got)
	}
	refused := 2 // those at the end
	for i := range bytes.TrimRight(good, "\n") {
		for _, bit := range []byte{0x01, 0x20} {
			changed := bytes.Clone(good)
			changed[i] ^= bit
			refused++
			if got := state(changed); got == OK {
				t.Errorf("byte %d of %q changed to %q: %s", i, good[i], changed[i], got)
			}
		}
	}
	// Without the armor's checksum it is the key alone that tells. How many bits
	// a number is said to have is not signed: the number is the same.
	raw := unarmored(t, good)
	for i := range raw {
		for bit := range 8 {
			changed := bytes.Clone(raw)
			changed[i] ^= 1 << bit
			got := state(changed)
			if got == OK && !sameNumbers(t, raw, changed) {
				t.Errorf("byte %d of % x changed to %x: %s", i, raw, changed[i], got)
			}
			if got != OK {
				refused++
			}
		}
	}
	twice := bytes.Replace(good, []byte("\n-----END"), []byte("\n=AAAA\n-----END"), 1)
	if got := state(twice); got != Malformed {
		t.Errorf("two checksums: %s", got)
	}
	wrong := bytes.Replace(good, []byte("\n="), []byte("\n=AAAA\n="), 1)
	if got := state(wrong); got != Malformed {
		t.Errorf("two checksums, the first wrong: %s", got)
	}
	counted(t, refused)
}

// sameNumbers tells whether two signatures hold the same.
func sameNumbers(t *testing.T, a, b []byte) bool {
	t.Helper()
	one, err := parseSignature(a)
	if err != nil {
		t.Fatal(err)
	}
	other, err := parseSignature(b)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(one.sig.HashSuffix, other.sig.HashSuffix) && one.sig.HashTag == other.sig.HashTag &&
		bytes.Equal(one.sig.EdDSASigR.Bytes(), other.sig.EdDSASigR.Bytes()) && bytes.Equal(one.sig.EdDSASigS.Bytes(), other.sig.EdDSASigS.Bytes())
}

// FuzzSignature wants any bytes to be refused or understood, never a panic.
func FuzzSignature(f *testing.F) {
	f.Add([]byte("-----BEGIN PGP SIGNATURE-----\n\niQ==\n=abcd\n-----END PGP SIGNATURE-----\n"))
	f.Add([]byte{0x88, 0x05, 4, 0, 22, 8, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxSignature {
			return
		}
		if sig, err := parseSignature(data); err == nil {
			_ = fmt.Sprint(sig.judge(nil, nil, noon))
		}
	})
}
