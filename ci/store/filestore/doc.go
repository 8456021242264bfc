// Package filestore is the store in a folder: "file:PATH", where a relative
// path is below the checkout.
//
// An object is a file, "blobs/ab/cdef…" for the key "blobs/abcdef…" and
// else as its key says. It is written under another name, fsynced, and linked to
// its own: it is there whole or not at all, and of two that store it at once
// one does. Links and special files are no objects.
package filestore
