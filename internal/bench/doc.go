// Package bench is behind `mage bench` and `mage benchArchive`: it runs the compiled binary beside what
// a person would run instead, on the same wheels, in one run, and says which of
// the project's speed goals are reached.
//
// # How it measures
//
// Every contender is a whole process, or two one after the other, started from
// here with its output thrown away; the time is the wall clock's from start to
// exit. The contenders of a group take turns (A, B, C, A, B, C, …), five times,
// so that a machine that grows slower does so for all of them, and the medians
// are compared. Before each turn its old output is removed and the disk's
// buffers are flushed, neither of which is timed.
//
// Two figures are not a process's. The single SHA-256 pass is made in this
// process, over the same file with Go's crypto/sha256: it is the floor under
// anything that has to know a tarball's hash. Peak memory is what the kernel
// says of the process after it ended; Linux counts in what its parent held
// when it was started, so this package keeps little in memory itself.
//
// # The wheels
//
// The big set is pins.txt, over 200 MB, fetched once with pip into the user's
// cache folder. The small set is the sample's own wheelhouse, built once for
// each state of its requirements.
//
// # Signing
//
// The big set's tarball is attested, and signed by a key made for it. Beside
// verify stand the standard tools on the same files; they hold no wheel, record
// or statement against anything.
//
// # Fetching
//
// A server in this process serves an artifact of 500 MB on loopback, in an API
// that says what fetching reads; nothing limits it, unless a row says so. Three
// things stand beside `curl -O`, which writes the bytes and does no more: the
// transfer alone, hashed on the way and synced to the disk (a benchmark of
// ci/actions/internal/transfer, as a process of its own); the command, which
// also unpacks the zip, reads the tarball, hashes each wheel, lays all out and
// syncs it, three times the bytes; and all that a person would type for that.
// Bytes sent are counted by the server.
//
// # Archiving
//
// RunArchive, behind `mage benchArchive`, makes nights of wheels from a fixed
// seed and lets the compiled program build, record, archive and prune each, one
// night after the other; the last is pushed. What the store then holds, every
// file of it, stands beside the bytes of the distinct wheels. The archive is
// removed and written again from the store alone, and each tarball's sha256 is
// compared with what was noted when it was made. restic, where it is on PATH,
// backs up what was restored. Pushing and restoring are timed on a wheelhouse
// of its own, and listing on archives of records and pointers, made by hand.
//
// Nothing here fails because something was slow: a goal that is missed is
// printed as missed.
package bench
