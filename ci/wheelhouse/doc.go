// Package wheelhouse packs a set of wheels into one tarball and reads such
// tarballs, ours and others'.
//
// # The tarball
//
// [Pack] is deterministic: the same wheels give the same bytes. The tar is flat
// and sorted by byte, each member what archive/tar's Writer makes of
// {TypeReg, Name, Mode 0644, Size, ModTime 1980-01-01 00:00 UTC}; names over
// 100 bytes or not ASCII, and 8 GiB and more, get a PAX record. Around it lies
// one gzip member (RFC 1952) of stored blocks (RFC 1951, 3.2.4), since wheels
// are deflated already. The tar is cut into runs, and each run into blocks of
// at most 65,535 bytes:
//
//   - a member's header: 512 bytes, 1,536 with a PAX record;
//   - its data, with zeros up to the next multiple of 512;
//   - the 1,024 zeros that end the tar: this block alone is marked final.
//
// A run depends on its own member alone. So the offset of every wheel follows
// from names and sizes ([Layout]), a wheel is read where it lies ([Section]),
// and runs can be copied from one tarball into another as they are. [PackFrom]
// makes the same bytes out of wheels that lie anywhere.
//
// # Reading
//
// [Read] takes one pass over a tarball: its own sha256, its members and every
// wheel's sha256 come out of it, and the wheels themselves where asked. It
// reads whatever gzip and tar make (ustar, PAX, GNU, several gzip members),
// with the wheels in whatever folder, and trusts none of it: a member that
// could land outside its folder, is no plain file or folder, or clashes with
// another one is refused whether it would be extracted or not, as is whatever
// is larger than [Limits] allow.
//
// # How it is fast
//
// Bytes are hashed where they were read to. One goroutine fills chunks from a
// small ring; the others share each chunk and give it back: the tarball's hash,
// the wheels' hash, the writing. While a tarball is exactly what Pack makes,
// Read slices the wheels out of the file's own chunks; from the first byte that
// Pack would not have written, the rest is inflated like any other gzip stream.
// Memory is bounded by the ring and the number of members, never by sizes.
package wheelhouse
