package provenance

import (
	"bytes"
	"crypto"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// noon is when the tests take place.
var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// at are the library's settings for making keys and signatures at a time.
func at(when time.Time) *packet.Config {
	return &packet.Config{Time: func() time.Time { return when }, Algorithm: packet.PubKeyAlgoEdDSA, DefaultHash: crypto.SHA256}
}

// newKey makes a key named CI; life 0 is for ever.
func newKey(t *testing.T, made time.Time, life time.Duration) *openpgp.Entity {
	t.Helper()
	c := at(made)
	c.KeyLifetimeSecs = uint32(life / time.Second)
	e, err := openpgp.NewEntity("CI", "", "ci@example.org", c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// sealOf signs data.
func sealOf(t *testing.T, e *openpgp.Entity, data []byte, c *packet.Config) []byte {
	t.Helper()
	var raw, out bytes.Buffer
	if err := openpgp.DetachSign(&raw, []*openpgp.Entity{e}, bytes.NewReader(data), c); err != nil {
		t.Fatal(err)
	}
	w, err := armor.Encode(&out, "PGP SIGNATURE", nil)
	if err == nil {
		_, err = w.Write(raw.Bytes())
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// publicKeys gives keys, armored, a block each.
func publicKeys(t *testing.T, keys ...*openpgp.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, e := range keys {
		write(t, &out, openpgp.PublicKeyType, e.Serialize)
	}
	return out.Bytes()
}

// privateKeys gives a private key, armored.
func privateKeys(t *testing.T, e *openpgp.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	write(t, &out, openpgp.PrivateKeyType, func(w io.Writer) error { return e.SerializePrivateWithoutSigning(w, nil) })
	return out.Bytes()
}

func write(t *testing.T, to *bytes.Buffer, kind string, serialize func(io.Writer) error) {
	t.Helper()
	w, err := armor.Encode(to, kind, nil)
	if err == nil {
		err = serialize(w)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	to.WriteByte('\n')
}

// aSet writes a tarball's set of files, and gives the tarball's path.
func aSet(t *testing.T, files map[string][]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wheelhouse-3.11.tgz")
	for suffix, data := range files {
		if err := os.WriteFile(path+suffix, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// trusting pins keys, those named alone counting.
func trusting(t *testing.T, now time.Time, named []*openpgp.Entity, others ...*openpgp.Entity) Trust {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.asc")
	if err := os.WriteFile(path, publicKeys(t, append(others, named...)...), 0o644); err != nil {
		t.Fatal(err)
	}
	trust := Trust{Keyring: path, Now: now}
	for _, e := range named {
		trust.Fingerprints = append(trust.Fingerprints, fingerprint(e.PrimaryKey))
	}
	return trust
}
