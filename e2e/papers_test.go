//go:build e2e

package e2e

import (
	"archive/zip"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
)

// readers holds what attest writes against those who own the formats: the
// CycloneDX project's validator of its schema, and two others' DSSE. The latter
// wraps the statement too, for us to read.
const readers = `
import base64, json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

statement, public, private = (open(p, "rb").read() for p in sys.argv[1:4])
validator = JsonStrictValidator(SchemaVersion.V1_6)
for path in sys.argv[5:]:
    sbom = open(path).read()
    wrong = validator.validate_str(sbom)
    if wrong:
        sys.exit(f"the SBOM {path} is not CycloneDX: {wrong}")
    if not validator.validate_str(sbom.replace('"SHA-256"', '"SHA-257"')):
        sys.exit("the validator takes anything")
document = json.loads(statement)
envelope = Envelope.from_dict(json.loads(statement))
signature = base64.b64decode(document["signatures"][0]["sig"])
load_pem_public_key(public).verify(signature, envelope.pae())
print(json.loads(envelope.payload)["_type"])

theirs = Envelope(envelope.payload, envelope.payload_type, {})
theirs.sign(CryptoSigner(load_pem_private_key(private, None)))
made = theirs.to_dict()
with open(sys.argv[4], "w") as out:
    line = {key: made[key] for key in ("payloadType", "payload", "signatures")}
    out.write(json.dumps(line, separators=(",", ":")) + "\n")
`

// oddLicences are METADATA's lines as wheels of PyPI have them, and worse.
var oddLicences = map[string]string{
	"expression":  "License-Expression: MIT AND (Apache-2.0 WITH LLVM-exception OR BSD-2-Clause)",
	"reference":   "License-Expression: LicenseRef-Proprietary",
	"noexpr":      "License-Expression: GPL, or so; see the file",
	"unknown":     "License: UNKNOWN",
	"folded":      "License: Copyright (c) 2020, Somebody\n        |  Redistribution and use are permitted.\n        |  \"AS IS\" <&> \\",
	"unicode":     "License: Lizenz für Müller \u2028 \U0001f40d",
	"long":        "License: " + strings.Repeat("very ", 20_000) + "long",
	"empty":       "License:",
	"classifiers": "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: MIT License\nClassifier: License :: Other/Proprietary License",
	"both":        "License-Expression: MIT\nLicense: GPL\nClassifier: License :: Public Domain",
	"none":        "Summary: no licence",
}

// oddWheels writes a wheel of each odd licence.
func oddWheels(t *testing.T, dir string) {
	t.Helper()
	for name, lines := range oddLicences {
		f, err := os.Create(filepath.Join(dir, name+"-1.0-py3-none-any.whl"))
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(f)
		info := name + "-1.0.dist-info/"
		for _, file := range [][2]string{
			{info + "METADATA", "Metadata-Version: 2.4\nName: " + name + "\nVersion: 1.0\n" + lines + "\n"},
			{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
			{info + "RECORD", info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n"},
		} {
			w, err := z.Create(file[0])
			if err == nil {
				_, err = w.Write([]byte(file[1]))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(z.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

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
		"private.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	wheels := t.TempDir()
	oddWheels(t, wheels)
	odd := filepath.Join(dir, "odd", filepath.Base(tarball))
	s.ours(t, s.clone, nil, "build", "-wheels="+wheels, "-out="+filepath.Dir(odd)).want(t, 0)
	s.ours(t, s.clone, nil, "meta", "-tar="+odd).want(t, 0)
	s.ours(t, s.clone, nil, "attest", "-tar="+odd).want(t, 0)
	inside := venvWith(t, filepath.Join(dir, "venv"), cyclonedxPin, cryptographyPin, securesystemslibPin)
	run(t, dir, nil, inside, "readers.py", "wrapped", "public.pem", "private.pem", "theirs", tarball+".cdx.json", odd+".cdx.json").want(t, 0)

	// What securesystemslib wrapped is taken here, by its key alone.
	copyFile(t, filepath.Join(dir, "theirs"), tarball+".intoto.jsonl")
	if err := os.Remove(tarball + ".sha256sums"); err != nil {
		t.Fatal(err)
	}
	trusting := func(key string) []string {
		return []string{"WHEELHOUSE_TRUST_REQUIRE=statement", "WHEELHOUSE_TRUST_DSSE_KEY=" + filepath.Join(dir, key)}
	}
	s.ours(t, s.clone, trusting("public.pem"), "verify", "-tar="+tarball).want(t, 0)
	other, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if public, err = x509.MarshalPKIXPublicKey(other); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other.pem"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o644); err != nil {
		t.Fatal(err)
	}
	s.ours(t, s.clone, trusting("other.pem"), "verify", "-tar="+tarball).want(t, 1)
}
