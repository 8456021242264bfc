// Package python is an interpreter and what it can do: find it, ask it for its
// tags, markers and judgement of requirements, build wheels with its pip, make
// a virtual environment, install into it without a network, and run pytest.
//
// [Find] gives an [Interpreter]; everything else starts from it:
//
//	i, err := python.Find(ctx, python.Search{Want: "3.11", Environ: os.Environ(), Typed: "validate"})
//	o := python.Start(ctx, i) // runs while the venv is made
//	defer o.Close()
//	v, err := python.NewVenv(ctx, i, dir)
//	env, err := o.Environment()
//	answer, err := o.Ask(question)
//	in := python.Installer{Interpreter: i, Environment: env, NoNetwork: true}
//	err = in.Install(ctx, v, "derived.txt", "wheels")
//
// # What the interpreter is asked
//
// One helper process answers everything: it is started with -I, prints its
// environment at once, and then judges requirements (PEP 508), versions
// (PEP 440) and markers by the packaging library that its own pip vendors, so
// that what is said here is what pip will do. Names of extras are normalised
// here (PEP 685), because the packaging of pip before 23.3 compares them
// letter by letter.
//
// # Whose settings hold
//
// [Wheel] runs pip with the settings of the user: mirrors, indexes and
// credentials keep working. Everything after it is a proof, and runs with
// [CleanEnviron]. [FetchWheels], which brings wheels back from the index by their
// sha256, runs with the user's settings as well. What pip prints goes through a filter that takes user names,
// passwords and query strings out of every URL.
//
// # Errors
//
// Errors are *fault.Error. Wrong use: bad-version, venv-exists. Could not be
// done here: no-python, no-pip, no-uv, no-venv, disk-full, python-broken, no-isolation,
// index-refused, index-unreachable, index-tls. Refused: pip-failed,
// folder-not-empty, index-differs, install-failed, editable-failed, pip-check-failed, pytest-missing, no-tests,
// tests-failed, question-too-large. A cancelled context's error is returned
// wrapped.
package python
