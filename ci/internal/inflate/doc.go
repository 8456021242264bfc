// Package inflate decodes deflate streams (RFC 1951).
//
// It does what compress/flate's reader does, about twice as fast on wheels,
// whose bytes are mostly literals: input is taken eight bytes at a time from
// whatever slices it comes in, and output is decoded into the caller's own
// buffer, behind the window that it may refer back to. Nothing is copied but
// the window, once for each buffer.
//
// The stream is not trusted. What ends early is io.ErrUnexpectedEOF, what no
// encoder writes is [ErrCorrupt], and what compress/flate refuses is refused.
package inflate
