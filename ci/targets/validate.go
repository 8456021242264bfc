package targets

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"mvdan.cc/sh/v3/shell"

	"github.com/wheelhouse-ci/wheelhouse/ci/archive"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
)

// Validate proves that a Python without network runs from it.
//
// It takes -tar, else the newest of the tarball built here and those fetched,
// else the newest archived; with -fetch, what CI built last. It checks the
// tarball, its record and its wheels against the requirements, installs them
// into a fresh venv without network, runs `pip check` and the smoke tests, and
// writes <tarball>.verdict.json. Before all that, it refuses a tarball without
// what trust.require asks for. -image does it in a container of docker's or
// podman's, which has no network. With several Pythons it does so for each; -json
// then prints {"validations": [...]}.
func Validate(ctx context.Context,
	tar *string, // the tarball (default: the newest at hand)
	fetch *bool, // fetch the newest good one first, and take that (default: false)
	venv *string, // make the venv here and keep it (default: a temporary one)
	packages *string, // critical packages, by commas or spaces (default: the setting validate.packages)
	python *string, // versions or paths of Pythons, by commas (default: the setting validate.python, else python)
	requirements *string, // requirements file (default: those that travel with the tarball, else the setting requirements)
	pytest *string, // pytest's arguments (default: -k smoke)
	static *bool, // apply the rules alone: no installation, no tests, no verdict file (default: false)
	installer *string, // pip or uv (default: the setting validate.installer)
	image *string, // container image to prove it in, with its python3 unless -python names another (default: this machine)
	glibc *string, // the highest glibc that wheels may ask for (default: the setting validate.glibc)
	record *bool, // hold the wheels' files against the hashes in RECORD (default: the setting validate.record)
	json *bool, // print the findings and the proof as an object (default: lines)
	keep *bool, // keep the temporary venv and say where it is (default: false)
) error {
	return begin(ctx, "validate", func(ctx context.Context, s *session) error {
		if err := errors.Join(
			s.option("packages", packages, "validate.packages"),
			s.pythonsOption(python),
			s.option("requirements", requirements, "requirements"),
			s.option("installer", installer, "validate.installer"),
			s.option("glibc", glibc, "validate.glibc"),
			s.switchOption("record", record, "validate.record"),
		); err != nil {
			return err
		}
		asked, err := s.path("tar", tar)
		if err != nil {
			return err
		}
		o := validateOptions{json: on(json), keep: on(keep), static: on(static), ownRequirements: requirements != nil}
		if o.venv, err = s.path("venv", venv); err != nil {
			return err
		}
		if image != nil {
			if err := s.filled("image", *image); err != nil {
				return err
			}
			o.image, o.ownPython = *image, python != nil
		}
		if pytest != nil {
			if o.pytest, err = shell.Fields(*pytest, func(string) string { return "" }); err != nil {
				return fault.New(fault.Usage, "bad-pytest", "validate: reading -pytest=%q: %w", *pytest, err)
			}
			o.pytest = slices.Clip(append([]string{}, o.pytest...)) // given empty means none, not the default
		}
		if on(fetch) && asked != "" {
			return fault.New(fault.Usage, "tar-and-fetch", "validate: -tar and -fetch each name a tarball").
				WithHint("leave one of them out")
		}
		choose := s.choose
		if on(fetch) {
			choose = s.chooseFetched
		}
		chosen, err := choose(ctx, asked)
		if err != nil {
			return err
		}
		return s.validate(ctx, chosen, o)
	})
}

// chooseFetched fetches, as the settings say it, and takes what came of it.
func (s *session) chooseFetched(ctx context.Context, _ string) (choice, error) {
	want, err := s.want(nil, nil, nil)
	if err != nil {
		return choice{}, err
	}
	patience, _, err := s.patience(nil, nil)
	if err != nil {
		return choice{}, err
	}
	made, err := s.bring(ctx, fetchOptions{want: want, patience: patience})
	if err != nil {
		return choice{}, err
	}
	if err := s.noteMade(made); err != nil {
		return choice{}, err
	}
	return choice{path: s.show(filepath.Join(made.Path, made.Record.Tarball)), why: "fetched as run-" + made.Record.Run}, nil
}

// requirementsFor gives the requirements to hold the tarball against: those
// that the person named, else those that travel with it, else the
// repository's; nil where there are none. from names them for messages.
func (s *session) requirementsFor(tarball string, own bool) (set *requirements.Set, from string, err error) {
	if !own {
		// What is wrong with the record is for the checks to say.
		if record, err := readMeta(tarball + ".meta"); err == nil {
			set, err := s.travelling(tarball, record)
			if err != nil {
				return nil, "", err
			}
			if set != nil {
				return set, s.show(set.Path) + ", which travels with the tarball", nil
			}
		}
	}
	set, err = requirements.Load(s.Requirements, s.getenv)
	if fault.Code(err) == "requirements-missing" && !own {
		s.note("no requirements at %s: only the critical packages are proven", s.show(s.Requirements))
		return nil, "", nil
	}
	from = s.show(s.Requirements)
	if !own {
		from += ", the repository's"
	}
	return set, from, err
}

// travelling gives the requirements that lie with a tarball in its entry: the
// file there whose digest is the record's. nil: there is none.
func (s *session) travelling(tarball string, record meta.Record) (*requirements.Set, error) {
	beside := entry.Wheelhouse{Tarball: filepath.Base(tarball), Meta: tarball + ".meta"}
	path, err := archive.RequirementsFile(beside, record.RequirementsHash)
	if err != nil || path == "" {
		return nil, err
	}
	return requirements.Load(path, s.getenv)
}
