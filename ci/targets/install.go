package targets

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/install"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/validate"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Install puts a proven tarball's wheels into a venv to work in.
//
// It makes .venv where you stand, or -venv=DIR, without network and without pip.
// Into a venv that is there, whoever made it, that one's own Python installs:
// what would change is told first, nothing else in it is touched, and when it
// fails everything is as it was. The tarball is validated first, as validate
// does. -packages installs these and what they need, and nothing else;
// -editable=. also installs the project here so that its sources run where they
// lie, built by what the wheelhouse brings. pytest is installed if asked for.
func Install(ctx context.Context,
	tar *string, // the tarball (default: the newest at hand, as for validate)
	venv *string, // the venv's folder (default: .venv)
	packages *string, // what to install, by commas or spaces (default: all that the requirements and the setting validate.packages ask for)
	editable *string, // folder of a project to install in editable mode too (default: none)
	python *string, // version or path of the Python (default: that of a venv that is there, else the setting python)
	requirements *string, // requirements file (default: those that travel with the tarball, else the setting requirements)
	installer *string, // pip or uv (default: the setting validate.installer)
	noProof *bool, // apply the rules and hashes, but prove nothing in a venv of its own first (default: false)
	json *bool, // print what was done as an object (default: the venv's path)
) error {
	return begin(ctx, "install", func(ctx context.Context, s *session) error {
		if err := errors.Join(
			s.option("python", python, "python"),
			s.option("requirements", requirements, "requirements"),
			s.option("installer", installer, "validate.installer"),
		); err != nil {
			return err
		}
		asked, err := s.path("tar", tar)
		if err != nil {
			return err
		}
		o := installOptions{trustOptions: trustOptions{noProof: on(noProof), ownRequirements: requirements != nil}, json: on(json), ownPython: python != nil}
		if o.venv, err = s.path("venv", venv); err != nil {
			return err
		}
		if o.venv == "" {
			o.venv = filepath.Join(s.cwd, ".venv")
		}
		if o.editable, err = s.path("editable", editable); err != nil {
			return err
		}
		if err := s.installRoots(&o, packages); err != nil {
			return err
		}
		chosen, err := s.choose(ctx, asked)
		if err != nil {
			return err
		}
		return s.install(ctx, chosen, o)
	})
}

// installOptions are install's options that are no settings.
type installOptions struct {
	trustOptions
	venv, editable string
	// only: -packages limits the roots to those of trustOptions.
	only            bool
	ownPython, json bool
}

// installRoots are the roots that install adds to the settings': the packages
// asked for, and what the build of the project requires.
func (s *session) installRoots(o *installOptions, packages *string) error {
	if packages != nil {
		// The setting's syntax; the setting itself stays what is critical.
		critical := s.Validate.Packages
		if err := errors.Join(s.filled("packages", *packages), s.option("packages", packages, "validate.packages")); err != nil {
			return err
		}
		wanted, err := s.packages()
		if err != nil {
			return err
		}
		s.Validate.Packages = critical
		o.only = true
		o.roots = append(o.roots, rootsOf(wanted, "-packages")...)
	}
	if o.editable != "" {
		build, err := install.BuildRequires(o.editable)
		if err != nil {
			return err
		}
		o.roots = append(o.roots, rootsOf(build, "the build of "+s.show(o.editable)+" (-editable)")...)
	}
	return nil
}

func rootsOf(all []requirements.Requirement, origin string) []validate.Root {
	var roots []validate.Root
	for _, r := range all {
		roots = append(roots, validate.Root{Requirement: r, Origin: origin})
	}
	return roots
}

