// Package compile makes the targets' own binary, bin/wheelhouse: static,
// trimmed, with its version stamped, the same bytes from the same sources in
// whatever folder.
//
// mage writes its generated main beside what it compiles, so that two of it at
// once in one folder spoil each other's work. Here each compilation has a
// private copy of magefiles/, in the repository since it belongs to its
// module, and the binary gets its final name by a rename: any number at once
// do the same work twice and none fails.
//
// The package needs the standard library alone, so that scripts/wheelhouse can
// run it (internal/compile/run) before anything else is compiled.
package compile
