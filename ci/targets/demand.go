package targets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// asked gives the question of an archived tarball.
func asked(k kept) question {
	q := question{path: k.path(), subject: k.name(), run: k.Run}
	if date, _, ok := entry.ParseName(k.name()); ok {
		q.date = date
	}
	return q
}

// placeOf gives the run whose place a tarball lies in: the folder of a run
// that was fetched, or an entry of the archive; empty for any other.
func (s *session) placeOf(path string) (run, date string) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.cwd, path)
	}
	dir := filepath.Base(filepath.Dir(path))
	if id, ok := strings.CutPrefix(dir, "run-"); ok && entry.ValidRun(id) {
		return id, ""
	}
	if date, id, ok := entry.ParseName(dir); ok {
		return id, date
	}
	return "", ""
}

// demandHere is demand of a tarball where it lies.
func (s *session) demandHere(ctx context.Context, path string) (sha256 string, err error) {
	q := question{path: path}
	q.run, q.date = s.placeOf(path)
	return s.demand(ctx, q)
}

// errOtherBytes ends the checks of bytes that are not those of the record,
// which their writer says better.
var errOtherBytes = errors.New("other bytes than the record's")

// demanded lets a tarball's bytes pass on their way to a writer where they are
// what the settings require, by the files in its entry. gh judges a bundle by a
// file alone, so a required bundle is judged once the tarball is unpacked.
func (s *session) demanded(ctx context.Context, k kept, write func(io.Writer) error) func(io.Writer) error {
	if len(s.Trust.Require) == 0 {
		return write
	}
	return func(w io.Writer) error {
		q := asked(k)
		q.streamed = func(seal io.Writer) error {
			h := sha256.New()
			if err := write(io.MultiWriter(w, h, seal)); err != nil {
				return err
			}
			if hex.EncodeToString(h.Sum(nil)) != k.SHA256 {
				return errOtherBytes
			}
			return nil
		}
		if _, err := s.demand(ctx, q); !errors.Is(err, errOtherBytes) {
			return err
		}
		return nil
	}
}

// demand refuses a tarball that does not come with what the settings require,
// and gives the sha256 of the bytes that it judged: whoever then unpacks the
// file makes sure that it still has it. Where the settings require nothing,
// nothing is read, and it is empty; so it is without a tarball at q.path.
func (s *session) demand(ctx context.Context, q question) (sha256 string, err error) {
	if len(s.Trust.Require) == 0 {
		return "", nil
	}
	end := s.steps.Step("checking " + report.Visible(s.show(q.path)) + ": " + strings.Join(s.Trust.Require, ", "))
	a, err := s.examine(ctx, q)
	end()
	if err != nil {
		return "", err
	}
	refused, open := provenance.Refused(a.checks), provenance.Unverified(a.checks, s.requiredOf(a))
	if len(s.requiredOf(a)) < len(s.Trust.Require) {
		s.note("the bundle is of %s; who signed it is asked of gh once that is here: by verify, and by whatever unpacks it", s.show(q.path))
	}
	if len(refused)+len(open) == 0 {
		if a.inventory != nil {
			sha256 = a.inventory.SHA256
		}
		return sha256, nil
	}
	if err := writeChecks(s.stderr, append(refused, open...)); err != nil {
		return "", err
	}
	return "", verdictOn(s.show(q.path), refused, open)
}

// verdictOn is the error of checks that failed, or that could not be made.
func verdictOn(what string, refused, open []provenance.Check) error {
	if len(refused) > 0 {
		first := refused[0]
		return fault.New(fault.Refused, "untrusted", "checking %s: %d of its checks failed, the first: %s: %s", what, len(refused), first.Name, report.Visible(first.Reason)).
			WithHint("nothing of it was unpacked; the lines above say what each means")
	}
	return fault.New(fault.Unable, "not-verified", "checking %s: the settings require what could not be checked here: %s: %s", what, open[0].Name, report.Visible(open[0].Reason)).
		WithHint("the line above says what is missing")
}

// writeChecks writes checks, a line each.
func writeChecks(w io.Writer, checks []provenance.Check) error {
	name := 0
	for _, c := range checks {
		name = max(name, len(c.Name))
	}
	var b strings.Builder
	for _, c := range checks {
		fmt.Fprintf(&b, "%-4s  %-*s  %s: %s: %s\n", strings.ToUpper(c.Result), name, c.Name, report.Visible(c.Subject), c.State, report.Visible(c.Reason))
		if c.Hint != "" && c.Result != provenance.Pass {
			fmt.Fprintf(&b, "      hint: %s\n", report.Visible(c.Hint))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
