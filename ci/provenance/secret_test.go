package provenance

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// script writes a program. Nothing may be started while it is open for writing.
func script(t *testing.T, text string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-ins are shell scripts")
	}
	path := filepath.Join(t.TempDir(), "program")
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// watching is a gpg that looks for the passphrase in every process's command
// line and in its own environment, and leaves what it found beside itself.
const watching = `
[ "$1" = --batch ] && case "$*" in *--list-secret-keys*) exit 2 ;; esac
read -r word
: > "$0.seen"
case $(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ') in *"$word"*) echo "in a command line" >> "$0.seen" ;; esac
case $(env) in *"$word"*|*WHEELHOUSE_GPG*) echo "in the environment" >> "$0.seen" ;; esac
echo "gpg: could not unlock with $word" >&2
`

// TestNoSecretLeaks has a gpg look around: the passphrase comes by a pipe, is
// in no list of processes, and what gpg says of it is not repeated.
func TestNoSecretLeaks(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("no /proc here")
	}
	const secret = "correct-horse-battery"
	key, path := newKey(t, noon.Add(-day), 0), paperSet(t)
	good := filepath.Join(t.TempDir(), "good.asc")
	if err := os.WriteFile(good, sealOf(t, key, []byte("x"), at(noon)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		ending string
		code   string
	}{
		{`echo "[GNUPG:] SIG_CREATED D 22 8 00 1 X" >&2; cat ` + good, ""},
		{`echo "[GNUPG:] FAILURE sign 67108875" >&2; exit 2`, "key-locked"},
		{`echo "[GNUPG:] FAILURE sign $word" >&2; exit 2`, "key-missing"},
	} {
		gpg := script(t, watching+test.ending)
		_, err := Sign(t.Context(), path, Key{GPG: gpg, Passphrase: []byte(secret), Environ: os.Environ()})
		if fault.Code(err) != test.code {
			t.Errorf("%v, want %q", err, test.code)
		}
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("said: %v", err)
		}
		seen, err := os.ReadFile(gpg + ".seen")
		if err != nil || len(seen) > 0 {
			t.Errorf("seen: %s, %v", seen, err)
		}
		if test.code != "" {
			continue
		}
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) < 5 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), secret) {
				t.Errorf("%s: %v, %s", file, err, data)
			}
		}
		for _, suffix := range []string{SignatureSuffix, SumsSealedSuffix} {
			if err := os.Remove(path + suffix); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestGPGMisbehaves has programs that fail in other ways than gpg does: none
// leaves a signature, and what they say of the passphrase is not repeated.
func TestGPGMisbehaves(t *testing.T) {
	t.Parallel()
	const secret = "correct-horse-battery"
	listing := `case "$*" in *--list-secret-keys*) echo "sec:u:255:22:"; exit ;; esac
`
	created := `echo "[GNUPG:] SIG_CREATED D 22 8 00 1 X" >&2
`
	good := "cat <<'END'\n" + string(sealOf(t, newKey(t, noon.Add(-day), 0), []byte("x"), at(noon))) + "END\n"
	for name, test := range map[string]struct{ text, code string }{
		"half a signature":            {created + `echo "-----BEGIN PGP SIGNATURE-----"; echo; echo iHUEABYIAB0=`, "gpg-failed"},
		"nothing":                     {created, "gpg-failed"},
		"no word of it":               {good, "gpg-failed"},
		"words, and a failure":        {created + good + "exit 2", "gpg-failed"},
		"two signatures":              {created + created + good, "gpg-failed"},
		"the secret in its say":       {`read -r word; echo "gpg: bad $word" >&2; exit 2`, "gpg-failed"},
		"a flood":                     {`yes "[GNUPG:] SIG_CREATED" | head -c 1000000 >&2; exit 2`, "gpg-failed"},
		"an agent without a terminal": {`echo "[GNUPG:] PINENTRY_LAUNCHED 1" >&2; echo "[GNUPG:] FAILURE sign 83918950" >&2; exit 2`, "key-locked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := paperSet(t)
			_, err := Sign(t.Context(), path, Key{GPG: script(t, listing+test.text), Passphrase: []byte(secret)})
			if fault.Code(err) != test.code || strings.Contains(fmt.Sprint(err), secret) {
				t.Errorf("%v, want %q", err, test.code)
			}
			noSignature(t, path)
		})
	}
	_, err := Sign(t.Context(), paperSet(t), Key{GPG: filepath.Join(t.TempDir(), "none")})
	if e, ok := fault.As(err); !ok || e.Code != "gpg-missing" || e.ExitStatus() != fault.Unable {
		t.Errorf("%v", err)
	}
}

// A set is signed wholly, once, and stays as it is.
func TestSignedSets(t *testing.T) {
	t.Parallel()
	key := Key{Armored: privateKeys(t, newKey(t, noon.Add(-day), 0)), Now: noon}
	path := paperSet(t)
	key.Wrap = func(s []byte) ([]byte, error) { return []byte("wrapped " + string(s)), nil }
	done, err := Sign(t.Context(), path, key)
	if err != nil || len(done.Files) != 4 || done.Files[0] != filepath.Base(path)+StatementSuffix || !Signed(path) {
		t.Fatalf("%v, %v", done, err)
	}
	before := contents(t, path)
	if done, err = Sign(t.Context(), path, key); err != nil || len(done.Files) != 0 || contents(t, path) != before {
		t.Errorf("again: %v, %v", done, err)
	}
	// It broke off before the last file: all is made again.
	if err := os.Remove(path + SumsSealedSuffix); err != nil {
		t.Fatal(err)
	}
	if !Signed(path) {
		t.Error("half a set counts as unsigned")
	}
	key.Wrap = nil
	if done, err = Sign(t.Context(), path, key); err != nil || len(done.Files) != 3 {
		t.Errorf("after a break: %v, %v", done, err)
	}
	for _, suffix := range []string{"", ".meta", ChecksumsSuffix} {
		kept, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, append(kept, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Sign(t.Context(), path, key); fault.Code(err) != "already-signed" {
			t.Errorf("%q changed: %v", suffix, err)
		}
		if err := os.WriteFile(path+suffix, kept, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Sign(t.Context(), path+"x", key); fault.Code(err) != "tar-missing" {
		t.Error(err)
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %x\n", file, data)
	}
	return out.String()
}
