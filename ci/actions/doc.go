// Package actions brings what GitHub Actions built to this machine: it finds
// the run, picks its artifact, and lays both out as a folder that validate and
// archive work on.
//
// # From a repository to a folder
//
// [Locate] finds out which repository is meant, and the address of its API,
// from an option, the environment or the checkout's remotes; [Token] finds the
// token for it. [New] makes the client. [Fetcher.Fetch] then takes a run
// ([Choose]), one of its artifacts ([Pick]), transfers and unpacks it, and makes
// run-<run id>/ of it ([Folder.FromTarball] does the last step alone).
// [Dispatcher.Dispatch] starts a workflow first, and tells its run from others
// ([Recognise]).
//
// The decisions are pure functions that give their reasons. Time passes on a
// [Clock] that is handed in.
//
// # Only what changed
//
// A tarball of ours is a function of its wheels, and lies in the artifact's zip
// as it is. So the fetcher reads the zip's directory, the record and the lock by
// Range, takes the wheels that are here already ([Wheels]: earlier runs, and
// where [Fetcher.Wheels] says), transfers the others, and packs the tarball
// again; it counts when its sha256 is the record's. Where that cannot be done,
// the artifact is transferred whole, and a note says why.
//
// # What is trusted
//
// Nothing that a server says. Answers are bounded, lists end after a number of
// pages, redirects after a number of hops. The token goes to the scheme and
// host of the API alone, never along a redirect to another one; signed
// addresses are asked for again for each try and appear in no message. What
// starts a workflow is never sent twice unless the first surely did nothing.
//
// # Errors
//
// They are *fault.Error, and what a server said in them is shown without
// queries. Retried are broken connections, 5xx, 429 and rate limits; the rest
// is said at once, with what to do.
package actions
