// Package e2e is the real thing, behind `mage e2e` (build tag e2e): fresh
// clones, the package index, real pips, uv and pytest.
//
// # What it needs
//
// Go, git, tar, gpg, a Python of the version in the settings with pip and venv,
// and the package index, which pip's own settings name; on Linux strace, dockerd,
// podman, runc and debootstrap as well. All else (uv, packaging,
// the oldest and the newest pip) it installs itself, pinned, into folders that
// it removes; the runner of workflows it builds from tools/act, by Go's module
// proxy where it is not cached. Linux alone can prove that no route leads
// outside; elsewhere, and where the kernel forbids it, that proof is skipped,
// unless CI is "true": then nothing is skipped, and what is missing fails.
//
// # What it leaves alone
//
// Everything runs in clones of the repository's HEAD with an empty HOME; only
// the caches of Go and pip are shared, for time. So work that is not committed
// is not tried. The user's settings (WHEELHOUSE_*) do not reach it; pip's do.
//
// The requests that any test makes to servers that it does not own are pip's to
// the package index, npm's to its registry, and debootstrap's to apt's mirror.
//
// # GitHub's API
//
// What the client asks and what the tests' servers answer is held against
// GitHub's own description, the npm package @octokit/openapi, pinned by its
// hash. npm fetches it, with the settings of the real home; no more of it than
// one file is read, and nothing of it is run.
//
// # Containers
//
// A docker daemon and a podman of the tests' own, as root, with their storage
// and sockets in a folder that is removed, run an image that debootstrap makes
// of this machine's own distribution, from the mirror that apt uses. Where the
// machine lets none of them run (no root, no cgroups) these tests are skipped
// with the daemon's own last line, under CI=true as well; .ci/run prints at its
// end what was skipped.
//
// # The workflows
//
// heavy-deps.yml and action.yml run as they stand, on this machine and without
// a container, as nektos/act has it. The stand-ins of testdata/act do what is
// GitHub's: upload roots its paths as the real one does, and Go and Python are
// those in PATH. What a workflow does as root is not done. These tests are
// never skipped: the proof on the clean machine demands a network namespace.
//
// What is published is signed with a key that gpg makes for the test and sent to
// a server of the test's own. Nobody signs the attestation, and the gh that looks
// at it is a stand-in.
package e2e
