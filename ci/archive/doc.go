// Package archive keeps docs/ci-archive: one folder a run, an index, and the
// differences between two of them. See package entry for what a folder holds.
//
// # Adding
//
// Add brings in a tarball with everything that travels with it, complete or
// not at all. It works under a kernel lock and in a folder of its own beside
// the entries, ".staging-<random>":
//
//  1. a journal says what is going to be placed where, and is fsynced;
//  2. tarball, record, lock, verdict and requirements are copied; the
//     tarball's sha256 comes out of that very copying, and must be the
//     record's;
//  3. the copy is read back: its wheels are those of the record and the lock;
//  4. everything is fsynced;
//  5. the folder is renamed to "<YYYYMMDD>-<run>". Where the run has an entry
//     already (another Python, another platform), the files are renamed into
//     it one by one, the record last: a tarball without one is not there.
//
// Killed at any point, nothing looks like an entry that is none; the next Add
// takes back what the journal lists, and nothing else.
//
// # Pruning and restoring
//
// Exclusive gives a Session, which has the archive alone by the same kernel
// lock. It
//
//   - prunes: the pointer is written, fsynced and read back before the tarball
//     is removed, and only for proofs that its bytes come back (see package
//     rebuild), which nobody else can make;
//   - restores: bytes are hashed while they are written, and appear under the
//     tarball's name when they are those of record and pointer;
//   - makes lost entries again, pins them, and completes old ones with a lock.
//
// Whatever is killed, the tarball or a pointer to it is there, and the same
// again finishes. GitBlobs finds tarballs in git's history.
//
// # An entry is its run
//
// The date in the name is for people. The same tarball under the same run is
// there already, whatever the date; another tarball of the same name under the
// same run is refused.
//
// # The index
//
// WriteIndex owns what is between its two markers in index.md, and no more.
package archive
