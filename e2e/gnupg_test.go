//go:build e2e && unix

package e2e

import (
	"context"
	"os"
	"strings"
	"testing"
)

// key is one that gpg has made.
type key struct {
	// public and private are its halves, armored; private is locked.
	public, private, fingerprint string
}

// newKey lets gpg make a key that a passphrase locks.
func newKey(t *testing.T, passphrase string) key {
	t.Helper()
	home := gpgHome(t)
	gpg := func(args ...string) string {
		all := append([]string{"gpg", "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase", passphrase}, args...)
		return run(t, scratch, nil, all...).want(t, 0).stdout
	}
	gpg("--quick-gen-key", "CI <ci@example.org>", "ed25519", "sign", "never")
	k := key{public: gpg("--armor", "--export"), private: gpg("--armor", "--export-secret-keys")}
	for line := range strings.Lines(gpg("--with-colons", "--list-keys")) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" && k.fingerprint == "" {
			k.fingerprint = fields[9]
		}
	}
	return k
}

// gpgHome gives a folder for gpg that goes with the test, and its agent too. The
// agent listens below it, in a path that must be short.
func gpgHome(t *testing.T) string {
	t.Helper()
	home, err := os.MkdirTemp("/tmp", "gpg-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended here.
		if err := command(context.Background(), home, []string{"GNUPGHOME=" + home}, "gpgconf", "--kill", "all").Run(); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(home)
	})
	return home
}
