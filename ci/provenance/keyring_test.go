package provenance

import (
	"bytes"
	"os"
	"strings"
	"testing"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// A keyring is public keys, and a list of fingerprints goes with it.
func TestTrustIncomplete(t *testing.T) {
	t.Parallel()
	key := newKey(t, noon.Add(-day), 0)
	path := aSet(t, map[string][]byte{"": []byte("x"), SignatureSuffix: sealOf(t, key, []byte("x"), at(noon))})
	whole := trusting(t, noon, []*openpgp.Entity{key})
	file := func(data []byte) string {
		name := t.TempDir() + "/keys"
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	var raw bytes.Buffer
	if err := key.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		trust Trust
		code  string
		state string
	}{
		"armored":          {trust: whole, state: OK},
		"binary":           {trust: Trust{file(raw.Bytes()), whole.Fingerprints, noon}, state: OK},
		"none":             {trust: Trust{Now: noon}, state: Unable},
		"no fingerprint":   {trust: Trust{Keyring: whole.Keyring, Now: noon}, code: "trust-incomplete"},
		"no keyring":       {trust: Trust{Fingerprints: whole.Fingerprints, Now: noon}, code: "trust-incomplete"},
		"no such file":     {trust: Trust{whole.Keyring + "x", whole.Fingerprints, noon}, code: "no-keyring"},
		"a private key":    {trust: Trust{file(privateKeys(t, key)), whole.Fingerprints, noon}, code: "bad-keyring"},
		"a private binary": {trust: Trust{file(unarmored(t, privateKeys(t, key))), whole.Fingerprints, noon}, code: "bad-keyring"},
		"empty":            {trust: Trust{file(nil), whole.Fingerprints, noon}, code: "bad-keyring"},
		"garbage":          {trust: Trust{file([]byte("garbage")), whole.Fingerprints, noon}, code: "bad-keyring"},
		"too long":         {trust: Trust{file(make([]byte, maxKeyring+1)), whole.Fingerprints, noon}, code: "bad-keyring"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checks, err := VerifySignatures(t.Context(), path, test.trust)
			if fault.Code(err) != test.code || err == nil && checks[0].State != test.state {
				t.Errorf("%+v, %v", checks, err)
			}
		})
	}
}

func unarmored(t *testing.T, text []byte) []byte {
	t.Helper()
	block, _, err := nextBlock(text)
	if err != nil {
		t.Fatal(err)
	}
	return block.body
}

func TestParseFingerprint(t *testing.T) {
	t.Parallel()
	whole := strings.Repeat("0123456789", 4)
	for text, want := range map[string]string{
		whole:                                   whole,
		strings.Repeat("ab", 20):                strings.Repeat("AB", 20),
		strings.Repeat("ab", 32):                strings.Repeat("AB", 32),
		" AB" + whole[2:20] + "  " + whole[20:]: "AB" + whole[2:],
		whole[24:]:                              "", // a key's id
		whole[1:]:                               "",
		whole + "0":                             "",
		"x" + whole[1:]:                         "",
		"":                                      "",
		"0x" + whole[2:]:                        "",
	} {
		if got, err := ParseFingerprint(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// FuzzKeyring wants any bytes to be refused or understood, never a panic.
func FuzzKeyring(f *testing.F) {
	f.Add([]byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDM=\n-----END PGP PUBLIC KEY BLOCK-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := parseKeyring(data, "keys")
		if err == nil {
			for _, e := range keys {
				candidate{entity: e, public: e.PrimaryKey}.standing(noon)
			}
		}
	})
}
