// Package verdict is what a proof said: <tarball>.verdict.json, read and
// written.
//
// A verdict belongs to one tarball, by its sha256, and holds one [Proof] for
// each interpreter and platform that it was proved with. [Verdict.With] adds a
// proof: a newer one of the same Python and platform replaces the older.
//
// Reading is bounded and holds the values to their forms; fields that are not
// known are passed over, so that a newer writer does not break an older
// reader. Errors carry the code bad-verdict.
package verdict
