// Package validate is the rules over a wheelhouse, its record and an
// interpreter, and the proof that follows them: a fresh virtual environment
// that is installed from the wheelhouse alone, without a network, and runs
// tests.
//
// # The rules
//
// Before anything is installed [Run] reads the tarball once, every wheel's
// METADATA, the record and the lock beside it, and asks the interpreter once.
// Everything that is wrong is collected; one finding of severity FAIL and
// nothing is installed.
//
//	code                  severity   what
//	bad-file-name         FAIL       a name that is no wheel's (PEP 427)
//	not-a-zip             FAIL       a wheel that is no zip, or is cut short
//	metadata-missing      FAIL       a wheel without METADATA, or with two .dist-info folders
//	bad-metadata          FAIL       METADATA that cannot be read
//	wheel-missing         FAIL       a wheel without WHEEL
//	bad-wheel             FAIL       WHEEL that cannot be read, or of a later format
//	unsafe-member         FAIL       a member that leaves the folder: "..", absolute, a drive, a backslash
//	zip-bomb              FAIL       a wheel beyond the limits: members, bytes unpacked, ratio, METADATA
//	record-mismatch       FAIL       members that are not those of RECORD: names, sizes, sha256 or better
//	too-many-requirements FAIL       the wheels' METADATA together go beyond all bounds
//	name-mismatch         FAIL       METADATA or WHEEL of another name, version or tags than the file name
//	duplicate-project     FAIL, WARN two versions of one project; WARN: two wheels of one version
//	critical-missing      FAIL       a critical package without a wheel
//	pytest-missing        FAIL       tests are to run and there is no pytest
//	no-roots              FAIL       nothing is asked for, so nothing would be proved
//	missing-dependency    FAIL       nothing in the wheelhouse satisfies a requirement; with its chain
//	sdist-only            FAIL       a source distribution in the tarball alone satisfies it
//	unknown-extra         FAIL       an extra that its project does not provide
//	bad-requires-dist     FAIL       a requirement in METADATA that does not parse
//	bad-requirement       FAIL       a requirement of the user's that does not parse
//	url-dependency        FAIL       a wheel requires something by URL, which needs a network
//	tag-mismatch          FAIL, WARN a wheel that the interpreter cannot install: which part of its tag
//	                                 fails, and the nearest one that would do; WARN when not needed, or
//	                                 when another wheel of that version fits
//	requires-python       FAIL, WARN the same of Requires-Python
//	constraint            FAIL       a wheel outside a constraint (-c)
//	hash-not-listed       FAIL       a wheel outside the hashes that the requirements list
//	hash-unchecked        WARN       only hashes of other algorithms than sha256 are listed
//	glibc-floor           INFO       the glibc that the wheels reached ask for; FAIL: more than
//	                                 Options.GLIBC, WARN where such a wheel is not needed
//	not-portable          WARN       a wheel for bare Linux, which promises no glibc
//	root-unnamed          WARN       a path or VCS requirement whose project is unknown
//	requirements-missing  WARN       no requirements file; the critical packages alone are the roots
//	requirements-differ   WARN       the record was made of other requirements
//	option-ignored        INFO       global options in the requirements; they are never followed
//	meta-missing          WARN       no record beside the tarball
//	bad-meta              FAIL       a record that cannot be read
//	meta-mismatch         FAIL       a record of another tarball
//	bad-lock              FAIL       a lock that cannot be read
//	lock-mismatch         FAIL       a lock of another tarball
//	unreached             INFO       wheels that no root needs; they are not installed
//	not-isolated          WARN       install and tests ran outside a network namespace
//	engine-silent         INFO       a container engine that is there and did not answer
//
// [Downgrade] makes warnings of failures that somebody knows to be harmless;
// finding.ParseDowngrade says which may be.
//
// The proof adds what the installer and pytest say: install-failed,
// pip-check-failed, pytest-missing, no-tests, tests-failed, all FAIL.
//
// # Roots and closure
//
// Roots are the requirements, the critical packages and, when tests run,
// pytest. Markers, specifiers and extras are judged by the interpreter's own
// packaging (package python); [Closure] walks those judgements and is pure. So
// are [Explain], which tells what brings a wheel in, and [Result.Select], which
// walks from some of the roots alone.
//
// # Hashes
//
// A wheel whose sha256 is in the list of its requirement passes. A wheel built
// here passes when the lock beside the tarball names the source distribution
// that it was built from and that one's sha256 is in the list. Everything else
// fails, also a wheel of unknown origin: without evidence of a local build it
// is taken for one from an index. Requirements that are URLs or paths to
// sources have no hash of a wheel and are not held against any.
//
// # What is installed
//
// The user's requirements never reach the installer, because a --find-links or
// a URL in them defeats --no-index. It gets a derived file: one line for each
// wheel reached, with the wheel's own hash.
//
// # In a container
//
// With Options.Image every command of the interpreter's, its installer's and
// pytest's runs in a container (package container). The tarball is read out
// here, and so are the rules applied. The container sees the tests with the
// folder around them and the wheels, read-only, and one folder of ours, under
// the paths that they have here. A container that ended by itself gives an
// error and no verdict.
package validate
