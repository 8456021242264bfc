//go:build e2e

package e2e

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
)

// readers holds what attest writes against those who own the formats: the
// CycloneDX project's validator of its schema, and two others' DSSE.
const readers = `
import base64, json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope

sbom, statement, public = (open(p, "rb").read() for p in sys.argv[1:])
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.decode())
if wrong:
    sys.exit(f"the SBOM is not CycloneDX: {wrong}")
document = json.loads(statement)
envelope = Envelope.from_dict(json.loads(statement))
signature = base64.b64decode(document["signatures"][0]["sig"])
load_pem_public_key(public).verify(signature, envelope.pae())
print(json.loads(envelope.payload)["_type"])
`

// TestPapers: the files beside a tarball are taken by tools that others wrote.
func TestPapers(t *testing.T) {
	s := sample(t)
	tarball := s.copyOf(t)
	s.ours(t, s.clone, nil, "attest", "-tar="+tarball).want(t, 0)
	run(t, filepath.Dir(tarball), nil, "sha256sum", "-c", "--strict", filepath.Base(tarball)+".sha256sums").want(t, 0)

	run(t, "../tools/intoto", nil, "go", "run", ".", tarball+".intoto.jsonl").want(t, 0)

	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := provenance.WrapStatement(read(t, tarball+".intoto.jsonl"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string][]byte{
		"readers.py": []byte(readers), "wrapped": wrapped, "public.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	inside := venvWith(t, filepath.Join(dir, "venv"), cyclonedxPin, cryptographyPin, securesystemslibPin)
	run(t, dir, nil, inside, "readers.py", tarball+".cdx.json", "wrapped", "public.pem").want(t, 0)
}
