package provenance

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// gnupg is a GnuPG with a home of its own, in which it is noon.
type gnupg struct {
	t    *testing.T
	home string
	env  []string
}

// newGnuPG skips where there is no gpg, except in CI. Its home has a short
// path: the agent's socket lies in it.
func newGnuPG(t *testing.T) gnupg {
	t.Helper()
	for _, program := range []string{"gpg", "gpgv", "gpgconf"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	home, err := os.MkdirTemp("/tmp", "g")
	if err != nil {
		t.Fatal(err)
	}
	g := gnupg{t, home, append(os.Environ(), "GNUPGHOME="+home, "LC_ALL=C")}
	conf := "faked-system-time " + noon.Format("20060102T150405") + "\n"
	if err := os.WriteFile(filepath.Join(home, "gpg.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.run("", "gpgconf", "--kill", "all")
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	return g
}

// run gives standard output.
func (g gnupg) run(stdin, program string, args ...string) string {
	g.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = g.env
	var out, bad bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &bad
	if err := cmd.Run(); err != nil {
		g.t.Fatalf("%s %v: %v\n%s", program, args, err, bad.String())
	}
	return out.String()
}

// make makes a key for signing, on a day so many days before noon, and gives
// its fingerprint.
func (g gnupg) make(name, passphrase, life string, days int) string {
	g.t.Helper()
	when := noon.Add(-time.Duration(days) * day).Format("20060102T150405")
	g.run(passphrase, "gpg", "--batch", "--faked-system-time", when, "--pinentry-mode", "loopback", "--passphrase-fd", "0",
		"--quick-gen-key", name+" <"+name+"@example.org>", "ed25519", "sign", life)
	for line := range strings.Lines(g.run("", "gpg", "--batch", "--with-colons", "--list-keys", name+"@example.org")) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" {
			return fields[9]
		}
	}
	g.t.Fatal("no fingerprint")
	return ""
}

// trust pins all of gpg's keys.
func (g gnupg) trust(fingerprints ...string) Trust {
	g.t.Helper()
	path := filepath.Join(g.t.TempDir(), "keys.asc")
	if err := os.WriteFile(path, []byte(g.run("", "gpg", "--batch", "--armor", "--export")), 0o644); err != nil {
		g.t.Fatal(err)
	}
	return Trust{Keyring: path, Fingerprints: fingerprints, Now: noon}
}

// paperSet writes a set of files that can be signed.
func paperSet(t *testing.T) string {
	t.Helper()
	return aSet(t, map[string][]byte{
		"": []byte("the tarball"), ".meta": []byte("the record"), SBOMSuffix: []byte("{}"), StatementSuffix: []byte("{}\n"),
	})
}

// TestGPGSigns signs by gpg with keys of all kinds.
func TestGPGSigns(t *testing.T) {
	t.Parallel()
	g := newGnuPG(t)
	const secret = "correct horse"
	plain, locked := g.make("plain", "", "never", 100), g.make("locked", secret, "never", 100)
	expired, revoked := g.make("expired", "", "30d", 100), g.make("revoked", "", "never", 100)
	g.revoke(revoked)
	trust := g.trust(plain, locked, expired, revoked)
	for name, test := range map[string]struct {
		key, passphrase string
		code            string
	}{
		"a key without passphrase":  {key: plain},
		"the right passphrase":      {key: locked, passphrase: secret},
		"by address":                {key: "plain@example.org"},
		"a wrong passphrase":        {key: revoked + "x", passphrase: "x", code: "key-missing"},
		"expired":                   {key: expired, code: "key-expired"},
		"revoked":                   {key: revoked, code: "key-revoked"},
		"missing":                   {key: strings.Repeat("0", 40), code: "key-missing"},
		"an option":                 {key: "--version", code: "bad-key"},
		"a passphrase of two lines": {key: plain, passphrase: "a\nb", code: "bad-key"},
	} {
		t.Run(name, func(t *testing.T) {
			path := paperSet(t)
			key := Key{ID: test.key, Passphrase: []byte(test.passphrase), Environ: g.env, Unattended: true}
			done, err := Sign(t.Context(), path, key)
			if fault.Code(err) != test.code {
				t.Fatalf("%v, want %q", err, test.code)
			}
			if test.code != "" {
				noSignature(t, path)
				return
			}
			if got := strings.Join(done.Files, " "); got != "wheelhouse-3.11.tgz.sha256sums wheelhouse-3.11.tgz.asc wheelhouse-3.11.tgz.sha256sums.asc" {
				t.Error(got)
			}
			checks, err := VerifySignatures(t.Context(), path, trust)
			if err != nil || checks[0].State != OK || checks[1].State != OK {
				t.Errorf("%+v, %v", checks, err)
			}
		})
	}
	// The agent remembers passphrases: what it may not know goes to a new one.
	for name, passphrase := range map[string]string{"nobody to ask": "", "a wrong passphrase": "wrong"} {
		t.Run(name, func(t *testing.T) {
			g.run("", "gpgconf", "--kill", "gpg-agent")
			path := paperSet(t)
			_, err := Sign(t.Context(), path, Key{ID: locked, Passphrase: []byte(passphrase), Environ: g.env, Unattended: true})
			if fault.Code(err) != "key-locked" {
				t.Errorf("%v", err)
			}
			noSignature(t, path)
		})
	}
}

// revoke imports the revocation that gpg keeps beside a new key.
func (g gnupg) revoke(key string) {
	g.t.Helper()
	text, err := os.ReadFile(filepath.Join(g.home, "openpgp-revocs.d", key+".rev"))
	if err != nil {
		g.t.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "\n:")
	if !found {
		g.t.Fatalf("%s", text)
	}
	g.run(block, "gpg", "--batch", "--import")
}

func noSignature(t *testing.T, path string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.asc"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	if left, _ = filepath.Glob(filepath.Join(filepath.Dir(path), ".*.tmp")); len(left) > 0 {
		t.Error(left)
	}
}

