package provenance

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// gpgSigner signs with the gpg program.
type gpgSigner struct{ Key }

// gpg gives the signer; whether there is a gpg is seen at its first work.
func (k Key) gpg(context.Context) (signer, error) {
	if strings.HasPrefix(k.ID, "-") || strings.ContainsAny(k.ID, "\n\r\x00") {
		return nil, fault.New(fault.Usage, "bad-key", "choosing a key: %.80q names none", k.ID).
			WithHint("name its fingerprint: -key=FINGERPRINT")
	}
	if bytes.ContainsAny(k.Passphrase, "\n\x00") {
		return nil, fault.New(fault.Usage, "bad-key", "reading %s: a passphrase is one line", PassphraseVariable)
	}
	if k.GPG == "" {
		k.GPG = "gpg"
	}
	return gpgSigner{k}, nil
}

// sign has gpg sign a file. The signature comes by standard output, so that
// gpg writes no file; the passphrase goes by standard input, so that no list
// of processes shows it.
func (g gpgSigner) sign(ctx context.Context, file string) ([]byte, error) {
	// SHA-256 is what a tarball is hashed by anyway, so that judging the
	// signature costs nothing.
	args := []string{"--batch", "--no-tty", "--status-fd", "2", "--digest-algo", "SHA256"}
	c := command.Command{Path: g.GPG, Env: g.Environ}
	switch {
	case len(g.Passphrase) > 0:
		args = append(args, "--pinentry-mode", "loopback", "--passphrase-fd", "0")
		c.Stdin = bytes.NewReader(append(bytes.Clone(g.Passphrase), '\n'))
	case g.Unattended:
		args = append(args, "--pinentry-mode", "error")
	}
	if g.ID != "" {
		args = append(args, "--local-user", g.ID)
	}
	absolute, err := filepath.Abs(file) // never taken for an option
	if err != nil {
		return nil, err
	}
	c.Args = append(args, "--armor", "--output", "-", "--detach-sign", absolute)
	var said bytes.Buffer
	c.Stderr = &limited{to: &said, left: maxSignature}
	out, err := c.Pipe(ctx).Bytes()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	status := parseStatus(said.String())
	if err == nil && status.count("SIG_CREATED") == 1 && len(out) > 0 {
		return out, nil
	}
	return nil, g.failed(ctx, file, status, err)
}

// limited takes so many bytes, and passes over the rest.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.to.Write(p[:n])
	l.left -= n
	return len(p), nil
}

// status are gpg's lines for programs (doc/DETAILS), and its last one for
// people.
type status struct {
	lines [][]string // keyword and its arguments
	last  string
}

func parseStatus(text string) status {
	var s status
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if fields, ok := strings.CutPrefix(line, "[GNUPG:] "); ok {
			if words := strings.Fields(fields); len(words) > 0 {
				s.lines = append(s.lines, words)
			}
		} else if line != "" {
			s.last = line
		}
	}
	return s
}

// count tells how many lines have a keyword.
func (s status) count(keyword string) int {
	n := 0
	for _, words := range s.lines {
		if words[0] == keyword {
			n++
		}
	}
	return n
}

// failure gives the code of libgpg-error for what failed, without its source;
// 0 where gpg names none.
func (s status) failure() int {
	for _, words := range s.lines {
		if words[0] == "FAILURE" && len(words) > 2 {
			if n, err := strconv.ParseUint(words[2], 10, 32); err == nil {
				return int(n & 0xffff)
			}
		}
	}
	return 0
}

// Codes of libgpg-error (err-codes.h.in).
const (
	errBadPassphrase  = 11
	errNoSecretKey    = 17
	errBadOne         = 31
	errNoPinentry     = 85
	errPinentry       = 86
	errBadPIN         = 87
	errCancelled      = 99
	errNoPassphrase   = 177
	errFullyCancelled = 198
	errSystem         = 1 << 15 // and errno: the agent has no terminal to ask at
)

// failed says why gpg did not sign: its exit status tells nothing.
func (g gpgSigner) failed(ctx context.Context, file string, s status, err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Unable, "gpg-missing", "signing %s: there is no gpg here", file).
			WithHint("install GnuPG, or put an armored private key into %s", PrivateKeyVariable)
	}
	key := g.ID
	if key == "" {
		key = "gpg's default key"
	}
	switch code := s.failure(); {
	case code == errBadPassphrase || code == errBadOne || code == errBadPIN:
		return fault.New(fault.Unable, "key-locked", "signing %s with %s: the key is locked, and the passphrase is not the right one", file, key).
			WithHint("look at %s", PassphraseVariable)
	case slices.Contains([]int{errNoPassphrase, errCancelled, errFullyCancelled, errNoPinentry, errPinentry}, code) ||
		code&errSystem != 0 && s.count("PINENTRY_LAUNCHED") > 0:
		return fault.New(fault.Unable, "key-locked", "signing %s with %s: the key is locked, and nobody was there to unlock it", file, key).
			WithHint("put its passphrase into %s, or let gpg's agent know it before", PassphraseVariable)
	}
	switch g.standing(ctx) {
	case "e":
		return fault.New(fault.Unable, "key-expired", "signing %s with %s: the key has expired", file, key).
			WithHint("prolong it, or name another: -key=FINGERPRINT")
	case "r":
		return fault.New(fault.Unable, "key-revoked", "signing %s with %s: the key was revoked", file, key).
			WithHint("name another: -key=FINGERPRINT")
	case "":
		return noKey(file, key)
	}
	if s.failure() == errNoSecretKey || s.count("INV_SGNR") > 0 {
		return noKey(file, key)
	}
	said := hide(s.last, g.Passphrase)
	if said == "" && err != nil {
		said = hide(err.Error(), g.Passphrase)
	}
	return fault.New(fault.Unable, "gpg-failed", "signing %s with %s: gpg made no signature: %.300q", file, key, said).
		WithHint("try it by hand: gpg --detach-sign FILE")
}

func noKey(file, key string) error {
	return fault.New(fault.Unable, "key-missing", "signing %s: gpg has no private key for %s", file, key).
		WithHint("import it, gpg --batch --import, or name another: -key=FINGERPRINT")
}

// standing asks gpg how the first key stands that may be meant: "e" expired,
// "r" revoked, "" for none, else something else.
func (g gpgSigner) standing(ctx context.Context) string {
	args := []string{"--batch", "--no-tty", "--with-colons", "--list-secret-keys"}
	if g.ID != "" {
		args = append(args, "--", g.ID)
	}
	text, _ := command.Command{Path: g.GPG, Args: args, Env: g.Environ}.Pipe(ctx).String()
	for line := range strings.Lines(text) {
		if fields := strings.Split(line, ":"); fields[0] == "sec" && len(fields) > 1 {
			if fields[1] == "" {
				return "-"
			}
			return fields[1]
		}
	}
	return ""
}
