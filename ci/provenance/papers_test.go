package provenance

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

const aCommit = "0123456789abcdef0123456789abcdef01234567"

// attested makes a tarball with record and lock, and its papers beside it.
func attested(t *testing.T, foreign bool) (path string, a Attestation) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "wheelhouse-3.11.tgz")
	one := wheeltest.Wheel{Project: "demo", Version: "1.0+cpu", RequiresDist: []string{"Num.Py >=1; python_version > '3'", "absent", "demo[x]"}}
	two := wheeltest.Wheel{Project: "num_py", Version: "2.0"}
	dir := t.TempDir()
	var members []wheeltest.Member
	var files []string
	for _, w := range []wheeltest.Wheel{one, two} {
		files = append(files, w.Write(dir))
		members = append(members, wheeltest.Member{Name: w.FileName(), Data: w.Bytes()})
	}
	if foreign {
		must(t, os.WriteFile(path, wheeltest.Tarball(members...), 0o644))
	} else if _, err := wheelhouse.Pack(t.Context(), path, files); err != nil {
		t.Fatal(err)
	}
	inv, err := wheelhouse.Read(t.Context(), path, wheelhouse.ReadOptions{})
	must(t, err)
	text, err := meta.Describe(inv, meta.Details{
		Python: "3.11", CreatedAt: time.Unix(1_770_000_000, 0), Repository: "example/app", RunID: "7", RunAttempt: "1", GitCommit: aCommit,
	}).Encode()
	must(t, err)
	must(t, os.WriteFile(path+meta.Suffix, text, 0o644))
	l := lock.Lock{Tarball: inv.Name, Format: inv.Format, SHA256: inv.SHA256, Size: inv.Size, Python: "3.11"}
	for _, w := range inv.Wheels {
		l.Wheels = append(l.Wheels, lock.Wheel{File: w.Name, Size: w.Size, SHA256: w.SHA256})
	}
	text, err = l.Encode()
	must(t, err)
	must(t, os.WriteFile(lockOf(path), text, 0o644))
	a = attest(t, path)
	must(t, os.WriteFile(path+SBOMSuffix, a.SBOM, 0o644))
	must(t, os.WriteFile(path+StatementSuffix, a.Statement, 0o644))
	must(t, os.WriteFile(path+ChecksumsSuffix, a.Checksums, 0o644))
	return path, a
}

func lockOf(path string) string {
	return filepath.Join(filepath.Dir(path), lock.FileName(filepath.Base(path)))
}

