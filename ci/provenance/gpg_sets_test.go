package provenance

import (
	"os"
	"strings"
	"testing"
	"time"
)

// signs has gpg sign a file by itself, so many days before noon: what it writes
// is what people have who never used this program.
func (g gnupg) signs(file, passphrase string, days int, args ...string) []byte {
	g.t.Helper()
	when := noon.Add(-time.Duration(days) * day).Format("20060102T150405")
	whole := append([]string{"--batch", "--no-tty", "--faked-system-time", when, "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--output", "-"}, args...)
	return []byte(g.run(passphrase+"\n", "gpg", append(whole, file)...))
}

// added makes a key by gpg with these words of --quick-gen-key, a hundred days
// before noon, and gives its fingerprint.
func (g gnupg) added(name string, words ...string) string {
	g.t.Helper()
	when := noon.Add(-100 * day).Format("20060102T150405")
	g.run("", "gpg", append([]string{
		"--batch", "--faked-system-time", when, "--pinentry-mode", "loopback", "--passphrase", "", "--quick-gen-key", name + "@example.org",
	}, words...)...)
	return g.fingerprints(name)[0]
}

// fingerprints are those of a key and its subkeys.
func (g gnupg) fingerprints(name string) (all []string) {
	g.t.Helper()
	for line := range strings.Lines(g.run("", "gpg", "--batch", "--with-colons", "--list-keys", name+"@example.org")) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" {
			all = append(all, fields[9])
		}
	}
	return all
}

// TestGPGSets judges what gpg signed by itself, with keys of all kinds.
func TestGPGSets(t *testing.T) {
	t.Parallel()
	g := newGnuPG(t)
	const secret = "correct horse"
	rsa, plain := g.added("rsa", "rsa2048", "sign", "never"), g.make("plain", "", "never", 100)
	split := g.added("split", "ed25519", "cert", "never")
	g.run("", "gpg", "--batch", "--faked-system-time", noon.Add(-90*day).Format("20060102T150405"),
		"--pinentry-mode", "loopback", "--passphrase", "", "--quick-add-key", split, "ed25519", "sign", "never")
	subkey := g.fingerprints("split")[1]
	locked, short, lost := g.make("locked", secret, "never", 100), g.make("short", "", "30d", 100), g.make("lost", "", "never", 100)
	g.run("", "gpgconf", "--kill", "gpg-agent") // it knows the passphrase from making the key
	stranger := g.make("stranger", "", "never", 100)
	path := paperSet(t)
	detached := func(key string, more ...string) []string {
		return append(more, "--armor", "--detach-sign", "--local-user", key)
	}
	seals := map[string][]byte{}
	for name, test := range map[string]struct {
		days       int
		passphrase string
		args       []string
	}{
		"RSA":                             {args: detached(rsa)},
		"RSA, SHA-512":                    {args: detached(rsa, "--digest-algo", "SHA512")},
		"ed25519":                         {args: detached(plain)},
		"binary":                          {args: []string{"--detach-sign", "--local-user", plain}},
		"a subkey":                        {args: detached(split)},
		"a passphrase, no terminal":       {passphrase: secret, args: detached(locked)},
		"an expired key, while it lasted": {days: 90, args: detached(short)},
		"a key that was revoked later":    {days: 90, args: detached(lost)},
		"a signature that ran out":        {days: 50, args: detached(plain, "--default-sig-expire", "5d")},
		"dated tomorrow":                  {days: -1, args: detached(plain)},
		"another key":                     {args: detached(stranger)},
		"two keys":                        {args: detached(plain, "--local-user", rsa)},
		"a text":                          {args: detached(plain, "--textmode")},
		"clear text":                      {args: []string{"--clearsign", "--local-user", plain}},
		"the file in it":                  {args: []string{"--armor", "--sign", "--local-user", plain}},
		"SHA-1":                           {args: detached(rsa, "--digest-algo", "SHA1", "--allow-weak-key-signatures")},
	} {
		seals[name] = g.signs(path, test.passphrase, test.days, test.args...)
	}
	g.revoke(lost)
	trust := g.trust(rsa, plain, split, locked, short, lost)
	judged := func(seal []byte, trust Trust) Check {
		if err := os.WriteFile(path+SignatureSuffix, seal, 0o644); err != nil {
			t.Fatal(err)
		}
		checks, err := VerifySignatures(t.Context(), path, trust)
		if err != nil {
			t.Fatal(err)
		}
		return checks[0]
	}
	refused := 0
	for name, state := range map[string]string{
		"RSA": OK, "RSA, SHA-512": OK, "ed25519": OK, "binary": OK, "a subkey": OK, "a passphrase, no terminal": OK,
		"an expired key, while it lasted": KeyExpired, "a key that was revoked later": KeyRevoked, "a signature that ran out": SignatureExpired,
		"dated tomorrow": FromFuture, "another key": WrongSigner, "two keys": Malformed, "a text": Malformed, "clear text": Malformed,
		"the file in it": Malformed, "SHA-1": Malformed,
	} {
		if got := judged(seals[name], trust); got.State != state || (got.Result == Pass) != (state == OK) {
			t.Errorf("%s: %+v, want %s", name, got, state)
		}
		if state != OK {
			refused++
		}
	}
	counted(t, refused)
	// The subkey alone may be named; then the primary's other ones do not count.
	trust.Fingerprints = []string{subkey}
	if got := judged(seals["a subkey"], trust); got.State != OK {
		t.Errorf("%+v", got)
	}
	if got := judged(seals["RSA"], trust); got.State != WrongSigner {
		t.Errorf("%+v", got)
	}
}
