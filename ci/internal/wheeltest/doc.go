// Package wheeltest makes small, valid wheels and tarballs in memory for tests.
//
// A wheel is described by its name, version, tag and requirements, and comes
// out as a file that pip and uv install:
//
//	w := wheeltest.Wheel{Project: "demo", RequiresDist: []string{"other>=1"}}
//	path := w.Write(t.TempDir()) // …/demo-1.0-py3-none-any.whl
//
// The same description gives the same bytes with every Go release, unless
// Deflate is set: Go's deflate changes between releases.
//
// [Pytest] is a wheel that stands in for pytest, so that a whole proof can run
// without a network. [Tarball] builds gzipped tarballs as GNU tar does, also
// hostile ones, member by member; [GNUTarball] one with wheels under a folder.
//
// Whatever cannot work, such as a folder that is not there, panics: the
// package is for tests alone.
package wheeltest
