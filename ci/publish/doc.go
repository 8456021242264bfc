// Package publish brings a set of files to a release of a repository on GitHub.
//
// # Order
//
// [Run] looks for the release by its tag, published or a draft, makes a draft
// where there is none, sends what is not there yet, reads the digest of every
// file back from the server, and publishes last. So a release that can be seen
// is complete. Whoever adds to a release that is published already, for another
// Python, sends the tarball last, once the rest was read back: who sees it finds
// all that tells of it.
//
// # Again
//
// Run may be repeated after any break: its draft is found by the tag, what has
// arrived is not sent again, and what arrived by half is. Nothing that is there
// is ever overwritten or deleted: a file of the same name with other bytes ends
// it, before anything is sent, and one that changes while it is sent never
// arrives whole. A draft that somebody wrote keeps its words.
//
// [Decide] is that decision, without a server.
package publish
