package targets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/validate"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Build packs the wheels of a requirements file into a tarball.
//
// It runs `pip wheel` with your own pip settings, so that mirrors, indexes
// and credentials keep working, packs the wheels so that the same ones always
// give the same bytes, and writes the lock (PEP 751) beside the tarball.
func Build(ctx context.Context,
	requirements *string, // requirements file (default: the setting requirements)
	python *string, // version or path of the Python to build for (default: the setting python)
	out *string, // folder to write into, made when absent (default: the setting build.out)
	wheels *string, // pack this folder of wheels instead of running pip (default: none)
	packages *string, // packages that must be there (default: the setting validate.packages; with -wheels none)
) error {
	return begin(ctx, "build", func(ctx context.Context, s *session) error {
		if err := errors.Join(
			s.option("requirements", requirements, "requirements"),
			s.option("python", python, "python"),
			s.option("out", out, "build.out"),
			s.option("packages", packages, "validate.packages"),
		); err != nil {
			return err
		}
		folder, err := s.path("wheels", wheels)
		if err != nil {
			return err
		}
		if folder != "" && packages == nil {
			s.Validate.Packages = nil
		}
		return s.build(ctx, folder)
	})
}

// built is a set of wheels ready to be packed.
type built struct {
	// short is the Python's version as the tarball's name has it.
	short string
	// wheels are their paths.
	wheels []string
	// made is what pip said of them; nil for a folder made elsewhere.
	made *python.Built
	// inputs is the digest over the requirements; empty for a folder made elsewhere.
	inputs string
}

// build makes the tarball and its lock in the output folder. folder holds
// wheels made elsewhere; when it is empty pip makes them.
func (s *session) build(ctx context.Context, folder string) error {
	critical, err := s.packages()
	if err != nil {
		return err
	}
	var b built
	if folder != "" {
		b, err = s.wheelsOf(ctx, folder)
	} else {
		var fresh string
		if fresh, err = os.MkdirTemp("", "wheelhouse-build-"); err != nil {
			return fault.New(fault.Unable, "no-temporary-folder", "making a folder for the wheels: %w", err)
		}
		defer os.RemoveAll(fresh)
		b, err = s.wheelsFromPip(ctx, fresh)
	}
	if err != nil {
		return err
	}
	if err := s.checkBuilt(b, critical); err != nil {
		return err
	}
	return s.pack(ctx, b)
}

// wheelsOf lists the wheels of a folder made elsewhere.
func (s *session) wheelsOf(ctx context.Context, folder string) (built, error) {
	wheels, others, err := listWheels(folder)
	if err != nil {
		return built{}, err
	}
	if len(others) > 0 {
		s.note("left out, not wheels: %s", strings.Join(quoted(others), ", "))
	}
	if len(wheels) == 0 {
		return built{}, fault.New(fault.Refused, "no-wheels", "%s holds no wheel", s.show(folder)).
			WithHint("make some: python -m pip wheel -r requirements.txt -w %s", s.show(folder))
	}
	short, err := s.shortPython(ctx)
	return built{short: short, wheels: wheels}, err
}

// wheelsFromPip has pip make the wheels of the requirements.
func (s *session) wheelsFromPip(ctx context.Context, fresh string) (built, error) {
	set, err := s.loadRequirements()
	if err != nil {
		return built{}, err
	}
	interpreter, err := s.interpreter(ctx)
	if err != nil {
		return built{}, err
	}
	done := s.steps.Step(fmt.Sprintf("building wheels of %s with Python %s", s.show(s.Requirements), interpreter.Version))
	made, err := python.Wheel(ctx, interpreter, s.Requirements, fresh, s.environ, s.steps)
	done()
	if err != nil {
		return built{}, err
	}
	linkDirect(made, set.Roots)
	wheels, others, err := listWheels(fresh)
	if err != nil {
		return built{}, err
	}
	if len(others) > 0 {
		return built{}, fault.New(fault.Refused, "sdist-left", "building %s: pip left what is not a wheel: %s",
			s.show(s.Requirements), strings.Join(quoted(others), ", ")).
			WithHint("a wheelhouse holds wheels only; pin a version that builds one")
	}
	if len(wheels) == 0 {
		return built{}, fault.New(fault.Refused, "no-wheels", "building %s: pip made no wheel", s.show(s.Requirements)).
			WithHint("is the file empty, or does every marker exclude this Python?")
	}
	return built{short: interpreter.Short(), wheels: wheels, made: made, inputs: set.Inputs}, nil
}

