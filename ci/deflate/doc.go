// Package deflate makes the DEFLATE streams (RFC 1951) of two well-known
// encoders again, bit for bit: that of GNU gzip and that of zlib, at each of
// their nine levels. With it a compressed tarball can be thrown away and
// rebuilt from its content, whatever gzip is installed, or none.
//
// RFC 1951 fixes what a stream means, not which of its many spellings an
// encoder picks. Both encoders here look for repeated strings in hash chains,
// as section 4 describes; this package follows them in every choice that is
// left open:
//
//   - which chains are searched, how far, and when a match is good enough
//     (levels 1 to 3 take what they find; 4 to 9 look one byte further first);
//   - where a block ends;
//   - whether it is stored, or coded with the fixed or with its own codes;
//   - how those codes are built, and written down.
//
// # Who is who
//
//	GNU gzip, tar -z, busybox gzip                    Gzip
//	zlib: Python's tarfile, gzip and zlib; bsdtar     Zlib
//
// The two match alike, and differ in this:
//
//	                      Gzip                            Zlib
//	symbols in a block    32767                           16383
//	ends a block early    looks every 4096 symbols,       never
//	                      above level 2
//	last 261 bytes        compared with what the window   matches end with the
//	                      held before; none is sought     input, and the first
//	                      at the end of a full window     that reaches it wins
//
// Zlib is zlib with its usual window of 32 KiB and memory level 8. Encoders
// that are neither (pigz, gzip --rsyncable, Go, Node, the many faster forks of
// zlib) come back from nobody but themselves.
//
// # Writing
//
// A Writer is an io.WriteCloser over one stream. It knows nothing of the gzip
// member around it (RFC 1952): whoever rebuilds a file keeps header and
// trailer as they were.
//
// How the input arrives in pieces changes nothing here. The encoders are
// followed as they work on a regular file, or on any input that comes in
// pieces of whole 512-byte blocks, as a tar does. Fed in odd pieces they can
// differ from themselves, very rarely: where a piece ends within the last 262
// bytes of the 64 KiB window, the string exactly 32506 bytes back is lost to
// them. Such a stream is recognised by its hash only.
//
// # Recognising
//
// Identify finds the encoders that begin a stream as it begins. Levels often
// agree for megabytes, so there may be several: only a whole stream with the
// same hash is a proof.
//
// # Bounds
//
// A Writer holds less than half a megabyte whatever it is given, starts no
// goroutine, and takes any input. It keeps no reference to what was written to
// it.
package deflate