func attest(t *testing.T, path string) Attestation {
	t.Helper()
	env := map[string]string{
		"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_REPOSITORY": "example/app", "GITHUB_EVENT_NAME": "schedule",
		"GITHUB_WORKFLOW_REF": "example/app/.github/workflows/heavy.yml@refs/heads/main",
	}
	a, err := Attest(t.Context(), path, AttestOptions{Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	must(t, err)
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAttest(t *testing.T) {
	t.Parallel()
	for _, foreign := range []bool{false, true} {
		path, a := attested(t, foreign)
		again := attest(t, path)
		if !bytes.Equal(again.SBOM, a.SBOM) || !bytes.Equal(again.Statement, a.Statement) || !bytes.Equal(again.Checksums, a.Checksums) {
			t.Error("the same tarball gives other papers")
		}
		anew, err := Checksums(t.Context(), path)
		if err != nil || !bytes.Equal(anew, a.Checksums) {
			t.Errorf("the checksums are not those of the files: %v\n%s%s", err, anew, a.Checksums)
		}
		doc, err := parseSBOM(a.SBOM)
		must(t, err)
		if len(doc.Dependencies) != 3 || len(doc.Dependencies[1].DependsOn) != 1 || !strings.HasPrefix(doc.Dependencies[1].DependsOn[0], "pkg:pypi/num-py@2.0?file_name=num_py-2.0") {
			t.Errorf("dependencies: %+v", doc.Dependencies)
		}
		if !strings.Contains(doc.Components[0].PURL, "@1.0%2Bcpu?") {
			t.Error(doc.Components[0].PURL)
		}
		s, err := parseStatement(a.Statement)
		must(t, err)
		if got := s.Predicate.RunDetails.Builder.ID; got != "https://github.com/example/app/.github/workflows/heavy.yml@refs/heads/main" {
			t.Error(got)
		}
		checks, inv, err := VerifyPapers(t.Context(), path, Expected{
			Repository: "example/app", Workflow: ".github/workflows/heavy.yml", Commit: aCommit,
			Builder: s.Predicate.RunDetails.Builder.ID,
		})
		if err != nil || inv == nil || len(Refused(checks)) > 0 {
			t.Errorf("%+v, %v", checks, err)
		}
		for _, c := range checks {
			if c.Result != Pass {
				t.Errorf("%+v", c)
			}
		}
	}
}

// TestForeignEnvironment: another run's environment says nothing of this one.
func TestForeignEnvironment(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_REPOSITORY": "example/app",
		"GITHUB_WORKFLOW_REF": "example/app/.github/workflows/heavy.yml@refs/heads/main",
	}
	m := made{record: meta.Record{RunID: "7", RunAttempt: "1", Repository: "example/app"}, getenv: func(n string) (string, bool) { return env[n], true }}
	if got := m.run(); got.builder == localBuilder || got.workflow == nil {
		t.Fatalf("%+v", got)
	}
	for name, value := range map[string]string{
		"GITHUB_RUN_ID": "8", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_REPOSITORY": "fork/app", "ACT": "true",
		"GITHUB_WORKFLOW_REF": "other/app/.github/workflows/heavy.yml@refs/heads/main",
	} {
		m.getenv = func(n string) (string, bool) {
			if n == name {
				return value, true
			}
			return env[n], true
		}
		if got := m.run(); got.builder != localBuilder || got.workflow != nil || got.github != nil {
			t.Errorf("%s=%s: %+v", name, value, got)
		}
	}
}

// TestDisagree changes one paper at a time, and the checksums with it.
func TestDisagree(t *testing.T) {
	t.Parallel()
	const zeros = "0000000000000000000000000000000000000000000000000000000000000000"
	wheelSum := func(a string, from string) string { // the first sha256 after from
		i := strings.Index(a, from)
		j := i + strings.Index(a[i:], `"sha256":"`) + len(`"sha256":"`)
		return a[:j] + zeros + a[j+64:]
	}
	refused := 0
	for name, test := range map[string]struct {
		suffix string
		change func(string) string
		check  string
		says   []string // the two sides
	}{
		"statement of another commit":  {StatementSuffix, func(s string) string { return strings.Replace(s, aCommit, strings.Repeat("f", 40), 1) }, CheckAgreement, []string{".intoto.jsonl", ".tgz.meta"}},
		"statement of a fork":          {StatementSuffix, func(s string) string { return strings.ReplaceAll(s, "example/app", "fork/app") }, CheckAgreement, []string{".intoto.jsonl", ".tgz.meta"}},
		"statement with another wheel": {StatementSuffix, func(s string) string { return wheelSum(s, `"name":"num_py`) }, CheckAgreement, []string{".intoto.jsonl", "the tarball"}},
		"statement of another tarball": {StatementSuffix, func(s string) string { return wheelSum(s, `"subject"`) }, CheckAgreement, []string{".intoto.jsonl", "the tarball"}},
		"statement of another record":  {StatementSuffix, func(s string) string { return wheelSum(s, `"byproducts"`) }, CheckAgreement, []string{".tgz.meta", ".intoto.jsonl"}},
		"statement of another run":     {StatementSuffix, func(s string) string { return strings.Replace(s, "/actions/runs/7/", "/actions/runs/8/", 1) }, CheckAgreement, []string{".intoto.jsonl", ".tgz.meta", "runs/8"}},
		"statement of a fork's builder": {StatementSuffix, func(s string) string {
			return strings.Replace(s, `"builder":{"id":"https://github.com/example`, `"builder":{"id":"https://github.com/fork`, 1)
		}, CheckStatement, []string{"its builder is not its workflow"}},
		"statement without a workflow": {StatementSuffix, func(s string) string {
			i, j := strings.Index(s, `"workflow":{`), strings.Index(s, `"inputs":{`)
			return s[:i] + s[j:]
		}, CheckStatement, []string{"its builder is not its workflow"}},
		"statement with a field twice":  {StatementSuffix, func(s string) string { return strings.Replace(s, `{"_type"`, `{"_type":"","_type"`, 1) }, CheckStatement, []string{"the form"}},
		"statement with something more": {StatementSuffix, func(s string) string { return s + "{}\n" }, CheckStatement, []string{"the form"}},
		"SBOM with another wheel": {SBOMSuffix, func(s string) string {
			i := strings.LastIndex(s, `"content": "`) + len(`"content": "`)
			return s[:i] + zeros + s[i+64:]
		}, CheckAgreement, []string{".cdx.json", "the tarball"}},
		"SBOM of another day":        {SBOMSuffix, func(s string) string { return strings.Replace(s, `"timestamp": "2026`, `"timestamp": "2025`, 1) }, CheckAgreement, []string{"timestamp", ".tgz.meta"}},
		"SBOM with another serial":   {SBOMSuffix, func(s string) string { return strings.Replace(s, "urn:uuid:", "urn:uuid:f", 1) }, CheckAgreement, []string{"serial"}},
		"SBOM with another version":  {SBOMSuffix, func(s string) string { return strings.Replace(s, `"version": "2.0"`, `"version": "2.1"`, 1) }, CheckAgreement, []string{"purl"}},
		"SBOM with an unknown field": {SBOMSuffix, func(s string) string { return strings.Replace(s, `"version": 1,`, `"version": 1, "x": 1,`, 1) }, CheckAgreement, []string{"the form"}},
		"SBOM under another tarball": {SBOMSuffix, func(s string) string {
			return strings.Replace(s, `"name": "wheelhouse-3.11.tgz"`, `"name": "other.tgz"`, 1)
		}, CheckAgreement, []string{".cdx.json", "the tarball"}},
		"lock of another Python's set": {"", func(s string) string {
			return strings.Replace(s, `tarball = "wheelhouse-3.11.tgz"`, `tarball = "wheelhouse-3.12.tgz"`, 1)
		}, CheckAgreement, []string{"pylock", "the tarball"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, _ := attested(t, false)
			file := path + test.suffix
			if test.suffix == "" {
				file = lockOf(path)
			}
			old, err := os.ReadFile(file)
			must(t, err)
			changed := test.change(string(old))
			if changed == string(old) {
				t.Fatal("nothing changed")
			}
			must(t, os.WriteFile(file, []byte(changed), 0o644))
			sums, err := Checksums(t.Context(), path)
			must(t, err)
			must(t, os.WriteFile(path+ChecksumsSuffix, sums, 0o644))
			checks, _, err := VerifyPapers(t.Context(), path, Expected{})
			must(t, err)
			for _, c := range Refused(checks) {
				whole := c.Subject + " " + c.Reason
				if c.Name == test.check && !containsNot(whole, test.says) {
					return
				}
			}
			t.Errorf("no failure names %q: %+v", test.says, Refused(checks))
		})
		refused++
	}
	counted(t, refused)
}

// containsNot tells whether one of the words is missing.
func containsNot(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return true
		}
	}
	return false
}

