package targets

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/config"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// question is what a tarball's set of files is held against, beside the
// settings.
type question struct {
	// path is the tarball's, which need not be there.
	path string
	// subject goes before the files' names in the checks: an entry's name;
	// empty outside the archive.
	subject string
	// run is the run that it should be of; empty for any.
	run string
	// date is the day that it should be of, YYYYMMDD; empty for any.
	date string
	// commit is the whole id of the commit that its record and statement should
	// name; empty for any.
	commit string
	// streamed writes the tarball's bytes, where they are on their way and not
	// yet at path; nil: they are read from there.
	streamed func(io.Writer) error
}

// answer is what was found.
type answer struct {
	checks []provenance.Check
	// inventory is nil where the tarball is not there, or cannot be read.
	inventory *wheelhouse.Inventory
}

// fingerprints are the settings' ones as signatures are held against them.
func fingerprints(cfg *config.Config) ([]string, error) {
	var all []string
	for _, text := range cfg.Trust.Fingerprints {
		f, err := provenance.ParseFingerprint(text)
		if err != nil {
			return nil, fault.New(fault.Usage, "bad-settings", "reading the settings: trust.fingerprints: %w", err)
		}
		all = append(all, f)
	}
	return all, nil
}

// examine holds a tarball's set of files against what the settings say. The
// tarball is read once. Checks that the settings require count as failed where
// there was nothing to check.
func (s *session) examine(ctx context.Context, q question) (answer, error) {
	var a answer
	known, err := fingerprints(s.Config)
	if err != nil {
		return a, err
	}
	if slices.Contains(s.Trust.Require, provenance.CheckSignature) && s.Trust.Keyring == "" && len(known) == 0 {
		return a, fault.New(fault.Usage, "trust-incomplete", "checking %s: trust.require has signature, and nothing says whose", s.show(q.path)).
			WithHint("set trust.keyring and trust.fingerprints")
	}
	trust := provenance.Trust{Keyring: s.Trust.Keyring, Fingerprints: known, Now: s.now()}
	seals, err := provenance.OpenSeals(q.path, trust)
	if err != nil {
		return a, err
	}
	expected := provenance.Expected{
		Repository: s.Trust.Repository, Workflow: s.Trust.Workflow, Builder: s.Trust.Builder, Commit: q.commit,
		Limits: s.limits(),
	}
	if seals.GoesOn() {
		expected.Hashed = seals.GoOn
	} else {
		expected.Raw = seals.Tarball()
	}
	if expected.DSSEKey, err = s.dsseKey(); err != nil {
		return a, err
	}
	if q.streamed != nil {
		if err := q.streamed(seals.Tarball()); err != nil {
			return a, err
		}
		expected.Raw, expected.Hashed, expected.NoTarball = nil, nil, true
	}
	if a.checks, a.inventory, err = provenance.VerifyPapers(ctx, q.path, expected); err != nil {
		return a, err
	}
	var sealed []provenance.Check
	if _, absent := os.Stat(q.path); a.inventory == nil && q.streamed == nil && absent == nil {
		// It is damaged, and was not read to its end.
		sealed, err = provenance.VerifySignatures(ctx, q.path, trust)
	} else {
		sealed, err = seals.Checks(a.inventory != nil || q.streamed != nil)
	}
	if err != nil {
		return a, err
	}
	a.checks = append(append(a.checks, sealed...), runChecks(q)...)
	bundle, err := s.bundle(ctx, q, a)
	if err != nil {
		return a, err
	}
	a.checks = append(a.checks, bundle)
	a.checks = provenance.Judge(a.checks, s.requiredOf(a))
	if q.subject != "" {
		for i := range a.checks {
			a.checks[i].Subject = q.subject + "/" + a.checks[i].Subject
		}
	}
	return a, nil
}

// bundle checks the Sigstore bundle: who signed it by the tarball's bytes, and
// without them whether it is there and of the tarball that the record tells of.
func (s *session) bundle(ctx context.Context, q question, a answer) (provenance.Check, error) {
	if a.inventory != nil {
		return provenance.Attestor{
			Repository: s.Trust.Repository, Workflow: s.Trust.Workflow, Root: s.Trust.SigstoreRoot, Environ: s.environ, Dir: s.Root,
		}.VerifyBundle(ctx, q.path, a.inventory.SHA256)
	}
	sum := ""
	if record, err := readMeta(q.path + meta.Suffix); err == nil { // else another check says what is wrong
		sum = record.SHA256
	}
	return provenance.LookAtBundle(q.path, sum)
}

