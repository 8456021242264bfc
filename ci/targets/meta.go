package targets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Meta writes a tarball's record: what it is, where it came from.
//
// The record <tarball>.meta holds the tarball's sha256, size and wheels, what
// it was built from, and, in CI, by which run. A record is never rewritten:
// the same tarball again changes nothing, another one under that name is
// refused.
func Meta(ctx context.Context,
	tar *string, // the tarball (default: the one that build makes)
	requirements *string, // requirements file that it was built from (default: the setting requirements)
	createdAt *string, // when it was made, RFC 3339, for tarballs made earlier (default: now)
) error {
	return begin(ctx, "meta", func(ctx context.Context, s *session) error {
		if err := s.option("requirements", requirements, "requirements"); err != nil {
			return err
		}
		tarball, err := s.tarball(ctx, tar)
		if err != nil {
			return err
		}
		at := s.now()
		if createdAt != nil {
			if at, err = timeOf(*createdAt); err != nil {
				return err
			}
		}
		if requirements != nil { // of those that are named, nothing may be missing
			if _, err := s.loadRequirements(); err != nil {
				return err
			}
		}
		return s.meta(ctx, tarball, at)
	})
}

// timeOf reads the option -createdAt: a time that a record can hold.
func timeOf(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if year := at.UTC().Year(); err != nil || at.IsZero() || year < 1 || year > 9999 {
		return at, fault.New(fault.Usage, "bad-time", "meta: -createdAt is %q, which is no time in RFC 3339", text).
			WithHint("write it as 2026-01-31T12:00:00Z")
	}
	return at, nil
}

// loadRequirements reads the requirements and all that they include.
func (s *session) loadRequirements() (*requirements.Set, error) {
	return requirements.Load(s.Requirements, s.getenv)
}

// tarball gives the option's tarball, or the one that build makes.
func (s *session) tarball(ctx context.Context, option *string) (string, error) {
	path, err := s.path("tar", option)
	if err != nil {
		return "", err
	}
	if path == "" {
		short, err := s.shortPython(ctx)
		if err != nil {
			return "", err
		}
		path = filepath.Join(s.Build.Out, s.baseName(short)+".tgz")
	}
	path = s.show(path)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", fault.New(fault.Refused, "tar-missing", "no such tarball: %s", path).
			WithHint("make it: mage %s, or name another: -tar=PATH", s.typed("build"))
	}
	return path, nil
}

// meta writes the record beside the tarball, unless it is there already.
func (s *session) meta(ctx context.Context, tarball string, at time.Time) error {
	done := s.steps.Step("reading " + s.show(tarball))
	inv, err := wheelhouse.Read(ctx, tarball, wheelhouse.ReadOptions{Limits: s.limits()})
	done()
	if err != nil {
		return err
	}
	path := tarball + ".meta"
	if there, err := s.hasRecord(path, inv); err != nil || there {
		return err
	}
	details, err := s.details(ctx, inv.Name, at)
	if err != nil {
		return err
	}
	text, err := meta.Describe(inv, details).Encode()
	if err != nil {
		return err
	}
	if err := writeNew(path, text); errors.Is(err, fs.ErrExist) {
		// Another run was quicker; its record must say the same.
		_, err = s.hasRecord(path, inv)
		return err
	} else if err != nil {
		return fault.New(fault.Unable, "not-written", "writing the record %s: %w", s.show(path), err)
	}
	return s.printf("%s  %d wheels, %s, sha256 %s\n", s.show(path), len(inv.Wheels), entry.FormatSize(inv.Size), inv.SHA256)
}

// hasRecord tells whether the record at path describes the tarball already. A
// record of another tarball is refused, with the difference shown.
func (s *session) hasRecord(path string, inv *wheelhouse.Inventory) (bool, error) {
	record, err := readMeta(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	findings := meta.Compare(record, inv)
	if !finding.Failed(findings) {
		return true, s.printf("%s  already describes this tarball, unchanged\n", s.show(path))
	}
	if err := report.Findings(s.stderr, findings); err != nil {
		return false, err
	}
	return false, fault.New(fault.Refused, "meta-exists", "%s describes another tarball than %s and is never rewritten",
		s.show(path), inv.Name).
		WithHint("give the new tarball another name, or move the old one away together with its record")
}

// details says where the tarball came from, as far as this machine knows.
func (s *session) details(ctx context.Context, name string, at time.Time) (meta.Details, error) {
	d := meta.Details{CreatedAt: at.UTC().Truncate(time.Second), Python: pythonOf(name)}
	var err error
	if d.Python == "" {
		if d.Python, err = s.shortPython(ctx); err != nil {
			return d, err
		}
	}
	set, err := s.loadRequirements()
	switch {
	case err == nil:
		d.RequirementsHash, d.RequirementsInputs = set.Hash, set.Inputs
	case fault.Code(err) == "requirements-missing":
		s.note("no requirements at %s, so the record names none", s.show(s.Requirements))
	default:
		return d, err
	}
	if d.Runner, err = runner(ctx, s.environ); err != nil {
		return d, err
	}
	d.Repository = s.variable("GITHUB_REPOSITORY")
	d.Workflow = s.variable("GITHUB_WORKFLOW")
	d.RunID = s.variable("GITHUB_RUN_ID")
	d.RunAttempt = s.variable("GITHUB_RUN_ATTEMPT")
	if d.GitCommit = s.variable("GITHUB_SHA"); d.GitCommit == "" {
		d.GitCommit = s.commit(ctx)
	}
	return d, nil
}

// variable gives an environment variable as one line of a record may hold it:
// blanks are single spaces, and what cannot be printed is escaped.
func (s *session) variable(name string) string {
	value, _ := s.getenv(name)
	return report.Visible(strings.Join(strings.Fields(value), " "))
}

// commit gives the checkout's commit; "" outside git, which is no error: a
// record of a tarball made elsewhere has none.
func (s *session) commit(ctx context.Context) string {
	out, err := command.Command{Path: "git", Args: []string{"rev-parse", "HEAD"}, Dir: s.Root, Env: s.environ}.Pipe(ctx).String()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

// runner is `uname -a`, or what Go knows where there is no uname.
func runner(ctx context.Context, environ []string) (string, error) {
	out, err := command.Command{Path: "uname", Args: []string{"-a"}, Env: environ}.Pipe(ctx).String()
	if ctx.Err() != nil {
		return "", fmt.Errorf("asking uname: %w", ctx.Err())
	}
	if line := strings.Join(strings.Fields(out), " "); err == nil && line != "" {
		return line, nil
	}
	return runtime.GOOS + " " + runtime.GOARCH, nil
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, data []byte) error {
	f, err := atomicfile.Create(path, 0o644)
	if err != nil {
		return err
	}
	defer f.Cleanup()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.CommitNew()
}