func TestExpected(t *testing.T) {
	t.Parallel()
	path, _ := attested(t, false)
	refused := 0
	for state, e := range map[string]Expected{
		"wrong-repository": {Repository: "fork/app"}, "wrong-workflow": {Workflow: ".github/workflows/other.yml"},
		"wrong-builder": {Builder: localBuilder}, "wrong-commit": {Commit: strings.Repeat("f", 40)},
	} {
		checks, _, err := VerifyPapers(t.Context(), path, e)
		bad := Refused(checks)
		if err != nil || len(bad) != 1 || bad[0].State != state || bad[0].Name != CheckStatement {
			t.Errorf("%s: %+v, %v", state, bad, err)
		}
		skipped := 0
		for _, c := range checks {
			if c.Result == Skip && c.State == NotCompared {
				skipped++
			}
		}
		if skipped != 3 {
			t.Errorf("%s: %d said not to be compared", state, skipped)
		}
		refused++
	}
	counted(t, refused)
}

// TestNothingThere: what is absent is skipped, and a pruned set still agrees.
func TestNothingThere(t *testing.T) {
	t.Parallel()
	path, _ := attested(t, false)
	must(t, os.Remove(path))
	checks, inv, err := VerifyPapers(t.Context(), path, Expected{})
	if err != nil || inv != nil || len(Refused(checks)) > 0 {
		t.Errorf("%+v, %v", checks, err)
	}
	must(t, os.Remove(path+StatementSuffix))
	checks, _, err = VerifyPapers(t.Context(), path, Expected{Repository: "example/app"})
	must(t, err)
	if required := Judge(checks, []string{CheckStatement}); len(Refused(required)) != 2 { // the sums miss it, too
		t.Errorf("%+v", required)
	}
}