// TestGPGAgrees has gpg and gpgv judge what this process signs and forges, and
// holds our judgement against theirs.
func TestGPGAgrees(t *testing.T) {
	t.Parallel()
	g := newGnuPG(t)
	key, other := newKey(t, noon.Add(-100*day), 0), newKey(t, noon.Add(-100*day), 0)
	short := newKey(t, noon.Add(-100*day), 50*day)
	ring := filepath.Join(g.home, "pinned.gpg")
	if err := os.WriteFile(ring, unarmored(t, publicKeys(t, key)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := appendFile(ring, unarmored(t, publicKeys(t, short))); err != nil {
		t.Fatal(err)
	}
	g.run(string(publicKeys(t, key, short)), "gpg", "--batch", "--import")
	path := paperSet(t)
	if _, err := Sign(t.Context(), path, Key{Armored: privateKeys(t, key), Now: noon}); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, path + ChecksumsSuffix} {
		if out := g.run("", "gpg", "--batch", "--status-fd", "1", "--verify", file+SignatureSuffix, file); !strings.Contains(out, "VALIDSIG "+fingerprint(key.PrimaryKey)) {
			t.Errorf("gpg: %s", out)
		}
		if out := g.run("", "gpgv", "--status-fd", "1", "--keyring", ring, file+SignatureSuffix, file); !strings.Contains(out, "VALIDSIG "+fingerprint(key.PrimaryKey)) {
			t.Errorf("gpgv: %s", out)
		}
	}
	data := []byte("the tarball")
	trust := trusting(t, noon, []*openpgp.Entity{key, short})
	for name, test := range map[string]struct {
		seal          []byte
		state, status string
	}{
		"good":     {sealOf(t, key, data, at(noon)), OK, "GOODSIG"},
		"tampered": {sealOf(t, key, []byte("x"), at(noon)), Tampered, "BADSIG"},
		"unknown":  {sealOf(t, other, data, at(noon)), UnknownKey, "NO_PUBKEY"},
		"expired":  {sealOf(t, short, data, at(noon.Add(-60*day))), KeyExpired, "EXPKEYSIG"},
		"future":   {sealOf(t, key, data, at(noon.Add(day))), FromFuture, "GOODSIG"}, // gpg takes it
	} {
		if err := os.WriteFile(path+SignatureSuffix, test.seal, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("gpg", "--batch", "--status-fd", "1", "--verify", path+SignatureSuffix, path)
		cmd.Env = g.env
		out, _ := cmd.Output() // its exit status tells nothing
		checks, err := VerifySignatures(t.Context(), path, trust)
		if err != nil || checks[0].State != test.state || !strings.Contains(string(out), "[GNUPG:] "+test.status) {
			t.Errorf("%s: %+v, %v, gpg says %s", name, checks[0], err, out)
		}
	}
}

func appendFile(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Close()
}

// TestGPGKeyInProcess signs in this process with keys that gpg made.
func TestGPGKeyInProcess(t *testing.T) {
	t.Parallel()
	g := newGnuPG(t)
	const secret = "correct horse"
	locked := g.make("locked", secret, "never", 100)
	expired := g.make("expired", secret, "30d", 100)
	export := func(key string) []byte {
		return []byte(g.run(secret, "gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--armor", "--export-secret-keys", key))
	}
	key := export(locked)
	for i, test := range []struct {
		key  Key
		code string
	}{
		{Key{Armored: key, Passphrase: []byte(secret)}, ""},
		{Key{Armored: key, Passphrase: []byte(secret), ID: strings.ToLower(locked)}, ""},
		{Key{Armored: key, Passphrase: []byte("wrong")}, "key-locked"},
		{Key{Armored: key}, "key-locked"},
		{Key{Armored: key, Passphrase: []byte(secret), ID: strings.Repeat("0", 40)}, "key-missing"},
		{Key{Armored: export(expired), Passphrase: []byte(secret)}, "key-expired"},
		{Key{Armored: append(key, export(expired)...), Passphrase: []byte(secret)}, "bad-key"},
		{Key{Armored: []byte(g.run("", "gpg", "--batch", "--armor", "--export", locked))}, "bad-key"},
		{Key{Armored: key[:len(key)/2]}, "bad-key"},
	} {
		test.key.Now = noon
		path := paperSet(t)
		_, err := Sign(t.Context(), path, test.key)
		if fault.Code(err) != test.code {
			t.Errorf("%d: %v, want %q", i, err, test.code)
		}
		if test.code != "" {
			noSignature(t, path)
			if text := fmt.Sprint(err); strings.Contains(text, secret) || strings.Contains(text, "lQ") {
				t.Error(text)
			}
			continue
		}
		if checks, err := VerifySignatures(t.Context(), path, g.trust(locked)); err != nil || checks[0].State != OK || checks[1].State != OK {
			t.Errorf("%+v, %v", checks, err)
		}
	}
}
