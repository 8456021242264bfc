// Package rclonestore keeps objects wherever the rclone program reaches: each
// a file on one of its remotes, under its key. The program is the user's, with
// the user's configuration; no shell is between.
//
// An object is brought to a temporary file first, for a stream that breaks off
// cannot be sent again, and copied with --immutable: rclone writes it under
// another name where the remote is such that half a file could be seen. That
// an object is not there yet is looked up before; of two processes that store
// one key at once both may say that they did.
package rclonestore
