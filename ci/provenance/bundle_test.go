package provenance

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// aBundle is a bundle whose statement has subjects with these sums.
func aBundle(sums ...string) string {
	return fmt.Sprintf(`{"dsseEnvelope":{"payloadType":"application/vnd.in-toto+json","payload":%q}}`, base64.StdEncoding.EncodeToString([]byte(aStatement(sums...))))
}

func aStatement(sums ...string) string {
	var subjects []string
	for _, sum := range sums {
		subjects = append(subjects, fmt.Sprintf(`{"name":"x","digest":{"sha256":%q}}`, sum))
	}
	return `{"_type":"https://in-toto.io/Statement/v1","subject":[` + strings.Join(subjects, ",") + `]}`
}

func anAnswer(sums ...string) string {
	return `{"verificationResult":{"statement":` + aStatement(sums...) + `}}`
}

// TestBundle has a gh say all that it may.
func TestBundle(t *testing.T) {
	t.Parallel()
	ours, theirs := strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	says := func(text string) string { return "cat <<'END'\n" + text + "\nEND\n" }
	refused := 0
	for name, test := range map[string]struct {
		bundle        string // empty: none
		gh            string // empty: none
		anonymous     bool   // no repository is named
		result, state string
	}{
		"right":                   {bundle: aBundle(theirs, ours), gh: says("[" + anAnswer(theirs, ours) + "]"), result: Pass, state: OK},
		"none":                    {gh: "exit 1", result: Skip, state: Absent},
		"no gh":                   {bundle: aBundle(ours), result: Skip, state: Unable},
		"of whom":                 {bundle: aBundle(ours), gh: says("[" + anAnswer(ours) + "]"), anonymous: true, result: Skip, state: Unable},
		"of another file":         {bundle: aBundle(theirs), gh: says("[" + anAnswer(ours) + "]"), result: Fail, state: "other-file"},
		"of another file, no gh":  {bundle: aBundle(theirs), result: Fail, state: "other-file"},
		"of nothing":              {bundle: aBundle(), gh: says("[" + anAnswer(ours) + "]"), result: Fail, state: "other-file"},
		"gh verified another":     {bundle: aBundle(ours), gh: says("[" + anAnswer(theirs) + "]"), result: Fail, state: "other-file"},
		"gh verified both":        {bundle: aBundle(ours), gh: says("[" + anAnswer(ours) + "," + anAnswer(theirs) + "]"), result: Fail, state: "other-file"},
		"gh verified nothing":     {bundle: aBundle(ours), gh: says("[]"), result: Fail, state: "other-file"},
		"gh says nothing":         {bundle: aBundle(ours), gh: "exit 0", result: Fail, state: "other-file"},
		"gh says no JSON":         {bundle: aBundle(ours), gh: "echo verified", result: Fail, state: "other-file"},
		"gh refuses":              {bundle: aBundle(ours), gh: `echo 'Error: verifying with issuer "sigstore.dev"' >&2; exit 1`, result: Fail, state: "refused"},
		"gh has no network":       {bundle: aBundle(ours), gh: `echo 'Error: dial tcp: lookup tuf.example.org: no such host' >&2; exit 1`, result: Skip, state: Unable},
		"gh is too old":           {bundle: aBundle(ours), gh: `echo 'unknown command "attestation" for "gh"' >&2; exit 1`, result: Skip, state: Unable},
		"garbage":                 {bundle: "garbage", gh: says("[" + anAnswer(ours) + "]"), result: Fail, state: Malformed},
		"two bundles":             {bundle: aBundle(ours) + "\n" + aBundle(ours), gh: says("[" + anAnswer(ours) + "]"), result: Fail, state: Malformed},
		"of another kind":         {bundle: strings.Replace(aBundle(ours), "in-toto", "other", 1), gh: says("[" + anAnswer(ours) + "]"), result: Fail, state: Malformed},
		"a statement of no shape": {bundle: `{"dsseEnvelope":{"payloadType":"application/vnd.in-toto+json","payload":"bnVsbA=="}}`, gh: says("[" + anAnswer(ours) + "]"), result: Fail, state: "other-file"},
	} {
		if test.result == Fail {
			refused++
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string][]byte{"": []byte("x")}
			if test.bundle != "" {
				files[BundleSuffix] = []byte(test.bundle)
			}
			a := Attestor{Repository: "o/r", Workflow: ".github/workflows/w.yml", Root: "/root.jsonl", GH: filepath.Join(t.TempDir(), "none")}
			if test.gh != "" {
				a.GH = script(t, `echo "$*" > "$0.asked"`+"\n"+test.gh)
			}
			if test.anonymous {
				a.Repository = ""
			}
			path := aSet(t, files)
			c, err := a.VerifyBundle(t.Context(), path, ours)
			if err != nil || c.Result != test.result || c.State != test.state || c.Reason == "" || c.Subject == "" {
				t.Errorf("%+v, %v; want %s, %s", c, err, test.result, test.state)
			}
			if test.result != Pass {
				return
			}
			want := "attestation verify " + path + " --bundle=" + path + BundleSuffix +
				" --repo=o/r --format=json --signer-workflow=o/r/.github/workflows/w.yml --custom-trusted-root=/root.jsonl\n"
			if asked, err := os.ReadFile(a.GH + ".asked"); err != nil || string(asked) != want {
				t.Errorf("asked %q, %v\nwant %q", asked, err, want)
			}
		})
	}
	counted(t, refused)
}

