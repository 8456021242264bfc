package targets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

// Stale tells whether a build would bring something new.
//
// It exits 0 when the newest proven entry was built from today's requirements,
// with all that they include, and proven on this Python and platform; 1 when
// it was not, and it says why. The tarball itself may be gone. What the index
// has newer for requirements without a version is not seen.
func Stale(ctx context.Context,
	requirements *string, // today's requirements file (default: the setting requirements)
	python *string, // version or path of today's Python (default: the setting python)
	json *bool, // print an object with "stale" and "reasons" (default: lines)
) error {
	return begin(ctx, "stale", func(ctx context.Context, s *session) error {
		if err := errors.Join(
			s.option("requirements", requirements, "requirements"),
			s.option("python", python, "python"),
		); err != nil {
			return err
		}
		return s.stale(ctx, on(json))
	})
}

// stale compares the archive with today and prints what came of it.
func (s *session) stale(ctx context.Context, asJSON bool) error {
	now, err := s.today(ctx)
	if err != nil {
		return err
	}
	entries, err := s.archived().List(ctx)
	if err != nil {
		return err
	}
	found, err := newestProven(entries, now.tarball)
	if err != nil {
		return err
	}
	v := freshness{Run: found.run, Tarball: found.tarball, Reasons: differences(found, now)}
	v.Stale = len(v.Reasons) > 0
	if err := s.printFreshness(v, asJSON); err != nil || !v.Stale {
		return err
	}
	kinds := make([]string, len(v.Reasons))
	for i, r := range v.Reasons {
		kinds[i] = r.What
	}
	return fault.New(fault.Refused, "stale", "a build would bring something new: %s", strings.Join(kinds, ", ")).
		WithHint("build, prove and keep it: mage %s", s.typed("all"))
}

func (s *session) printFreshness(v freshness, asJSON bool) error {
	if asJSON {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return fault.New(fault.Unable, "output", "writing the result: %w", err)
		}
		return s.printf("%s\n", text)
	}
	if !v.Stale {
		return s.printf("up to date: run %s has %s, proven on this Python and platform from these requirements\n",
			report.Visible(v.Run), report.Visible(v.Tarball))
	}
	for _, r := range v.Reasons {
		if err := s.printf("stale: %s: %s\n", r.What, report.Visible(r.Text)); err != nil {
			return err
		}
	}
	return nil
}

// freshness is what stale found, as -json gives it.
type freshness struct {
	Stale bool `json:"stale"`
	// Run and Tarball are those of the newest proven entry; empty: there is none.
	Run     string   `json:"run,omitempty"`
	Tarball string   `json:"tarball,omitempty"`
	Reasons []reason `json:"reasons"`
}

// reason is one thing in which the newest proven entry is not today's. What is
// "entry", "python", "platform" or "requirements".
type reason struct {
	What string `json:"what"`
	Text string `json:"text"`
}

// today is what a build would be of now.
type today struct {
	// tarball is its name, python the short version, platform the
	// interpreter's.
	tarball, python, platform string
	// inputs is the digest over the requirements with all that they include,
	// hash that of the first file; single tells that there is no other.
	inputs, hash string
	single       bool
}

// today asks the interpreter and reads the requirements.
func (s *session) today(ctx context.Context) (today, error) {
	set, err := s.loadRequirements()
	if err != nil {
		return today{}, err
	}
	i, err := s.interpreter(ctx)
	if err != nil {
		return today{}, err
	}
	oracle := python.Start(ctx, i)
	defer oracle.Close()
	env, err := oracle.Environment()
	if err != nil {
		return today{}, err
	}
	return today{
		tarball: s.baseName(i.Short()) + ".tgz", python: i.Short(), platform: env.Platform,
		inputs: set.Inputs, hash: set.Hash, single: len(set.Files) == 1,
	}, nil
}

// proven is the newest proven wheelhouse; the zero value is none.
type proven struct {
	run, tarball string
	record       meta.Record
	proofs       []verdict.Proof
}

// newestProven gives the newest proven wheelhouse of the tarball's name, else
// the newest of any name, which tells why it is not today's. The entries are
// newest first.
func newestProven(entries []entry.Entry, tarball string) (proven, error) {
	var run string
	var newest entry.Wheelhouse
	for _, e := range entries {
		for _, w := range e.Wheelhouses {
			if !w.Proven || w.State == entry.Broken || newest.Tarball != "" && w.Tarball != tarball {
				continue
			}
			if w.Tarball == tarball {
				return readProven(e.Run, w)
			}
			run, newest = e.Run, w
		}
	}
	if newest.Tarball == "" {
		return proven{}, nil
	}
	return readProven(run, newest)
}

// readProven reads what the archive's list leaves out.
func readProven(run string, w entry.Wheelhouse) (proven, error) {
	record, err := readMeta(w.Meta)
	if err != nil {
		return proven{}, fmt.Errorf("reading the record of run %s: %w", report.Visible(run), err)
	}
	path := filepath.Join(filepath.Dir(w.Meta), entry.VerdictName(w.Tarball))
	data, err := readSmall(path)
	if err != nil {
		return proven{}, fmt.Errorf("reading the verdict of run %s: %w", report.Visible(run), err)
	}
	v, err := verdict.Parse(data, path)
	return proven{run: run, tarball: w.Tarball, record: record, proofs: v.Proofs}, err
}

// differences says in what the newest proven wheelhouse is not what a build
// would be of now; none means that a build brings nothing new.
func differences(p proven, now today) []reason {
	if p.tarball == "" {
		return []reason{{"entry", "no entry of the archive is proven"}}
	}
	reasons := []reason{}
	add := func(what, format string, args ...any) {
		reasons = append(reasons, reason{what, fmt.Sprintf(format, args...)})
	}
	of := "run " + p.run
	samePython := p.record.Python == now.python
	switch {
	case !samePython:
		add("python", "%s is for Python %s, today's is %s", of, orUnknown(p.record.Python), now.python)
	case p.tarball != now.tarball:
		add("entry", "%s has %s, and no entry has a proven %s", of, p.tarball, now.tarball)
	}
	if on := provenOn(p.proofs, now.python); samePython && !slices.Contains(on, now.platform) {
		add("platform", "%s is proven for Python %s on %s, today's platform is %s",
			of, now.python, orUnknown(strings.Join(on, ", ")), now.platform)
	}
	switch {
	case p.record.RequirementsInputs == now.inputs:
	case p.record.RequirementsInputs == "" && now.single && p.record.RequirementsHash == now.hash:
		// A record without that digest is as good where one file is all.
	case p.record.RequirementsHash == "":
		add("requirements", "the record of %s does not say from which it was built", of)
	case p.record.RequirementsHash != now.hash:
		add("requirements", "%s was built from another requirements file", of)
	default:
		add("requirements", "%s was built from the same requirements file, and a file that it includes differs", of)
	}
	return reasons
}

// provenOn gives the platforms of the proofs that passed on a Python.
func provenOn(proofs []verdict.Proof, short string) []string {
	var on []string
	for _, p := range proofs {
		if p.Result == verdict.Pass && verdict.Short(p.Python) == short {
			on = append(on, p.Platform)
		}
	}
	return on
}

func orUnknown(text string) string {
	if text == "" {
		return "an unknown one"
	}
	return text
}