// checkBuilt refuses two versions of a project and missing critical packages.
func (s *session) checkBuilt(b built, critical []requirements.Requirement) error {
	names := baseNames(b.wheels)
	var failed []finding.Finding
	for _, f := range append(validate.Duplicates(names), validate.Critical(critical, names)...) {
		if f.Severity == finding.Fail {
			failed = append(failed, f)
		}
	}
	for _, p := range critical {
		if p.Marker != "" && len(validate.Critical([]requirements.Requirement{{Project: p.Project}}, names)) > 0 {
			s.note("there is no wheel of the critical package %s; validate tells whether its marker asks for one", p.Project)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	if err := report.Findings(s.stderr, failed); err != nil {
		return err
	}
	subjects := make([]string, len(failed))
	for i, f := range failed {
		subjects[i] = f.Subject
	}
	return fault.New(fault.Refused, failed[0].Code, "building %s.tgz: refused because of %s",
		s.baseName(b.short), strings.Join(quoted(subjects), ", ")).
		WithHint("mend the requirements, or name what must be there: -packages=...")
}

// pack writes tarball and lock. The same bytes as last time leave the record
// and the verdict beside them alone; other bytes replace all four, in this
// folder alone.
func (s *session) pack(ctx context.Context, b built) error {
	if err := os.MkdirAll(s.Build.Out, 0o755); err != nil {
		return s.unwritable(err)
	}
	unlock, err := atomicfile.Lock(ctx, filepath.Join(s.Build.Out, ".lock"))
	if err != nil {
		return s.unwritable(err)
	}
	defer unlock()

	name := s.baseName(b.short) + ".tgz"
	final := filepath.Join(s.Build.Out, name)
	fresh := filepath.Join(s.Build.Out, name+".new")
	defer os.Remove(fresh)
	if err := sweep(s.Build.Out, name); err != nil {
		return s.unwritable(err)
	}
	done := s.steps.Step(fmt.Sprintf("packing %d wheels", len(b.wheels)))
	inv, err := wheelhouse.Pack(ctx, fresh, b.wheels)
	done()
	if err != nil {
		return err
	}
	inv.Name = name
	text, err := lockOf(inv, b.short, b.made, s.Lock.URLs).Encode()
	if err != nil {
		return err
	}
	if err := s.replace(fresh, final, inv, b.inputs); err != nil {
		return err
	}
	lockPath := filepath.Join(s.Build.Out, lock.FileName(name))
	if err := atomicfile.Write(lockPath, text, 0o644); err != nil {
		return fault.New(fault.Unable, "not-written", "writing the lock %s: %w", s.show(lockPath), err)
	}
	return s.printf("%s  %d wheels, %s, sha256 %s\n%s\n", s.show(final), len(inv.Wheels), entry.FormatSize(inv.Size), inv.SHA256, s.show(lockPath))
}

// sweep removes what killed builds left of a tarball, which may be large. The
// caller holds the folder's lock, so that none is at work.
func sweep(dir, name string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		left := e.Name() == name+".new" ||
			strings.HasPrefix(e.Name(), "."+name+".new.") && strings.HasSuffix(e.Name(), ".tmp")
		if !left || !e.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// unwritable is the output folder that cannot be made or written to.
func (s *session) unwritable(err error) error {
	return fault.New(fault.Unable, "no-output-folder", "writing to the output folder %s: %w", s.show(s.Build.Out), err).
		WithHint("choose another: -out=FOLDER")
}

// replace puts the fresh tarball in the old one's place. What was written
// about other bytes goes first, so that no record ever stands beside a tarball
// that it does not describe; a record made from other requirements goes too, and
// with it all that tells of it.
func (s *session) replace(fresh, final string, inv *wheelhouse.Inventory, inputs string) error {
	verdict := final + ".verdict.json"
	stale := besidesOf(final)
	if record, err := readMeta(final + ".meta"); err == nil && record.SHA256 == inv.SHA256 {
		if inputs == "" || record.RequirementsInputs == inputs {
			stale = nil
		}
		stale = slices.DeleteFunc(stale, func(path string) bool { return path == verdict })
	}
	for _, path := range stale {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.New(fault.Unable, "not-written", "replacing %s: %w", s.show(path), err)
		}
	}
	if err := os.Rename(fresh, final); err != nil {
		return fault.New(fault.Unable, "not-written", "putting %s in place: %w", s.show(final), err)
	}
	return atomicfile.SyncDir(filepath.Dir(final))
}

// besidesOf gives the paths of what is written about a tarball's bytes, the
// signatures first: a set without its record would still pass for signed. The
// lock is not among them: who packs writes it anew.
func besidesOf(tarball string) []string {
	var all []string
	for _, path := range provenance.Files(tarball) {
		if path != tarball && filepath.Base(path) != lock.FileName(filepath.Base(tarball)) {
			all = append(all, path)
		}
	}
	slices.Reverse(all)
	return all
}

// listWheels gives the wheels of a folder, sorted, and the names of what else
// lies in it. Whatever is named as a wheel counts, links too: packing refuses
// what is none, so that none is left out unseen.
func listWheels(folder string) (wheels, others []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, fault.New(fault.Usage, "no-wheels-folder", "reading the folder of wheels: %w", err).
			WithHint("-wheels names a folder that holds .whl files")
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".whl") {
			wheels = append(wheels, filepath.Join(folder, e.Name()))
		} else {
			others = append(others, e.Name())
		}
	}
	slices.Sort(wheels)
	return wheels, others, nil
}

func baseNames(paths []string) []string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = filepath.Base(p)
	}
	return names
}

// quoted gives names as they may be printed: control characters escaped.
func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = report.Visible(n)
	}
	return out
}

// readMeta reads the record at path.
func readMeta(path string) (meta.Record, error) {
	data, err := readSmall(path)
	if err != nil {
		return meta.Record{}, err
	}
	return meta.Parse(data, path)
}
