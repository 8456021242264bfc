package provenance

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestChecksums changes each file of a set, one at a time.
func TestChecksums(t *testing.T) {
	t.Parallel()
	const sum = "cbf04fa8d3a46dbed8a7d9fe8b7b0c6b2c1ea76b5e7a4d9c4e9ab5f83ec0b4f0"
	refused := 0
	for name, test := range map[string]struct {
		change func(path string) error
		state  string // of the first check
		result string
	}{
		"as it was":         {func(string) error { return nil }, OK, Pass},
		"a byte more":       {func(p string) error { return appendFile(p+".meta", []byte("x")) }, "mismatch", Fail},
		"one is gone":       {func(p string) error { return os.Remove(p + SBOMSuffix) }, "missing", Fail},
		"one came":          {func(p string) error { return os.WriteFile(p+StatementSuffix, nil, 0o644) }, "unlisted", Fail},
		"a verdict came":    {func(p string) error { return os.WriteFile(p+verdictSuffix, nil, 0o644) }, "unlisted", Warn},
		"no checksums":      {func(p string) error { return os.Remove(p + ChecksumsSuffix) }, Absent, Skip},
		"empty":             {func(p string) error { return os.Truncate(p+ChecksumsSuffix, 0) }, Malformed, Fail},
		"cut short":         {func(p string) error { return os.Truncate(p+ChecksumsSuffix, 200) }, Malformed, Fail},
		"a line twice":      {func(p string) error { return appendFile(p+ChecksumsSuffix, []byte(sum+"  "+filepath.Base(p)+"\n")) }, Malformed, Fail},
		"somebody's file":   {func(p string) error { return appendFile(p+ChecksumsSuffix, []byte(sum+"  ../passwd\n")) }, Malformed, Fail},
		"not sha256sum's":   {func(p string) error { return appendFile(p+ChecksumsSuffix, []byte("by hand\n")) }, Malformed, Fail},
		"far too long":      {func(p string) error { return os.Truncate(p+ChecksumsSuffix, maxChecksums+1) }, Malformed, Fail},
		"another's tarball": {func(p string) error { return os.WriteFile(p, []byte("another"), 0o644) }, "mismatch", Fail},
	} {
		if test.result == Fail {
			refused++
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := aSet(t, map[string][]byte{"": []byte("the tarball"), ".meta": []byte("the record"), SBOMSuffix: []byte("{}")})
			text, err := Checksums(t.Context(), path)
			if err == nil {
				err = os.WriteFile(path+ChecksumsSuffix, text, 0o644)
			}
			if err == nil {
				err = test.change(path)
			}
			if err != nil {
				t.Fatal(err)
			}
			is, err := Sum(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			checks, err := verifyChecksums(t.Context(), path, is)
			if err != nil || checks[0].State != test.state || checks[0].Result != test.result {
				t.Errorf("%+v, %v", checks, err)
			}
			if _, err := exec.LookPath("sha256sum"); err != nil || test.state == Absent {
				return
			}
			// sha256sum knows less: of what it does not list, and of the form.
			cmd := exec.Command("sha256sum", "--check", "--strict", "--quiet", filepath.Base(path)+ChecksumsSuffix)
			cmd.Dir = filepath.Dir(path)
			if out, err := cmd.CombinedOutput(); (err == nil) != (test.state == OK || test.state == "unlisted") {
				t.Errorf("sha256sum: %v %s", err, out)
			}
		})
	}
	counted(t, refused)
}

// A wrapped statement is verified by DSSE's own rule, and wrapped once.
func TestWrapStatement(t *testing.T) {
	t.Parallel()
	private := ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", ed25519.SeedSize)))
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	statement := `{"_type":"https://in-toto.io/Statement/v1"}` + "\n"
	once, err := WrapStatement([]byte(statement), key)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := WrapStatement(once, key)
	if err != nil || string(twice) != string(once) {
		t.Errorf("%s, %v", twice, err)
	}
	var e envelope
	if err := json.Unmarshal(once, &e); err != nil || len(e.Signatures) != 1 {
		t.Fatalf("%s, %v", once, err)
	}
	sig, err := base64.StdEncoding.DecodeString(e.Signatures[0].Sig)
	if err != nil || !ed25519.Verify(private.Public().(ed25519.PublicKey), []byte("DSSEv1 28 application/vnd.in-toto+json 44 "+statement), sig) {
		t.Errorf("%s, %v", once, err)
	}
	for _, bad := range []string{"", "garbage", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der[:20]}))} {
		if _, err := WrapStatement([]byte(statement), []byte(bad)); fault.Code(err) != "bad-dsse-key" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