func (s *session) install(ctx context.Context, chosen choice, o installOptions) error {
	if err := s.venvPython(ctx, o); err != nil {
		return err
	}
	result, err := s.trust(ctx, chosen, o.trustOptions)
	if err != nil {
		return err
	}
	reached := result.Select(func(root validate.Root) bool {
		mine := o.isRoot(root)
		return mine || !o.only && root.Origin != validate.TestsOrigin
	})
	if len(reached) == 0 {
		return fault.New(fault.Refused, "no-roots", "installing: nothing that was asked for applies to Python %s", result.Interpreter.Version).
			WithHint("name other packages, or leave -packages out")
	}
	derived, err := result.Derive(reached)
	if err != nil {
		return err
	}
	done, err := install.Run(ctx, install.Options{
		Tarball: chosen.path, Inventory: result.Inventory, Limits: s.limits(),
		Wheels: wheelsOf(result, reached), Requirements: derived, Dir: o.venv,
		Python: result.Interpreter.Path, Environment: result.Environment, Installer: s.Validate.Installer,
		Network: s.Validate.Network, Editable: o.editable, Environ: s.environ, Step: s.steps.Step,
		Tell: func(p install.Plan) { s.tellPlan(o.venv, p) },
	})
	if fault.Code(err) == "venv-changed" {
		s.note("%v", err) // also after a signal, whose own message would hide it
	}
	if err != nil {
		return err
	}
	return s.printInstalled(done, result, o)
}

// isRoot tells whether a root is one that install added.
func (o installOptions) isRoot(root validate.Root) bool {
	for _, r := range o.roots {
		if r.Origin == root.Origin && r.Text() == root.Text() {
			return true
		}
	}
	return false
}

// venvPython has the Python of a venv that is there validated and install. One
// that the person named has to be the same version.
func (s *session) venvPython(ctx context.Context, o installOptions) error {
	v, there, err := python.OpenVenv(o.venv)
	if err != nil || !there {
		return err
	}
	if o.ownPython {
		wanted, err := s.interpreter(ctx)
		if err != nil {
			return err
		}
		i, err := python.Find(ctx, python.Search{Want: v.Python, Environ: s.environ, Typed: s.typed(s.target)})
		if err != nil {
			return err
		}
		if wanted.Short() != i.Short() {
			return fault.New(fault.Usage, "venv-python", "%s has Python %s, and -python asks for %s", s.show(v.Dir), i.Short(), wanted.Short()).
				WithHint("leave -python out, or name another folder: -venv=DIR")
		}
	}
	return s.Set("python", v.Python, "-venv", s.cwd)
}

// wheelsOf gives what is installed, by project and version.
func wheelsOf(result *validate.Result, reached []validate.Reached) []install.Wheel {
	var wheels []install.Wheel
	for _, r := range reached {
		if name, err := wheel.ParseName(r.File); err == nil {
			wheels = append(wheels, install.Wheel{Project: name.Project, Version: result.Metadata[r.File].Version})
		}
	}
	return wheels
}

// tellPlan tells what becomes of a venv before it does.
func (s *session) tellPlan(dir string, p install.Plan) {
	var texts []string
	for _, c := range p.Changed {
		texts = append(texts, c.Project+" "+c.Before+" -> "+c.After)
	}
	if len(texts) > 0 {
		s.note("in %s these change: %s", s.show(dir), report.Visible(strings.Join(texts, ", ")))
	}
	if p.Same > 0 {
		s.note("in %s %s there already", s.show(dir), counted(p.Same, "wheel"))
	}
}

// printInstalled prints what was done.
func (s *session) printInstalled(done install.Result, result *validate.Result, o installOptions) error {
	if done.NotIsolated != nil {
		s.note("the installer could have reached a network: %v", done.NotIsolated)
	}
	if done.Unfit != nil {
		s.note("what is in %s did not fit together before, and does not now: %v", s.show(done.Venv), done.Unfit)
	}
	unchanged := !done.Created && done.Plan.Nothing() && o.editable == ""
	if unchanged {
		s.note("unchanged: %s has all of it already", s.show(done.Venv))
	} else {
		s.note("installed %s into %s with %s, Python %s", counted(len(done.Plan.Added)+len(done.Plan.Changed), "wheel"),
			s.show(done.Venv), done.Installer, verdict.Short(result.Interpreter.Version))
	}
	if !o.json {
		return s.printf("%s\n", s.show(done.Venv))
	}
	return report.JSON(s.stdout, struct {
		Venv      string `json:"venv"`
		Python    string `json:"python"`
		Created   bool   `json:"created"`
		Unchanged bool   `json:"unchanged"`
		install.Plan
		Editable  string `json:"editable,omitempty"`
		Installer string `json:"installer"`
		Tarball   string `json:"tarball"`
		SHA256    string `json:"sha256"`
	}{
		s.show(done.Venv), done.Python, done.Created, unchanged, done.Plan, o.editable, done.Installer,
		result.Inventory.Name, result.Inventory.SHA256,
	})
}