// TestBundleOfAPrunedTarball: without the tarball, a bundle is there and of it,
// or not.
func TestBundleOfAPrunedTarball(t *testing.T) {
	t.Parallel()
	ours, theirs := strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	for bundle, state := range map[string]string{"": Absent, aBundle(theirs): "other-file", "garbage": Malformed, aBundle(ours): NotCompared} {
		files := map[string][]byte{}
		if bundle != "" {
			files[BundleSuffix] = []byte(bundle)
		}
		c, err := LookAtBundle(aSet(t, files), ours)
		if err != nil || c.State != state || (c.Result == Fail) != (state == "other-file" || state == Malformed) {
			t.Errorf("%s: %+v, %v", state, c, err)
		}
	}
}

// TestJudge: what is required and was not checked has failed; what could not
// be is open; the rest stays as it is.
func TestJudge(t *testing.T) {
	t.Parallel()
	check := func(name, result, state string) Check { return Check{Name: name, Result: result, State: state} }
	for name, test := range map[string]struct {
		checks       []Check
		require      string
		failed, open int
	}{
		"nothing asked, nothing there":      {},
		"asked, and nobody looked":          {require: "signature", failed: 1},
		"asked, and not there":              {[]Check{check("signature", Skip, Unsigned)}, "signature", 1, 0},
		"asked, and one of two":             {[]Check{check("signature", Pass, OK), check("signature", Skip, Unsigned)}, "signature", 1, 0},
		"asked, and there":                  {[]Check{check("signature", Pass, OK), check("signature", Pass, OK)}, "signature", 0, 0},
		"asked, and not compared with":      {[]Check{check("statement", Skip, NotCompared)}, "statement", 1, 0},
		"asked, one thing is not compared":  {[]Check{check("statement", Pass, OK), check("statement", Skip, NotCompared)}, "statement", 0, 0},
		"asked, and not to be had here":     {[]Check{check("bundle", Skip, Unable)}, "bundle", 0, 1},
		"another is asked":                  {[]Check{check("bundle", Skip, Absent), check("checksums", Pass, OK)}, "checksums", 0, 0},
		"not asked, and wrong":              {[]Check{check("signature", Fail, Tampered)}, "", 1, 0},
		"not asked, and not to be had here": {[]Check{check("bundle", Skip, Unable)}, "", 0, 0},
	} {
		before := fmt.Sprint(test.checks)
		require := strings.Fields(test.require)
		got := Judge(test.checks, require)
		if len(Refused(got)) != test.failed || len(Unverified(got, require)) != test.open || fmt.Sprint(test.checks) != before {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// FuzzBundle wants any bytes to be refused or understood.
func FuzzBundle(f *testing.F) {
	f.Add([]byte(aBundle(strings.Repeat("a1", 32))))
	f.Fuzz(func(t *testing.T, data []byte) {
		if state, _ := bound(data, strings.Repeat("c3", 32)); state == OK && !strings.Contains(string(data), "payload") {
			t.Errorf("%q", data)
		}
	})
}
