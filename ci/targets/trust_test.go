package targets_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/rogpeppe/go-internal/testscript"
)

// cmdKey makes an OpenPGP key named CI a hundred days ago: NAME.asc and
// NAME.gpg, for gpgv, are the public one, NAME.key the private one, and the
// variable NAME its fingerprint. It is good for ever, with "expired" until fifty
// days ago, with "revoked" until yesterday. With "locked:PASSPHRASE" the private
// one is locked.
func cmdKey(ts *testscript.TestScript, _ bool, args []string) {
	name := args[0]
	made := time.Now().AddDate(0, 0, -100)
	c := keyConfig(made)
	if slices.Contains(args, "expired") {
		c.KeyLifetimeSecs = 50 * 24 * 60 * 60
	}
	e, err := openpgp.NewEntity("CI", "", "ci@example.org", c)
	ts.Check(err)
	whole := armoredKey(ts, openpgp.PrivateKeyType, func(w io.Writer) error { return e.SerializePrivateWithoutSigning(w, nil) })
	if slices.Contains(args, "revoked") {
		ts.Check(e.Revoke(packet.KeySuperseded, "a newer one", keyConfig(time.Now().AddDate(0, 0, -1))))
	}
	ts.Check(os.WriteFile(ts.MkAbs(name+".asc"), armoredKey(ts, openpgp.PublicKeyType, e.Serialize), 0o644))
	var binary bytes.Buffer
	ts.Check(e.Serialize(&binary))
	ts.Check(os.WriteFile(ts.MkAbs(name+".gpg"), binary.Bytes(), 0o644))
	for _, arg := range args[1:] {
		if passphrase, ok := strings.CutPrefix(arg, "locked:"); ok {
			ts.Check(e.EncryptPrivateKeys([]byte(passphrase), nil))
			whole = armoredKey(ts, openpgp.PrivateKeyType, func(w io.Writer) error { return e.SerializePrivateWithoutSigning(w, nil) })
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(name+".key"), whole, 0o600))
	ts.Setenv(name, fmt.Sprintf("%X", e.PrimaryKey.Fingerprint))
}

func keyConfig(at time.Time) *packet.Config {
	return &packet.Config{Time: func() time.Time { return at }, Algorithm: packet.PubKeyAlgoEdDSA, DefaultHash: crypto.SHA256}
}

func armoredKey(ts *testscript.TestScript, kind string, serialize func(io.Writer) error) []byte {
	var out bytes.Buffer
	w, err := armor.Encode(&out, kind, nil)
	ts.Check(err)
	ts.Check(serialize(w))
	ts.Check(w.Close())
	out.WriteByte('\n')
	return out.Bytes()
}

// cmdSeal signs files with NAME.key on a day so many days from now, each into
// FILE.asc: seal NAME DAYS FILE ...
func cmdSeal(ts *testscript.TestScript, _ bool, args []string) {
	keys, err := openpgp.ReadArmoredKeyRing(strings.NewReader(ts.ReadFile(args[0] + ".key")))
	ts.Check(err)
	days, err := strconv.Atoi(args[1])
	ts.Check(err)
	for _, file := range args[2:] {
		var out bytes.Buffer
		ts.Check(openpgp.ArmoredDetachSign(&out, keys, strings.NewReader(ts.ReadFile(file)), &openpgp.SignParams{
			Config: keyConfig(time.Now().AddDate(0, 0, days)),
		}))
		out.WriteByte('\n')
		ts.Check(os.WriteFile(ts.MkAbs(file+".asc"), out.Bytes(), 0o644))
	}
}

// cmdFileToEnv sets a variable to a file's content: file2env NAME FILE.
func cmdFileToEnv(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], ts.ReadFile(args[1]))
}

// cmdFlip changes the byte in the middle of each file.
func cmdFlip(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		path := ts.MkAbs(file)
		data, err := os.ReadFile(path)
		ts.Check(err)
		data[len(data)/2] ^= 1
		ts.Check(os.WriteFile(path, data, 0o644))
	}
}

// cmdBundle writes what looks like a Sigstore bundle of files with the sha256
// sums that a checksums file lists: bundle OUT SUMS.
func cmdBundle(ts *testscript.TestScript, _ bool, args []string) {
	type subject struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	}
	var subjects []subject
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if fields := strings.Fields(line); len(fields) == 2 {
			subjects = append(subjects, subject{fields[1], map[string]string{"sha256": fields[0]}})
		}
	}
	statement, err := json.Marshal(map[string]any{"_type": "https://in-toto.io/Statement/v1", "subject": subjects})
	ts.Check(err)
	text, err := json.Marshal(map[string]any{
		"mediaType":    "application/vnd.dev.sigstore.bundle.v0.3+json",
		"dsseEnvelope": map[string]any{"payloadType": "application/vnd.in-toto+json", "payload": base64.StdEncoding.EncodeToString(statement)},
	})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o644))
	answer, err := json.Marshal([]any{map[string]any{"verificationResult": map[string]any{"statement": json.RawMessage(statement)}}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("gh-answer.json"), answer, 0o644))
}

// cmdAttack runs a command that must refuse: attack ROW COMMAND ...
func cmdAttack(ts *testscript.TestScript, neg bool, args []string) {
	cmdExits(ts, neg, append([]string{"1"}, args[1:]...))
}

// cmdDSSE makes an ed25519 key for DSSE: NAME.pem is the private one, NAME.pub
// the public one.
func cmdDSSE(ts *testscript.TestScript, _ bool, args []string) {
	public, private, err := ed25519.GenerateKey(nil)
	ts.Check(err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	der, err = x509.MarshalPKIXPublicKey(public)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644))
}

// cmdProgram makes a program of a script: program PATH SOURCE. Nothing may be
// started while it is open for writing.
func cmdProgram(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[1])
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o755))
}
