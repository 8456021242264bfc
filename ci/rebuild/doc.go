// Package rebuild brings a tarball's bytes back, and holds the proof that they
// do come back.
//
// Only this package makes a [Proof], and only out of bytes that it read and
// hashed in this process. Whoever deletes a tarball demands one.
package rebuild