// requiredOf are the settings' requirements that can be asked of it: gh judges
// a bundle by the tarball's bytes alone.
func (s *session) requiredOf(a answer) []string {
	uncompared := func(c provenance.Check) bool {
		return c.Name == provenance.CheckBundle && c.State == provenance.NotCompared
	}
	if !slices.ContainsFunc(a.checks, uncompared) {
		return s.Trust.Require
	}
	return slices.DeleteFunc(slices.Clone(s.Trust.Require), func(name string) bool { return name == provenance.CheckBundle })
}

// dsseKey reads the key that a statement is to be wrapped by; nil for none.
func (s *session) dsseKey() ([]byte, error) {
	if s.Trust.DSSEKey == "" {
		return nil, nil
	}
	key, err := readSmall(s.Trust.DSSEKey)
	if err != nil {
		return nil, fault.New(fault.Unable, "no-dsse-key", "reading the key of trust.dsse-key: %w", err)
	}
	return key, nil
}

// runChecks hold a tarball's record against the place where it lies, and the
// commit that was asked for: an older set of files, whole and rightly signed,
// must not pass for a newer one.
func runChecks(q question) []provenance.Check {
	c := provenance.Check{Name: provenance.CheckRun, Subject: filepath.Base(q.path) + meta.Suffix, Result: provenance.Skip, State: provenance.NotCompared}
	if q.run == "" && q.date == "" && q.commit == "" {
		c.Reason = "nothing says of which run it should be"
		return []provenance.Check{c}
	}
	record, err := readMeta(q.path + meta.Suffix)
	switch {
	case gone(err):
		c.State, c.Reason = provenance.Absent, "there is no record that would say of which run it is"
		if q.commit != "" {
			c.Result = provenance.Fail
		}
		return []provenance.Check{c}
	case err != nil:
		c.Result, c.State, c.Reason = provenance.Fail, provenance.Malformed, err.Error()
		return []provenance.Check{c}
	}
	if q.commit == "" {
		return []provenance.Check{compareRun(c, q, record)}
	}
	return []provenance.Check{compareRun(c, q, record), compareCommit(c, q, record)}
}

// compareCommit says whether a record is of the commit that was asked for.
func compareCommit(c provenance.Check, q question, record meta.Record) provenance.Check {
	switch {
	case record.GitCommit == "":
		c.Result, c.State, c.Reason = provenance.Fail, provenance.Absent, "its record names no commit"
	case !strings.EqualFold(record.GitCommit, q.commit):
		c.Result, c.State, c.Reason = provenance.Fail, "other-commit", "its record is of commit "+record.GitCommit
		c.Hint = "it was built of something else: get the set that was built of this commit"
	default:
		c.Result, c.State, c.Reason = provenance.Pass, provenance.OK, "its record is of that commit"
	}
	return c
}

// compareRun says whether a record is of the run that it should be of.
func compareRun(c provenance.Check, q question, record meta.Record) provenance.Check {
	const hint = "it may be an older set in the place of a newer one: get the run's own files again"
	const digits = 12
	is := record.RunID
	if is == "" && strings.HasPrefix(q.run, "local-") {
		is = "local-" + record.SHA256[:min(digits, len(record.SHA256))]
	}
	if made := record.CreatedAt.UTC().Format("20060102"); q.date != "" && made != q.date {
		c.Result, c.State, c.Hint = provenance.Fail, "other-run", hint
		c.Reason = fmt.Sprintf("its record is of %s, and this is the place of a run of %s", made, q.date)
		return c
	}
	switch {
	case q.run == "" && q.date == "":
		c.Reason = "nothing says of which run it should be"
	case q.run == "":
		c.Reason = "its record is of the right day; nothing says of which run it should be"
	case is == "":
		c.Reason = "its record names no run; this is the place of run " + q.run
	case is != q.run:
		c.Result, c.State, c.Hint = provenance.Fail, "other-run", hint
		c.Reason = fmt.Sprintf("its record is of run %s, and this is the place of run %s", is, q.run)
	default:
		c.Result, c.State, c.Reason = provenance.Pass, provenance.OK, "its record is of run "+is
	}
	return c
}