func TestDSSE(t *testing.T) {
	t.Parallel()
	path, a := attested(t, false)
	private := func(seed byte) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32)))
		must(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	key := private(1)
	parsed, err := privateDSSE(key)
	must(t, err)
	der, err := x509.MarshalPKIXPublicKey(parsed.Public())
	must(t, err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	wrapped, err := WrapStatement(a.Statement, key)
	must(t, err)
	if bytes.Count(wrapped, []byte("\n")) != 1 {
		t.Error("not one line")
	}
	refused := 1 // that at the end
	for name, test := range map[string]struct {
		data, key []byte
		good      bool
	}{
		"private": {wrapped, key, true}, "public": {wrapped, public, true}, "nobody's": {wrapped, nil, true},
		"another": {wrapped, private(2), false}, "bare": {a.Statement, key, false}, "bare, none asked": {a.Statement, nil, true},
		"a byte":    {bytes.Replace(wrapped, []byte(`"payload":"e`), []byte(`"payload":"f`), 1), key, false},
		"its type":  {bytes.Replace(wrapped, []byte("in-toto+json"), []byte("in-toto+yaml"), 1), key, false},
		"no sig":    {[]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"","signatures":[]}` + "\n"), nil, false},
		"two lines": {append(bytes.Clone(wrapped), wrapped...), key, false},
	} {
		if !test.good {
			refused++
		}
		payload, _, err := unwrap(test.data, test.key)
		if (err == nil) != test.good || test.good && !bytes.Equal(payload, a.Statement) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, os.WriteFile(path+StatementSuffix, wrapped, 0o644))
	for state, key := range map[string][]byte{OK: public, Malformed: private(2)} {
		checks, _, err := VerifyPapers(t.Context(), path, Expected{DSSEKey: key})
		must(t, err)
		for _, c := range checks {
			if c.Name == CheckStatement && c.State != state && c.State != NotCompared {
				t.Errorf("%+v", c)
			}
		}
	}
	counted(t, refused)
}

func TestLicences(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		expression, text string
		classifiers      []string
		want             int
	}{{"MIT", "x", nil, 1}, {"", "BSD", []string{"License :: A"}, 1}, {"", "", []string{"License :: A", "License :: B", "License :: A"}, 2}, {want: 0}} {
		got := licences(wheel.Metadata{LicenseExpression: test.expression, License: test.text, LicenseClassifiers: test.classifiers})
		if len(got) != test.want || test.expression != "" && got[0].Expression != test.expression {
			t.Errorf("%+v: %+v", test, got)
		}
	}
}

func FuzzPapers(f *testing.F) {
	for _, seed := range []string{
		"{}", "null\n", "[[[[", `{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":""}]}` + "\n",
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{}}]}`, `{"bomFormat":"CycloneDX","components":[{"hashes":null}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if payload, _, err := unwrap(data, nil); err == nil {
			if s, err := parseStatement(payload); err == nil {
				again, err := encodeJSON(s, "")
				if err != nil || !bytes.Equal(again, payload) {
					t.Error("a statement was taken that is not canonical")
				}
				_, _ = s.side("x")
				_ = s.expect(Expected{Commit: "x"}, "x")
			}
		}
		if s, err := parseSBOM(data); err == nil {
			_, _ = s.side("x")
		}
	})
}
