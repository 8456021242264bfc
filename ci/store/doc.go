// Package store keeps the bytes of wheelhouses outside git: wheels once each,
// by sha256, and a manifest for every tarball that says which of them it is
// made of.
//
// # Objects
//
// A store holds objects under keys, and nothing else:
//
//	blobs/<sha256>                          a wheel, a recipe's frame, a file of a record, a whole tarball
//	entries/<entry>/<tarball>@<16 digits>   a [Manifest]; the digits are of its own sha256
//	gc                                      somebody collects garbage
//
// A manifest names everything that its tarball and its record need, so that
// a store alone is enough to write an archive again.
//
// # What is believed
//
// Nothing that a store says. [Push] asks for everything anew that it has put;
// that the bytes are right shows when they are read back and hashed, which
// rebuild.Prove does. [OpenBlob] bounds and hashes what it gives.
//
// # Collecting garbage
//
// [Collect] removes blobs that nothing names. It needs no server that locks:
//
//   - a push writes its manifest, and only then looks for the key gc. Where it
//     is there and young by the store's clock, the push waits until it is gone.
//     Then it looks again whether all of its blobs are there, for a collection
//     may have begun before the manifest was there, and stores those that are
//     not;
//   - a collection writes the key gc, and only then lists the manifests. It
//     removes nothing that one of them names, and nothing younger than the
//     grace period, and stops well before its key counts as old, or when the
//     key is no longer its own.
//
// So a collection either sees the manifest of a push, or the push sees the
// collection or what it did.
package store
