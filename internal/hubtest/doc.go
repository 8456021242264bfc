// Package hubtest gives tests the answers of GitHub's API, complete as its
// OpenAPI description has them, and records what was asked and answered.
//
// # Answers
//
// [Repository], [Run], [Artifact] and the rest are objects to be changed and
// put together; [Answer] and [Error] send them.
//
// # Releases
//
// [Releases] is a server of releases, which keeps what is published in a folder.
//
// # Records
//
// [Record] goes around a test server's handler. Where the variable [Folder]
// names a folder, each exchange becomes a file there, which the proofs of e2e
// hold against the description. An answer that is wrong on purpose is marked by
// [Wrong], and left out of that.
package hubtest
