// Package filestore is the store in a folder: "file:PATH", where a relative
// path is below the checkout.
//
// An object is a file: "blobs/ab/abcdef…" for the key "blobs/abcdef…", so that
// no folder gets too full, and else as its key says. Names are those of keys,
// but what some systems cannot keep apart or do not take, such as capital
// letters, is written %41.
//
// An object is written under another name, fsynced, linked to its own, and its
// folder fsynced: it is there whole or not at all, and of two that store it at
// once one does. A put that finds it there fsyncs its folder all the same,
// since whoever put it may have been killed before. A put that is killed leaves
// a hidden file behind, which Sweep removes.
//
// Links and special files below the store's own folder are no objects, and are
// not followed. In a checkout the folder gets a .gitignore that leaves all of
// it out of git.
package filestore
