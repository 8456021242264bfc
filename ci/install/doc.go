// Package install installs from a wheelhouse that was validated into a virtual
// environment for somebody to work in: offline, and by the same derived hashes
// as the proof.
//
// A folder that is absent or empty becomes a fresh venv, without pip. Until all
// is done it carries a marker (package python): whatever fails removes it, and
// what a killed process left is erased by the next install. Afterwards it is its
// user's own.
//
// Into a venv that is there, whoever made it, its own Python installs. What is
// there in the right version stays, other versions are replaced, everything else
// is left alone; nothing is ever erased. Before the first change the whole venv
// is copied beside itself, by hard links where there are any, and what fails
// puts that copy back. A process that is killed leaves it there, under
// .<name>.before-<number>/venv.
//
// Errors are *fault.Error: venv-not-kept, no-isolation, tar-changed,
// not-a-project, bad-pyproject, those of package python (install-failed,
// editable-failed, pip-check-failed …) and of reading the tarball (package
// wheelhouse).
package install
